"""What a sitting asks for and says: its codings, the row of each picture, and what is told of the
face in it.
"""

from __future__ import annotations

from collections.abc import Iterator

from auface_gen.codings.balanced import balanced_codings
from auface_gen.codings.mixture import Plan, marked_conflicts
from auface_gen.corpus.plan import SittingPlan
from facs_text import Coding, Resolution, resolve
from facs_text.corpus import CorpusRow, make_row

__all__ = ["SOURCE", "codings", "rows"]

SOURCE = "auface-rig"
"""What the rows of a rendered corpus name as their source."""


def codings(sitting: SittingPlan) -> list[tuple[str, Coding]]:
    """(kind, coding) of each picture of a sitting."""
    if sitting.codings == "balanced":
        asked = balanced_codings(sitting.seed, sitting.index, sitting.count - 1)
        return [("neutral", Coding(())), *asked]
    asked = Plan(sitting.seed).sitting(
        sitting.index, sitting.count - 1, sitting.stride - 1, held_out=sitting.split == "test"
    )
    return [("neutral", Coding(())), *asked]


def rows(sitting: SittingPlan) -> Iterator[tuple[CorpusRow, Resolution]]:
    """The row of each picture, and the resolution that its words and its picture come from."""
    for number, (kind, coding) in enumerate(codings(sitting)):
        resolution = resolve(coding)
        row = make_row(
            sitting.file_name(number),
            resolution,
            subject=sitting.subject,
            source=SOURCE,
            neutral=sitting.file_name(0),
            seed=sitting.light * 1000 + number,
            texts=("prompt",),
            requested=str(coding),
            kind=kind,
            person_seed=sitting.person,
            light_seed=sitting.light,
            marked_conflicts=marked_conflicts(coding),
        )
        yield row, resolution
