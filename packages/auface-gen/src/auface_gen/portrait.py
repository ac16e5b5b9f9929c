"""A portrait as a user gives it, to the square picture that a model takes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from auface_gen.errors import AUFaceGenError
from facs_text import FacsTextError
from facs_text.pictures import read_rgb

if TYPE_CHECKING:
    from os import PathLike

__all__ = ["square_portrait"]


def square_portrait(
    identity: str | PathLike[str] | Image.Image | np.ndarray, size: int
) -> tuple[Image.Image, str]:
    """The middle square of a portrait, size x size pixels, and a name for who it shows.

    identity: a file, a picture, or (H, W, 3) uint8. Raises AUFaceGenError for what is none.
    """
    picture, name = _read(identity)
    side = min(picture.size)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    square = picture.crop((left, top, left + side, top + side))
    if side != size:
        square = square.resize((size, size), Image.Resampling.LANCZOS)
    return square, name


def _read(
    identity: str | PathLike[str] | Image.Image | np.ndarray,
) -> tuple[Image.Image, str]:
    """The picture as it is, and its name."""
    if isinstance(identity, Image.Image):
        return identity.convert("RGB"), "image"
    if isinstance(identity, np.ndarray):
        if identity.dtype != np.uint8 or identity.ndim != 3 or identity.shape[2] != 3:
            raise AUFaceGenError(
                f"identity: an array must be (H, W, 3) uint8, got {identity.shape} {identity.dtype}"
            )
        return Image.fromarray(identity), "image"
    try:
        return read_rgb(Path(identity)), f"image:{Path(identity).name}"
    except FacsTextError as error:
        raise AUFaceGenError(f"{identity} is not a picture that can be read: {error}") from error
