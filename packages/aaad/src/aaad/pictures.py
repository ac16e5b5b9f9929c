"""Pictures as arrays: what a person would see on the screen, or a refusal by name.

What is read and what is refused is `facs_text.pictures`' business, as in every other command.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from facs_text import FacsTextError, pictures

from .errors import AAADError

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["SUFFIXES", "png_bytes", "read_picture", "text_chunks"]

SUFFIXES = pictures.SUFFIXES
"""What a folder is searched for."""


def read_picture(path: str | Path, size: int) -> NDArray[np.uint8]:
    """An RGB picture as uint8 (3, size, size); another size is resized with Pillow's LANCZOS.

    Raises:
        AAADError: the file is missing, broken or of a kind that is refused; names it.
    """
    from PIL import Image

    with _opened(path) as image:
        picture = _rgb(image, path)
    if picture.size != (size, size):
        picture = picture.resize((size, size), Image.Resampling.LANCZOS)
    return np.ascontiguousarray(np.asarray(picture, dtype=np.uint8).transpose(2, 0, 1))


def text_chunks(path: str | Path) -> dict[str, str]:
    """The text that a PNG carries, by keyword; empty for other files. Pixels are not decoded."""
    with _opened(path) as image:
        return {k: v for k, v in image.info.items() if isinstance(k, str) and isinstance(v, str)}


def png_bytes(path: str | Path, *, longest: int = 512) -> bytes:
    """The picture as a PNG of pixels alone (no text, no profile), no side longer than `longest`."""
    import io

    out = io.BytesIO()
    with _opened(path) as image:
        picture = _rgb(image, path)
    picture.thumbnail((longest, longest))
    picture.save(out, "PNG")
    return out.getvalue()


@contextmanager
def _opened(path: str | Path) -> Iterator[Image.Image]:
    """The picture, opened and not yet decoded; whatever goes wrong inside becomes an AAADError."""
    try:
        with pictures.opened(path) as image:
            yield image
    except FacsTextError as error:
        raise AAADError(str(error)) from None


def _rgb(image: Image.Image, path: str | Path) -> Image.Image:
    return pictures.to_rgb(image, path)
