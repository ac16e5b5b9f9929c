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
@click.option(
    "--figures",
    type=click.Path(path_type=Path),
    help="JSON of what was measured of the model, for its card.",
)
def command(
    corpus: Path, tokenizer: Path, generator: Path, out: Path, figures: Path | None
) -> None:
    """Pack trained parts into a folder for `auface generate --model`, in half precision.

    The made-up people are those of the valid and test splits of CORPUS, at rest. A model card
    (README.md) is written too; what --figures does not hold it says nobody has measured.
    """
    from auface_gen.generator.package import pack_model
    from auface_gen.model_card import read_figures, write_model_card

    if figures is not None:
        read_figures(figures)  # a slip is told before the work
    pack_model(corpus, out, tokenizer=tokenizer, generator=generator)
    write_model_card(out, figures)
    click.echo(str(out))
