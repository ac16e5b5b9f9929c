"""A photograph to the aligned crop that this project's corpus shows.

    >>> from aaad.align import align
    >>> from aaad.pictures import read_photo
    >>> photo = read_photo("holiday.jpg")
    >>> found = align(photo)  # found.image is (256, 256, 3): eyes level, mid-forehead to chin
    >>> found.to_photo(found.landmarks)  # (68, 2), and back to places in the photograph

OpenCV's Haar cascade finds the face and a small network its 68 points (`pip install aaad[photos]`);
landmarks of your own, or MediaPipe with a model file that you name, take their place.
"""

from __future__ import annotations

from aaad.align.crop import crop_matrix
from aaad.align.finder import Face, Finder, HaarFinder
from aaad.align.mediapipe import MediaPipeFinder
from aaad.align.photo import Aligned, NoFaceError, align
from aaad.align.table import read_landmarks

__all__ = [
    "Aligned",
    "Face",
    "Finder",
    "HaarFinder",
    "MediaPipeFinder",
    "NoFaceError",
    "align",
    "crop_matrix",
    "read_landmarks",
]
