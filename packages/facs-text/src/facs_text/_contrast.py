"""Hard negatives: codings that differ from one in a single, known way.

A model that is to tell faces apart learns from texts that are almost right. Each of these changes
one thing: a unit more, one less, one for another that is easily taken for it (the hedges and the
alternatives of ``data/rules.json`` say which), the side, the level, or a conflict that is left
unresolved. Nothing else may change: a change that resolution would carry further is not used.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache

from facs_text._coding import Action, Coding
from facs_text._errors import FacsTextError
from facs_text._resolve import Resolution, resolve, rules
from facs_text._units import picture_units, unit

__all__ = ["CONTRASTS", "Contrast", "contrast"]

CONTRASTS = ("added", "dropped", "swapped", "side", "level", "conflict")


@dataclass(frozen=True, slots=True)
class Contrast:
    """A coding that is wrong in one way.

    kind: "added", "dropped", "swapped", "side", "level" or "conflict". before, after: the actions
    that differ, as they are in the coding asked about and as they are here; either may be empty.
    coding: the whole. A conflict adds a unit that works against one that stands or cannot be
    beside it, and is to be said as it is written.
    """

    kind: str
    before: Coding
    after: Coding
    coding: Coding

    @property
    def resolution(self) -> Resolution:
        """What to describe: `describe(contrast.resolution, ...)`; a conflict is unresolved."""
        return resolve(self.coding, mode="off" if self.kind == "conflict" else "warn")


Change = tuple[list[Action], list[Action]]  # actions that go, actions that come


def contrast(
    coding: Coding | str, n: int = 1, *, seed: int = 0, among: Collection[str] | None = None
) -> tuple[Contrast, ...]:
    """n codings that are almost this one, of as many kinds as there are; one seed, one answer.

    The coding is resolved first. Each contrast differs from it and from the others after
    resolution. among: the units that may be added ("12", "AU12"), such as those that a model can
    draw; None stands for all that one picture of a face can show. Raises FacsTextError when there
    are not n contrasts.
    """
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise FacsTextError(f"n {n!r}; expected a whole number from 1 up")
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise FacsTextError(f"seed {seed!r}; expected a whole number")
    base = resolve(coding).coding
    rng = random.Random(f"{seed} {base}")
    new = picture_units() if among is None else [unit(code).code for code in among]
    queues = [("added", list(_added(base, new, rng)))]
    queues += [(kind, list(_CHANGES[kind](base, rng))) for kind in CONTRASTS if kind != "added"]
    for _, changes in queues:
        rng.shuffle(changes)
    rng.shuffle(queues)
    found: list[Contrast] = []
    seen = {base}
    while queues and len(found) < n:
        for kind, changes in queues[: n - len(found)]:  # a turn of every kind
            one = _next(base, kind, changes, seen)
            if one is not None:
                found.append(one)
        queues = [(kind, changes) for kind, changes in queues if changes]
    if len(found) < n:
        raise FacsTextError(f"{base} has {len(found)} contrasts, not {n}; ask for fewer")
    return tuple(found)


def _next(base: Coding, kind: str, changes: list[Change], seen: set[Coding]) -> Contrast | None:
    """The next change that is new and does nothing else; None when there is none left."""
    while changes:
        gone, come = changes.pop()
        changed = Coding([*(a for a in base if a not in gone), *come])
        stands = resolve(changed).coding
        if {changed, stands} & seen or (kind != "conflict" and stands != changed):
            continue
        seen |= {changed, stands}
        return Contrast(kind, Coding(gone), Coding(come), changed)
    return None


def _level(base: Coding, code: str, rng: random.Random) -> int:
    """A level for a unit that comes: one that another unit has, so that it does not stand out."""
    levels = [a.level for a in base if unit(a.code).graded] or [3]
    return rng.choice(levels) if unit(code).graded else 0


def _place(code: str, side: str) -> str:
    """The side for a unit that takes another's place."""
    au = unit(code)
    if side in au.sides or (side in ("one", "unequal") and "left" in au.sides and au.whole):
        return side
    return "both" if au.whole else "one"


