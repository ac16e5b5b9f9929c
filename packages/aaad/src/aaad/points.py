"""The 68 points of a face in iBUG's order (Multi-PIE), which landmarks of this package follow.

Sagonas et al. 2013. The jaw from the picture's left to its right, the brows, the nose's bridge and
base, the eyes, the outer and the inner lips. The person's right eye stands left in the picture.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from aaad.errors import AAADError

__all__ = ["BROWS", "COUNT", "LIDS", "LIPS", "MIRROR", "checked_points"]

COUNT = 68
BROWS, LIDS, LIPS = range(17, 27), range(36, 48), range(48, 68)


def _mirror() -> tuple[int, ...]:
    pairs = [(i, 16 - i) for i in range(17)]
    pairs += [(17 + i, 26 - i) for i in range(10)]
    pairs += [(i, i) for i in range(27, 31)] + [(31 + i, 35 - i) for i in range(5)]
    eye = ((36, 45), (37, 44), (38, 43), (39, 42), (40, 47), (41, 46))
    pairs += [pair for a, b in eye for pair in ((a, b), (b, a))]
    pairs += [(48 + i, 54 - i) for i in range(7)] + [(55 + i, 59 - i) for i in range(5)]
    pairs += [(60 + i, 64 - i) for i in range(5)] + [(65 + i, 67 - i) for i in range(3)]
    return tuple(b for _, b in sorted(pairs))


MIRROR: tuple[int, ...] = _mirror()
"""Which point each becomes when the picture is flipped."""


def checked_points(value: Any, name: str = "landmarks") -> NDArray[np.float64]:
    """(68, 2) finite numbers, or an `AAADError` that says what was given."""
    try:
        points = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise AAADError(f"{name}: wanted {COUNT} pairs of numbers") from None
    if points.shape != (COUNT, 2):
        raise AAADError(f"{name}: has shape {points.shape}, wanted ({COUNT}, 2): x, y in pixels")
    if not np.isfinite(points).all():
        raise AAADError(f"{name}: holds numbers that are not finite")
    return points
