"""What a text is to tell: the movements of a resolution, and which of them are told together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from auface_gen.columns import COLUMNS, to_vector
from auface_gen.generator.everyday.dice import Dice
from auface_gen.generator.everyday.lexicon import Entry, looks, units
from facs_text import Coding, Resolution, describe, parse

__all__ = ["Told", "plan"]

_TOGETHER = 0.75  # how often what can be told together is
_LOOK = 0.5  # how often one unit is told by what it looks like
_HALVES = (("left", "right"), ("top", "bottom"))
_BLINKS = ("AU45", "AU46")  # stand beside the 43 that they are
_PLACES = {column: i for i, column in enumerate(COLUMNS)}


class _Movement(NamedTuple):
    """A unit at work: side "both", "left", "right", "top" or "bottom"; level 1..5; what is seen
    of it.
    """

    code: str
    side: str
    level: int
    seen: tuple[tuple[str, str, float], ...]


@dataclass(frozen=True)
class Told:
    """What one clause is to tell, by an entry or, without one, by a text that is there already.
    columns: (A,) of it.
    """

    entry: Entry | None
    side: str
    level: int
    columns: np.ndarray
    text: str = ""


def _level(value: float) -> int:
    return min(5, max(1, round(value * 5)))


def _movements(activations: Mapping[str, Mapping[str, float]]) -> list[_Movement]:
    out = []
    blinks = any(name in activations for name in _BLINKS)
    for name, sides in activations.items():
        if name == "AU43" and blinks:
            continue
        code = name[2:]
        if code == "30":
            out += [
                _Movement(f"30{s[0].upper()}", "both", _level(v), ((name, s, v),))
                for s, v in sides.items()
            ]
            continue
        levels = {s: _level(v) for s, v in sides.items()}
        seen = tuple((name, s, v) for s, v in sides.items())
        if tuple(sorted(sides)) in _WHOLE and len(set(levels.values())) == 1:
            out.append(_Movement(code, "both", next(iter(levels.values())), seen))
        else:
            out += [_Movement(code, s, levels[s], ((name, s, v),)) for s, v in sides.items()]
    return out


_WHOLE = {tuple(sorted(pair)) for pair in _HALVES} | {("both",)}


def _columns(seen: tuple[tuple[str, str, float], ...]) -> np.ndarray:
    out = np.zeros(len(COLUMNS), np.float32)
    for name, side, value in seen:
        place = _PLACES.get((name, side))
        if place is not None:
            out[place] = max(out[place], value)
        else:
            np.maximum(out, to_vector({name: {side: value}})[0], out=out)
    return out


def _entry(one: _Movement) -> Entry | None:
    table = units()
    if one.side in ("top", "bottom"):
        return table.get(one.code + one.side)
    return table.get(one.code)


def _fits(
    entry: Entry, one: _Movement, open_: Mapping[tuple[str, str], _Movement]
) -> list[_Movement] | None:
    """The movements that a look tells, this one first; None where it would be untrue."""
    some = []
    for code, levels in entry.units:
        found = open_.get((code, one.side))
        if (
            found is None
            or found.level not in levels
            or abs(found.level - one.level) > entry.spread
        ):
            return None
        some.append(found)
    if one.side in ("top", "bottom"):
        return None
    at = entry.at[one.level - 1]
    both = one.side == "both"
    by_part = entry.parts and (at["do"] or at["be"])
    by_name = (at["say"] or at["noun"]) if both else (at["say1"] or at["noun1"])
    return some if by_part or by_name else None


def _told(entry: Entry | None, some: list[_Movement]) -> Told:
    first = some[0]
    columns = _columns(sum((one.seen for one in some), ()))
    return Told(entry, first.side, first.level, columns)


def plan(resolution: Resolution, dice: Dice) -> list[Told]:
    """All that a resolution shows, each thing once, in some order."""
    moves = _movements(resolution.activations)
    codes = {one.code for one in moves}
    open_ = {(one.code, one.side): one for one in moves}
    order = dice.shuffled(moves) if dice.chance(0.6) else moves
    found: dict[tuple[str, str], Told] = {}
    for several in (True, False):
        for one in order:
            key = one.code, one.side
            if key not in open_:
                continue
            fit = _look(one, open_, codes, dice, several)
            if fit is not None:
                entry, some = fit
                for each in some:
                    del open_[each.code, each.side]
                found[key] = _told(entry, some)
    out = []
    for one in order:
        key = one.code, one.side
        if key in found:
            out.append(found[key])
        elif key in open_:
            known = _entry(one)
            if known is None:
                out.append(_by_facs_text(one, str(resolution.coding)))
            else:
                out.append(_told(known, [one]))
    return out


def _look(
    one: _Movement,
    open_: Mapping[tuple[str, str], _Movement],
    codes: set[str],
    dice: Dice,
    several: bool,
) -> tuple[Entry, list[_Movement]] | None:
    """A look that begins with a movement, of several units or of it alone, if chance takes one."""
    fits = []
    for entry in looks().get(one.code, ()):
        if (len(entry.units) > 1) == several and not entry.apart & codes:
            some = _fits(entry, one, open_)
            if some is not None:
                fits.append((entry, some))
    if not fits or not dice.chance(_TOGETHER if several else _LOOK):
        return None
    return dice.pick(fits)


@lru_cache(maxsize=4096)
def _clause(code: str, coding: str) -> str:
    """What facs-text says of a unit of a coding, by itself."""
    actions = [a for a in parse(coding) if a.code == code]
    text = describe(Coding(actions), detail="brief", mode="off").text.rstrip(".")
    return text[0].lower() + text[1:]


def _by_facs_text(one: _Movement, coding: str) -> Told:
    code = one.code.rstrip("LR")
    return Told(None, one.side, one.level, _columns(one.seen), _clause(code, coding))
