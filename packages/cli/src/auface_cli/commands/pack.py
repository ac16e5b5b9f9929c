"""auface pack: what was trained, in one model folder."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["command"]


@click.command("pack")
@click.argument("corpus", type=click.Path(path_type=Path))
@click.option(
    "--tokenizer", required=True, type=click.Path(path_type=Path), help="Folder of its run."
)
@click.option(
    "--generator", required=True, type=click.Path(path_type=Path), help="Folder of its run."
)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder of the model.")
def command(corpus: Path, tokenizer: Path, generator: Path, out: Path) -> None:
    """Pack trained parts into a folder for `auface generate --model`, in half precision.

    The made-up people are those of the valid and test splits of CORPUS, at rest.
    """
    from auface_gen.generator.package import pack_model

    pack_model(corpus, out, tokenizer=tokenizer, generator=generator)
    click.echo(str(out))
