"""auface pack: what was trained, in one model folder."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["command"]


@click.command("pack")
@click.argument("corpus", type=click.Path(path_type=Path))
@click.option(
    "--tokenizer",
    required=True,
    type=click.Path(path_type=Path),
    help="Take the tokenizer of the run in this folder.",
)
@click.option(
    "--generator",
    required=True,
    type=click.Path(path_type=Path),
    help="Take the generator of the run in this folder.",
)
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    help="Write the model into this folder.",
)
@click.option(
    "--figures",
    type=click.Path(path_type=Path),
    help="Put into the model's card what this JSON file says was measured.",
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
