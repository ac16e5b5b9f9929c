"""One group of units as a sentence: what moves, against what, and what comes of it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from zlib import crc32

from facs_text._coding import Action, Coding
from facs_text._groups import Group
from facs_text._units import unit
from facs_text._wording import fill, further, phrases, second, wording

__all__ = ["Clause", "Plan", "addenda", "addendum", "clause", "count", "mix", "plan_of", "small"]

_JOIN = (", while ", ", and ")
_SO = (", so that ", ": ")
_TRIES = 16  # paraphrases looked at to find one that names no part of the face twice
_MASK = (1 << 64) - 1

Tie = tuple[str, tuple[Action, ...]]  # how a head stands to its opponents, and those


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


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A group made ready to be said: heads, each with its opponents, and the looks.

    look_at: the head behind which looks stand. key: names what is said but no side, so that mirrors
    read alike. held: units of it that are
    said without the relaxation that they would have alone. Plans are interned, and compared by
    identity.
    """

    heads: tuple[tuple[Action, tuple[Tie, ...]], ...]
    looks: tuple[str, ...]
    look_at: int
    side: str
    held: frozenset[str]
    key: int
    aus: tuple[str, ...]
    region: str
    codes: str


def mix(x: int) -> int:
    """splitmix64: 64 bits that look unrelated for neighbouring seeds."""
    x &= _MASK
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9 & _MASK
    x = (x ^ (x >> 27)) * 0x94D049BB133111EB & _MASK
    return x ^ (x >> 31)


def small(text: str) -> str:
    """A phrase as it stands inside a sentence."""
    return text[0].lower() + text[1:]


def plan_of(group: Group, codes: frozenset[str]) -> Plan:
    """The plan of a group of a coding that has these units."""
    heads = []
    for head in group.heads:
        ties: dict[str, list[Action]] = {}
        for how, rival in group.ties.get(head, ()):
            ties.setdefault(how, []).append(rival)
        order = [how for how in wording()["against"]["full"] if how in ties]
        heads.append((head, tuple((how, tuple(sorted(ties[how], key=_rank))) for how in order)))
    held = frozenset(
        a.code
        for a in group.actions
        if not codes.isdisjoint(wording()["units"][a.code].get("held_by", ()))
    )
    at = group.heads.index(group.look_of) if group.look_of else len(heads) - 1
    return _intern(tuple(group.actions), tuple(heads), tuple(group.looks), at, group.side, held)


def _rank(action: Action) -> tuple[int, str, int]:
    return unit(action.code).order, action.code, -action.level


@lru_cache(maxsize=16384)
def _intern(
    actions: tuple[Action, ...],
    heads: tuple[tuple[Action, tuple[Tie, ...]], ...],
    looks: tuple[str, ...],
    look_at: int,
    side: str,
    held: frozenset[str],
) -> Plan:
    rivals = [r for _, ties in heads for _, found in ties for r in found]
    every = list(dict.fromkeys([*actions, *rivals]))
    return Plan(
        heads=heads,
        looks=looks,
        look_at=look_at,
        side=side,
        held=held,
        key=crc32("+".join(min(a.code, unit(a.code).mirror) for a in every).encode()) << 20,
        aus=tuple(dict.fromkeys(unit(a.code).key for a in every)),
        region=min((unit(a.code) for a in actions), key=lambda u: u.order).region,
        codes="+".join(map(str, every)),
    )


