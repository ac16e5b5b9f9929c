"""The scored columns: one for each unit and side that can be told apart in a picture.

A column is named `AU` + number, then `L` or `R` (the person's own left or right) where a face can
do the unit on one side: `AU12L`, `AU12R`, `AU17`. The order is fixed: it is the order of axis A in
every array of this package.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["LEVELS", "UNITS", "column", "columns_of", "mirror_index"]

LEVELS = ("0", "A", "B", "C", "D", "E")
"""The six ordinal levels of axis 2: absent, then trace to maximum."""

_SIDED = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 16, 20, 43)
_WHOLE = (17, 18, 22, 23, 24, 25, 26, 27, 28, 34)

UNITS: tuple[str, ...] = tuple(
    name
    for code in sorted(_SIDED + _WHOLE)
    for name in ((f"AU{code}L", f"AU{code}R") if code in _SIDED else (f"AU{code}",))
)
"""The names of the columns, in order of the unit's number, left before right (38 of them)."""


def column(name: str) -> tuple[str, str]:
    """Split a column's name: `AU12L` -> ("AU12", "left"), `AU17` -> ("AU17", "both")."""
    if name.endswith("L"):
        return name[:-1], "left"
    if name.endswith("R"):
        return name[:-1], "right"
    return name, "both"


def columns_of(unit: str) -> tuple[int, ...]:
    """Indices of the columns that belong to a unit: `AU12` -> those of AU12L and AU12R."""
    return tuple(i for i, name in enumerate(UNITS) if column(name)[0] == unit)


def mirror_index(columns: Sequence[str] = UNITS) -> list[int]:
    """For each column the index of the one that it becomes when the picture is flipped."""
    place = {name: i for i, name in enumerate(columns)}
    swap = {"L": "R", "R": "L"}
    return [place[name[:-1] + swap[name[-1]] if name[-1] in swap else name] for name in columns]
