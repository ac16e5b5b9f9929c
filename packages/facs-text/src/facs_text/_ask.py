"""Questions about a face with answers that are true of it, for instruction tuning.

Four kinds, in turn: "what" is seen in a region (answered by what describe says of it), on which
"side", how strong ("strength"), and whether a unit is there ("presence"). Presence is asked of
units that stand and, as often, of ones that do not, and both as "is there" and as "is it absent",
so that neither the answer nor the way of asking tells anything: yes and no are balanced.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from facs_text._change import noun_of
from facs_text._coding import Action, Coding
from facs_text._describe import Clause, describe
from facs_text._errors import FacsTextError
from facs_text._resolve import Resolution, expand, resolve, rules
from facs_text._units import picture_units, unit
from facs_text._wording import adjectives

__all__ = ["QUESTIONS", "Question", "ask"]

QUESTIONS = ("what", "side", "strength", "presence")
_KINDS = ("AU", "AD", "head", "eye")  # what a picture shows
_WHAT = ("What is seen at the {}?", "What happens at the {}?", "Describe the {}.")
_SIDE = ("On which side is the {}?", "Which side shows the {}?")
_LIP = ("On which lip is the {}?", "Which lip shows the {}?")
_STRENGTH = ("How strong is the {}?", "How marked is the {}?")
_THERE = ("Is there any {}?", "Does the face show any {}?")
_ABSENT = ("Is the {} absent?", "Is the {} missing?")
_SIDES = {
    ("left",): "The left.", ("right",): "The right.", ("one",): "One side; which one is not said.",
    ("top",): "The upper lip.", ("bottom",): "The lower lip.", ("unequal",): "Both, unequally.",
}  # fmt: skip
_MORE = {"left": "Both, more on the left.", "right": "Both, more on the right.",
         "top": "Both, the upper lip more.", "bottom": "Both, the lower lip more."}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Question:
    """A question and its answer. kind: one of QUESTIONS. aus: the units it is about."""

    kind: str
    question: str
    answer: str
    aus: tuple[str, ...]


def ask(
    coding: Coding | str | Resolution,
    n: int = 4,
    *,
    seed: int = 0,
    scored: Collection[str] | None = None,
) -> tuple[Question, ...]:
    """n different questions about a face with their answers; one seed, one answer.

    The coding is resolved first. Units in doubt are not asked about. scored: the units that were
    looked for at all ("12", "AU12"); only of these is it said that they are absent. None stands
    for all that one picture of a face can show. Raises FacsTextError when there are not n.
    """
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise FacsTextError(f"n {n!r}; expected a whole number from 1 up")
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise FacsTextError(f"seed {seed!r}; expected a whole number")
    resolution = coding if isinstance(coding, Resolution) else resolve(coding)
    absent = _absent(resolution, scored)
    rng = random.Random(f"{seed} {resolution.coding}")
    kinds = [
        _what(resolution, rng, seed), _which(resolution.coding, rng),
        _strong(resolution.coding, rng), _there(resolution.coding, absent, rng),
    ]  # fmt: skip
    rng.shuffle(kinds)
    found: dict[str, Question] = {}
    while kinds and len(found) < n:
        for kind in list(kinds):
            one = next(kind, None)
            if one is None:
                kinds.remove(kind)
            elif len(found) < n:
                found.setdefault(one.question, one)
    if len(found) < n:
        raise FacsTextError(
            f"{resolution.coding} answers {len(found)} questions, not {n}; ask for fewer"
        )
    return tuple(found.values())


def _absent(resolution: Resolution, scored: Collection[str] | None) -> list[str]:
    """Units that are surely not there: looked for, not hidden, not standing, not shown."""
    coding = resolution.coding
    asked = picture_units() if scored is None else [unit(code).code for code in scored]
    hidden = {c for r in rules()["occlusions"] if r["a"] in coding for c in r["hides"]}
    gone = (unit(c) for c in asked if c not in coding and c not in hidden)
    return [au.code for au in gone if au.kind in _KINDS and au.key not in resolution.activations]


@lru_cache(maxsize=4096)
def _sure(coding: Coding) -> dict[str, dict[str, int]]:
    """Code to place to level of what can be asked about: nothing in doubt, no marks V and W."""
    table: dict[str, dict[str, int]] = {}
    barred = set()
    for (code, part), (level, doubt) in expand(coding).items():
        if doubt or part in ("V", "W") or unit(code).kind not in _KINDS:
            barred.add(code)
        table.setdefault(code, {})[part] = level
    return {code: parts for code, parts in table.items() if code not in barred}


def _name(code: str) -> str:
    """The name of a unit without a side: "lip corner pull", "jaw shift to one side"."""
    return noun_of(code, "both" if unit(code).whole else "one").removeprefix("one ")


def _what(resolution: Resolution, rng: random.Random, seed: int) -> Iterator[Question]:
    regions: dict[str, list[Action]] = {}
    for action in resolution.coding:
        if unit(action.code).kind in _KINDS:
            regions.setdefault(unit(action.code).region, []).append(action)
    for region in _shuffled(sorted(regions), rng):
        here = Coding(regions[region])
        keys = {unit(a.code).key for a in here}
        seen = {key: sides for key, sides in resolution.activations.items() if key in keys}
        clauses = describe(replace(resolution, coding=here, activations=seen), seed=seed).clauses
        yield Question(
            "what", rng.choice(_WHAT).format(region), _sentences(clauses), tuple(sorted(keys))
        )


def _sentences(clauses: tuple[Clause, ...]) -> str:
    return " ".join(f"{clause.text}." for clause in clauses)


def _which(coding: Coding, rng: random.Random) -> Iterator[Question]:
    for code, parts in _shuffled(list(_sure(coding).items()), rng):
        au = unit(code)
        if len(au.sides) != 2:
            continue
        ways = _LIP if "top" in au.sides else _SIDE
        answer = _SIDES.get(tuple(parts))
        if answer is None:
            (one, first), (two, second) = parts.items()
            if bool(first) != bool(second):
                continue  # scored on one side only: which one does more is not known
            more = one if first > second else two
            answer = _MORE[more] if first != second else "Both."
        yield Question("side", rng.choice(ways).format(_name(code)), answer, (au.key,))


def _strong(coding: Coding, rng: random.Random) -> Iterator[Question]:
    for code, parts in _shuffled(list(_sure(coding).items()), rng):
        alike = len(set(parts.values())) == 1 and set(parts) == set(unit(code).sides)
        for place, level in (
            {"both": next(iter(parts.values()))}.items() if alike else parts.items()
        ):
            if level:
                word = rng.choice(adjectives(level))
                question = rng.choice(_STRENGTH).format(noun_of(code, place))
                answer = f"{word[0].upper()}{word[1:]} ({'ABCDE'[level - 1]})."
                yield Question("strength", question, answer, (unit(code).key,))


def _there(coding: Coding, absent: list[str], rng: random.Random) -> Iterator[Question]:
    """Yes and no by turns, each as often of a unit that is there as of one that is not."""
    there = _shuffled([(code, True) for code in _sure(coding)], rng)
    gone = _shuffled([(code, False) for code in absent], rng)
    yes = rng.random() < 0.5
    while there or gone:
        pool = there if (rng.random() < 0.5 and there) or not gone else gone
        code, stands = pool.pop()
        ways = _THERE if stands == yes else _ABSENT
        question = rng.choice(ways).format(_name(code))
        yield Question("presence", question, "Yes." if yes else "No.", (unit(code).key,))
        yes = not yes


def _shuffled(items: list, rng: random.Random) -> list:  # type: ignore[type-arg]
    rng.shuffle(items)
    return items
