"""Which unit a column means, in the spellings that tools and people use.

AU1, AU01, au 1, AU_01, AD19, Action Unit 01, AU12L, AU12_Left, L12 behind AU, AU06_r, AU06_c,
AU1 Evidence, AU12_intensity, Occ_au_12, AU01_Inner Brow Raiser. Words behind the number must be
of the unit's own name, so that AU12_mean is not taken for AU12; such columns are told, not read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from facs_text._errors import FacsTextError
from facs_text._units import ActionUnit, unit

__all__ = ["Column", "said_unread", "unit_columns"]

_HEAD = re.compile(
    r"(?:(?P<first>occ|int|left|right)[_ .-]?)?(?:action[ _.]?unit|au|ad)[ _.-]?(?P<before>[lrtb])?"
    r"(?P<number>\d{1,3})(?!\d)(?P<attached>[lrtb](?![a-z0-9]))?(?P<rest>.*)",
    re.IGNORECASE,
)
_BARE = re.compile(r"(?P<before>[lrtb])?(?P<number>\d{1,2})(?P<attached>[lrtb])?", re.IGNORECASE)
# A unit somewhere in a name, such as mean_AU12.
_INSIDE = re.compile(r"action[_ .]?unit|(?<![a-z])aus?[_ .-]?\d{1,2}(?!\d)", re.IGNORECASE)
_SIDES = {
    "l": "L", "left": "L", "right": "R", "t": "T", "top": "T", "upper": "T", "b": "B",
    "bottom": "B", "lower": "B",
}  # fmt: skip
_BLOCKS = {
    "r": "intensity", "int": "intensity", "intensity": "intensity", "level": "intensity",
    "c": "presence", "occ": "presence", "occurrence": "presence", "presence": "presence",
    "present": "presence", "d": "distance", "prob": "probability", "probability": "probability",
    "evidence": "evidence",
}  # fmt: skip
_GAP = re.compile(r"[\s_.,:;()\[\]/-]+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a unit. key: "AU12" or "L12". block: what its name says of its values,
    "intensity", "presence", "probability", "evidence", "distance", or "" when it says nothing.
    """

    index: int
    key: str
    block: str


def unit_columns(
    names: Sequence[str], *, bare: bool = False, where: str = ""
) -> tuple[list[Column], list[str]]:
    """The columns of units among names, and those that look like one and cannot be read.

    bare: "12" and "L12" are units too. FacsTextError when a number is no unit of FACS, or when
    two columns mean the same.
    """
    found: list[Column] = []
    unread: list[str] = []
    right = any(re.search(r"\d[_ .-]?l\b", n.strip(), re.IGNORECASE) for n in names)
    for index, name in enumerate(names):
        plain = name.strip()
        match = _HEAD.fullmatch(plain) or (_BARE.fullmatch(plain) if bare else None)
        if match is None:
            if _INSIDE.search(plain):
                unread.append(name)
            continue
        try:
            au = unit(match["number"])
            if au.code == "0":
                raise FacsTextError("0 is no unit")
        except FacsTextError:
            raise FacsTextError(
                f"{where}: column {name!r} names no unit of FACS; remove or rename it"
            ) from None
        column = _column(index, au, match.groupdict(""), right)
        if column is None:
            unread.append(name)
            continue
        same = next((c for c in found if (c.key, c.block) == (column.key, column.block)), None)
        if same is not None:
            raise FacsTextError(
                f"{where}: two columns are {column.key}, {names[same.index]!r} and {name!r}; "
                "remove one"
            )
        found.append(column)
    return found, unread


def _column(index: int, au: ActionUnit, parts: dict[str, str], right: bool) -> Column | None:
    """The column of a unit, or None when the rest of its name is not understood."""
    sides = [s.upper() for s in (parts["before"], parts["attached"]) if s]
    first = parts.get("first", "").lower()
    sides += [_SIDES[first]] if first in _SIDES else []
    block = {"occ": "probability", "int": "intensity"}.get(first, "")
    if parts["attached"] == "r" and not right:  # AU06r beside no AU06l is AU06_r
        sides, block = sides[:-1], "intensity"
    words = []
    for word in _GAP.split(_CAMEL.sub(" ", parts.get("rest", ""))):
        low = word.lower()
        if low == "r" and right:
            sides.append("R")
        elif low in _BLOCKS and not block:
            block = _BLOCKS[low]
        elif low in _SIDES and (len(low) > 1 or low == "l") and not _named(low, au):
            sides.append(_SIDES[low])
        elif low:
            words.append(low)
    if words and not any(_named(w, au) for w in words):
        return None
    if len(set(sides)) > 1 or (sides and not _has(au, sides[0])):
        return None
    return Column(index, f"{sides[0]}{au.code}" if sides else f"AU{au.code}", block)


def _named(word: str, au: ActionUnit) -> bool:
    """Whether a word is of the unit's name, its ending aside: lid, lids; puller, pull."""
    name = [w for w in _GAP.split(au.name.lower()) if len(w) >= 3]
    motion = [w for w in _GAP.split(au.motion.lower()) if len(w) >= 5]
    return any(w[:4] == word[:4] or w[:3] == word for w in name) or word in motion


def _has(au: ActionUnit, side: str) -> bool:
    full = {"L": "left", "R": "right", "T": "top", "B": "bottom"}[side]
    return full in au.sides


def said_unread(where: str, names: Sequence[str]) -> str:
    """The note on columns that look like units and are not read."""
    shown = ", ".join(repr(n) for n in names[:6]) + (", ..." if len(names) > 6 else "")
    verb = "looks like a unit but is" if len(names) == 1 else "look like units but are"
    return f"{where}: {shown} {verb} not read; rename to AU12, AU12L or AU12_r to have it read"
