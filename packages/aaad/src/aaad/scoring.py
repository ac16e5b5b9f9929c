"""Pictures to a score: what a detector or its table sees in each, grouped, counted, checked.

This is the policy that a command only calls: which pictures are grouped, how many must ask for a
unit, what the ceiling is, and which detector may not score.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .asked import targets
from .baselines import controls
from .counterfactual import conflicting
from .errors import AAADError
from .images import Picture
from .metric import aaad
from .pairing import pair
from .result import VERSION, AAADResult
from .seen import Seen
from .state import AAAD
from .tables import read_table
from .words import ImageScore, image_scores

if TYPE_CHECKING:
    from .detector import Detector

__all__ = ["PictureScore", "Seen", "score", "score_seen", "see"]

Tell = Callable[[str], None]
_TOGETHER = 64
"""Pictures in memory at once."""


@dataclass(frozen=True)
class PictureScore:
    """A score with its controls, the score of the conflicts alone, and what was seen in each.

    `ceiling`: the same detector on pictures that are known to be right. `conflicts`: the pictures
    whose coding is in conflict with itself; None where too few are. `faces`: counts of pictures,
    of those without a face, and of those with several.
    """

    result: AAADResult
    controls: dict[str, float]
    images: list[ImageScore]
    ceiling: float | None
    conflicts: AAADResult | None
    faces: dict[str, int]
    seen: Seen

    def to_json(self) -> dict[str, Any]:
        """The JSON object of `auface score --json` and of score.json."""
        return self.result.to_json() | {
            "controls": {k: None if np.isnan(v) else v for k, v in self.controls.items()},
            "ceiling": self.ceiling,
            "conflicts": None if self.conflicts is None else self.conflicts.to_json(),
            "faces": self.faces,
        }


def score(
    pictures: Sequence[Picture],
    *,
    detector: Path | None = None,
    table: Path | None = None,
    format: str = "auto",
    ceiling: float | None = None,
    min_count: int | None = None,
    seed: int = 0,
    tell: Tell = lambda _: None,
) -> PictureScore:
    """Score pictures by a detector (the built-in one unless told), or by what another one wrote.

    A picture that is its own reference at rest is left out. `min_count` not given: 5, or fewer
    for a small set, but at least 2. `seed` is of the shuffled control.

    Raises:
        AAADError: nothing to score, a picture that cannot be read, a table that does not fit, a
            detector that the pictures' generator was trained against.
    """
    seen = see(pictures, detector=detector, table=table, format=format, tell=tell)
    return score_seen(seen, ceiling=ceiling, min_count=min_count, seed=seed)


def see(
    pictures: Sequence[Picture],
    *,
    detector: Path | None = None,
    table: Path | None = None,
    format: str = "auto",
    part: tuple[int, int] = (1, 1),
    tell: Tell = lambda _: None,
) -> Seen:
    """What is asked of the pictures and seen in them; `part` (I, N) takes every N-th from the
    I-th, for N processes whose parts are then put together."""
    moving = [p for p in pictures if not p.at_rest]
    if not moving:
        raise AAADError("only faces at rest: nothing to score")
    mine = moving[part[0] - 1 :: part[1]]
    ceiling: float | None = None
    rest: NDArray[Any] | None = None
    if table is not None:
        found = read_table(table, format)
        neutrals = {p.neutral for p in moving if p.neutral is not None}
        everything = sorted({p.path for p in pictures} | neutrals, key=str)
        pairs = pair(found, [p.path for p in moving], everything, tell=tell, name=str(table))
        rows = np.array(pairs.rows[part[0] - 1 :: part[1]], np.int64)
        pred = found.pred[np.maximum(rows, 0)]
        mask = found.mask[np.maximum(rows, 0)] & (rows >= 0)[:, None]
        columns, presence, name = found.columns, found.presence, table.stem
    else:
        from .detector import Detector

        eyes = Detector.from_pretrained(detector)
        _refuse_known(eyes.id, pictures)
        with_rest = all(p.neutral is not None for p in moving)
        given = sum(p.neutral is not None for p in moving)
        if given and not with_rest:
            tell(f"{given} of {len(moving)} pictures come with the person at rest: not used")
        pred, rest = _look(eyes, mine, with_rest=with_rest)
        mask = np.ones(pred.shape[:2], bool)
        columns, presence, name = eyes.columns, (), eyes.id
        ceiling = eyes.ceiling("with_neutral" if with_rest else "alone")
    return Seen(
        pred=pred,
        rest=rest,
        target=targets([p.asked for p in mine], columns).astype(np.float32),
        mask=mask,
        columns=tuple(columns),
        presence=tuple(presence),
        files=[str(p.path) for p in mine],
        codes=[p.codes for p in mine],
        texts=[p.text for p in mine],
        subjects=[p.subject for p in mine],
        before=[None if p.before is None else str(p.before) for p in mine],
        detector=name,
        ceiling=ceiling,
    )


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


def _refuse_known(detector: str, pictures: Sequence[Picture]) -> None:
    """A generator has learned to please the detector it was trained against."""
    name = detector.partition(":")[0]
    for picture in pictures:
        if any(other in (name, detector) for other in picture.detectors):
            raise AAADError(
                f"{picture.path}: its generator was trained against the detector {name}, which "
                "cannot score it; name another with --detector"
            )


def _look(
    eyes: Detector, pictures: Sequence[Picture], *, with_rest: bool
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What a detector sees in each picture, and in its person at rest; pictures are streamed."""
    shape = (len(pictures), len(eyes.columns), 6)
    pred, rest = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    rest[..., 0] = 1.0
    known: dict[Path, NDArray[np.float32]] = {}
    for start, images in _batches([p.path for p in pictures], eyes.size):
        stop = start + len(images)
        if not with_rest:
            pred[start:stop] = eyes(images)
            continue
        places = [p.neutral for p in pictures[start:stop] if p.neutral is not None]
        still = dict(_read(dict.fromkeys(places), eyes.size))
        pred[start:stop] = eyes(images, np.stack([still[path] for path in places]))
        new = [path for path in still if path not in known]
        if new:
            faces = np.stack([still[path] for path in new])
            known.update(zip(new, eyes(faces, faces), strict=True))
        rest[start:stop] = np.stack([known[path] for path in places])
    return pred, rest


def _batches(paths: Sequence[Path], size: int) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    for start in range(0, len(paths), _TOGETHER):
        part = [image for _, image in _read(paths[start : start + _TOGETHER], size)]
        yield start, np.stack(part)


def _read(paths: Any, size: int) -> Iterator[tuple[Path, NDArray[np.uint8]]]:
    from .pictures import read_picture

    for path in paths:
        yield path, read_picture(path, size)
