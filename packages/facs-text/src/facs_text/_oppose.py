"""Who works against whom, and by how much: what a text may say of two units that oppose.

Two actions oppose each other where an antagonist rule names both, they touch, and at their levels
the resolver takes something off one of them.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

from facs_text._coding import Action
from facs_text._parts import LEAD, LOOSE, losses, overlap, strength
from facs_text._trace import rules

__all__ = ["Opposition", "opposed", "opposition", "rule_of"]


class Opposition(NamedTuple):
    """What two actions take off each other.

    ahead: levels by which the first is stronger. lost: shares that each of them loses. one_way:
    the one that can be held at all, 0 or 1, or None when both can. cover: the rule says that one
    lies over the other, not that it pulls.
    """

    ahead: int
    lost: tuple[float, float]
    one_way: int | None
    cover: bool

    def swapped(self) -> Opposition:
        """The opposition as it is seen from the other action."""
        one_way = None if self.one_way is None else 1 - self.one_way
        return Opposition(-self.ahead, (self.lost[1], self.lost[0]), one_way, self.cover)

    def words(self) -> str:
        """How the first is said to stand to the second: a key of wording's "against"."""
        if self.cover:
            return "cover"
        if self.one_way is not None:
            return "lessened"
        return "leads" if self.ahead >= LEAD else "held" if self.ahead <= -LEAD else "even"


@lru_cache(maxsize=1)
def _by_pair() -> dict[tuple[str, str], dict[str, Any]]:
    return {(rule["a"], rule["b"]): rule for rule in rules()["antagonists"]}


def rule_of(one: str, two: str) -> dict[str, Any]:
    """The antagonist rule that names two units; KeyError when none does."""
    return _by_pair().get((one, two)) or _by_pair()[two, one]


@lru_cache(maxsize=1)
def opposed() -> dict[str, frozenset[str]]:
    """Give for each unit the units that work against it at some levels."""
    table: dict[str, set[str]] = {}
    for a, b in _by_pair():
        table.setdefault(a, set()).add(b)
        table.setdefault(b, set()).add(a)
    return {code: frozenset(others) for code, others in table.items()}


@lru_cache(maxsize=65536)
def opposition(one: Action, two: Action) -> Opposition | None:
    """How two actions oppose each other; None when neither loses anything to the other."""
    rule = _by_pair().get((one.code, two.code))
    if rule is None:
        if (two.code, one.code) not in _by_pair():
            return None
        other = opposition(two, one)
        return other.swapped() if other else None
    for action, key in ((one, "a_part"), (two, "b_part")):
        if key in rule and action.side not in rule[key] and action.side not in LOOSE:
            return None
    if not overlap(one.side, two.side):
        return None
    first, second = strength(one.code, one.level), strength(two.code, two.level)
    lost = losses(rule, first, second)
    if not any(lost):
        return None
    hold = rule["hold"]
    one_way = None if all(hold) else 0 if hold[0] else 1
    return Opposition(first - second, lost, one_way, bool(rule.get("cover")))
