"""Shapes that ICT-FaceKit does not have, made from the mean face's landmarks by smooth falloffs.

Each is an offset at weight 1, (V, 3) in cm. They are this project's own modelling: brows drawn
together (AU 4), the lower lid lifted straight (7), the middle of the nasolabial furrow deepened
(11), lip corners drawn straight up with the cheek above them puffed (13), pinned inwards (14) or
tucked in (23, 28), red lips narrowed (23, 24, 28), lips pushed together (24), chin boss (17), lower
lip thrust out (29), cheeks blown (34).
"""

from __future__ import annotations

import numpy as np

__all__ = ["made_shapes"]


def _bump(points: np.ndarray, centre: np.ndarray, radii: tuple[float, float, float]) -> np.ndarray:
    """(V,) Gaussian falloff around `centre`, with one radius an axis in cm."""
    return np.exp(-0.5 * (((points - centre) / np.asarray(radii)) ** 2).sum(1))


def made_shapes(
    neutral: np.ndarray, landmarks68: np.ndarray, skin: np.ndarray | None = None
) -> dict[str, np.ndarray]:
    """All made shapes by name, each (V, 3) float32 in cm at weight 1.

    skin: (V,) bool, the vertices that may move (teeth, gums and eyeballs are bone); all unless
    told.
    """
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
        sharp = _bump(p, lm[corner] + [sign * 0.05, 0.1, 0], (0.75, 0.8, 1.6))
        out[f"+cornerUp_{letter}"] = shape(sharp, (-0.06 * sign, 0.95, -0.1))
        out[f"+cornerTuck_{letter}"] = shape(
            _bump(p, lm[corner], (0.8, 0.6, 1.4)), (-0.4 * sign, 0.0, -0.02)
        )
        ball = lm[corner] + [sign * 0.45, 1.9, 0.4]
        out[f"+cheekBall_{letter}"] = shape(
            _bump(p, ball, (0.95, 0.85, 1.8)), (0.1 * sign, 0.12, 0.5)
        )
        out[f"+cheekBlow_{letter}"] = shape(
            _bump(p, lm[corner] + [sign * 2.4, -0.1, -1.2], (1.5, 1.7, 2.4)),
            (0.75 * sign, 0.0, 0.75),
        )
        out[f"+furrow_{letter}"] = _furrow(p, lm[35 if sign > 0 else 31], lm[corner], sign)
        outer, inner = (46, 47) if sign > 0 else (41, 40)
        lower = (lm[outer] + lm[inner]) / 2
        under = _bump(p, lower - np.array([0, 0.05, 0]), (0.75, 0.28, 0.8))
        out[f"+lidLift_{letter}"] = shape(under, (0.0, 0.24, 0.05))

    line = (lm[62] + lm[66]) / 2
    width = 0.5 * abs(lm[54, 0] - lm[48, 0])
    across = np.exp(-0.5 * (p[:, 0] / (0.75 * width)) ** 4)
    near = np.exp(-0.5 * ((p[:, 2] - line[2]) / 1.6) ** 2) * across
    above, below = p[:, 1] - line[1], line[1] - p[:, 1]
    top = near * (above > 0) * np.clip(above, 0, None) * np.exp(-0.5 * (above / 0.9) ** 2)
    bottom = near * (below > 0) * np.clip(below, 0, None) * np.exp(-0.5 * (below / 1.1) ** 2)
    front = p[:, 2] > line[2] - 2.2  # not the inside of the cheeks
    out["+lipThin_top"] = shape(top * front, (0, -0.62, -0.28))
    out["+lipThin_bottom"] = shape(bottom * front, (0, 0.62, -0.28))
    out["+lipPress_top"] = shape(
        near * front * np.exp(-0.5 * ((p[:, 1] - lm[51, 1]) / 0.5) ** 2), (0, -0.06, -0.14)
    )
    out["+lipPress_bottom"] = shape(
        near * front * np.exp(-0.5 * ((p[:, 1] - lm[57, 1]) / 0.6) ** 2), (0, 0.1, -0.14)
    )
    chin = _bump(p, lm[8] + [0, 1.1, 0.6], (1.5, 0.9, 1.6))
    out["+chinBoss"] = shape(chin, (0, 0.35, 0.22))
    thrust = _bump(p, lm[57] + [0, 0.1, 0], (1.7, 0.55, 1.2)) * (below > -0.05)
    out["+lipThrust"] = shape(thrust, (0, 0.3, 0.42))
    if skin is None:
        return out
    return {name: moved * skin[:, None].astype(np.float32) for name, moved in out.items()}


def _furrow(points: np.ndarray, wing: np.ndarray, corner: np.ndarray, sign: float) -> np.ndarray:
    """The middle of the fold between nose wing and lip corner: a groove, and a roll beside it."""
    top = wing + np.array([sign * 0.75, 0.1, 0])
    end = corner + np.array([sign * 0.55, 0.5, 0])
    along = (end - top)[:2] / np.linalg.norm((end - top)[:2])
    across = np.array([-along[1], along[0]]) * sign  # away from the mouth
    if across[0] * sign < 0:
        across = -across
    rel = points[:, :2] - ((top + end) / 2)[:2]
    u, v = rel @ along, rel @ across
    middle = np.exp(-0.5 * (u / 0.75) ** 2 - 0.5 * ((points[:, 2] - top[2]) / 1.8) ** 2)
    groove, roll = np.exp(-0.5 * (v / 0.24) ** 2), np.exp(-0.5 * ((v - 0.6) / 0.38) ** 2)
    out = np.zeros_like(points, dtype=np.float32)
    out[:, :2] = (middle * roll * 0.2)[:, None] * (-across + [0, 0.9])
    out[:, 2] = middle * (0.32 * roll - 0.3 * groove)
    return out