@lru_cache(maxsize=65536)
def _slots(plan: Plan, detail: str, tags: bool, word: int) -> tuple[Sequence[str], ...]:
    """The sentence as a row of choices, each a stretch of text in several ways."""
    brief = detail in ("brief", "terse")
    kind = "brief" if brief else detail

    def ways(action: Action, kind: str) -> list[str]:
        if action.code in plan.held and f"{kind}_held" in wording()["units"][action.code]:
            kind = f"{kind}_held"
        said = phrases(action.code, action.side, action.level, kind, word)
        return [f"{text} ({_tag(action)})" for text in said] if tags else list(said)

    against = wording()["against"]["brief" if brief else "full"]
    pull = {"brief": "brief", "clinical": "clinical_pull"}.get(kind, "pull")
    slots: list[Sequence[str]] = []
    for n, (head, ties) in enumerate(plan.heads):
        if n:
            last = n == len(plan.heads) - 1
            joints = _JOIN if last and not brief else ("; ",)
            own = [small(x) for x in ways(head, kind)]
            # not "while with the masseter relaxed, the jaw drops"
            slots.append(joints[-1:] if any(x.startswith("with ") for x in own) else joints)
            slots.append(own)
        else:
            slots.append(ways(head, kind))
        for k, (how, rivals) in enumerate(ties):
            said = [ways(rival, pull) for rival in reversed(rivals)]
            slots.append(
                [
                    f"{second(way) if k else way}{further(way).join(reversed(chosen))}"
                    for chosen in product(*said)
                    for way in against[how]
                ]
            )
        if n == plan.look_at and plan.looks and detail != "terse":
            slots.append((": ",) if brief else _SO)
            slots.append([fill(look, plan.side, 0) for look in plan.looks])
    return tuple(slots)


@lru_cache(maxsize=32768)
def count(plan: Plan, detail: str) -> int:
    """How many ways there are to say a plan."""
    total = 1
    for slot in _slots(plan, detail, False, 0):
        total *= len(slot)
    return total


@lru_cache(maxsize=65536)
def clause(plan: Plan, detail: str, tags: bool, word: int, choice: int) -> Clause:
    """One of the ways to say a plan; choice counts them from 0.

    The next few are looked at too, and one that names no part of the face twice is taken.
    """
    slots = _slots(plan, detail, tags, word)
    total = count(plan, detail)
    best = _said(slots, choice)
    if len(slots) > 1:
        fewest = _repeats(best)
        for n in range(1, min(_TRIES, total)):
            if not fewest:
                break
            other = _said(slots, mix(choice + n) % total)
            repeats = _repeats(other)
            if repeats < fewest:
                best, fewest = other, repeats
    return Clause(best, plan.aus, plan.region, plan.codes)


def _said(slots: tuple[Sequence[str], ...], choice: int) -> str:
    text = ""
    for slot in slots:
        choice, n = divmod(choice, len(slot))
        text += slot[n]
    return text


_NOUN = re.compile(
    r"(?:(?:lip|mouth|inner|outer|inner brow) corners?|(?:inner|outer) brows?|brows?|upper lip|"
    r"lower lip|lips|(?:upper |lower )?(?:eye)?lids?|eyes?|cheeks?|chin boss|chin|jaw|mouth|nose|"
    r"tongue|head|teeth|furrows?|corners|gaze|nostrils)\b"
)


def _repeats(text: str) -> int:
    """How often a part of the face is named again."""
    return sum(n - 1 for n in Counter(_NOUN.findall(text.lower())).values())


def _tag(action: Action) -> str:
    """Notation of an action with AU before its number: "LAU12B"."""
    code = action.code
    return str(action) if code.startswith("M") else str(action).replace(code, f"AU{code}", 1)


def addendum(kind: str, noun: str) -> str:
    """The sentence that marks an action as in doubt or as unequal between the sides."""
    text: str = wording()[kind].replace("#", noun)
    return text.replace("The one ", "One ")


@lru_cache(maxsize=8192)
def addenda(coding: Coding) -> tuple[Clause, ...]:
    """What a picture does not show: doubts and sides that are unequal in an unknown way."""
    found = []
    for action in sorted(coding, key=_rank):
        if action.side != "unequal" and not action.doubt:
            continue
        noun = fill(wording()["units"][action.code]["noun"], action.side, 0)
        key, region = unit(action.code).key, unit(action.code).region
        if action.side == "unequal":
            found.append(Clause(addendum("unequal", noun), (key,), region))
        if action.doubt:
            found.append(Clause(addendum("doubt", noun), (key,), region))
    return tuple(found)
