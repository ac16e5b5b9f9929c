"""The aligned crop, stated as positions of landmarks: eyes level, mid-forehead to chin.

The rig crops by the face at rest: a square, 1.44 times as wide as the eye line is above the chin,
its middle 0.262 of that below the eye line. In a photograph the mouth may be open and the chin be
lower, so the square is taken from four lengths that together say where the chin would be at rest:
eye line to chin, less what the inner lips are apart, eye line to the base of the nose, and outer
eye corner to outer eye corner. The numbers are least squares over 1,200 faces of 200 made-up people
of the rig doing what its corpus does; of 100 others the side is right to 2.2% (standard deviation),
the middle to 0.2% of the side across and 0.5% down.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from aaad.errors import AAADError
from aaad.points import checked_points
from aaad.warp import apply, inverse, square_view

__all__ = ["crop_matrix", "crop_square", "stretched_matrix"]

_SIDE = (0.937, -0.625, 0.422, 0.430)
_DOWN = (0.167, -0.107, 0.090, 0.062)
"""Side of the square, and its middle below the eye line, from chin, gap, nose and outer corners."""
_ACROSS = 0.370
"""Its middle to the side, in what the base of the nose is off: where the head is turned."""
_EYES_APART, _NOSE_BELOW = 0.4106, 0.2980
"""Middle of eye to middle of eye, and eye line to the base of the nose, in the side of the square:
means of 36 sittings of 18 people of the rig at rest.
"""
_MOST_STRETCH = 1.2
_CHIN, _NOSE, _INNER_LIPS, _OUTER = 8, 33, (62, 66), (36, 45)


def crop_square(landmarks: NDArray[np.float64]) -> tuple[tuple[float, float], float, float]:
    """Middle and side in pixels and angle in radians of the crop of 68 landmarks (68, 2).

    Raises:
        AAADError: the landmarks are of no face: eyes on one point, or below the chin.
    """
    p = checked_points(landmarks)
    right, left = (p[36] + p[39]) / 2.0, (p[42] + p[45]) / 2.0
    eyes, along = (right + left) / 2.0, left - right
    width = float(np.hypot(*along))
    if width < 1e-6:
        raise AAADError("landmarks: both eyes are on one point")
    x = along / width
    axes = np.stack([x, [-x[1], x[0]]])  # along the eye line, down the face
    own = (p - eyes) @ axes.T
    lengths = (
        own[_CHIN, 1],
        max(0.0, own[_INNER_LIPS[1], 1] - own[_INNER_LIPS[0], 1]),
        own[_NOSE, 1],
        float(np.hypot(*(p[_OUTER[0]] - p[_OUTER[1]]))),
    )
    if own[_CHIN, 1] < 0.5 * width or own[_NOSE, 1] <= 0.0:
        raise AAADError("landmarks: are of no upright face: the chin is not below the eyes")
    side = float(np.dot(_SIDE, lengths))
    middle = eyes + axes.T @ np.array([_ACROSS * own[_NOSE, 0], np.dot(_DOWN, lengths)])
    return (float(middle[0]), float(middle[1])), side, math.atan2(x[1], x[0])


def crop_matrix(landmarks: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """(2, 3): a place in the size x size crop to its place in the photograph, in pixels."""
    middle, side, angle = crop_square(landmarks)
    return square_view(middle, side, angle, size)


def stretched_matrix(landmarks: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """(2, 3): `crop_matrix`, stretched across and down so that the eyes are as far apart and the
    nose as far below them as in the corpus.

    There the eyes of all people lie within a few pixels of each other; a model that moves faces
    has learned where they are. What it draws is squeezed back when it is put into the photograph,
    so that the person's proportions are kept. Never by more than a fifth.
    """
    matrix = crop_matrix(landmarks, size)
    own = apply(inverse(matrix), checked_points(landmarks))
    right, left = (own[36] + own[39]) / 2.0, (own[42] + own[45]) / 2.0
    eyes = (right + left) / 2.0
    across = (left - right)[0] / (_EYES_APART * size)
    down = (own[_NOSE] - eyes)[1] / (_NOSE_BELOW * size)
    x, y = (min(max(step, 1 / _MOST_STRETCH), _MOST_STRETCH) for step in (across, down))
    half = size / 2.0
    onto = np.array([[x, 0.0, (1 - x) * half], [0.0, y, (1 - y) * eyes[1]]])
    there = np.concatenate([onto, [[0.0, 0.0, 1.0]]])
    return np.asarray(matrix @ there)
