"""A detector of aaad's as the judge that auface-gen asks what is in a picture.

The two packages do not know each other; the command composes them here. Which detector looks is
named in what comes out. The one that `auface score` uses may look, and never choose.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np
from PIL import Image

from facs_text import Coding

if TYPE_CHECKING:
    from aaad import Detector
    from auface_gen.check import Seen

__all__ = ["DetectorJudge", "load_judge"]


class DetectorJudge:
    """`aaad.Detector` as `auface_gen.check.Judge`."""

    def __init__(self, detector: Detector, *, may_choose: bool) -> None:
        self._detector = detector
        self.id = detector.id
        self.may_choose = may_choose

    def __call__(
        self,
        pictures: Sequence[Image.Image],
        at_rest: Sequence[Image.Image],
        asked: Sequence[Coding],
    ) -> list[Seen]:
        """What the detector sees in each picture, as `auface score` says it of a file."""
        from aaad import targets
        from aaad.seen import Seen as Rows
        from aaad.words import image_scores
        from auface_gen.check import Seen

        eyes, count = self._detector, len(pictures)
        pred = eyes(self._array(pictures), self._array(at_rest))
        rows = Rows(
            pred=pred,
            rest=None,
            target=targets(asked, eyes.columns),
            mask=np.ones(pred.shape[:2], bool),
            columns=tuple(eyes.columns),
            presence=(),
            files=[""] * count,
            codes=[str(c) for c in asked],
            texts=[""] * count,
            subjects=[""] * count,
            before=[None] * count,
            detector=eyes.id,
        )
        return [Seen(eyes.id, s.distance, s.units, s.reason) for s in image_scores(rows)]

    def _array(self, pictures: Sequence[Image.Image]) -> Any:
        """(B, 3, S, S) uint8, resized as aaad resizes files."""
        side = (self._detector.size, self._detector.size)
        resized = [
            p if p.size == side else p.resize(side, Image.Resampling.LANCZOS)
            for p in (picture.convert("RGB") for picture in pictures)
        ]
        return np.stack([np.asarray(p, np.uint8).transpose(2, 0, 1) for p in resized])


def load_judge(folder: Path | None, *, choose: bool) -> DetectorJudge:
    """The detector in a folder, or else the one that ships, which scores and so may only look.

    choose: whether it is to choose among pictures. Raises AAADError for a folder without one, and
    click.UsageError where it is to choose and may not.
    """
    from aaad import AAADError, Detector

    if choose and folder is None:
        raise click.UsageError(
            "--best-of needs --judge DIR, a detector other than the one that scores; train one "
            "with `auface train detector CORPUS --out DIR`"
        )
    judge = Detector.from_pretrained(folder)
    try:
        scoring = judge.id if folder is None else Detector.from_pretrained(device="cpu").id
    except AAADError:  # a copy of aaad without weights scores by no detector of its own
        scoring = ""
    return DetectorJudge(judge, may_choose=judge.id != scoring)
