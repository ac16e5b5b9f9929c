"""The trials of a rater: which, in which order, on which side; all of it by the seed and the rater.

The same rater gets the same list again, so a closed browser resumes where it was, and the report
can be made from the design and the answers alone.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass
from itertools import combinations

from auface_studio.study.design import Study

__all__ = ["Trial", "trials_of"]


@dataclass(frozen=True, slots=True)
class Trial:
    """One question. key: its name in the answers. arms: left and right, or the one that is rated.

    wanted: of an attention check, the answer that was asked for; else "".
    """

    key: str
    item: int
    arms: tuple[str, ...]
    wanted: str = ""


def trials_of(study: Study, rater: str) -> tuple[Trial, ...]:
    """The rater's trials in order. Sides are balanced over the pairs of arms of one rater."""
    draw = random.Random(int.from_bytes(_hash(f"{study.seed}:{rater}"), "big"))
    trials = _pairs(study, draw) if study.kind == "pair" else _rates(study)
    draw.shuffle(trials)
    if study.trials is not None:
        trials = trials[: study.trials]
    trials = _sides(trials, draw) if study.kind == "pair" else trials
    for k in range(study.checks):
        at = draw.randint(round(k * len(trials) / max(1, study.checks)), len(trials))
        trials.insert(at, _check(study, k, draw))
    return tuple(trials)


def _pairs(study: Study, draw: random.Random) -> list[Trial]:
    return [
        Trial(f"{item.name} | {a} | {b}", n, (a, b))
        for n, item in enumerate(study.items)
        for a, b in combinations(study.arms, 2)
    ]


def _rates(study: Study) -> list[Trial]:
    return [
        Trial(f"{item.name} | {arm}", n, (arm,))
        for n, item in enumerate(study.items)
        for arm in item.pictures
    ]


def _sides(trials: list[Trial], draw: random.Random) -> list[Trial]:
    """Each pair of arms as often one way round as the other, in random order."""
    by_pair: dict[tuple[str, ...], list[int]] = {}
    for n, trial in enumerate(trials):
        by_pair.setdefault(trial.arms, []).append(n)
    out = list(trials)
    for places in by_pair.values():
        flips = [k % 2 == 0 for k in range(len(places))]
        if len(places) % 2 and draw.random() < 0.5:
            flips = [not f for f in flips]
        draw.shuffle(flips)
        for n, flip in zip(places, flips, strict=True):
            if flip:
                old = out[n]
                out[n] = Trial(old.key, old.item, old.arms[::-1])
    return out


def _check(study: Study, k: int, draw: random.Random) -> Trial:
    """An instructed answer: it asks for one choice, whatever the pictures show."""
    item = draw.randrange(len(study.items))
    arms = list(study.items[item].pictures)
    draw.shuffle(arms)
    if study.kind == "pair":
        return Trial(f"check {k}", item, (arms[0], arms[1]), draw.choice(("left", "right")))
    return Trial(f"check {k}", item, (arms[0],), str(draw.randint(1, 7)))


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8")).digest()
