"""The aligned crop, as AU research uses it: eyes level, mid-forehead to chin.

In units of the distance from the eye line to the chin (landmark 8 of Multi-PIE's 68), so that it
scales with the face.
"""

from __future__ import annotations

import numpy as np

__all__ = ["crop_square"]

_BELOW_EYES, _HALF = 0.262, 0.72


def crop_square(landmarks: np.ndarray) -> tuple[np.ndarray, float]:
    """Middle (x, y, z) and half width of the crop in cm, from 68 landmarks (68, 3) in cm."""
    eyes, chin = landmarks[36:48].mean(0), landmarks[8]
    unit = float(eyes[1] - chin[1])
    middle = [0.6 * eyes[0] + 0.4 * chin[0], eyes[1] - _BELOW_EYES * unit, eyes[2]]
    return np.array(middle, np.float32), _HALF * unit
