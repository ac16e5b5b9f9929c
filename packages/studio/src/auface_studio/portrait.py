"""A portrait that someone dropped, as the square crop that the generator takes as a person."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

import numpy as np
from PIL import Image

__all__ = ["crop_portrait", "rest_note"]


def crop_portrait(picture: Image.Image, size: int) -> tuple[Image.Image, str]:
    """The face found in an RGB picture (`aaad.align`), `size` pixels a side, and what a person
    should know of it; empty where there is nothing.

    Where OpenCV is missing or no face is found it is the picture's middle square, which is right
    for a picture that is cropped to its face already.
    """
    if find_spec("cv2") is None:
        return _middle(picture, size), (
            "cropped to its middle square; pip install 'aaad[photos]' finds the face"
        )
    align = import_module("aaad.align")
    try:
        found = align.align(np.asarray(picture), size=size)
    except align.NoFaceError:
        return _middle(picture, size), "no face was found; cropped to its middle square"
    return Image.fromarray(found.image), found.note


def rest_note(crop: Image.Image, note: str) -> str:
    """`note` with what a person should know besides: that the face in the crop is not at rest."""
    found = import_module("aaad.resting").moved_in(np.asarray(crop))
    if not found:
        return note
    said = (
        f"not at rest, {', '.join(found)} by what the detector sees; that stays "
        "unless you say what it does"
    )
    return f"{note}; {said}" if note else said


def _middle(picture: Image.Image, size: int) -> Image.Image:
    side = min(picture.size)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    square = picture.crop((left, top, left + side, top + side))
    return square.resize((size, size), Image.Resampling.LANCZOS)
