"""Lids at rest: identity modes leave some people staring, as if their unit 5 never rested."""

from __future__ import annotations

import numpy as np

from auface_gen.rig import Rig

__all__ = ["IRIS_RADIUS", "rest_lids"]

IRIS_RADIUS = 0.62
"""Radius of the painted iris in cm."""
_COVERED = 0.24  # cm of the iris that the upper lid covers at rest; about 2 mm on a real eye
_EYES = (("L", (43, 44)), ("R", (37, 38)))  # landmarks of the upper lid's middle


def rest_lids(rig: Rig, rest: np.ndarray) -> np.ndarray:
    """(V, 3) the resting face with its upper lids lowered to where they cover the iris's top.

    Lids that do so already stay where they are.
    """
    out = rest.copy()
    for (letter, lid), ball in zip(_EYES, rig.eyes, strict=True):
        shape = rig.shapes[f"eyeBlink_{letter}"]
        ids = rig.landmarks68[list(lid)]
        top = rest[ball][:, 1].min() / 2 + rest[ball][:, 1].max() / 2 + IRIS_RADIUS - _COVERED
        drop = float(rest[ids, 1].mean() - top)
        travel = float(-shape[ids, 1].mean())
        out += float(np.clip(drop / travel, 0, 0.4)) * shape
    return out
