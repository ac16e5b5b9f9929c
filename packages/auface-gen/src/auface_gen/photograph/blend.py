"""A photograph with a face in it moved: the aligned crop, changed, back in its place.

The photograph stays its own wherever the crop did not change: what is laid on it is the change, not
the crop. Three weights decide by pixel:

    out = photo + window * (change + moved * (crop - photo))

`change` is the edited crop less the crop, `window` fades the edit out towards the crop's edge, and
`moved` is 0 where the change is slight (skin keeps the photograph's finer detail) and 1 where it is
great (the old lips must not shine through the new mouth). An unchanged crop gives the photograph
back, to the bit.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auface_gen.errors import AUFaceGenError

__all__ = ["Pixels", "changed", "colours", "paste", "top"]

Pixels = NDArray[Any]
_SLIGHT, _GREAT = 0.02, 0.10
"""Mean change of colour, of 1, up to which all finer detail stays, and from which none does."""
_LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)  # Rec. 709
_MOST_SAMPLES = 6  # a side of a pixel, where the photograph's face is smaller than the crop
_BAND = 64  # rows at a time, so that memory does not grow with the photograph


def changed(crop: Pixels, drawn: Pixels, at_rest: Pixels) -> NDArray[np.uint8]:
    """The crop with the motion of a drawn face: crop + (drawn - the same face drawn at rest).

    All (S, S, 3) uint8. What a model cannot draw of a photograph is missing in both of its
    pictures, and so stays the photograph's.
    """
    moved = crop.astype(np.int16) + drawn.astype(np.int16) - at_rest.astype(np.int16)
    return np.clip(moved, 0, 255).astype(np.uint8)


def paste(
    photo: Pixels, matrix: Pixels, edited: Pixels, crop: Pixels, *, feather: float = 0.08
) -> Pixels:
    """The photograph with its edited crop in its place; alpha, type and size are the photo's own.

    photo: (H, W) or (H, W, 1 to 4), uint8 or uint16. matrix: (2, 3), a place in the crop to its
    place in the photograph, in pixels whose own corners are at whole numbers (`aaad.align`).
    edited, crop: (S, S, 3) uint8. feather: share of the crop's side over which the edit fades out.
    Raises AUFaceGenError that says which of them does not fit.
    """
    _check(photo, matrix, edited, crop, feather)
    size = len(crop)
    before, after = crop.astype(np.float32), edited.astype(np.float32)
    amount = _blurred(np.abs(after - before).mean(2) / 255.0, size / 64)
    moved = np.clip((amount - _SLIGHT) / (_GREAT - _SLIGHT), 0.0, 1.0)
    maps = np.dstack([after - before, before, moved, _window(size, feather)]).astype(np.float32)
    out = photo.copy()
    whole = out if out.ndim == 3 else out[..., None]
    x0, y0, x1, y1 = _box(matrix, size, whole.shape)
    unit = top(photo) / 255.0
    for upper in range(y0, y1, _BAND):
        lower = min(y1, upper + _BAND)
        found = _sampled(maps, matrix, (x0, upper, x1, lower))
        change, old = found[..., :3] * unit, found[..., 3:6] * unit
        inside, gone = (np.clip(found[..., k : k + 1], 0.0, 1.0) for k in (7, 6))
        channels = colours(whole)
        own = whole[upper:lower, x0:x1, :channels].astype(np.float32)
        if channels == 1:
            change, old = change @ _LUMA[:, None], old @ _LUMA[:, None]
        mixed = own + inside * (change + gone * (old - own))
        mixed = np.clip(np.rint(mixed), 0, top(photo)).astype(photo.dtype)
        whole[upper:lower, x0:x1, :channels] = mixed
    return out


def _check(photo: Pixels, matrix: Pixels, edited: Pixels, crop: Pixels, feather: float) -> None:
    if photo.dtype not in (np.uint8, np.uint16) or photo.ndim not in (2, 3) or photo.size == 0:
        raise AUFaceGenError(f"photo: {photo.dtype} {photo.shape}; uint8 or uint16, (H, W, C)")
    if photo.ndim == 3 and not 1 <= photo.shape[2] <= 4:
        raise AUFaceGenError(f"photo: {photo.shape[2]} channels; 1 to 4")
    square = crop.ndim == 3 and crop.shape == (len(crop), len(crop), 3)
    if not square or crop.dtype != np.uint8:
        raise AUFaceGenError(f"crop: {crop.dtype} {crop.shape}; uint8 (S, S, 3)")
    if edited.shape != crop.shape or edited.dtype != np.uint8:
        raise AUFaceGenError(f"edited: {edited.dtype} {edited.shape}; uint8 {crop.shape}, as crop")
    if np.shape(matrix) != (2, 3) or not np.isfinite(matrix).all() or _scale(matrix) < 1e-6:
        raise AUFaceGenError("matrix: not a map (2, 3) that can be turned back")
    if not 0.0 < feather <= 0.5:
        raise AUFaceGenError(f"feather={feather}: over 0 and at most 0.5")


def top(pixels: Pixels) -> int:
    """The largest value of the type."""
    return int(np.iinfo(pixels.dtype).max)


def colours(pixels: Pixels) -> int:
    """How many of the channels are colour and not alpha."""
    return 1 if pixels.shape[2] <= 2 else 3


def _scale(matrix: Pixels) -> float:
    """Pixels of the photograph that one of the crop is wide."""
    return math.sqrt(abs(float(np.linalg.det(np.asarray(matrix, float)[:, :2]))))


def _box(matrix: Pixels, size: int, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of what the crop covers of the photograph."""
    corners = np.array([[0, 0, 1], [size, 0, 1], [0, size, 1], [size, size, 1]]) @ matrix.T
    low, high = np.floor(corners.min(0)), np.ceil(corners.max(0))
    (x0, x1), (y0, y1) = (
        (int(np.clip(low[k], 0, n)), int(np.clip(high[k], 0, n)))
        for k, n in ((0, shape[1]), (1, shape[0]))
    )
    return x0, y0, x1, y1


