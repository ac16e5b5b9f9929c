"""FACS notation: text to Coding and back.

    event := item (("+" | "," | ";" | space)+ item)*
    item  := side? kind? side? number direction? intensity? "?"?
    side  := L | R | U (one side, not said which) | A (both, unequal) | T | B (lips) | V | W
    kind  := AU | AD | M         number := 0 to 98
    direction := L | R, after 30 only
    intensity := A to E | x y z (FACS 1978) | one of ":" "=" and then 0 to 5

``B`` before the number is the bottom lip and ``A`` asymmetry; after it they are intensities.
"""

from __future__ import annotations

import re
from functools import lru_cache

from facs_text._coding import LETTERS, PREFIX, Action, Coding, checked
from facs_text._errors import FacsTextError
from facs_text._units import unit

__all__ = ["ITEM", "MAX_TEXT", "parse"]

_SIDE_OF = {v: k for k, v in PREFIX.items() if v}
_LEGACY = {"X": 2, "Y": 3, "Z": 5}
ITEM = re.compile(
    r"(?P<side>(?!A[UD])[LRUATBVW])?(?P<kind>AU|AD|M)?(?P<inner>[LRUTBVW])?"
    r"(?P<number>[0-9]{1,2})(?P<dir>(?<=30)[LR])?"
    r"(?:(?P<letter>[A-EXYZ])|[:=](?P<digit>[0-9]))?(?P<doubt>\?)?",
    re.IGNORECASE | re.ASCII,
)
_GAP = re.compile(r"[+,;\s]*")
MAX_TEXT = 100_000


def parse(text: str) -> Coding:
    """Read FACS notation: ``parse("1C+4D+L12B")``. "0" is the neutral face.

    Raises FacsTextError with the position of the first thing that is not understood.
    """
    if not isinstance(text, str):
        raise FacsTextError(f"FACS notation is text such as '1C+2D', not {type(text).__name__}")
    if len(text) > MAX_TEXT:
        raise FacsTextError(f"a coding of {len(text)} characters; at most {MAX_TEXT} are read")
    return _parse(text)


@lru_cache(maxsize=4096)
def _parse(text: str) -> Coding:
    actions: dict[tuple[str, str], Action] = {}
    at = _gap(text, 0)
    if at == len(text):
        raise FacsTextError("empty coding; write '0' for a neutral face", position=0)
    while at < len(text):
        match = ITEM.match(text, at)
        if match is None:
            raise FacsTextError(
                f"position {at}: expected a unit such as '12', 'L12B' or 'AD19', "
                f"found {text[at : at + 12]!r}",
                position=at,
            )
        end = match.end()
        after = _gap(text, end)
        if after == end and end < len(text):
            raise FacsTextError(
                f"position {end}: expected '+' or a space after {match.group()!r}, "
                f"found {text[end : end + 12]!r}",
                position=end,
            )
        action = _action(match, at)
        if action is not None:
            key = (action.code, action.side)
            if actions.setdefault(key, action) != action:
                raise FacsTextError(
                    f"position {at}: AU{action.code} is given twice, as {actions[key]} and as "
                    f"{action}; keep one",
                    position=at,
                )
        at = after
    try:
        return Coding(actions.values())
    except FacsTextError as error:
        raise FacsTextError(str(error), position=0) from None


def _gap(text: str, at: int) -> int:
    match = _GAP.match(text, at)
    return match.end() if match else at


def _action(match: re.Match[str], at: int) -> Action | None:
    """The action an item says, or None for one scored 0 on the 0-5 scale (absent)."""
    number = match["number"]
    code = str(int(number))
    if (match["kind"] or "").upper() == "M":
        code = f"M{code}"
    try:
        if number == "00":
            raise FacsTextError("no unit '00' in FACS")
        unit(code)
    except FacsTextError:
        raise FacsTextError(
            f"position {at}: {match.group()!r}: no unit {number!r} in FACS; "
            "known codes are 1 to 46 with gaps, 50 to 98 and M55 to M83",
            position=at,
        ) from None
    marks = [m.upper() for m in (match["side"], match["inner"], match["dir"]) if m]
    if len(marks) > 1:
        raise FacsTextError(f"position {at}: {match.group()!r} names a side twice", position=at)
    side = _SIDE_OF[marks[0]] if marks else "both"
    level = 0
    if match["letter"]:
        letter = match["letter"].upper()
        level = _LEGACY.get(letter) or LETTERS.index(letter)
    elif match["digit"]:
        level = int(match["digit"])
        if level > 5:
            raise FacsTextError(
                f"position {at}: intensity {level} in {match.group()!r}; expected 0 to 5",
                position=at,
            )
        if level == 0:
            return None
    try:
        return checked(Action(code, side, level, bool(match["doubt"])))
    except FacsTextError as error:
        raise FacsTextError(f"position {at}: {error}", position=at) from None
