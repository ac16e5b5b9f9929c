"""What is said together: combinations, opposing pairs, single units.

A group is one sentence. Combinations whose opponents are all inside come first, then pairs that
oppose each other, then the other combinations, then what is left. Wherever two opposing units
still stand in different groups, the later one names the other as its opponent.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from facs_text._notation import Action, Coding
from facs_text._resolve import expand, overlap, rules, strength
from facs_text._units import unit

__all__ = ["Group", "group_actions", "opposed"]

# A look that names both sides outright is no look of one side.
_TWO_SIDED = re.compile(r"\b(?:eyes|brows|lids|cheeks|corners|ends)\b(?![^{]*\})")

# Said once for both sides where it is whole, even beside a unit with unequal sides.
_ONE_OPENING = frozenset(("25",))

Part = tuple[str, str]


@dataclass(slots=True)
class Group:
    """Actions said in one sentence. looks: phrases for what comes of them."""

    actions: list[Action]
    looks: Sequence[str] = ()
    side: str = "both"
    against: list[Action] = field(default_factory=list)

    def covers(self, code: str, part: str) -> bool:
        return any(code == a.code and _has(a, part) for a in [*self.actions, *self.against])

    def order(self) -> tuple[Any, ...]:
        codes = tuple(a.code for a in self.actions)
        levels = tuple(-a.level for a in self.actions)
        return (min(unit(c).order for c in codes), codes, levels, self.side)


def _has(action: Action, part: str) -> bool:
    return action.side == part or (action.side == "both" and part in unit(action.code).sides)


@lru_cache(maxsize=1)
def _combinations() -> list[tuple[frozenset[str], list[str], Any]]:
    """Sets of units said together, the larger first, then the pairs that oppose each other."""
    data = rules()
    found = [(frozenset(r["units"]), r["units"], r["looks"]) for r in data["combinations"]]
    found.sort(key=lambda x: -len(x[0]))
    found += [(frozenset((r["a"], r["b"])), [r["a"], r["b"]], r) for r in data["antagonists"]]
    return found


@lru_cache(maxsize=1)
def opposed() -> dict[str, frozenset[str]]:
    """For each unit the units that work against it."""
    table: dict[str, set[str]] = {}
    for rule in rules()["antagonists"]:
        table.setdefault(rule["a"], set()).add(rule["b"])
        table.setdefault(rule["b"], set()).add(rule["a"])
    return {code: frozenset(others) for code, others in table.items()}


def group_actions(coding: Coding) -> list[Group]:
    """The groups of a resolved coding, from the top of the face down."""
    plain = {key: level for key, (level, _) in expand(coding).items()}
    whole = {a.code: a for a in _collapse(plain) if a.side == "both"}
    codes = {code for code, _ in plain}
    said: set[Part] = set()
    groups: list[Group] = []
    if len(codes) > 1:
        # first the combinations whose opponents are all inside, then opposing pairs, then the rest
        here = [row for row in _combinations() if row[0] <= codes]
        closed = [r for r in here if not isinstance(r[2], dict) and _closed(r[0], codes)]
        for _, units, looks in [*closed, *(r for r in here if isinstance(r[2], dict)), *here]:
            _take(units, looks, plain, whole, said, groups)
    rest = {key: level for key, level in plain.items() if key not in said}
    groups.extend(Group([a], side=a.side) for a in _collapse(rest))
    groups.sort(key=Group.order)
    _oppose(groups, plain)
    return groups


def _closed(members: frozenset[str], codes: set[str]) -> bool:
    rivals = opposed()
    return all(rivals.get(c, frozenset()) & codes <= members for c in members)


def _collapse(parts: dict[Part, int]) -> list[Action]:
    return list(Coding(Action(c, s, level) for (c, s), level in parts.items()))


def _take(
    units: list[str],
    looks: Any,
    plain: dict[Part, int],
    whole: dict[str, Action],
    said: set[Part],
    groups: list[Group],
) -> None:
    """Make the groups of one combination out of what has not been said yet."""

    def free(code: str, side: str) -> Action | None:
        sides = unit(code).sides
        if side == "both" or "left" not in sides:
            action = whole.get(code)
            if action and not any((code, p) in said for p in (*sides, "both")):
                return action
            return None
        if code in _ONE_OPENING and code in whole:
            return None
        if (code, side) in plain and (code, side) not in said:
            return Action(code, side, plain[code, side])
        return None

    made: list[Group] = []
    for side in ("both", "left", "right"):
        actions = [free(code, side) for code in units]
        got = [a for a in actions if a]
        if len(got) == len(units) and (side == "both" or any(a.side == side for a in got)):
            found = _looks(looks, got)
            if side != "both":
                found = [x for x in found if not _TWO_SIDED.search(x)]
            made.append(Group(got, found, side))
            if side == "both":
                break
    # do not take one side out of a unit that is the same on both
    if len(made) == 1 and any(
        made[0].side == a.side != "both" and a.code in whole and "left" in unit(a.code).sides
        for a in made[0].actions
    ):
        return
    for group in made:
        for a in group.actions:
            said.update((a.code, p) for p in (*unit(a.code).sides, "both") if _has(a, p))
    groups.extend(made)


def _looks(looks: Any, actions: list[Action]) -> Sequence[str]:
    if not isinstance(looks, dict):
        found: Sequence[str] = looks
        return found
    gap = strength(actions[0].level) - strength(actions[1].level)
    key = "together" if abs(gap) < 2 else "a_leads" if gap > 0 else "b_leads"
    options: Sequence[str] = looks["looks"][key]
    return options


def _oppose(groups: list[Group], plain: dict[Part, int]) -> None:
    """Name the opponent in the later of two groups that hold opposing units."""
    against = opposed()
    extra: dict[int, dict[Part, int]] = {}
    parts = list(plain)
    for i, (a, p) in enumerate(parts):
        rivals = against.get(a)
        if not rivals:
            continue
        for b, q in parts[i + 1 :]:
            if b not in rivals or not overlap(p, q):
                continue
            if any(g.covers(a, p) and g.covers(b, q) for g in groups):
                continue
            last = max(n for n, g in enumerate(groups) if _holds(g, a, p) or _holds(g, b, q))
            other = (b, q) if _holds(groups[last], a, p) else (a, p)
            extra.setdefault(last, {})[other] = plain[other]
    for n, parts_ in extra.items():
        rivals_ = _collapse(parts_)
        rivals_.sort(key=lambda a: (unit(a.code).order, a.code, -a.level))
        groups[n].against = rivals_


def _holds(group: Group, code: str, part: str) -> bool:
    return any(code == a.code and _has(a, part) for a in group.actions)
