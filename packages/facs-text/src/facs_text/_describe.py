"""A resolution in words, from the top of the face down.

A group of units (see _groups) is one sentence: what moves, against what, and what comes of it. The
choice among paraphrases hangs on the seed and on what is said, never on the side it is said of.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from zlib import crc32

from facs_text._errors import FacsTextError
from facs_text._groups import Group, group_actions, opposed
from facs_text._notation import Action, Coding
from facs_text._resolve import Resolution, overlap, resolve, strength
from facs_text._units import unit
from facs_text._wording import fill, wording

__all__ = ["DETAILS", "Clause", "Description", "describe"]

DETAILS = ("brief", "full", "clinical")
_JOIN = (", while ", ", and ")
_LEADS = (", overcoming ", ", prevailing over ")
_EVEN = (", but held back by ", ", checked by ", ", pulling against ")
_HELD = (", but outweighed by ", ", but overpowered by ")
_SO = (", so that ", ": ")


@dataclass(frozen=True, slots=True)
class Clause:
    """One statement of a description.

    aus: the units it says ("AU12"), opponents included. region: where the topmost of them is.
    codes: notation of what it says, with sides ("L6C+L12B"); empty for a neutral face and for
    statements about a statement (doubt, unequal sides).
    """

    text: str
    aus: tuple[str, ...]
    region: str
    codes: str = ""


@dataclass(frozen=True, slots=True)
class Description:
    """Text, its clauses in order, and the resolution they say."""

    text: str
    clauses: tuple[Clause, ...]
    resolution: Resolution

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class _Plan:
    """A group made ready to be said: the actions that lead, those they work against, the looks."""

    heads: tuple[Action, ...]
    counters: tuple[Action, ...]
    gap: int
    looks: Sequence[str]
    side: str
    key: str
    aus: tuple[str, ...]
    region: str
    codes: str


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
    plans, addenda = _plans(resolution.coding)
    clauses = [Clause(_say(p, detail, pick, tags), p.aus, p.region, p.codes) for p in plans]
    clauses.extend(addenda)
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


@lru_cache(maxsize=8192)
def _plans(coding: Coding) -> tuple[tuple[_Plan, ...], tuple[Clause, ...]]:
    """The groups of a coding and the addenda; the same for all details and seeds."""
    return tuple(map(_plan, group_actions(coding))), tuple(_addenda(coding))


def _plan(group: Group) -> _Plan:
    heads: list[Action] = []
    counters: list[Action] = []
    rivals = opposed()
    ranked = sorted(range(len(group.actions)), key=lambda i: (-strength(group.actions[i].level), i))
    for i in ranked:
        action = group.actions[i]
        foes = rivals.get(action.code, frozenset())
        if any(h.code in foes and overlap(h.side, action.side) for h in heads):
            counters.append(action)
        else:
            heads.append(action)
    heads.sort(key=lambda a: unit(a.code).order)
    counters.extend(group.against)
    gap = 0
    if counters:
        gap = max(strength(a.level) for a in heads) - max(strength(a.level) for a in counters)
    every = [*group.actions, *group.against]
    return _Plan(
        heads=tuple(heads),
        counters=tuple(counters),
        gap=gap,
        looks=group.looks,
        side=group.side,
        key=min(heads[0].code, unit(heads[0].code).mirror),
        aus=tuple(dict.fromkeys(unit(a.code).key for a in every)),
        region=min((unit(a.code) for a in group.actions), key=lambda u: u.order).region,
        codes="+".join(map(str, every)),
    )


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


def _say(plan: _Plan, detail: str, pick: _Pick, tags: bool) -> str:
    said = [_phrase(a, detail, pick, tags) for a in plan.heads]
    text = said[0]
    for n, more in enumerate(said[1:], 1):
        if detail == "brief":
            text += "; " + more
        else:
            join = pick(_JOIN, "join" + plan.key) if n == len(said) - 1 else "; "
            text += join + more[0].lower() + more[1:]
    if plan.counters:
        words = _LEADS if plan.gap >= 2 else _EVEN if plan.gap > -2 else _HELD
        text += pick(words, "against" + plan.key)
        text += ", and ".join(_phrase(a, "pull", pick, tags) for a in plan.counters)
    if plan.looks and detail != "brief":
        look = pick(plan.looks, "look" + plan.key)
        text += pick(_SO, "so" + plan.key) + fill(look, plan.side, 0)
    return text


def _phrase(action: Action, detail: str, pick: _Pick, tags: bool) -> str:
    key, options = _variants(action.code, action.side, action.level, detail)
    words = options[pick.number(detail + key) % len(options)]
    text = words[pick.number("word" + key) % len(words)]
    return f"{text} ({_tag(action)})" if tags else text


@cache
def _variants(
    code: str, side: str, level: int, detail: str
) -> tuple[str, tuple[tuple[str, ...], ...]]:
    """(key of the choice, the phrases of each template, one for each word of the level)."""
    key = min(code, unit(code).mirror)
    count = len(wording()["adverbs"][level]) or 1
    templates: list[str] = wording()["units"][code][detail]
    return key, tuple(
        tuple(fill(t, side, level, choice) for choice in range(count)) for t in templates
    )


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
