"""What is said together: combinations, opposing pairs, single units.

A group is one sentence. Combinations whose opponents are all inside come first, then pairs that
oppose each other, then the other combinations, then what is left. Wherever two opposing units
still stand in different groups, one of the two names the other as its opponent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from facs_text._coding import Action, Coding
from facs_text._looks import looks_of
from facs_text._oppose import Opposition, opposed, opposition, rule_of
from facs_text._parts import LEAD, expand, strength
from facs_text._trace import rules
from facs_text._units import unit

__all__ = ["Group", "clusters", "group_actions", "singles"]

# A look that names both sides outright is no look of one side.
_TWO_SIDED = re.compile(r"\b(?:eyes|brows|lids|cheeks|corners|ends)\b(?![^{]*\})")

# Said once for both sides where it is whole, even beside a unit with unequal sides.
_ONE_OPENING = frozenset(("25",))

Part = tuple[str, str]


@dataclass(slots=True)
class Group:
    """Actions said in one sentence. looks: phrases for what comes of them.

    heads: actions that are said outright. ties: for a head what it works against, with how; an
    opponent is another of the actions, or stands in another sentence. look_of: the head that the
    looks are of; None for those of the whole.
    """

    actions: list[Action]
    looks: Sequence[str] = ()
    side: str = "both"
    heads: list[Action] = field(default_factory=list)
    ties: dict[Action, list[tuple[str, Action]]] = field(default_factory=dict)
    look_of: Action | None = None

    def order(self) -> tuple[Any, ...]:
        codes = tuple(a.code for a in self.actions)
        levels = tuple(-a.level for a in self.actions)
        return (min(unit(c).order for c in codes), codes, levels, self.side)


def _has(action: Action, part: str) -> bool:
    return action.side == part or (action.side == "both" and part in unit(action.code).sides)


def _plain(coding: Coding) -> dict[Part, int]:
    return {key: level for key, (level, _) in expand(coding).items()}


def _collapse(parts: Mapping[Part, int]) -> list[Action]:
    return list(Coding(Action(c, s, level) for (c, s), level in parts.items()))


def singles(coding: Coding) -> list[Group]:
    """Each action of a coding by itself, as written."""
    groups = [Group([a], side=a.side, heads=[a]) for a in _collapse(_plain(coding))]
    return sorted(groups, key=Group.order)


def clusters(coding: Coding, absent: frozenset[str] = frozenset()) -> list[Group]:
    """Each action by itself, those that oppose each other together with the look of it."""
    codes = {a.code for a in coding}
    left = _collapse(_plain(coding))
    groups: list[Group] = []
    while left:
        found = [left.pop(0)]
        for one in found:
            more = [a for a in left if opposition(one, a)]
            found += more
            left = [a for a in left if a not in more]
        found.sort(key=_rank)
        groups.append(Group(found, side=_side_of(found)))
    for group in groups:
        _tie(group)
        if len(group.actions) > 1:
            _look_for(group)
        _observe(group, absent - codes)
    return sorted(groups, key=Group.order)


def _side_of(actions: list[Action]) -> str:
    sides = {a.side for a in actions if a.side in ("left", "right")}
    return sides.pop() if len(sides) == 1 else "both"


def _look_for(group: Group) -> None:
    """Give a cluster the look of a combination that is all of it, or of its strongest pair."""
    by_code = {a.code: a for a in group.actions}
    if len(by_code) < len(group.actions):
        return  # sides that differ have no look in common
    whole = [r for members, _, r in _combinations() if members == by_code.keys()]
    for rule in [*whole, *(pair[0] for pair in _pairs(group.actions))]:
        found = _looks(rule, [by_code[c] for c in rule.get("units") or (rule["a"], rule["b"])])
        if group.side != "both":
            found = [x for x in found if not _TWO_SIDED.search(x)]
        if found:
            group.looks = found
            group.look_of = None if rule in whole else next(iter(group.ties), None)
            return


def _pairs(actions: list[Action]) -> list[tuple[dict[str, Any], Action, Action, Opposition]]:
    """Pairs of actions that oppose each other, those that lose most first."""
    found = []
    for n, one in enumerate(actions):
        for two in actions[n + 1 :]:
            how = opposition(one, two)
            if how is not None:
                found.append((rule_of(one.code, two.code), one, two, how))
    found.sort(key=lambda x: -sum(x[3].lost))
    return found


@lru_cache(maxsize=1)
def _combinations() -> list[tuple[frozenset[str], list[str], dict[str, Any]]]:
    """Sets of units said together, the larger first, then the pairs that oppose each other."""
    data = rules()
    found = [(frozenset(r["units"]), r["units"], r) for r in data["combinations"]]
    found.sort(key=lambda x: -len(x[0]))
    found += [(frozenset((r["a"], r["b"])), [r["a"], r["b"]], r) for r in data["antagonists"]]
    return found


def group_actions(coding: Coding, absent: frozenset[str] = frozenset()) -> list[Group]:
    """The groups of a resolved coding, from the top of the face down."""
    plain = _plain(coding)
    whole = {a.code: a for a in _collapse(plain) if a.side == "both"}
    codes = {code for code, _ in plain}
    said: set[Part] = set()
    groups: list[Group] = []
    if len(codes) > 1:
        # first the combinations whose opponents are all inside, then opposing pairs, then the rest
        here = [row for row in _combinations() if row[0] <= codes]
        closed = [r for r in here if "units" in r[2] and _closed(r[0], codes)]
        for _, units, rule in [*closed, *(r for r in here if "units" not in r[2]), *here]:
            _take(units, rule, plain, whole, said, groups)
    rest = {key: level for key, level in plain.items() if key not in said}
    groups.extend(Group([a], side=a.side) for a in _collapse(rest))
    groups.sort(key=Group.order)
    for group in groups:
        _tie(group)
        _observe(group, absent - codes)
    _tie_groups(groups)
    return groups


def _observe(group: Group, absent: frozenset[str]) -> None:
    """Give a group the look of what the coder looked for and did not see, before any other look:
    it says an absence, and others may suppose what is absent ("the open mouth").
    """
    codes = {a.code for a in group.actions}
    found = [
        look
        for rule in rules()["observed"]
        if rule["a"] in codes and rule["without"] in absent
        for look in rule["looks"]
    ]
    if found:
        group.looks, group.look_of = found, None


def _closed(members: frozenset[str], codes: set[str]) -> bool:
    rivals = opposed()
    return all(rivals.get(c, frozenset()) & codes <= members for c in members)


def _take(
    units: list[str],
    rule: dict[str, Any],
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
            found = _looks(rule, got)
            if side != "both":
                found = [x for x in found if not _TWO_SIDED.search(x)]
            if found or ("units" not in rule and opposition(got[0], got[1])):
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


def _looks(rule: dict[str, Any], actions: list[Action]) -> Sequence[str]:
    """Looks of a combination, or of an opposing pair, that are true at these levels."""
    looks = rule["looks"]
    levels = {a.code: strength(a.code, a.level) for a in actions}
    if isinstance(looks, dict):
        if opposition(actions[0], actions[1]) is None:
            return ()
        gap = levels[actions[0].code] - levels[actions[1].code]
        looks = looks["together" if abs(gap) < LEAD else "a_leads" if gap > 0 else "b_leads"]
    return looks_of(looks, levels)


def _tie(group: Group) -> None:
    """Decide in a group who is said outright and who is said as another's opponent."""
    ranked = sorted(group.actions, key=lambda a: -strength(a.code, a.level))
    counters: list[Action] = []
    for _, one, two, found in _pairs(ranked):
        head, counter = (two, one) if found.one_way == 1 else (one, two)
        if head in counters or counter in counters or counter in group.ties:
            continue
        counters.append(counter)
        how = found if head is one else found.swapped()
        group.ties.setdefault(head, []).append((how.words(), counter))
    group.heads = [a for a in group.actions if a not in counters]
    group.heads.sort(key=_rank)


