"""When a net look is true: its conditions on the levels of the units, from ``data/rules.json``.

A look is a phrase, or an object of the phrase and what must hold of the strengths (1..5, unscored
as C) of the units of its rule:

    {"say": ..., "from": {"10": 4}, "to": {"25": 2}, "gap": 1, "lead": "9"}

from, to: lowest and highest level of a unit, or one number for all. gap: the most levels by which
any two units may differ. lead: the unit that is not weaker than any other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["looks_of", "phrases"]

Look = str | dict[str, Any]


def looks_of(looks: Sequence[Look], levels: Mapping[str, int]) -> tuple[str, ...]:
    """Phrases of the looks that are true at these levels of the rule's units."""
    return tuple(
        look if isinstance(look, str) else look["say"] for look in looks if _true(look, levels)
    )


def _true(look: Look, levels: Mapping[str, int]) -> bool:
    if isinstance(look, str):
        return True
    lowest, highest = _limits(look.get("from", 1), levels), _limits(look.get("to", 5), levels)
    if any(levels[code] < level for code, level in lowest.items()):
        return False
    if any(levels[code] > level for code, level in highest.items()):
        return False
    strongest, weakest = max(levels.values()), min(levels.values())
    if strongest - weakest > look.get("gap", 5):
        return False
    return levels.get(look.get("lead", ""), strongest) == strongest


def _limits(bound: int | dict[str, int], levels: Mapping[str, int]) -> dict[str, int]:
    return bound if isinstance(bound, dict) else dict.fromkeys(levels, bound)


def phrases(rule: Mapping[str, Any]) -> list[str]:
    """Every phrase of a rule, whatever the levels."""
    looks = rule["looks"]
    every = looks if isinstance(looks, list) else [x for found in looks.values() for x in found]
    return [look if isinstance(look, str) else look["say"] for look in every]
