"""`align`: a photograph to the aligned crop."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from aaad.align.crop import crop_matrix, crop_square, stretched_matrix
from aaad.align.finder import Face, Finder, HaarFinder
from aaad.align.pupils import by_pupils
from aaad.errors import AAADError
from aaad.points import checked_points
from aaad.warp import apply, inverse, warp

if TYPE_CHECKING:
    from aaad.landmarks import Landmarker

__all__ = ["Aligned", "NoFaceError", "align"]

_VIEW = 1.4
"""Side of what the landmark network looks at, in sides of the crop: as in its training."""
_PASSES = 2
_UNSURE = 0.15
"""How far apart a view and its mirror image may put the points, in widths between the outer eye
corners; on renders of unseen people it is 0.03, at most 0.06."""


class NoFaceError(AAADError):
    """No face was found in a picture."""


@dataclass(frozen=True)
class Aligned:
    """The aligned crop of a photograph.

    `image` uint8 (S, S, 3). `matrix` (2, 3) takes a place in the crop to its place in the
    photograph, `landmarks` (68, 2) are places in the crop; both in pixels, the picture's corner at
    (0, 0). `unsure` says how far apart the network puts the points in the view and in its mirror
    image, in widths between the outer eye corners; 0 where landmarks were given. `note` says what a
    person should know, or is empty.
    """

    image: NDArray[np.uint8]
    matrix: NDArray[np.float64]
    landmarks: NDArray[np.float64]
    unsure: float
    note: str

    @property
    def planes(self) -> NDArray[np.uint8]:
        """The crop as networks take it, (3, S, S)."""
        return np.ascontiguousarray(self.image.transpose(2, 0, 1))

    def to_photo(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Places (..., 2) in the crop to places in the photograph."""
        return apply(self.matrix, points)

    def to_crop(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Places (..., 2) in the photograph to places in the crop."""
        return apply(inverse(self.matrix), points)


def align(
    image: Any,
    *,
    size: int = 256,
    landmarks: Any | None = None,
    finder: Finder | None = None,
    landmarker: Landmarker | None = None,
    stretch: bool = False,
) -> Aligned:
    """The aligned crop of the largest face in a photograph, `size` pixels a side.

    `image`: uint8 (H, W, 3), as `aaad.pictures.read_photo` gives it. `landmarks` (68, 2) in its
    pixels are taken as they are. Else `finder` says where faces are (the Haar cascade unless told)
    and, if it does not know their points, `landmarker` where those are (the shipped network).
    `stretch`: not only moved, turned and scaled, but brought to the corpus's proportions, for what
    is drawn in the crop and put back (`crop.stretched_matrix`).

    Raises:
        NoFaceError: there is no face, or what was found is none.
        AAADError: the image or the landmarks are of another type or shape; a package is missing.
    """
    photo = _checked(image)
    if size < 16:
        raise AAADError(f"size must be at least 16 pixels, not {size}")
    if landmarks is not None:
        return _cropped(photo, checked_points(landmarks), size, 0.0, "", stretch)
    faces = list((finder or _haar())(photo))
    if not faces:
        raise NoFaceError("no face was found")
    face = max(faces, key=lambda one: (one.side, one.middle))
    note = ""
    if len(faces) > 1:
        note = f"{len(faces)} faces were found; the largest was taken"
    if face.points is not None:
        return _cropped(photo, face.points, size, 0.0, note, stretch)
    points, unsure = _points(photo, face, landmarker or _landmarker())
    return _cropped(photo, points, size, unsure, note, stretch)


def _points(
    photo: NDArray[np.uint8], face: Face, find: Landmarker
) -> tuple[NDArray[np.float64], float]:
    """The points of a face: looked for where the finder says, then again where they were found,
    the eyes each time moved to where the irises are.
    """
    middle, side, angle = face.middle, face.side, face.angle
    points, unsure = find(photo, middle, side, angle)
    for _ in range(_PASSES):
        try:
            middle, side, angle = crop_square(by_pupils(photo, points))
        except AAADError:
            raise NoFaceError(
                "what looked like a face is none: its points lie as no face's"
            ) from None
        points, unsure = find(photo, middle, _VIEW * side, angle)
    points = by_pupils(photo, points)
    if unsure > _UNSURE:
        raise NoFaceError("what looked like a face is none: its points cannot be made out")
    return points, unsure


def _cropped(
    photo: NDArray[np.uint8],
    points: NDArray[np.float64],
    size: int,
    unsure: float,
    note: str,
    stretch: bool,
) -> Aligned:
    matrix = (stretched_matrix if stretch else crop_matrix)(points, size)
    image = warp(photo, matrix, (size, size))
    return Aligned(image, matrix, apply(inverse(matrix), points), unsure, note)


def _checked(image: Any) -> NDArray[np.uint8]:
    photo = np.asarray(image)
    if photo.dtype != np.uint8 or photo.ndim != 3 or photo.shape[2] != 3 or 0 in photo.shape:
        raise AAADError(
            f"image: got {photo.dtype} {photo.shape}, wanted uint8 (H, W, 3); read files with "
            "aaad.pictures.read_photo"
        )
    return photo


@lru_cache(maxsize=1)
def _haar() -> HaarFinder:
    return HaarFinder()


@lru_cache(maxsize=1)
def _landmarker() -> Landmarker:
    try:
        from aaad.landmarks import Landmarker
    except ModuleNotFoundError as error:
        raise AAADError(
            f"finding landmarks needs {error.name}: pip install 'aaad[photos]'; or give landmarks"
        ) from None
    return Landmarker.from_pretrained(device="cpu")
