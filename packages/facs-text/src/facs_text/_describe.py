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

DETAILS = ("brief", "full", "clinical", "prompt")
_JOIN = (", while ", ", and ")
_LEADS = (", overcoming ", ", prevailing over ")
_EVEN = (", but held back by ", ", checked by ", ", pulling against ")
_HELD = (", but outweighed by ", ", but overpowered by ")
_SO = (", so that ", ": ")
_NOTHING = Coding()


@dataclass(frozen=True, slots=True)
class Clause:
    """One statement of a description.

    aus: the units it says ("AU12"), opponents included. region: where the topmost of them is.
    codes: notation of what it says, with sides ("L6C+L12B"); empty for a neutral face, for
    statements about a statement (doubt, unequal sides) and for a look that stands by itself.
    """

    text: str
    aus: tuple[str, ...]
    region: str
    codes: str = ""


@dataclass(frozen=True, slots=True)
class Description:
    """Text, its clauses in order, and the resolution they say.

    left_out: what of the resolution a budget had no room for; empty without a budget.
    """

    text: str
    clauses: tuple[Clause, ...]
    resolution: Resolution
    left_out: Coding = _NOTHING

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True, eq=False)
class _Plan:
    """A group made ready to be said: the actions that lead, those they work against, the looks.

    key: names what is said but no side, so that mirrors read alike. Plans are interned, and
    compared by identity.
    """

    heads: tuple[Action, ...]
    counters: tuple[Action, ...]
    words: tuple[str, ...]
    looks: tuple[str, ...]
    side: str
    key: int
    aus: tuple[str, ...]
    region: str
    codes: str


def describe(
    coding: Coding | str | Resolution,
    *,
    detail: str = "full",
    seed: int = 0,
    tags: bool = False,
    budget: int | None = None,
    budget_unit: str = "tokens",
) -> Description:
    """Say a coding in plain English, after resolving it.

    detail: "brief", "full", "clinical" (names the muscles) or "prompt" (what fits a text encoder:
    the net look, then the strongest and rarest units). seed picks among paraphrases: one seed, one
    text. tags adds the notation of each unit in brackets.

    budget goes with "prompt": the most that the text may be, in budget_unit, "tokens" of CLIP with
    both marks, never counted too few, or "words". Without one it is CLIP's 77 tokens. Units that
    do not fit are in left_out. Raises FacsTextError where not even one fits.
    """
    if detail not in DETAILS:
        raise FacsTextError(f"detail {detail!r}; expected one of {', '.join(DETAILS)}")
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise FacsTextError(f"seed {seed!r}; expected a whole number")
    resolution = coding if isinstance(coding, Resolution) else resolve(coding)
    if detail == "prompt":
        from facs_text import _prompt  # it builds on this module

        limit = _prompt.DEFAULT_BUDGET if budget is None else budget
        return _prompt.prompt(
            resolution, budget=limit, budget_unit=budget_unit, seed=seed, tags=tags
        )
    if budget is not None:
        raise FacsTextError(f"budget {budget!r} goes with detail='prompt', not {detail!r}")
    start = seed * 0x9E3779B97F4A7C15
    plans, addenda = _plans(resolution.coding)
    clauses = tuple(
        [_clause(p, detail, tags, mix(start + p.key) % _count(p, detail)) for p in plans]
    )
    clauses += addenda
    if not clauses:
        texts: list[str] = wording()["neutral"][detail]
        clauses = (Clause(texts[mix(start) % len(texts)], (), "face"),)
    if detail == "brief":
        text = "; ".join([small(c.text) for c in clauses]) + "."
        text = text[0].upper() + text[1:]
    else:
        leads: list[str] = wording()["leads"]
        lead = leads[mix(start + 1) % len(leads)]
        text = ". ".join([c.text for c in clauses]) + "."
        if lead:
            text = lead + small(text)
    return Description(text, clauses, resolution)


_MASK = (1 << 64) - 1


def mix(x: int) -> int:
    """splitmix64: 64 bits that look unrelated for neighbouring seeds."""
    x &= _MASK
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9 & _MASK
    x = (x ^ (x >> 27)) * 0x94D049BB133111EB & _MASK
    return x ^ (x >> 31)


