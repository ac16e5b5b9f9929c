"""auface generate: codes or English to a picture."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click

from ..dropped import tell_dropped
from ..output import emit

__all__ = ["command"]


@click.command("generate")
@click.argument("codes_or_text")
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="A PNG file or a folder."
)
@click.option("--count", default=1, show_default=True, type=click.IntRange(1), help="How many.")
@click.option("--seed", default=0, show_default=True, help="Of the first picture; then counts up.")
@click.option(
    "--identity", type=click.Path(path_type=Path), help="A portrait of the person at rest."
)
@click.option("--identity-seed", type=int, help="A made-up person.")
@click.option("--steps", type=click.IntRange(1), help="Sampling steps.")
@click.option("--guidance", type=float, help="1.0 is off.")
@click.option("--temperature", type=float, help="0 draws the likeliest face.")
@click.option("--model", type=click.Path(path_type=Path), help="Another model folder.")
@click.option("--device", default="auto", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a picture.")
def command(
    codes_or_text: str,
    out: Path,
    count: int,
    seed: int,
    identity: Path | None,
    identity_seed: int | None,
    model: Path | None,
    device: str,
    as_json: bool,
    **sampling: Any,
) -> None:
    """Draw a face that does what is said: `auface generate 6C+12D --out face.png`.

    CODES_OR_TEXT is FACS notation (0 is a face at rest) or plain English. The PNG carries codes,
    text, seed, identity and model in its text chunks; `auface score` reads them back.
    """
    if identity is not None and identity_seed is not None:
        raise click.UsageError("give --identity or --identity-seed, not both")
    if out.suffix and out.suffix.lower() != ".png":
        raise click.UsageError(f"{out.name}: pictures are PNG; name a .png file or a folder")
    if count > 1 and out.suffix:
        raise click.UsageError(f"--count {count} needs a folder for --out, not {out.name}")
    # What is asked for is read before torch is loaded: a slip is told at once.
    from facs_text import FacsTextError, parse

    if not codes_or_text.strip():
        raise FacsTextError("empty text: write codes such as 6C+12D, or 0 for a face at rest")
    if not re.search(r"[A-Za-z]{3,}", codes_or_text):
        parse(codes_or_text)
    from auface_gen import AUFace

    chosen = {name: value for name, value in sampling.items() if value is not None}
    pictures = AUFace.from_pretrained(model, device=device).generate(
        codes_or_text,
        identity=identity,
        identity_seed=identity_seed,
        seed=seed,
        count=count,
        **chosen,
    )
    if not out.suffix:
        out.mkdir(parents=True, exist_ok=True)
    for picture in pictures:
        path = out if out.suffix else out / f"face-{picture.seed}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        picture.save(path)
        if picture.seed == seed:
            tell_dropped(picture.coding, picture.description.resolution)
        if picture.not_shown:
            click.echo(f"not shown by this model: {', '.join(picture.not_shown)}", err=True)
        if as_json:
            emit(
                {
                    "file": str(path),
                    "codes": str(picture.coding),
                    "text": picture.text,
                    "seed": picture.seed,
                    "identity": picture.identity,
                }
            )
        else:
            click.echo(f"{path}: {picture.text}")
