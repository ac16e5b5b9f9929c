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

__all__ = ["ActionUnit", "code_order", "load_data", "picture_units", "unit", "units"]

# No single picture of a face shows these for what they are: a wipe, a blink and a wink take time,
# 41, 42 and 44 are the codes of 1978 for 43 and 7, and 69 is about somebody else.
_NOT_IN_A_PICTURE = ("37", "41", "42", "44", "45", "46", "69")


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


@lru_cache(maxsize=1)
def picture_units() -> tuple[str, ...]:
    """Codes of the units, head and eye positions that one picture of a face can show."""
    kinds = ("AU", "AD", "head", "eye")
    seen = (au.code for au in units() if au.kind in kinds)
    return tuple(code for code in seen if code not in _NOT_IN_A_PICTURE)


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