def small(text: str) -> str:
    """A phrase as it stands inside a sentence."""
    return text[0].lower() + text[1:]


@lru_cache(maxsize=8192)
def _plans(coding: Coding) -> tuple[tuple[_Plan, ...], tuple[Clause, ...]]:
    """The groups of a coding and the addenda; the same for all details and seeds."""
    return tuple(map(_plan, group_actions(coding))), tuple(_addenda(coding))


def _plan(group: Group) -> _Plan:
    return _intern(tuple(group.actions), tuple(group.against), tuple(group.looks), group.side)


@lru_cache(maxsize=16384)
def _intern(
    actions: tuple[Action, ...], against: tuple[Action, ...], looks: tuple[str, ...], side: str
) -> _Plan:
    heads: list[Action] = []
    counters: list[Action] = []
    rivals = opposed()
    ranked = sorted(range(len(actions)), key=lambda i: (-strength(actions[i].level), i))
    for i in ranked:
        action = actions[i]
        foes = rivals.get(action.code, frozenset())
        if any(h.code in foes and overlap(h.side, action.side) for h in heads):
            counters.append(action)
        else:
            heads.append(action)
    counters.extend(against)

    def place(head: Action) -> tuple[bool, int]:
        # what is opposed comes last, beside its opponents
        foes = rivals.get(head.code, frozenset())
        return any(c.code in foes for c in counters), unit(head.code).order

    heads.sort(key=place)
    words: tuple[str, ...] = ("",)
    if counters:
        gap = max(strength(a.level) for a in heads) - max(strength(a.level) for a in counters)
        words = _LEADS if gap >= 2 else _EVEN if gap > -2 else _HELD
    every = [*actions, *against]
    return _Plan(
        heads=tuple(heads),
        counters=tuple(counters),
        words=words,
        looks=looks,
        side=side,
        key=crc32("+".join(min(a.code, unit(a.code).mirror) for a in every).encode()) << 20,
        aus=tuple(dict.fromkeys(unit(a.code).key for a in every)),
        region=min((unit(a.code) for a in actions), key=lambda u: u.order).region,
        codes="+".join(map(str, every)),
    )


@lru_cache(maxsize=32768)
def _count(plan: _Plan, detail: str) -> int:
    """How many ways there are to say a plan."""
    count = len(plan.words)
    for action in plan.heads:
        count *= len(_variants(action.code, action.side, action.level, detail))
    for action in plan.counters:
        count *= len(_variants(action.code, action.side, action.level, "pull"))
    if detail != "brief":
        count *= len(_JOIN) if len(plan.heads) > 1 else 1
        count *= len(plan.looks) * len(_SO) if plan.looks else 1
    return count


@lru_cache(maxsize=65536)
def _clause(plan: _Plan, detail: str, tags: bool, choice: int) -> Clause:
    """One of the ways to say a plan; choice counts them from 0."""

    def take(options: Sequence[str]) -> str:
        nonlocal choice
        choice, n = divmod(choice, len(options))
        return options[n]

    def phrase(action: Action, kind: str) -> str:
        text = take(_variants(action.code, action.side, action.level, kind))
        return f"{text} ({_tag(action)})" if tags else text

    said = [phrase(a, detail) for a in plan.heads]
    text = said[0]
    for n, more in enumerate(said[1:], 1):
        if detail == "brief" or n < len(said) - 1:
            text += "; " + (more if detail == "brief" else small(more))
        else:
            text += take(_JOIN) + small(more)
    text += take(plan.words)
    text += ", and ".join(phrase(a, "pull") for a in plan.counters)
    if plan.looks and detail != "brief":
        text += take(_SO) + fill(take(plan.looks), plan.side, 0)
    return Clause(text, plan.aus, plan.region, plan.codes)


@cache
def _variants(code: str, side: str, level: int, kind: str) -> tuple[str, ...]:
    """Every phrase for an action: each template with each word of the level."""
    count = len(wording()["adverbs"][level]) or 1
    templates: list[str] = wording()["units"][code][kind]
    return tuple(fill(t, side, level, choice) for t in templates for choice in range(count))


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
