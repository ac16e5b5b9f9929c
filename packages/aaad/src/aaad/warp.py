"""Affine maps of pictures: (2, 3) matrices that take a place in the output to one in the input.

Places are continuous: the middle of the pixel in the corner is (0.5, 0.5), the picture's own
corner (0, 0). A map never aliases: where it makes smaller, several samples are averaged a pixel.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["apply", "inverse", "scale_of", "square_view", "warp"]

Matrix = NDArray[np.float64]
_MOST = 6
"""Samples a side of a pixel; beyond that the picture is made smaller first."""


def apply(matrix: Matrix, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Places (..., 2) through a map (2, 3)."""
    return np.asarray(points @ matrix[:, :2].T + matrix[:, 2])


def inverse(matrix: Matrix) -> Matrix:
    """The map the other way."""
    back = np.linalg.inv(matrix[:, :2])
    return np.concatenate([back, -back @ matrix[:, 2:]], axis=1)


def scale_of(matrix: Matrix) -> float:
    """Pixels of the input that a pixel of the output is wide."""
    return math.sqrt(abs(float(np.linalg.det(matrix[:, :2]))))


def square_view(middle: tuple[float, float], side: float, angle: float, size: int) -> Matrix:
    """Map a size x size picture to the square of `side` pixels about `middle`, turned by `angle`
    (radians, clockwise as seen)."""
    step = side / size
    c, s = math.cos(angle) * step, math.sin(angle) * step
    half = size / 2.0
    x, y = middle
    return np.array([[c, -s, x - half * (c - s)], [s, c, y - half * (s + c)]])


def warp(picture: NDArray[np.uint8], matrix: Matrix, size: tuple[int, int]) -> NDArray[np.uint8]:
    """uint8 (H, W, C) through a map to (size[1], size[0], C); `size` is width, height.

    Outside of the picture its edge goes on.
    """
    from PIL import Image

    width, height = size
    x0, y0, x1, y1 = _touched(picture, matrix, size)
    part = picture[y0:y1, x0:x1]
    there = np.array(matrix)
    there[:, 2] -= (x0, y0)
    pad = _padding(part, there, size)
    part = np.pad(part, ((pad, pad), (pad, pad), (0, 0)), mode="edge")
    there[:, 2] += pad
    shrink = math.floor(scale_of(there) / _MOST)
    image = Image.fromarray(part)
    if shrink > 1:
        image = image.reduce(shrink)
        there = there / shrink
    times = max(1, min(_MOST, math.ceil(scale_of(there))))
    fine = there / np.array([[times, times, 1.0]])
    out = image.transform(
        (width * times, height * times),
        Image.Transform.AFFINE,
        tuple(float(v) for v in fine.ravel()),
        Image.Resampling.BICUBIC,
    )
    if times > 1:
        out = out.reduce(times)
    return np.asarray(out, dtype=np.uint8)


def _corners(size: tuple[int, int], matrix: Matrix) -> NDArray[np.float64]:
    w, h = size
    return apply(matrix, np.array([[0.0, 0.0], [w, 0.0], [0.0, h], [w, h]]))


def _touched(
    picture: NDArray[np.uint8], matrix: Matrix, size: tuple[int, int]
) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of what the map looks at, inside the picture and never empty."""
    height, width = picture.shape[:2]
    corners = _corners(size, matrix)
    margin = 4.0 * max(1.0, scale_of(matrix))
    low, high = corners.min(0) - margin, corners.max(0) + margin
    x0, y0 = (
        int(np.clip(math.floor(v), 0, n - 1)) for v, n in zip(low, (width, height), strict=True)
    )
    x1, y1 = (int(np.clip(math.ceil(v), 1, n)) for v, n in zip(high, (width, height), strict=True))
    return x0, y0, max(x1, x0 + 1), max(y1, y0 + 1)


def _padding(part: NDArray[np.uint8], matrix: Matrix, size: tuple[int, int]) -> int:
    """Pixels by which the map looks over the edge."""
    corners = _corners(size, matrix)
    over = max(float(-corners.min()), float((corners - np.array(part.shape[1::-1])).max()), 0.0)
    return math.ceil(over) + 4 if over > 0 else 4
