"""A person's face at rest: identity, what tends to differ between the sexes, and lids that rest on
the iris.

Identity modes leave some people staring, as if their unit 5 never rested, and none of them is sex
alone. Lengths are cm in the rig's coordinates.
"""

from __future__ import annotations

import numpy as np

from auface_gen.picture.people import Person
from auface_gen.rig.move import Rig

__all__ = ["IRIS_RADIUS", "resting_face"]

IRIS_RADIUS = 0.62
"""Radius of the painted iris."""
_COVERED = 0.24  # of the iris by the upper lid at rest; about 2 mm on a real eye
_EYES = (("L", (43, 44)), ("R", (37, 38)))  # landmarks of the upper lid's middle


def resting_face(rig: Rig, person: Person) -> np.ndarray:
    """(V, 3) vertices of the person doing nothing."""
    rest = rig.person(np.array(person.coefficients, np.float32))
    return _rest_lids(rig, rest + person.femininity * _femininity(rig))


def _femininity(rig: Rig) -> np.ndarray:
    """(V, 3) a narrower jaw, a flatter brow ridge, a smaller nose tip and fuller lips: facts of
    anthropometry (Farkas 1994), sizes by this project.
    """
    p = rig.neutral
    lm = p[rig.landmarks68]
    out = np.zeros_like(p)
    x, y = p[:, 0], p[:, 1]
    jaw = _step((-1.5 - y) / 1.3) * _step((np.abs(x) - 3.8) / 0.8)
    out[:, 0] -= 0.42 * np.sign(x) * jaw
    ridge = np.exp(-0.5 * ((y - lm[17:27, 1].mean() + 0.3) / 0.6) ** 2) * (p[:, 2] > 6)
    out[:, 2] -= 0.16 * ridge * np.exp(-0.5 * (x / 4.0) ** 2)
    tip = np.exp(-0.5 * (((p - lm[33]) / [1.6, 1.4, 1.8]) ** 2).sum(1))
    out += tip[:, None] * ((lm[33] - p) * [0.10, 0.0, 0.0] + [0.0, 0.05, -0.14])
    for name in ("+lipThin_top", "+lipThin_bottom"):
        out -= 0.3 * rig.shapes[name]
    return out.astype(np.float32)


def _step(x: np.ndarray) -> np.ndarray:
    """(V,) smooth step from 0 to 1."""
    return 0.5 + 0.5 * np.tanh(x)


def _rest_lids(rig: Rig, rest: np.ndarray) -> np.ndarray:
    """The face with its upper lids lowered to where they cover the iris's top, if they do not."""
    out = rest.copy()
    for (letter, lid), ball in zip(_EYES, rig.eyes, strict=True):
        shape = rig.shapes[f"eyeBlink_{letter}"]
        ids = rig.landmarks68[list(lid)]
        top = (rest[ball][:, 1].min() + rest[ball][:, 1].max()) / 2 + IRIS_RADIUS - _COVERED
        drop = float(rest[ids, 1].mean() - top)
        travel = float(-shape[ids, 1].mean())
        out += float(np.clip(drop / travel, 0, 0.4)) * shape
    return out
