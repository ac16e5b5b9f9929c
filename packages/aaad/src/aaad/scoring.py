"""Pictures to a score: what was seen in each, grouped, counted, checked.

This is the policy that a command only calls: which pictures are grouped, how many must ask for a
unit, and what the ceiling is.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aaad.baselines import controls
from aaad.beyond import Beyond, beyond
from aaad.counterfactual import conflicting
from aaad.errors import AAADError
from aaad.images import Picture
from aaad.metric import aaad
from aaad.result import VERSION, AAADResult
from aaad.seeing import see
from aaad.seen import Seen
from aaad.state import AAAD
from aaad.words import ImageScore, image_scores

__all__ = ["PictureScore", "Seen", "score", "score_seen", "see"]


@dataclass(frozen=True)
class PictureScore:
    """A score with its controls, the score of the conflicts alone, and what was seen in each.

    `ceiling`: the same detector on pictures that are known to be right. `conflicts`: the pictures
    whose coding is in conflict with itself; None where too few are. `faces`: counts of pictures,
    of those without a face, and of those with several. `beyond`: whether it is still the person,
    looks real, is whole; never part of the score.
    """

    result: AAADResult
    controls: dict[str, float]
    images: list[ImageScore]
    ceiling: float | None
    conflicts: AAADResult | None
    faces: dict[str, int]
    beyond: Beyond
    seen: Seen

    def to_json(self) -> dict[str, Any]:
        """The JSON object of `auface score --json` and of score.json."""
        return self.result.to_json() | {
            "controls": {k: None if np.isnan(v) else v for k, v in self.controls.items()},
            "ceiling": self.ceiling,
            "conflicts": None if self.conflicts is None else self.conflicts.to_json(),
            "faces": self.faces,
            "beyond": self.beyond.to_json(),
        }


def score(
    pictures: Sequence[Picture],
    *,
    ceiling: float | None = None,
    min_count: int | None = None,
    seed: int = 0,
    **looking: Any,
) -> PictureScore:
    """Score pictures by a detector (the built-in one unless told), or by what another one wrote.

    `looking` are the options of `see`. A picture that is its own reference at rest is left out.
    `min_count` not given: 5, or fewer for a small set, but at least 2. `seed` is of the shuffled
    control.

    Raises:
        AAADError: nothing to score, a picture that cannot be read, a table that does not fit, a
            detector that the pictures' generator was trained against.
    """
    return score_seen(see(pictures, **looking), ceiling=ceiling, min_count=min_count, seed=seed)


def score_seen(
    seen: Seen, *, ceiling: float | None = None, min_count: int | None = None, seed: int = 0
) -> PictureScore:
    """The score of what was seen, whoever saw it and in however many parts."""
    count, people = len(seen.files), seen.subjects
    faces = Counter(people)
    together = sum(faces[s] > 1 for s in people) * 2 >= count and all(people)
    few = max(2, min(5, count // 10)) if min_count is None else min_count
    options: dict[str, Any] = {"columns": seen.columns, "presence": seen.presence}

    def of(rows: NDArray[np.int64], least: int) -> AAADResult:
        return aaad(
            seen.pred[rows],
            seen.target[rows],
            mask=seen.mask[rows],
            groups=[people[i] for i in rows] if together else None,
            subjects=[people[i] for i in rows] if all(people) else None,
            codings=[seen.before[i] for i in rows],
            min_count=least,
            detector=seen.detector,
            **options,
        )

    everything = np.arange(count)
    result = of(everything, few)
    clash = np.flatnonzero(conflicting(seen.before, seen.columns))
    try:
        conflicts = of(clash, 2) if len(clash) else None
    except AAADError:  # too few of each unit to say anything
        conflicts = None
    checks = controls(
        seen.pred,
        seen.target,
        neutral=seen.rest,
        mask=seen.mask,
        groups=people if together else None,
        subjects=people if all(people) else None,
        min_count=few,
        shuffles=20 if count <= 20_000 else 2,
        seed=seed,
        **options,
    )
    return PictureScore(
        result=result,
        controls=checks,
        images=image_scores(seen),
        ceiling=seen.ceiling if ceiling is None else ceiling,
        conflicts=conflicts,
        faces={"pictures": count, "without_a_face": int((~seen.mask.any(1)).sum())},
        beyond=beyond(seen),
        seen=seen,
    )


def to_metric(seen: Seen) -> AAAD:
    """The rows as a metric, for `compare`: matched by person and what was asked."""
    people = seen.subjects
    metric = AAAD(columns=seen.columns, presence=seen.presence, min_count=2, detector=seen.detector)
    metric.update(
        seen.pred,
        seen.target,
        mask=seen.mask,
        groups=people if all(people) else None,
        subjects=people if all(people) else None,
        codings=seen.before,
    )
    return metric


def read_ceiling(path: Path) -> float:
    """The headline of a score.json of pictures that are known to be right.

    Raises:
        AAADError: it is no score, or of another version of the definition.
    """
    try:
        if path.exists() and not path.is_file():
            raise OSError("is no file")
        value = json.loads(path.read_text(encoding="utf-8"))
        if value.get("version") != VERSION:
            raise AAADError(f"{path}: is a score of another version of the definition; score anew")
        headline = float(value["aaad"])
        if not math.isfinite(headline):
            raise ValueError(f"its aaad is {headline}")
        return headline
    except AAADError:
        raise
    except (OSError, ValueError, TypeError, KeyError, AttributeError, OverflowError,
            RecursionError) as error:  # fmt: skip
        raise AAADError(f"{path}: is no score.json ({error})") from None
