"""auface compare: what changed from one face to another, in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from auface_cli.faces import Face, Said, face_options, faces, say
from facs_text import Coding, compare

__all__ = ["command"]


@click.command("compare")
@click.argument("codes", metavar="[BEFORE] [AFTER]", nargs=-1)
@click.option("--seed", default=0, show_default=True, help="Pick among paraphrases by this seed.")
@face_options
def command(codes: tuple[str, ...], seed: int, **given: Any) -> None:
    """Say what changed between two faces: `auface compare 6B+12B 12D`.

    With --from each row is compared with the row before it in its sequence, or all with BEFORE
    where that is given: `auface compare 0 --from clip.csv`.
    """
    if given["source"] is None and len(codes) != 2:
        raise click.UsageError("give two codings, such as 6B+12B 12D, or a file with --from")
    if given["source"] is not None and len(codes) > 1:
        raise click.UsageError("--from takes one coding at most, which all rows are compared with")
    found = list(faces(codes))
    fixed = found[0].coding if found else None
    last: dict[str, Coding] = {}

    def tell(face: Face) -> Iterator[Said]:
        before = fixed
        if before is None:
            assert face.row is not None
            sequence = f"{face.row.subject} {face.row.id.rpartition('/')[0]}"
            before, last[sequence] = last.get(sequence), face.coding
        if before is None:  # the first of its sequence
            return
        said = compare(before, face.coding, seed=seed)
        changes = [
            {"kind": c.kind, "from": _codes(c.before), "to": _codes(c.after)} for c in said.changes
        ]
        value = {
            "before": str(before), "after": str(face.coding), "text": said.text, "changes": changes,
        }  # fmt: skip
        yield value, said.text

    say(found[1:], tell, **given)


def _codes(action: object) -> str:
    """Notation of an action; empty where there is none."""
    return "" if action is None else str(action)