def _rank(action: Action) -> tuple[int, str, int]:
    """From the top of the face down, the stronger of two sides first."""
    return unit(action.code).order, action.code, -action.level


def _tie_groups(groups: list[Group]) -> None:
    """Name the opponent in the later of two groups that hold opposing units."""
    for n, early in enumerate(groups):
        for late in groups[n + 1 :]:
            for one in early.actions:
                for two in late.actions:
                    found = opposition(one, two)
                    if found is not None:
                        _tie_across(early, one, late, two, found)


def _tie_across(early: Group, one: Action, late: Group, two: Action, found: Opposition) -> None:
    own, own_group, other, how = two, late, one, found.swapped()
    if found.one_way == 0 or (
        found.one_way is None and two not in late.heads and one in early.heads
    ):
        own, own_group, other, how = one, early, two, found
    if own not in own_group.heads:  # it was said as an opponent: say it outright instead
        for rivals in own_group.ties.values():
            rivals[:] = [r for r in rivals if r[1] != own]
        own_group.heads.append(own)
        own_group.heads.sort(key=_rank)
    # one sentence names an opponent once, where most is lost to it
    for head, rivals in own_group.ties.items():
        for tie in [tie for tie in rivals if tie[1] == other]:
            before = opposition(head, other)
            if before is not None and sum(before.lost) >= sum(how.lost):
                return
            rivals.remove(tie)
    own_group.ties.setdefault(own, []).append((how.words(), other))
