"""Codings by their levels: those that lie between two, sweeps of a level, grids of units.

A level is 0 (absent) to 5 (E), by unit and place of the face. Between two codings levels are real
numbers; a coding has the nearest letter of each.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from auface_gen.errors import AUFaceGenError
from facs_text import Action, Coding, parse, unit

__all__ = ["Levels", "between", "coding_of", "grid", "levels_of", "mixed", "sweep"]

Levels = dict[tuple[str, str], float]
"""Level 0 to 5 by (code, side): {("12", "left"): 4.0}."""
_LETTERS = "ABCDE"


def levels_of(coding: Coding) -> Levels:
    """The level of each unit on each of its sides; one that is not scored has its usual level."""
    found: Levels = {}
    for code, side, level, _ in coding:
        sides = unit(code).sides
        parts = sides if side == "both" and len(sides) == 2 else (side,)
        for part in parts:
            found[code, part] = float(level or unit(code).unscored)
    return found


def coding_of(levels: Mapping[tuple[str, str], float]) -> Coding:
    """The coding with the nearest letter of each level; below half of A a unit is absent."""
    actions = []
    for (code, side), level in levels.items():
        letter = min(5, math.floor(level + 0.5))
        if letter > 0 and unit(code).graded:
            actions.append(Action(code, side, letter))
        elif letter > 0 and level >= unit(code).unscored / 2:
            actions.append(Action(code, side))
    return Coding(actions)


def mixed(a: Levels, b: Levels, t: float) -> Levels:
    """Levels a share `t` (0 to 1) of the way from a to b; a unit that one lacks is at 0 there."""
    return {key: (1 - t) * a.get(key, 0.0) + t * b.get(key, 0.0) for key in {**a, **b}}


def between(a: Coding, b: Coding, t: float) -> Coding:
    """The coding nearest to a share `t` (0 to 1) of the way from a to b; a and b at the ends."""
    if not 0 <= t <= 1:
        raise AUFaceGenError(f"between: t={t}; from 0 to 1")
    if t in (0, 1):
        return b if t else a
    return coding_of(mixed(levels_of(a), levels_of(b), t))


def sweep(text: str) -> list[Coding]:
    """Codings from one to another, a level a step: "12A..12E" is 12A, 12B, 12C, 12D, 12E.

    Several units go together ("1A+2A..1E+2E"), and an end may be the face at rest ("0..L12D").
    Raises AUFaceGenError for what is no pair, or a pair of equals; FacsTextError for no notation.
    """
    ends = text.split("..")
    if len(ends) != 2:
        raise AUFaceGenError(f"sweep {text!r}: two codings with .. between them, such as 12A..12E")
    a, b = (parse(end) for end in ends)
    one, two = levels_of(a), levels_of(b)
    steps = max((abs(two.get(k, 0.0) - one.get(k, 0.0)) for k in {**one, **two}), default=0.0)
    if a == b or steps == 0:
        raise AUFaceGenError(
            f"sweep {text!r}: both ends are the same; give two levels, as 12A..12E"
        )
    return [between(a, b, n / int(steps)) for n in range(int(steps) + 1)]


def grid(text: str, *, levels: str = "D") -> list[Coding]:
    """Codings in a list with commas, those without a level at each of `levels` in turn.

    "1,4,6+12" at "D" is 1D, 4D, 6D+12D; `levels` is a letter, several ("A,C,E"), or a range
    ("A..E"). What has a level of its own, and the face at rest, is there once, as it is written.
    Raises AUFaceGenError for levels that are none, FacsTextError for no notation.
    """
    wanted = _letters(levels)
    found: list[Coding] = []
    for item in text.split(","):
        coding = parse(item)
        free = [a for a in coding if not a.level and unit(a.code).graded]
        if len(free) < len(coding) or not free:
            found.append(coding)
        else:
            found += [Coding(a._replace(level=level) for a in coding) for level in wanted]
    return found


def _letters(text: str) -> list[int]:
    """Levels 1 to 5 of "D", "A,C,E" or "A..E"."""
    value = text.replace(" ", "").upper()
    if re.fullmatch(r"[A-E]\.\.[A-E]", value):
        a, b = (_LETTERS.index(letter) + 1 for letter in value.split(".."))
        return list(range(a, b + 1)) if a <= b else list(range(a, b - 1, -1))
    if re.fullmatch(r"[A-E](,[A-E])*", value):
        return [_LETTERS.index(letter) + 1 for letter in value.split(",")]
    raise AUFaceGenError(f"levels {text!r}: letters A to E, such as D, A,C,E or A..E")
