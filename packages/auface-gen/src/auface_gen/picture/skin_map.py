"""Where the face's texels lie on the mean face, and masks drawn there.

T texture size; positions are cm on the mean face. Image row = v * T for this model (no flip).
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from auface_gen.rig.move import Rig

__all__ = ["corner_uv", "crease_lines", "lid_lines", "polygon", "position_map"]


def corner_uv(rig: Rig, vertices: np.ndarray) -> np.ndarray:
    """(n, 2) texture coordinates of vertices of the skin."""
    skin = rig.face_material == rig.materials.index("M_Face")
    ids, uvs = rig.faces[skin].ravel(), rig.face_uv[skin].ravel()
    return np.array([rig.uv[uvs[np.flatnonzero(ids == v)[0]]] for v in vertices])


def polygon(uv: np.ndarray, size: int, blur: float) -> np.ndarray:
    """(size, size) mask of a closed smooth curve through uv points."""
    closed = np.vstack([uv[-1:], uv, uv[:2]])
    smooth = []
    for i in range(1, len(closed) - 2):  # Catmull-Rom
        a, b, c, d = closed[i - 1 : i + 3]
        for t in np.linspace(0, 1, 8, endpoint=False):
            smooth.append(
                0.5
                * (
                    2 * b
                    + (c - a) * t
                    + (2 * a - 5 * b + 4 * c - d) * t**2
                    + (3 * b - a - 3 * c + d) * t**3
                )
            )
    image = Image.new("L", (size * 4, size * 4), 0)
    ImageDraw.Draw(image).polygon([tuple(q * size * 4) for q in smooth], fill=255)
    image = image.filter(ImageFilter.GaussianBlur(4 * blur)).resize(
        (size, size), Image.Resampling.BOX
    )
    return np.asarray(image, np.float32) / 255


def position_map(rig: Rig, size: int) -> np.ndarray:
    """(size, size, 3) mean-face position of every texel of the skin; (0, 0, -99) outside."""
    out = np.full((size, size, 3), (0.0, 0.0, -99.0), np.float32)
    for q, t in zip(
        rig.faces[rig.face_material == 0], rig.face_uv[rig.face_material == 0], strict=True
    ):
        for corners in ((0, 1, 2), (0, 2, 3)):
            if q[corners[2]] < 0:
                continue
            uv = rig.uv[t[list(corners)]] * size - 0.5
            low, high = np.floor(uv.min(0)).astype(int), np.ceil(uv.max(0)).astype(int)
            xs, ys = np.meshgrid(
                np.arange(max(low[0], 0), min(high[0], size - 1) + 1),
                np.arange(max(low[1], 0), min(high[1], size - 1) + 1),
            )
            m = np.array([uv[1] - uv[0], uv[2] - uv[0]]).T
            det = m[0, 0] * m[1, 1] - m[0, 1] * m[1, 0]
            if abs(det) < 1e-9 or xs.size == 0:
                continue
            dx, dy = xs - uv[0, 0], ys - uv[0, 1]
            b = (m[1, 1] * dx - m[0, 1] * dy) / det
            c = (-m[1, 0] * dx + m[0, 0] * dy) / det
            inside = (b >= -0.35) & (c >= -0.35) & (b + c <= 1.35)
            v = rig.neutral[q[list(corners)]]
            out[ys[inside], xs[inside]] = (
                v[0] + b[inside][:, None] * (v[1] - v[0]) + c[inside][:, None] * (v[2] - v[0])
            )
    return out


def lid_lines(
    rig: Rig, position: np.ndarray, lm: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Masks of the upper and lower lash line, and of the shaded lid and socket, from the lids'
    edge landmarks.
    """
    upper = np.zeros(position.shape[:2], np.float32)
    lower, socket = upper.copy(), upper.copy()
    for up, down in (((36, 37, 38, 39), (39, 40, 41, 36)), ((42, 43, 44, 45), (45, 46, 47, 42))):
        for line, mask, width in ((up, upper, 0.11), (down, lower, 0.07)):
            d = _distance(position, lm[list(line)])
            mask[:] = np.maximum(mask, np.exp(-0.5 * (d / width) ** 2))
        d = _distance(position, lm[list(up)])
        above = position[..., 1] > np.interp(
            position[..., 0],
            np.sort(lm[list(up)][:, 0]),
            lm[list(up)][np.argsort(lm[list(up)][:, 0]), 1],
        )
        socket[:] = np.maximum(socket, np.exp(-0.5 * (d / 0.55) ** 2) * above)
    return upper, lower, socket


def _distance(position: np.ndarray, line: np.ndarray) -> np.ndarray:
    """(T, T) distance in cm from each texel to a polyline (n, d), d = 2 or 3."""
    p = position[..., : line.shape[1]]
    best = np.full(p.shape[:2], np.inf, np.float32)
    for a, b in pairwise(line):
        ab = b - a
        t = np.clip(((p - a) @ ab) / (ab @ ab), 0, 1)
        best = np.minimum(best, np.linalg.norm(p - (a + t[..., None] * ab), axis=-1))
    return best


def crease_lines(position: np.ndarray, lines: tuple[Any, ...], sign: float) -> np.ndarray:
    """(T, T) depth of one unit's lines on one side, fading at their ends."""
    out = np.zeros(position.shape[:2], np.float32)
    front = position[..., 2] > 3
    for points, depth, width in lines:
        line = np.array(points, np.float32) * [sign, 1]
        d = _distance(position, line)
        ends = np.minimum(*(np.linalg.norm(position[..., :2] - line[i], axis=-1) for i in (0, -1)))
        fade = np.ones_like(d) if abs(line[0, 0]) < 0.06 else np.clip(0.35 + ends / 0.5, 0, 1)
        out = np.maximum(out, depth * np.exp(-0.5 * (d / width) ** 2) * fade * front)
    return out
