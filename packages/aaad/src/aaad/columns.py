"""The scored columns: one for each unit and side that can be told apart in a picture.

A column is named `AU` + number, then `L` or `R` (the person's own left or right) where a face can
do the unit on one side: `AU12L`, `AU12R`, `AU17`. The order is fixed: it is the order of axis A in
every array of this package. Which sides a unit has is facs-text's knowledge; which units are
scored is this package's choice and stands here.
"""

from __future__ import annotations

from collections.abc import Sequence

from facs_text import unit

__all__ = ["COLUMNS", "LEVELS", "column", "columns_of", "mirror_index", "unit_of", "without_sides"]

LEVELS = ("0", "A", "B", "C", "D", "E")
"""The six ordinal levels of axis 2: absent, then trace to maximum."""

_SCORED = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 16, 17, 18, 20, 22, 23, 24, 25, 26, 27, 28, 34, 43)
# FACS lets these be scored on one side; in a picture of 128 pixels nobody could say which.
_ONE_COLUMN = (25, 34)


def _names(code: int) -> tuple[str, ...]:
    sided = {"left", "right"} <= set(unit(str(code)).sides) and code not in _ONE_COLUMN
    return (f"AU{code}L", f"AU{code}R") if sided else (f"AU{code}",)


COLUMNS: tuple[str, ...] = tuple(name for code in _SCORED for name in _names(code))
"""The names of the columns, in order of the unit's number, left before right (38 of them)."""


def column(name: str) -> tuple[str, str]:
    """Split a column's name: `AU12L` -> ("AU12", "left"), `AU17` -> ("AU17", "both")."""
    if name.endswith("L"):
        return name[:-1], "left"
    if name.endswith("R"):
        return name[:-1], "right"
    return name, "both"


def unit_of(name: str) -> str:
    """The unit of a column: `AU12L` -> `AU12`."""
    return column(name)[0]


def columns_of(unit_name: str, columns: Sequence[str] = COLUMNS) -> tuple[int, ...]:
    """Indices of the columns that belong to a unit: `AU12` -> those of AU12L and AU12R."""
    return tuple(i for i, name in enumerate(columns) if unit_of(name) == unit_name)


def without_sides(columns: Sequence[str] = COLUMNS) -> tuple[str, ...]:
    """One column a unit: what a detector can be asked that does not tell the sides apart."""
    return tuple(dict.fromkeys(unit_of(name) for name in columns))


def mirror_index(columns: Sequence[str] = COLUMNS) -> list[int]:
    """Gives for each column the index of the one that it becomes when the picture is flipped; its
    own where there is none for the other side.
    """
    place = {name: i for i, name in enumerate(columns)}
    swap = {"L": "R", "R": "L"}
    other = [name[:-1] + swap[name[-1]] if name[-1] in swap else name for name in columns]
    return [place.get(name, i) for i, name in enumerate(other)]