def _sampled(
    maps: NDArray[np.float32], matrix: Pixels, box: tuple[int, int, int, int]
) -> NDArray[np.float32]:
    """Maps (S, S, C) of the crop at the photograph's pixels of a box: (h, w, C), 0 outside of it.

    By cubic convolution (Keys 1981, a = -1/2); several samples a pixel where the photograph's are
    the larger.
    """
    back = np.linalg.inv(np.asarray(matrix, float)[:, :2])
    times = min(_MOST_SAMPLES, max(1, math.ceil(1.0 / _scale(matrix) - 1e-6)))
    x0, y0, x1, y1 = box
    total = np.zeros((y1 - y0, x1 - x0, maps.shape[2]), np.float32)
    steps = (np.arange(times) + 0.5) / times
    for dy in steps:
        for dx in steps:
            x, y = np.meshgrid(np.arange(x0, x1) + dx, np.arange(y0, y1) + dy)
            there = (np.stack([x, y], -1) - matrix[:, 2]) @ back.T
            total += _cubic(maps, there)
    return total / np.float32(times * times)


def _cubic(maps: NDArray[np.float32], places: Pixels) -> NDArray[np.float32]:
    size = len(maps)
    at = places - 0.5  # from the corner of a pixel to its middle
    first = np.floor(at).astype(np.int64)
    weights = [_keys(at - first, k) for k in range(-1, 3)]
    out = np.zeros((*places.shape[:2], maps.shape[2]), np.float32)
    for k, by_y in enumerate(weights):
        row = np.clip(first[..., 1] + k - 1, 0, size - 1)
        for j, by_x in enumerate(weights):
            column = np.clip(first[..., 0] + j - 1, 0, size - 1)
            weight = (by_y[..., 1] * by_x[..., 0]).astype(np.float32)
            out += weight[..., None] * maps[row, column]
    inside = ((places >= 0) & (places <= size)).all(-1, keepdims=True)
    return np.where(inside, out, np.float32(0))


def _keys(share: Pixels, k: int) -> Pixels:
    """The weight of the neighbour k (-1 to 2) at a share (0 to 1) of the way to the next."""
    d = np.abs(share - k)
    near = (1.5 * d - 2.5) * d * d + 1.0
    far = ((-0.5 * d + 2.5) * d - 4.0) * d + 2.0
    return np.where(d <= 1, near, np.where(d < 2, far, 0.0))


def _window(size: int, feather: float) -> NDArray[np.float64]:
    """(S, S) 1 in the middle, falling smoothly to 0 at the edge."""
    at = (np.arange(size) + 0.5) / size
    ramp = np.clip(np.minimum(at, 1.0 - at) / feather, 0.0, 1.0)
    ramp = ramp * ramp * (3.0 - 2.0 * ramp)
    return np.asarray(ramp[:, None] * ramp[None, :])


def _blurred(values: Pixels, sigma: float) -> Pixels:
    """A Gaussian blur of (S, S), its edge going on."""
    reach = max(1, math.ceil(2.5 * sigma))
    kernel = np.exp(-(np.arange(-reach, reach + 1) ** 2) / (2.0 * max(sigma, 1e-6) ** 2))
    kernel /= kernel.sum()
    for _ in range(2):
        wide = np.pad(values, ((reach, reach), (0, 0)), mode="edge")
        values = sum(w * wide[k : k + len(values)] for k, w in enumerate(kernel)).T
    return values
