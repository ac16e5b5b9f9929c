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
@click.option("--reader", required=True, type=click.Path(path_type=Path), help="Folder of its run.")
@click.option(
    "--generator", required=True, type=click.Path(path_type=Path), help="Folder of its run."
)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder of the model.")
@click.option(
    "--size", default=128, show_default=True, type=click.IntRange(1), help="Pixels of CORPUS."
)
@click.option(
    "--figures",
    type=click.Path(path_type=Path),
    help="JSON of what was measured of the model, for its card.",
)
def command(
    corpus: Path,
    tokenizer: Path,
    reader: Path,
    generator: Path,
    out: Path,
    size: int,
    figures: Path | None,
) -> None:
    """Pack trained parts into a folder for `auface generate --model`, in half precision.

    The made-up people are those of the valid and test splits of CORPUS, at rest. A model card
    (README.md) is written too; what --figures does not hold it says nobody has measured.
    """
    from auface_gen.generator.package import pack_model
    from auface_gen.model_card import read_figures, write_model_card

    if figures is not None:
        read_figures(figures)  # a slip is told before the work
    pack_model(corpus, out, tokenizer=tokenizer, reader=reader, generator=generator, size=size)
    write_model_card(out, figures)
    click.echo(str(out))
