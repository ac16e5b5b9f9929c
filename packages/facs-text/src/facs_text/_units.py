"""The knowledge base of units: what each FACS code is.

The facts stand in ``data/units.json``, one unit a line, so that a FACS coder can read and
correct them without Python. This module only loads and checks them.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from facs_text._errors import FacsTextError

__all__ = ["RIG_UNITS", "ActionUnit", "code_order", "load_data", "unit", "units"]

# Codes that the scan-based rig can show.
RIG_UNITS: tuple[str, ...] = (
    "1", "2", "4", "5", "6", "7", "9", "10", "11", "12", "13", "14", "15", "16", "17", "18", "20",
    "22", "23", "24", "25", "26", "27", "28", "29", "30", "34", "43", "51", "52", "53", "54", "55",
    "56", "61", "62", "63", "64",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ActionUnit:
    """One FACS code.

    code: "12", "M61"; kind: "AU", "AD", "head", "eye", "visibility", "gross" or "movement".
    sides: the places it can be seen apart, ("left", "right"), ("top", "bottom"), all four,
    or ("both",) when it has no parts. whole: False when it must name a side (30, 46).
    scored: FACS 2002 scores its intensity. graded: this package accepts a letter for it.
    mirror: the code it becomes in a mirror (51 for 52), itself for most.
    order: place in a description from the top of the face down. unscored: the level that its
    unscored presence counts as, 3 (C) for most and 5 (E) for lids that are shut.
    """

    code: str
    kind: str
    name: str
    muscles: tuple[str, ...]
    region: str
    motion: str
    sides: tuple[str, ...]
    scored: bool
    source: str
    graded: bool = True
    whole: bool = True
    mirror: str = ""
    order: int = 0
    note: str = ""
    unscored: int = 3

    @property
    def key(self) -> str:
        """Name used for activations: "AU12", "AU51", "M61"."""
        return self.code if self.code.startswith("M") else f"AU{self.code}"


def load_data(name: str) -> Any:
    """Read one of the package's JSON data files."""
    with open(os.path.join(os.path.dirname(__file__), "data", name), encoding="utf-8") as file:
        return json.load(file)


@lru_cache(maxsize=1)
def _table() -> dict[str, ActionUnit]:
    table: dict[str, ActionUnit] = {}
    for row in load_data("units.json")["units"]:
        code = row["code"]
        table[code] = ActionUnit(
            code=code,
            kind=row["kind"],
            name=row["name"],
            muscles=tuple(row["muscles"]),
            region=row["region"],
            motion=row["motion"],
            sides=tuple(row["sides"]),
            scored=row["scored"],
            source=row["source"],
            graded=row.get("graded", True),
            whole=row.get("whole", True),
            mirror=row.get("mirror", code),
            order=row["order"],
            note=row.get("note", ""),
            unscored=row.get("unscored", 3),
        )
    return table


def units() -> tuple[ActionUnit, ...]:
    """All codes, in order of number, the movement codes last."""
    return tuple(_table().values())


def unit(code: str) -> ActionUnit:
    """The unit with this code: ``unit("12")``, ``unit("AU12")``, ``unit("M61")``.

    Raises FacsTextError when there is no such unit.
    """
    if not isinstance(code, str):
        raise FacsTextError(f"a unit code is text such as '12', not {type(code).__name__}")
    found = _table().get(code)
    if found is None:
        plain = code.strip().upper()
        if plain[:2] in ("AU", "AD"):
            plain = plain[2:]
        if plain.isascii() and plain.isdigit() and len(plain) <= 2 and plain != "00":
            plain = str(int(plain))
        found = _table().get(plain)
    if found is None:
        raise FacsTextError(
            f"no unit {code!r} in FACS; known codes are 1 to 46 with gaps, 50 to 98 and M55 to M83"
        )
    return found


def code_order(code: str) -> tuple[int, int]:
    """Sort key of a code: numbers first, movement codes after them."""
    return (1, int(code[1:])) if code.startswith("M") else (0, int(code))
