"""A coding taken apart into places of the face, and how two units at one place compare."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from facs_text._coding import Action, Coding
from facs_text._units import unit

__all__ = ["LEAD", "LIPS", "LOOSE", "SPLIT", "Parts", "collapse", "expand", "lip_unsaid", "losses",
           "overlap", "pairs", "parts_of", "said", "strength"]  # fmt: skip

LOOSE = frozenset(("both", "unequal", "one", "V", "W"))
SPLIT = frozenset(("left", "right"))
LIPS = frozenset(("top", "bottom"))
_ONE_LIP = frozenset(("32",))  # units of one lip at a time
LEAD = 2  # levels by which a unit is ahead of another when it leads
# Share of a rule's hold that acts, by the unit's own level minus its opponent's.
_SHARE = {LEAD: 0.0, 1: 0.25, 0: 0.5, -1: 0.75, -LEAD: 1.0}

Parts = dict[tuple[str, str], tuple[int, bool]]


def strength(code: str, level: int) -> int:
    """Level to compare with: an unscored presence counts as C, unscored closed lids as E."""
    return level or unit(code).unscored


def losses(rule: Mapping[str, Any], one: int, two: int) -> tuple[float, float]:
    """Shares of their activation that the two units of an antagonist rule lose at two strengths."""
    gap = max(-LEAD, min(LEAD, one - two))
    a, b = rule["hold"]
    return a * _SHARE[gap], b * _SHARE[-gap]


def overlap(one: str, two: str) -> bool:
    """Whether two places on the face touch: a side and its opposite do not, nor two lips."""
    if one == two or one in LOOSE or two in LOOSE:
        return True
    return (one in SPLIT) != (two in SPLIT)


def expand(coding: Coding) -> Parts:
    """(code, part) to (level, doubt): units of both sides become their two sides."""
    parts: Parts = {}
    for code, side, level, doubt in coding:
        sides = unit(code).sides
        if side == "both" and len(sides) == 2:
            for part in sides:
                parts[code, part] = (level, doubt)
        else:
            parts[code, side] = (level, doubt)
    return parts


def collapse(parts: Parts) -> Coding:
    """The inverse of expand."""
    return Coding(Action(c, s, level, doubt) for (c, s), (level, doubt) in parts.items())


def parts_of(parts: Mapping[tuple[str, str], Any], code: str, only: Any = None) -> list[str]:
    """Places of a unit, or those among some places; places that are loose are among any."""
    if only is None:
        return [p for c, p in parts if c == code]
    return [p for c, p in parts if c == code and (p in only or p in LOOSE)]


def lip_unsaid(parts: Mapping[tuple[str, str], Any], code: str) -> bool:
    """Whether a unit of one lip at a time stands without the lip: "32" says both alike."""
    top, bottom = parts.get((code, "top")), parts.get((code, "bottom"))
    return code in _ONE_LIP and top is not None and top == bottom


def pairs(parts: Mapping[tuple[str, str], Any], rule: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Places of a rule's two units that touch each other."""
    return [
        (p, q)
        for p in parts_of(parts, rule["a"], rule.get("a_part"))
        for q in parts_of(parts, rule["b"], rule.get("b_part"))
        if overlap(p, q)
    ]


def said(parts: Parts, code: str, places: Iterable[str]) -> str:
    """Notation of some parts of a unit, for the trace."""
    return str(collapse({(code, p): parts[code, p] for p in places}))
