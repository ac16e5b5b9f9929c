"""Asked and seen: what a detector sees in drawn pictures, and the best of several by what it sees.

This package knows no detector. Whoever calls hands in a `Judge`, which looks at pictures beside the
same people at rest and says, unit by unit and side by side, what was asked and what is there. The
command composes it from aaad. One detector must never do both: a picture that was chosen by a
detector is better by that detector and by no other, so the one that scores may not choose.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

from PIL import Image

from auface_gen.errors import AUFaceGenError
from facs_text import Coding

__all__ = ["Judge", "Seen", "keep_best", "look"]


@dataclass(frozen=True)
class Seen:
    """What a detector sees in one picture, beside what was asked of it.

    detector: its id, with its weights' digest. distance: 0 (as asked) to 1, the mean over the units
    that it knows; NaN where it finds no face. units: levels 0 to 5 (A = 1 ... E = 5) asked and
    seen, by unit and side ("AU12L"), where either is there. said: the same in words. best_of: of
    how many pictures it was chosen by this detector; 1 where it only looked.
    """

    detector: str
    distance: float
    units: Mapping[str, tuple[float, float]]
    said: str
    best_of: int = 1

    def to_json(self) -> dict[str, Any]:
        """Give plain values, levels to a hundredth."""
        return {
            "detector": self.detector,
            "distance": None if math.isnan(self.distance) else round(self.distance, 6),
            "units": {
                name: {"asked": round(asked, 2), "seen": round(seen, 2)}
                for name, (asked, seen) in self.units.items()
            },
            "said": self.said,
            "best_of": self.best_of,
        }


class Judge(Protocol):
    """Looks at pictures. `id` names the detector and its weights; `may_choose` is false for one
    that scores.
    """

    @property
    def id(self) -> str: ...
    @property
    def may_choose(self) -> bool: ...

    def __call__(
        self,
        pictures: Sequence[Image.Image],
        at_rest: Sequence[Image.Image],
        asked: Sequence[Coding],
    ) -> Sequence[Seen]:
        """What is seen in each picture; pictures and people at rest are aligned RGB crops of one
        size.
        """
        ...


class _Made(Protocol):
    """A picture that is looked at: `generated.Generated`, whose fields these are."""

    @property
    def image(self) -> Image.Image: ...
    @property
    def coding(self) -> Coding: ...
    @property
    def detectors(self) -> tuple[str, ...]: ...
    @property
    def seen(self) -> Seen | None: ...


M = TypeVar("M", bound=_Made)


def look(made: Sequence[M], at_rest: Sequence[Image.Image], judge: Judge) -> list[M]:
    """The pictures with what the judge sees in each."""
    seen = list(judge([m.image for m in made], at_rest, [m.coding for m in made]))
    if len(seen) != len(made):
        raise AUFaceGenError(f"the judge {judge.id} saw {len(seen)} of {len(made)} pictures")
    return [replace(m, seen=s) for m, s in zip(made, seen, strict=True)]  # type: ignore[type-var]


def keep_best(made: Sequence[M], each: int, judge: Judge) -> list[M]:
    """Keep of every `each` pictures on end the one nearest to what was asked, the first of equals.

    The detector that chose is named in the picture, so that it cannot score it later. Raises
    AUFaceGenError for a judge that may not choose.
    """
    if not judge.may_choose:
        raise AUFaceGenError(
            f"{judge.id} is the detector that scores; a picture it chose would only look better "
            "to it: choose by the training detector"
        )
    kept = []
    for start in range(0, len(made), each):
        best = min(made[start : start + each], key=_distance)
        known = tuple(dict.fromkeys([*best.detectors, judge.id]))
        chosen = best.seen and replace(best.seen, best_of=each)
        kept.append(replace(best, seen=chosen, detectors=known))  # type: ignore[type-var]
    return kept


def _distance(made: _Made) -> float:
    """How far a picture is from what was asked; one that nobody saw a face in is last."""
    seen = made.seen
    return math.inf if seen is None or math.isnan(seen.distance) else seen.distance
