"""Where the irises are in a face that is nearly aligned, by what every eye has: a dark round.

The landmark network has seen made-up people only. In photographs it puts the eyes some hundredths
of the face too low, and level where the head is tilted; the iris tells where they are. A place's
score is how squarely the edges around it, at about an iris's radius, point away from it, times how
dark it is (means of gradients: Timm and Barth, "Accurate eye centre localisation by means of
gradients", VISAPP 2011).

S side of a view in pixels.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aaad.align.crop import crop_matrix
from aaad.warp import apply, inverse, warp

__all__ = ["by_pupils", "find_pupils"]

_RADIUS = 0.037
"""Of an iris, in sides of the crop: 5.9 mm where the pupils are 63 mm and 0.41 sides apart."""
_ASIDE, _UP = 0.10, 0.085
_NEAR = 0.06
"""How far from where it is thought to be an iris is looked for, and the distance from there at
which a place counts by exp(-1/2), in sides."""
_SIZE = 128
"""Side of the view in which irises are looked for, in pixels."""
_ABOVE = 0.0094
"""An iris's middle above the mean of its eye's six points, in sides: the lid covers some of it.
Mean of 237 open eyes of test people; single ones are off it by 0.006 across and 0.007 down.
"""
_CLEAR, _APART = 0.55, 0.015
"""The least clear iris that is believed (of open eyes 95% are clearer, of shut ones none was), and
how far off the points have to be to be moved, in sides."""
_RIGHT, _LEFT = slice(36, 42), slice(42, 48)
_LUMA = np.array([0.2126, 0.7152, 0.0722])


def by_pupils(photo: NDArray[np.uint8], points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points (68, 2) in a photograph (H, W, 3), each eye's moved to where its iris is.

    As they are where an iris is not clear, as of shut eyes, and where they are right already. Both
    eyes are moved to one side together only as far as they are moved apart: looking aside is no
    other place of the face. Raises AAADError for points of no face.
    """
    matrix = crop_matrix(points, _SIZE)
    view = warp(photo, matrix, (_SIZE, _SIZE))
    own = apply(inverse(matrix), points)
    thought = np.stack([own[36:42].mean(0), own[42:48].mean(0)])
    above = np.array([0.0, _ABOVE * _SIZE])
    near, _ = find_pupils(view, thought - above)
    found, clear = find_pupils(view, near)  # what is far from where it is looked for counts less
    off = found + above - thought
    off -= np.array([off[:, 0].mean(), 0.0])
    if clear.min() < _CLEAR or np.hypot(*off.T).max() < _APART * _SIZE:
        return points
    own[_RIGHT] += off[0]
    own[_LEFT] += off[1]
    return apply(matrix, own)


def find_pupils(
    view: NDArray[np.uint8], eyes: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Places (2, 2) of the irises in a crop (S, S, 3), and how clear each is (2,), 0 if not at all.

    eyes: (2, 2) where they are thought to be, in pixels. Clear is the share of edges around the
    place that point away from it, times how dark it is between white, 0, and black, 1.
    """
    side = len(view)
    grey = view @ _LUMA
    found, clear = np.array(eyes, dtype=np.float64), np.zeros(2)
    half = np.array([_ASIDE, _UP]) * side
    margin = round(2 * _RADIUS * side)
    for eye in range(2):
        low = np.maximum(np.floor(eyes[eye] - half), margin).astype(int)
        high = np.minimum(np.ceil(eyes[eye] + half), side - margin).astype(int)
        if (high - low < 2).any():
            continue
        around = grey[low[1] - margin : high[1] + margin, low[0] - margin : high[0] + margin]
        score = _scores(around, margin, _RADIUS * side)
        across, down = (np.arange(low[a], high[a]) + 0.5 - eyes[eye, a] for a in (0, 1))
        likely = np.exp(-0.5 * (down[:, None] ** 2 + across**2) / (_NEAR * side) ** 2)
        score *= likely
        at = divmod(int(score.argmax()), score.shape[1])
        clear[eye] = score[at] / likely[at]
        found[eye] = low + 0.5 + _peak(score, at)[::-1]
    return found, clear


def _scores(grey: NDArray[np.float64], margin: int, radius: float) -> NDArray[np.float64]:
    """How much each place of a picture inside its margin is the middle of an iris."""
    smooth = _blurred(grey, radius / 8)
    down, across = (np.asarray(slope) for slope in np.gradient(smooth))
    strength = np.hypot(across, down)
    ys, xs = np.nonzero(strength > strength.mean() + 0.3 * strength.std())
    height, width = grey.shape
    y, x = np.mgrid[margin : height - margin, margin : width - margin]
    dx, dy = xs - x.reshape(-1, 1), ys - y.reshape(-1, 1)  # (places, edges)
    apart = np.hypot(dx, dy) + 1e-9
    away = (dx * across[ys, xs] + dy * down[ys, xs]) / (apart * strength[ys, xs])
    ring = (apart > 0.4 * radius) & (apart < 1.6 * radius)
    share = (np.square(np.maximum(away, 0.0)) * ring).sum(1) / (4 * np.pi * radius)
    dark = 1 - _blurred(grey, 0.4 * radius)[margin:-margin, margin:-margin] / 255
    return np.asarray(share.reshape(x.shape) * dark)


def _peak(score: NDArray[np.float64], at: tuple[int, int]) -> NDArray[np.float64]:
    """Where the parabola through the highest score (row, column) and its neighbours is highest."""
    found = np.array(at, dtype=np.float64)
    for axis, place in enumerate(at):
        if 0 < place < score.shape[axis] - 1:
            row = score[:, at[1]] if axis == 0 else score[at[0]]
            before, here, after = row[place - 1 : place + 2]
            bend = before - 2 * here + after
            found[axis] += 0.5 * (before - after) / bend if bend < 0 else 0.0
    return found


def _blurred(grey: NDArray[np.float64], sigma: float) -> NDArray[np.float64]:
    """A Gaussian blur; the edge goes on outside."""
    reach = max(1, round(3 * sigma))
    weight = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    weight /= weight.sum()
    for axis in (0, 1):
        wide = np.pad(grey, [(reach, reach) if a == axis else (0, 0) for a in (0, 1)], mode="edge")
        grey = np.apply_along_axis(np.convolve, axis, wide, weight, mode="valid")
    return grey
