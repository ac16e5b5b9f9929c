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
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from facs_text._errors import FacsTextError
from facs_text._units import code_order, unit

__all__ = ["LETTERS", "SIDES", "Action", "Coding", "parse"]

LETTERS = "-ABCDE"
SIDES = ("both", "left", "right", "top", "bottom", "one", "unequal", "V", "W")
_PREFIX = {
    "both": "", "left": "L", "right": "R", "top": "T", "bottom": "B",
    "one": "U", "unequal": "A", "V": "V", "W": "W",
}  # fmt: skip
_SIDE_OF = {v: k for k, v in _PREFIX.items() if v}
_RANK = {side: i for i, side in enumerate(SIDES)}
_MIRROR = {"left": "right", "right": "left"}
_LEGACY = {"X": 2, "Y": 3, "Z": 5}
_PAIRS = (("left", "right"), ("top", "bottom"))
_ITEM = re.compile(
    r"(?P<side>(?!A[UD])[LRUATBVW])?(?P<kind>AU|AD|M)?(?P<inner>[LRUTBVW])?"
    r"(?P<number>[0-9]{1,2})(?P<dir>(?<=30)[LR])?"
    r"(?:(?P<letter>[A-EXYZ])|[:=](?P<digit>[0-9]))?(?P<doubt>\?)?",
    re.IGNORECASE | re.ASCII,
)
_GAP = re.compile(r"[+,;\s]*")
MAX_TEXT = 100_000


class Action(NamedTuple):
    """One unit at work: code, side, level 1..5 (A..E) or 0 when present but not scored.

    side: "both", "left", "right", "top", "bottom"; "one" when the side was not said,
    "unequal" when both sides act and the coder did not say which one more; "V" and "W" are
    marks of unknown meaning in some coding sheets and are kept as they are.
    doubt: the coder wrote a question mark.
    """

    code: str
    side: str = "both"
    level: int = 0
    doubt: bool = False

    def __str__(self) -> str:
        letter = LETTERS[self.level] if self.level else ""
        doubt = "?" if self.doubt else ""
        if self.code == "30" and self.side in _MIRROR:
            return f"30{_PREFIX[self.side]}{letter}{doubt}"
        return f"{_PREFIX[self.side]}{self.code}{letter}{doubt}"


def _check(action: Action, position: int | None = None) -> Action:
    code, side, level, doubt = action
    au = unit(code)
    if side not in _RANK:
        raise FacsTextError(
            f"unknown side {side!r} for AU{code}; expected one of {', '.join(SIDES)}",
            position=position,
        )
    allowed = set(au.sides)
    if "left" in allowed:
        allowed |= {"one", "V", "W"}
        if au.whole:
            allowed.add("unequal")
    if au.whole:
        allowed.add("both")
    elif side == "both":
        side = "one"  # 30 and 46 happen on one side; which one was not said
    if side not in allowed:
        takes = ", ".join(s for s in SIDES if s in allowed)
        raise FacsTextError(
            f"AU{code} ({au.name}) cannot be coded {side!r}; it takes: {takes}", position=position
        )
    if isinstance(level, bool) or not isinstance(level, int) or not 0 <= level <= 5:
        raise FacsTextError(
            f"level {level!r} of AU{code} is not a whole number from 0 (not scored) to 5 (E)",
            position=position,
        )
    if level and not au.graded:
        raise FacsTextError(
            f"{code} ({au.name}) takes no intensity; write {code} alone", position=position
        )
    return Action(au.code, side, level, bool(doubt))


class Coding:
    """Who does what on one face. Immutable, hashable, iterable of Action in canonical order.

    Equal sides are one entry: ``L12C+R12C`` is ``12C``. The empty Coding is the neutral face,
    prints as "0" and is false.
    """

    __slots__ = ("_actions", "_hash")
    _actions: tuple[Action, ...]
    _hash: int

    def __init__(self, actions: Iterable[Action] = ()) -> None:
        # pieces maps (code, side) to the action; from_actions explains the checks
        pieces: dict[tuple[str, str], Action] = {}
        for given in actions:
            action = _check(Action(*given))
            key = (action.code, action.side)
            if pieces.setdefault(key, action) != action:
                raise FacsTextError(
                    f"AU{action.code} is given twice, as {pieces[key]} and as {action}; keep one"
                )
        for code, side in list(pieces):
            if side in ("both", "unequal"):
                for other in ("left", "right", "top", "bottom", "unequal"):
                    apart = code == "36" and other != "unequal"  # its four places are no halves
                    if other != side and (code, other) in pieces and not apart:
                        raise FacsTextError(
                            f"AU{code} is given twice, as {pieces[code, side]} and as "
                            f"{pieces[code, other]}; keep one"
                        )
        for code in {code for code, _ in pieces}:
            if not unit(code).whole:
                continue
            for one, two in _PAIRS:
                a, b = pieces.get((code, one)), pieces.get((code, two))
                if a and b and a[2:] == b[2:] and code != "36":
                    del pieces[code, one], pieces[code, two]
                    pieces[code, "both"] = a._replace(side="both")
        if len(pieces) == 1 and ("0", "both") in pieces:
            pieces.clear()
        ordered = sorted(pieces.values(), key=lambda x: (code_order(x.code), _RANK[x.side]))
        object.__setattr__(self, "_actions", tuple(ordered))
        object.__setattr__(self, "_hash", hash(self._actions))

    @classmethod
    def from_actions(cls, actions: Iterable[Action | tuple[str, str, int]]) -> Coding:
        """Coding of these actions, given in any order.

        Raises FacsTextError for unknown codes, sides that a unit cannot take, levels outside
        0..5, and a unit given twice with different levels.
        """
        return cls(Action(*a) for a in actions)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("a Coding cannot be changed; build a new one")

    def __delattr__(self, name: str) -> None:
        raise AttributeError("a Coding cannot be changed; build a new one")

    def __reduce__(self) -> tuple[object, ...]:
        return (Coding, (self._actions,))

    def __iter__(self) -> Iterator[Action]:
        return iter(self._actions)

    def __len__(self) -> int:
        return len(self._actions)

    def __bool__(self) -> bool:
        return bool(self._actions)

    def __contains__(self, code: object) -> bool:
        return any(a.code == code for a in self._actions)

    def __eq__(self, other: object) -> bool:
        return self._actions == other._actions if isinstance(other, Coding) else NotImplemented

    def __hash__(self) -> int:
        return self._hash

    def __str__(self) -> str:
        return "+".join(map(str, self._actions)) or "0"

    def __repr__(self) -> str:
        return f"Coding({str(self)!r})"

    def level(self, code: str, side: str = "both") -> int | None:
        """Level of a unit on a side: 1..5, 0 when present but not scored, None when absent.

        ``side="both"`` gives the highest level on any side.
        """
        found = [
            a.level
            for a in self._actions
            if a.code == code
            and (
                side == "both"
                or a.side in (side, "both")
                or (a.side == "unequal" and side in _MIRROR)
            )
        ]
        return max(found) if found else None

    def mirror(self) -> Coding:
        """The same behaviour seen in a mirror: left and right exchanged."""
        return Coding(
            a._replace(code=unit(a.code).mirror, side=_MIRROR.get(a.side, a.side))
            for a in self._actions
        )


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
        match = _ITEM.match(text, at)
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
        return _check(Action(code, side, level, bool(match["doubt"])))
    except FacsTextError as error:
        raise FacsTextError(f"position {at}: {error}", position=at) from None
