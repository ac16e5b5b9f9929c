"""What an open mouth shows: teeth one by one, gums and tongue; their colours, by vertex.

Light that has come in through the lips and been scattered often is dear to trace, so it is painted:
teeth and gums are darker towards the throat.
"""

from __future__ import annotations

import numpy as np

from auface_gen.picture.people import Person

__all__ = ["gum_colours", "tooth_colours"]


def tooth_colours(points: np.ndarray, tooth: np.ndarray, person: Person) -> np.ndarray:
    """(n, 3) linear RGB of vertices of the teeth: `points` (n, 3) on the mean face, `tooth` (n,)
    the number of each one's tooth.

    A tooth is darker where it meets its neighbours, yellower at the neck and clearer at the edge.
    """
    rng = np.random.default_rng([person.seed, 0x7EE7])
    white = np.array([0.77, 0.70, 0.58]) * (1 - 0.10 * person.age * np.array([0.5, 1.0, 1.9]))
    out = np.broadcast_to(white, points.shape).copy()
    for number in np.unique(tooth):
        here = tooth == number
        p = points[here]
        across = p[:, 0] - (p[:, 0].max() + p[:, 0].min()) / 2
        across = across / max(np.abs(across).max(), 1e-6)
        upper = p[:, 1].mean() > -3.35
        span = np.ptp(p[:, 1])
        to_edge = (p[:, 1].max() - p[:, 1]) if upper else (p[:, 1] - p[:, 1].min())
        to_edge = to_edge / max(span, 1e-6)
        shade = 1 - 0.62 * np.abs(across) ** 5
        shade *= rng.uniform(0.95, 1.03)
        neck = np.clip(1 - to_edge / 0.55, 0, 1)[:, None]
        out[here] *= shade[:, None] * (1 - neck * np.array([0.12, 0.24, 0.38]))
    return np.clip(out * _depth(points[:, 2], 6.3, 9.6)[:, None], 0.01, 0.9).astype(np.float32)


def gum_colours(points: np.ndarray, person: Person) -> np.ndarray:
    """(n, 3) linear RGB of vertices of gums and tongue, `points` (n, 3) on the mean face."""
    gum = np.array([0.46, 0.155, 0.15]) * (1 - 0.35 * person.tone)
    tongue = np.array([0.50, 0.17, 0.155])
    x, y, z = points.T
    on_tongue = 1 / (1 + np.exp(-np.clip((2.1 - np.abs(x)) / 0.25, -30, 30)))
    on_tongue *= (y > -5.1) & (y < -2.6) & (z < 9.0)
    out = gum + on_tongue[:, None] * (tongue - gum)
    furrow = 1 - 0.25 * np.exp(-0.5 * (x / 0.12) ** 2) * on_tongue
    return (out * (furrow * _depth(z, 2.5, 8.5))[:, None]).astype(np.float32)


def _depth(z: np.ndarray, dark: float, light: float) -> np.ndarray:
    """(n,) 0.12 at the throat (z = dark and behind) to 1 at the lips."""
    s = np.clip((z - dark) / (light - dark), 0, 1)
    return 0.12 + 0.88 * s * s * (3 - 2 * s)
