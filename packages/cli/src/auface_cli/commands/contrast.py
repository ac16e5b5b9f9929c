"""auface contrast: codings that are almost right, for training that tells them apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from auface_cli.faces import Face, Said, face_options, faces, say
from facs_text import Coding, contrast, describe

__all__ = ["command"]


@click.command("contrast")
@click.argument("codes", nargs=-1)
@click.option(
    "-n",
    "count",
    default=4,
    show_default=True,
    type=click.IntRange(1),
    help="Make so many contrasts of each face.",
)
@click.option(
    "--seed",
    default=0,
    show_default=True,
    help="Choose by this seed for the first face; each row adds one.",
)
@click.option(
    "--detail",
    type=click.Choice(["brief", "full", "clinical", "prompt"]),
    default="full",
    show_default=True,
    help="Say it briefly, in full, with the muscles' names, or as fits a text encoder.",
)
@face_options
def command(codes: tuple[str, ...], count: int, seed: int, detail: str, **given: Any) -> None:
    """Change one thing about a face: `auface contrast 6C+12D -n 6`.

    A unit is added, dropped or swapped for one that is easily taken for it, a side or a level is
    changed, or a conflict is left unresolved. Each is a line: what was changed, and the text.
    """
    if bool(codes) == (given["source"] is not None):
        raise click.UsageError("give codes, such as 6C+12D, or a file with --from")

    def tell(face: Face) -> Iterator[Said]:
        own = seed + (0 if face.row is None else face.number)
        text = describe(face.coding, detail=detail, seed=own).text
        for one in contrast(face.coding, count, seed=own):
            other = describe(one.resolution, detail=detail, seed=own).text
            before, after = _codes(one.before), _codes(one.after)
            value = {
                "codes": str(face.coding), "text": text, "kind": one.kind, "from": before,
                "to": after, "contrast": str(one.coding), "contrast_text": other,
            }  # fmt: skip
            yield value, f"{one.kind} {before or 'nothing'} -> {after or 'nothing'}: {other}"

    say(faces(codes), tell, **given)


def _codes(coding: Coding) -> str:
    """Notation; empty where there is nothing."""
    return str(coding) if coding else ""
