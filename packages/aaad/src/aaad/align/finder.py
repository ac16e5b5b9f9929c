"""Where faces are: OpenCV's Haar cascade, whose model comes in its wheel."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aaad.errors import AAADError
from aaad.points import checked_points

__all__ = ["Face", "Finder", "HaarFinder"]


@dataclass(frozen=True)
class Face:
    """A face in a photograph: middle and side of a square about it in pixels, turned by `angle`
    (radians, clockwise as seen). `points` (68, 2) where the finder knows them."""

    middle: tuple[float, float]
    side: float
    angle: float = 0.0
    points: NDArray[np.float64] | None = None

    @staticmethod
    def of_points(points: NDArray[np.float64]) -> Face:
        """The face whose 68 landmarks are known."""
        p = checked_points(points)
        low, high = p.min(0), p.max(0)
        middle = (low + high) / 2.0
        return Face((float(middle[0]), float(middle[1])), float((high - low).max()), 0.0, p)


Finder = Callable[[NDArray[np.uint8]], Sequence[Face]]
"""A photograph, uint8 (H, W, 3), to the faces in it, in any order."""

_ANGLES = (0, 30, -30, 60, -60, 90, -90)
_LONGEST = 640
"""Pixels; the cascade looks at nothing finer."""
_SMALLEST = 0.06
"""Side of the smallest face looked for, in the photograph's longer side."""
_MARGIN = 0.2
"""What is added around a picture, in its longer side."""
_UPRIGHT, _TURNED, _CLEAR = 8, 14, 20
"""Times that a face must be seen upright and turned, and from which on no other angle is tried. Of
pictures without a face the most were 12 (turned), of clear faces the least was 31."""
_SHIFT, _SIDE = 0.12, 1.36
"""From the cascade's square to the view that the landmark network is used to: its middle lower, in
its side, and larger. Measured on renders: the square is 1.03 sides of the corpus's crop wide, and
its middle is 0.10 above the crop's."""


class HaarFinder:
    """Frontal faces, upright or turned by up to a right angle; needs `pip install aaad[photos]`.

    How often the cascade says yes about one place tells a face (30 times and more in clear
    pictures) from what looks like one for once. Where no face is clear upright the photograph is
    looked at turned, too, and the angle is taken at which one is clearest.
    """

    def __init__(self) -> None:
        try:
            cv2: Any = import_module("cv2")
        except ModuleNotFoundError:
            raise AAADError(
                "finding faces needs OpenCV: pip install 'aaad[photos]'; or give landmarks"
            ) from None
        self._cv2 = cv2
        self._cascade = cv2.CascadeClassifier(
            cv2.data.haarcascades + "haarcascade_frontalface_alt2.xml"
        )

    def __call__(self, photo: NDArray[np.uint8]) -> list[Face]:
        """uint8 (H, W, 3) -> the faces at the angle at which one is clearest."""
        grey, scale, margin = self._looked_at(photo)
        smallest = max(24, round(_SMALLEST * max(grey.shape) / (1 + 2 * _MARGIN)))
        best: list[tuple[int, Face]] = []
        for degrees in _ANGLES:
            found = self._at(grey, degrees, smallest)
            if _clearest(found) > _clearest(best):
                best = found
            if not degrees and _clearest(best) >= _CLEAR:
                break
        return [_unscaled(face, scale, margin) for _, face in best]

    def _looked_at(self, photo: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], float, int]:
        """The photograph in grey at a size that suits, its scale, and its margin in pixels: a crop
        that a face fills has none, which the cascade wants."""
        cv2 = self._cv2
        grey = cv2.cvtColor(np.ascontiguousarray(photo), cv2.COLOR_RGB2GRAY)
        longest = max(grey.shape)
        scale = min(1.0, _LONGEST / longest) if longest >= 200 else 200 / longest
        if scale != 1.0:
            way = cv2.INTER_AREA if scale < 1.0 else cv2.INTER_CUBIC
            grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=way)
        margin = round(_MARGIN * max(grey.shape))
        return cv2.copyMakeBorder(grey, *(margin,) * 4, cv2.BORDER_REPLICATE), scale, margin

    def _at(self, grey: NDArray[np.uint8], degrees: int, smallest: int) -> list[tuple[int, Face]]:
        """Faces that stand at an angle, in pixels of `grey`, and how often each was seen."""
        cv2, (height, width) = self._cv2, grey.shape
        turned, back = grey, np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
        if degrees:
            side = math.ceil(math.hypot(height, width))
            turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
            turn[:, 2] += (side / 2 - width / 2, side / 2 - height / 2)
            turned = cv2.warpAffine(grey, turn, (side, side), borderMode=cv2.BORDER_REPLICATE)
            back = cv2.invertAffineTransform(turn)
        least = _TURNED if degrees else _UPRIGHT
        boxes, times = self._cascade.detectMultiScale2(
            turned, 1.1, least, minSize=(smallest, smallest)
        )
        out = []
        for (x, y, w, h), count in zip(boxes, times, strict=True):
            middle = back @ np.array([x + w / 2, y + h / 2 + _SHIFT * h, 1.0])
            face = Face(
                (float(middle[0]), float(middle[1])), _SIDE * float(w), math.radians(degrees)
            )
            out.append((int(count), face))
        return out


def _clearest(found: list[tuple[int, Face]]) -> int:
    return max((count for count, _ in found), default=0)


def _unscaled(face: Face, scale: float, margin: int) -> Face:
    x, y = face.middle
    return Face(((x - margin) / scale, (y - margin) / scale), face.side / scale, face.angle)
