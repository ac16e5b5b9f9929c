"""Whether a person is at rest in a picture: what moves a face is learned from a face at rest.

A smile in the picture that a person is drawn from stays in everything that is drawn: what is asked
of the mouth is painted over it. So whoever takes a portrait says what is seen to move in it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from aaad.columns import LEVELS, column, unit_of
from aaad.detector import Detector
from aaad.errors import AAADError
from aaad.pictures import resized
from aaad.words import said

__all__ = ["moved_in"]

_LEAST = 2.0
"""Expected level from which a unit is told, B. Below it people at rest differ as much: of the 60
shipped ones 4 were told of at 1.5."""


def moved_in(picture: Any, detector: Detector | None = None) -> list[str]:
    """What is seen to move in an aligned crop, as `12E on both sides`, by number of the unit; none
    where the person is at rest.

    picture: uint8 (S, S, 3). detector: the shipped one unless told.

    Raises:
        AAADError: the picture is of another type or shape.
    """
    see = Detector.from_pretrained() if detector is None else detector
    pixels = np.asarray(picture)
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
        raise AAADError(f"picture must be uint8 (S, S, 3), got {pixels.dtype} {pixels.shape}")
    seen = see(resized(pixels, see.size)[None].copy())[0]
    levels = seen @ np.arange(len(LEVELS))
    units: dict[str, dict[str, float]] = {}
    for name, level in zip(see.columns, levels, strict=True):
        if level >= _LEAST:
            units.setdefault(unit_of(name), {})[column(name)[1]] = float(level)
    return [said(unit, by_side) for unit, by_side in units.items()]
