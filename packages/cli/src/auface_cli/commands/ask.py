"""auface ask: questions about a face with their answers, for instruction tuning."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from auface_cli.faces import Face, Said, face_options, faces, say
from facs_text import ask

__all__ = ["command"]


@click.command("ask")
@click.argument("codes", nargs=-1)
@click.option(
    "-n",
    "count",
    default=4,
    show_default=True,
    type=click.IntRange(1),
    help="Ask so many questions about each face.",
)
@click.option(
    "--seed",
    default=0,
    show_default=True,
    help="Choose by this seed for the first face; each row adds one.",
)
@face_options
def command(codes: tuple[str, ...], count: int, seed: int, **given: Any) -> None:
    """Ask about a face and answer: `auface ask 1C+4D+L12B -n 6`.

    Asked is what is seen, on which side, how strong, and whether a unit is there: yes as often as
    no. Of a file's rows, only units that the row has a number for are said to be absent, where it
    has any.
    """
    if bool(codes) == (given["source"] is not None):
        raise click.UsageError("give codes, such as 6C+12D, or a file with --from")

    def tell(face: Face) -> Iterator[Said]:
        own = seed + (0 if face.row is None else face.number)
        for one in ask(face.coding, count, seed=own, scored=_scored(face)):
            value = {
                "codes": str(face.coding), "kind": one.kind, "question": one.question,
                "answer": one.answer, "aus": list(one.aus),
            }  # fmt: skip
            yield value, f"{one.question} {one.answer}"

    say(faces(codes), tell, **given)


def _scored(face: Face) -> list[str] | None:
    """Units that may be said to be absent: those a row has numbers for.

    None, for all, where it is notation: that lists what is there.
    """
    row = face.row
    if row is None or not row.values or row.kind == "notation":
        return None
    if row.kind == "probability":
        return [key for key in row.values if key.startswith("AU")]
    return sorted(row.absent)
