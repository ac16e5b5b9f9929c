"""The eye: all that this package knows of `aaad`.

What the detector sees in a picture, by unit and side, beside what was asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from PIL import Image

from facs_text import Action, Coding

__all__ = ["Detected", "Eye", "Eyes"]

LEVELS = "0ABCDE"
_PRESENT = 0.5


@dataclass(frozen=True, slots=True)
class Detected:
    """One column of the detector: a unit and side.

    chances: of the levels 0, A..E, six numbers that sum to 1. level: their expectation, 0 to 5.
    asked: the expected level that was asked for, or None when nothing was. apart: AAAD's distance
    of the two distributions, 0 (the same) to 1.
    """

    unit: str
    side: str
    chances: tuple[float, ...]
    level: float
    asked: float | None = None
    apart: float | None = None

    @property
    def present(self) -> float:
        """How likely the unit is there at all, 0 to 1."""
        return 1.0 - self.chances[0]


class Eyes(Protocol):
    """What the rest of the package asks of a detector; tests bring a small one of their own."""

    name: str

    def see(
        self, image: Image.Image, neutral: Image.Image | None = None, asked: Coding | None = None
    ) -> list[Detected]:
        """What is seen, a row a unit and side, in the detector's order."""
        ...

    def distance(self, seen: list[Detected]) -> float | None:
        """How far what is seen is from what was asked, 0 (the same) to 1; None: not asked."""
        ...


class Eye:
    """aaad's detector. `name` holds the detector and the digest of its weights."""

    def __init__(self, detector: Any) -> None:
        self._detector = detector
        self.name = str(detector.id)

    @staticmethod
    def load(folder: str | Path | None = None) -> Eye:
        """The shipped detector, or the one in folder."""
        from aaad import Detector

        return Eye(Detector.from_pretrained(folder, device="cpu"))

    def see(
        self, image: Image.Image, neutral: Image.Image | None = None, asked: Coding | None = None
    ) -> list[Detected]:
        """What is seen of each unit and side; better with the same person at rest beside it."""
        from aaad import COLUMNS, distance, target
        from aaad.columns import column

        rest = None if neutral is None else self._pixels(neutral)
        seen = np.asarray(self._detector(self._pixels(image), rest))[0]  # (A, 6)
        wanted = None if asked is None else dict(zip(COLUMNS, target(asked), strict=True))
        levels = np.arange(6)
        rows = []
        for name, chances in zip(self._detector.columns, seen, strict=True):
            unit, side = column(name)
            want = apart = None
            if wanted is not None and name in wanted:
                want = float((wanted[name] * levels).sum())
                apart = float(distance(chances[None].astype(float), wanted[name][None])[0])
            rows.append(
                Detected(
                    unit, side, tuple(float(c) for c in chances), float((chances * levels).sum()),
                    want, apart,
                )
            )  # fmt: skip
        return rows

    def distance(self, seen: list[Detected]) -> float | None:
        """Mean of AAAD's distance over the scored columns, as its report gives for a picture."""
        gaps = [one.apart for one in seen if one.apart is not None]
        return float(np.mean(gaps)) if gaps else None

    def _pixels(self, image: Image.Image) -> np.ndarray[Any, Any]:
        """(1, 3, S, S) uint8: the middle square, as large as the detector wants it."""
        side = min(image.size)
        left, top = (image.width - side) // 2, (image.height - side) // 2
        square = image.convert("RGB").crop((left, top, left + side, top + side))
        size = int(self._detector.size)
        if square.size != (size, size):
            square = square.resize((size, size), Image.Resampling.LANCZOS)
        return np.asarray(square, dtype=np.uint8).transpose(2, 0, 1)[None].copy()


def to_coding(seen: list[Detected], *, sure: float = _PRESENT) -> Coding:
    """What is there with at least this probability, each at its likeliest level above 0."""
    actions = []
    for one in seen:
        if one.present >= sure:
            level = max(range(1, 6), key=lambda k: one.chances[k])
            actions.append(Action(one.unit.removeprefix("AU"), one.side, level))
    return Coding(actions)
