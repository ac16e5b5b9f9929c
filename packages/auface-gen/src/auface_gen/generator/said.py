"""What was told of a picture, and which part of it is about what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["Part", "Said"]


@dataclass(frozen=True)
class Part:
    """A part of a text, characters [begin, end), and the columns (A,) that it speaks of."""

    begin: int
    end: int
    columns: np.ndarray

    def words(self, spans: Sequence[tuple[int, int]]) -> list[int]:
        """Which words of the text, by their spans, begin in this part; marks without any
        characters, as pretrained encoders put around a text, are of no part.
        """
        return [i for i, (a, z) in enumerate(spans) if a < z and self.begin <= a < self.end]


@dataclass(frozen=True)
class Said:
    """A text, its parts, and all that it asks for as columns (A,)."""

    text: str
    parts: tuple[Part, ...]
    columns: np.ndarray
