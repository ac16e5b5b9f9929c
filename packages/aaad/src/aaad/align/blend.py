"""An edited crop back into its photograph.

Where the crop was not changed the photograph stays as it is, at its own resolution. Where it was,
the edited crop is laid over it, with the photograph's finer detail where the change is slight (skin
keeps its pores) and without it where it is great (the old lips must not shine through the new
mouth).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from aaad.align.photo import Aligned
from aaad.errors import AAADError
from aaad.warp import apply, inverse, warp

__all__ = ["paste"]

Array = NDArray[np.float64]
_SLIGHT, _GREAT = 0.02, 0.10
"""Mean change of colour, of 1, up to which all of the finer detail stays and from which none."""


def paste(
    photo: NDArray[np.uint8],
    aligned: Aligned,
    edited: NDArray[np.uint8],
    *,
    feather: float = 0.08,
) -> NDArray[np.uint8]:
    """The photograph uint8 (H, W, 3) with an edited crop (S, S, 3) in it.

    `aligned` is what `align` made of this photograph. The edit fades out over `feather` of the
    crop's side towards its edge. What lies outside of the crop is not touched.

    Raises:
        AAADError: `edited` is of another type or shape than the crop.
    """
    size = len(aligned.image)
    new = np.asarray(edited)
    if new.dtype != np.uint8 or new.shape != aligned.image.shape:
        raise AAADError(
            f"edited: got {new.dtype} {new.shape}, wanted uint8 {aligned.image.shape}, as the crop"
        )
    if not 0.0 < feather <= 0.5:
        raise AAADError(f"feather must be above 0 and at most 0.5, is {feather}")
    x0, y0, x1, y1 = _box(photo, aligned, size)
    if x1 <= x0 or y1 <= y0:
        return photo.copy()
    shift = np.array([[1.0, 0.0, x0], [0.0, 1.0, y0]])
    back = inverse(aligned.matrix)
    there = np.concatenate([back[:, :2], apply(back, shift[:, 2])[:, None]], axis=1)
    change = np.abs(new.astype(np.float64) - aligned.image).mean(-1) / 255.0
    great = np.clip((_blurred(change, size / 64) - _SLIGHT) / (_GREAT - _SLIGHT), 0.0, 1.0)
    maps = np.stack([great * 255, _window(size, feather) * 255, change * 0], -1).round()
    shape = (x1 - x0, y1 - y0)
    drawn, before = (_warped(one, there, shape) for one in (new, aligned.image))
    weights = warp(maps.astype(np.uint8), there, shape, edge=False) / 255.0
    replaced, inside = weights[..., :1], weights[..., 1:2]
    own = photo[y0:y1, x0:x1].astype(np.float64)
    detail = own - before
    mixed = own + inside * (drawn + (1.0 - replaced) * detail - own)
    out = photo.copy()
    out[y0:y1, x0:x1] = np.clip(np.rint(mixed), 0, 255).astype(np.uint8)
    return out


def _warped(image: NDArray[np.uint8], matrix: Array, shape: tuple[int, int]) -> Array:
    return warp(image, matrix, shape).astype(np.float64)


def _box(photo: NDArray[np.uint8], aligned: Aligned, size: int) -> tuple[int, int, int, int]:
    """The part of the photograph that the crop covers: left, top, right, bottom."""
    corners = aligned.to_photo(np.array([[0.0, 0], [size, 0], [0, size], [size, size]]))
    height, width = photo.shape[:2]
    low, high = np.floor(corners.min(0)), np.ceil(corners.max(0))
    x0, y0 = (int(np.clip(v, 0, n)) for v, n in zip(low, (width, height), strict=True))
    x1, y1 = (int(np.clip(v, 0, n)) for v, n in zip(high, (width, height), strict=True))
    return x0, y0, x1, y1


def _window(size: int, feather: float) -> Array:
    """(S, S) 1 in the middle, falling smoothly to 0 at the edge."""
    at = (np.arange(size) + 0.5) / size
    ramp = np.clip(np.minimum(at, 1.0 - at) / feather, 0.0, 1.0)
    ramp = ramp * ramp * (3.0 - 2.0 * ramp)
    return np.asarray(ramp[:, None] * ramp[None, :])


def _blurred(values: Array, sigma: float) -> Array:
    """A Gaussian blur of (S, S), its edge going on."""
    reach = max(1, math.ceil(2.5 * sigma))
    kernel = np.exp(-(np.arange(-reach, reach + 1) ** 2) / (2.0 * sigma * sigma))
    kernel /= kernel.sum()
    for axis in (0, 1):
        pad = [(reach, reach) if a == axis else (0, 0) for a in (0, 1)]
        wide = np.pad(values, pad, mode="edge")
        values = np.apply_along_axis(np.convolve, axis, wide, kernel, mode="valid")
    return values
