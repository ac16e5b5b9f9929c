"""What one face does: its units, each with a side and a level. Immutable, and printed as FACS
notation.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from facs_text._errors import FacsTextError
from facs_text._units import code_order, unit

__all__ = ["LETTERS", "PREFIX", "SIDES", "Action", "Coding", "checked"]

LETTERS = "-ABCDE"
SIDES = ("both", "left", "right", "top", "bottom", "one", "unequal", "V", "W")
PREFIX = {
    "both": "", "left": "L", "right": "R", "top": "T", "bottom": "B",
    "one": "U", "unequal": "A", "V": "V", "W": "W",
}  # fmt: skip
_RANK = {side: i for i, side in enumerate(SIDES)}
_MIRROR = {"left": "right", "right": "left"}
_PAIRS = (("left", "right"), ("top", "bottom"))


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
            return f"30{PREFIX[self.side]}{letter}{doubt}"
        return f"{PREFIX[self.side]}{self.code}{letter}{doubt}"


def checked(action: Action, position: int | None = None) -> Action:
    """The action as a Coding holds it; FacsTextError where FACS has no such side or level."""
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
            action = checked(Action(*given))
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
        """The behaviour as it is seen in a mirror: left and right exchanged."""
        return Coding(
            a._replace(code=unit(a.code).mirror, side=_MIRROR.get(a.side, a.side))
            for a in self._actions
        )
