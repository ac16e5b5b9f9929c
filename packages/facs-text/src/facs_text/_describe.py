"""A resolution in words, from the top of the face down.

Units are said in groups: a combination that has a look of its own, two units that oppose each
other, or one unit. A group is one sentence: what moves, against what, and what comes of it.
Wherever two opposing units stand in different groups, the later one names the other as its
opponent, so no two sentences contradict each other.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from zlib import crc32

from facs_text._errors import FacsTextError
from facs_text._notation import Action, Coding
from facs_text._resolve import Resolution, expand, overlap, resolve, rules, strength
from facs_text._units import unit
from facs_text._wording import fill, wording

__all__ = ["DETAILS", "Clause", "Description", "describe"]

DETAILS = ("brief", "full", "clinical")
_JOIN = (", while ", ", and ")
_LEADS = (", overcoming ", ", prevailing over ")
_EVEN = (", but held back by ", ", checked by ", ", pulling against ")
_HELD = (", but outweighed by ", ", but overpowered by ")
_SO = (", so that ", ": ")

# A look that names both sides outright is no look of one side.
_TWO_SIDED = re.compile(r"\b(?:eyes|brows|lids|cheeks|corners|ends)\b(?![^{]*\})")

# Said once for both sides where it is whole, even beside a unit with unequal sides.
_ONE_OPENING = frozenset(("25",))

Part = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Clause:
    """One statement of a description: its text, the units it says ("AU12"), and the region."""

    text: str
    aus: tuple[str, ...]
    region: str


@dataclass(frozen=True, slots=True)
class Description:
    """Text, its clauses in order, and the resolution they say."""

    text: str
    clauses: tuple[Clause, ...]
    resolution: Resolution

    def __str__(self) -> str:
        return self.text


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


def describe(
    coding: Coding | str | Resolution, *, detail: str = "full", seed: int = 0, tags: bool = False
) -> Description:
    """Say a coding in plain English, after resolving it.

    detail: "brief", "full" or "clinical" (names the muscles). seed picks among paraphrases: one
    seed, one text. tags adds the notation of each unit in brackets.
    """
    if detail not in DETAILS:
        raise FacsTextError(f"detail {detail!r}; expected one of {', '.join(DETAILS)}")
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise FacsTextError(f"seed {seed!r}; expected a whole number")
    resolution = coding if isinstance(coding, Resolution) else resolve(coding)
    pick = _Pick(seed)
    clauses: list[Clause] = []
    for group in _groups(resolution.coding):
        text = _say(group, detail, pick, tags)
        aus = tuple(dict.fromkeys(unit(a.code).key for a in [*group.actions, *group.against]))
        region = min((unit(a.code) for a in group.actions), key=lambda u: u.order).region
        clauses.append(Clause(text, aus, region))
    clauses.extend(_addenda(resolution.coding))
    if not clauses:
        clauses.append(Clause(pick(wording()["neutral"][detail], "neutral"), (), "face"))
    if detail == "brief":
        text = "; ".join(c.text[0].lower() + c.text[1:] for c in clauses) + "."
        text = text[0].upper() + text[1:]
    else:
        lead = pick(wording()["leads"], "lead")
        first = clauses[0].text
        if lead:
            first = lead + first[0].lower() + first[1:]
        text = " ".join(f"{t}." for t in [first, *(c.text for c in clauses[1:])])
    return Description(text, tuple(clauses), resolution)


_MASK = (1 << 64) - 1


@lru_cache(maxsize=4096)
def _key(key: str) -> int:
    return crc32(key.encode()) << 20


class _Pick:
    """Choice by seed and a key that never holds a side, so that mirrors read alike."""

    def __init__(self, seed: int) -> None:
        self._seed = seed * 0x9E3779B97F4A7C15

    def number(self, key: str) -> int:
        """splitmix64 of seed and key: a plain checksum leaves the choices tied to each other."""
        x = (self._seed + _key(key)) & _MASK
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9 & _MASK
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB & _MASK
        return x ^ (x >> 31)

    def __call__(self, options: Sequence[str], key: str) -> str:
        return options[self.number(key) % len(options)]


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


def _groups(coding: Coding) -> list[Group]:
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
    if len(made) == 1 and made[0].side != "both":
        # do not take one side out of a unit that is the same on both
        if any(a.side == made[0].side and a.code in whole for a in made[0].actions):
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
            last = max(
                n
                for n, g in enumerate(groups)
                if _holds(g, a, p) or _holds(g, b, q)
            )
            other = (b, q) if _holds(groups[last], a, p) else (a, p)
            extra.setdefault(last, {})[other] = plain[other]
    for n, parts_ in extra.items():
        rivals_ = _collapse(parts_)
        rivals_.sort(key=lambda a: (unit(a.code).order, a.code, -a.level))
        groups[n].against = rivals_


def _holds(group: Group, code: str, part: str) -> bool:
    return any(code == a.code and _has(a, part) for a in group.actions)


def _say(group: Group, detail: str, pick: _Pick, tags: bool) -> str:
    heads: list[Action] = []
    counters: list[Action] = []
    rivals = opposed()
    ranked = sorted(
        range(len(group.actions)), key=lambda i: (-strength(group.actions[i].level), i)
    )
    for i in ranked:
        action = group.actions[i]
        foes = rivals.get(action.code, frozenset())
        if any(h.code in foes and overlap(h.side, action.side) for h in heads):
            counters.append(action)
        else:
            heads.append(action)
    heads.sort(key=lambda a: unit(a.code).order)
    counters.extend(group.against)
    said = [_phrase(a, detail, pick, tags) for a in heads]
    first = min(heads[0].code, unit(heads[0].code).mirror)
    text = said[0]
    for n, more in enumerate(said[1:], 1):
        if detail == "brief":
            text += "; " + more
        else:
            join = pick(_JOIN, f"join{first}") if n == len(said) - 1 else "; "
            text += join + more[0].lower() + more[1:]
    if counters:
        gap = max(strength(a.level) for a in heads) - max(strength(a.level) for a in counters)
        words = _LEADS if gap >= 2 else _EVEN if gap > -2 else _HELD
        text += pick(words, f"against{first}")
        text += ", and ".join(_phrase(a, "pull", pick, tags) for a in counters)
    if group.looks and detail != "brief":
        look = pick(group.looks, f"look{first}")
        text += pick(_SO, f"so{first}") + fill(look, group.side, 0)
    return text


def _phrase(action: Action, detail: str, pick: _Pick, tags: bool) -> str:
    code = action.code
    options: list[str] = wording()["units"][code][detail]
    key = min(code, unit(code).mirror)
    template = pick(options, f"{detail}{key}")
    text = fill(template, action.side, action.level, pick.number(f"word{key}"))
    if tags:
        text += f" ({_tag(action)})"
    return text


def _tag(action: Action) -> str:
    """Notation of an action with AU before its number: "LAU12B"."""
    code = action.code
    return str(action) if code.startswith("M") else str(action).replace(code, f"AU{code}", 1)


def addendum(kind: str, noun: str) -> str:
    """The sentence that marks an action as in doubt or as unequal between the sides."""
    text: str = wording()[kind].replace("#", noun)
    return text.replace("The one ", "One ")


def _addenda(coding: Coding) -> list[Clause]:
    """What a picture does not show: doubts and sides that are unequal in an unknown way."""
    found = []
    for action in sorted(coding, key=lambda a: (unit(a.code).order, a.code, -a.level)):
        noun = fill(wording()["units"][action.code]["noun"], action.side, 0)
        key, region = unit(action.code).key, unit(action.code).region
        if action.side == "unequal":
            found.append(Clause(addendum("unequal", noun), (key,), region))
        if action.doubt:
            found.append(Clause(addendum("doubt", noun), (key,), region))
    return found
