"""Shapes that ICT-FaceKit does not have, made from the mean face's landmarks by smooth falloffs.

Each is an offset at weight 1, (V, 3) in cm. They are this project's own modelling: brows drawn
together (AU 4), lip corners pinned inwards (14) or drawn straight up (13), red lips narrowed (23,
24), lips pushed together (24), chin boss (17).
"""

from __future__ import annotations

import numpy as np

__all__ = ["made_shapes"]


def _bump(points: np.ndarray, centre: np.ndarray, radii: tuple[float, float, float]) -> np.ndarray:
    """(V,) Gaussian falloff around `centre`, with one radius an axis in cm."""
    return np.exp(-0.5 * (((points - centre) / np.asarray(radii)) ** 2).sum(1))


def made_shapes(neutral: np.ndarray, landmarks68: np.ndarray) -> dict[str, np.ndarray]:
    """All made shapes by name, each (V, 3) float32 in cm at weight 1."""
    p = neutral.astype(np.float32)
    lm = p[landmarks68]
    out: dict[str, np.ndarray] = {}

    def shape(weight: np.ndarray, direction: tuple[float, float, float]) -> np.ndarray:
        return (weight[:, None] * np.asarray(direction, np.float32)).astype(np.float32)

    for letter, sign, brow, corner in (("L", 1.0, 22, 54), ("R", -1.0, 21, 48)):
        side = 0.5 + 0.5 * np.tanh(p[:, 0] * sign / 0.24)  # 1 on this side of the midline
        knit = _bump(p, lm[brow] + [sign * 0.3, -0.2, 0], (1.4, 0.9, 2.0)) * side
        out[f"+browKnit_{letter}"] = shape(knit, (-0.42 * sign, -0.12, 0.05))
        at = _bump(p, lm[corner], (0.9, 0.9, 1.6))
        out[f"+cornerPin_{letter}"] = shape(at, (0.12 * sign, 0.0, -0.45))
        out[f"+cornerUp_{letter}"] = shape(
            _bump(p, lm[corner], (1.0, 1.1, 1.8)), (-0.05 * sign, 0.75, 0.0)
        )

    line = (lm[62] + lm[66]) / 2
    width = 0.5 * abs(lm[54, 0] - lm[48, 0])
    across = np.exp(-0.5 * (p[:, 0] / (0.75 * width)) ** 4)
    near = np.exp(-0.5 * ((p[:, 2] - line[2]) / 1.6) ** 2) * across
    above, below = p[:, 1] - line[1], line[1] - p[:, 1]
    top = near * (above > 0) * np.clip(above, 0, None) * np.exp(-0.5 * (above / 0.9) ** 2)
    bottom = near * (below > 0) * np.clip(below, 0, None) * np.exp(-0.5 * (below / 1.1) ** 2)
    skin = p[:, 2] > line[2] - 2.2  # not the teeth, gums or the inside of the cheeks
    out["+lipThin_top"] = shape(top * skin, (0, -0.62, -0.28))
    out["+lipThin_bottom"] = shape(bottom * skin, (0, 0.62, -0.28))
    out["+lipPress_top"] = shape(
        near * skin * np.exp(-0.5 * ((p[:, 1] - lm[51, 1]) / 0.5) ** 2), (0, -0.06, -0.14)
    )
    out["+lipPress_bottom"] = shape(
        near * skin * np.exp(-0.5 * ((p[:, 1] - lm[57, 1]) / 0.6) ** 2), (0, 0.1, -0.14)
    )
    chin = _bump(p, lm[8] + [0, 1.1, 0.6], (1.5, 0.9, 1.6))
    out["+chinBoss"] = shape(chin, (0, 0.35, 0.22))
    return out