def _added(base: Coding, new: Collection[str], rng: random.Random) -> Iterator[Change]:
    for code in new:
        if code not in base:
            yield [], [Action(code, _place(code, "both"), _level(base, code, rng))]


def _dropped(base: Coding, rng: random.Random) -> Iterator[Change]:
    for code in dict.fromkeys(a.code for a in base):
        yield [a for a in base if a.code == code], []


@lru_cache(maxsize=1)
def _confusable() -> dict[str, tuple[str, ...]]:
    """Units that a coder may take for each other.

    One can hide or imitate the other (a hedge), or they are two ways to move one part of the face
    (alternatives of one region).
    """
    data = rules()
    pairs = [(r["a"], r["b"]) for r in data["dominance"]]
    pairs += [
        (r["a"], r["b"])
        for r in data["alternatives"]
        if r["b"] != "*" and unit(r["a"]).region == unit(r["b"]).region
    ]
    table: dict[str, list[str]] = {}
    for a, b in pairs:
        if a != b and _visible(a) and _visible(b):
            table.setdefault(a, []).append(b)
            table.setdefault(b, []).append(a)
    return {code: tuple(dict.fromkeys(others)) for code, others in table.items()}


def _swapped(base: Coding, rng: random.Random) -> Iterator[Change]:
    for action in base:
        for code in _confusable().get(action.code, ()):
            if code not in base:
                level = action.level if unit(code).graded else 0
                yield [action], [Action(code, _place(code, action.side), level, action.doubt)]


def _side(base: Coding, rng: random.Random) -> Iterator[Change]:
    """The other side, one side of two, or both of one; lips likewise; a turn the other way."""
    for code in dict.fromkeys(a.code for a in base):
        here = [a for a in base if a.code == code]
        sides = unit(code).sides
        mirrored = list(Coding(here).mirror())
        if mirrored != here:
            yield here, mirrored
        if len(here) != 1 or len(sides) != 2:
            continue
        action = here[0]
        others = {*sides, "both"} if unit(code).whole else set(sides)
        for side in sorted(others - {action.side}):
            if [action._replace(side=side)] != mirrored:
                yield here, [action._replace(side=side)]


def _levels(base: Coding, rng: random.Random) -> Iterator[Change]:
    for action in base:
        if unit(action.code).graded:
            # unscored counts as C: only the ends of the scale are surely something else
            to = range(1, 6) if action.level else (1, 5)
            for level in to:
                if level != action.level:
                    yield [action], [action._replace(level=level)]


@lru_cache(maxsize=1)
def _opponents() -> dict[str, tuple[tuple[str, bool], ...]]:
    """For each unit those that work against it, and whether the two cannot be together."""
    data = rules()
    table: dict[str, list[tuple[str, bool]]] = {}
    for rule in [*data["alternatives"], *data["antagonists"]]:
        a, b = rule["a"], rule["b"]
        if a != b and _visible(a) and _visible(b):
            apart = rule["kind"] == "alternative"
            table.setdefault(a, []).append((b, apart))
            table.setdefault(b, []).append((a, apart))
    return {code: tuple(others) for code, others in table.items()}


def _conflicts(base: Coding, rng: random.Random) -> Iterator[Change]:
    """A unit against one that stands: as strong, or stronger where only one of the two can be."""
    here = {a.code for a in base}
    for action in base:
        for code, apart in _opponents().get(action.code, ()):
            if code not in here:
                level = min(5, action.level + (apart and action.level > 0))
                level = level if unit(code).graded else 0
                yield [], [Action(code, _place(code, action.side), level)]


def _visible(code: str) -> bool:
    """Whether a code is a movement or a state that a picture can show."""
    return code != "*" and unit(code).kind in ("AU", "AD", "head", "eye")


_CHANGES: dict[str, Callable[[Coding, random.Random], Iterator[Change]]] = {
    "dropped": _dropped,
    "swapped": _swapped,
    "side": _side,
    "level": _levels,
    "conflict": _conflicts,
}
