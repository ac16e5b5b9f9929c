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

from aaad.errors import AAADError
from aaad.files import whole
from facs_text import FacsTextError, pictures

if TYPE_CHECKING:
    from PIL import Image

__all__ = [
    "SUFFIXES",
    "picture_size",
    "png_bytes",
    "read_photo",
    "read_picture",
    "text_chunks",
    "write_png",
]

SUFFIXES = pictures.SUFFIXES
"""What a folder is searched for."""


def read_photo(path: str | Path) -> NDArray[np.uint8]:
    """An RGB picture as uint8 (H, W, 3), as large as it is.

    Raises:
        AAADError: the file is missing, broken or of a kind that is refused; names it.
    """
    with _opened(path) as image:
        return np.array(_rgb(image, path), dtype=np.uint8)


def read_picture(path: str | Path, size: int, *, via: int | None = None) -> NDArray[np.uint8]:
    """An RGB picture as uint8 (3, size, size); another size is resized with Pillow's LANCZOS.

    `via`: pixels that it is resized to before that, to see what a smaller picture would give.

    Raises:
        AAADError: the file is missing, broken or of a kind that is refused; names it.
    """
    photo = read_photo(path)
    if via is not None:
        photo = np.ascontiguousarray(resized(photo, via).transpose(1, 2, 0))
    return resized(photo, size)


def resized(photo: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """uint8 (H, W, 3) -> uint8 (3, size, size), with Pillow's LANCZOS where it is another size."""
    from PIL import Image

    if photo.shape[:2] != (size, size):
        picture = Image.fromarray(photo).resize((size, size), Image.Resampling.LANCZOS)
        photo = np.asarray(picture, dtype=np.uint8)
    return np.ascontiguousarray(photo.transpose(2, 0, 1))


def picture_size(path: str | Path) -> tuple[int, int]:
    """Width and height in pixels, as stored; pixels are not decoded."""
    with _opened(path) as image:
        return image.size


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


def write_png(path: str | Path, image: NDArray[np.uint8]) -> None:
    """Write uint8 (H, W, 3) as a PNG, whole."""
    from PIL import Image

    with whole(path) as beside:
        Image.fromarray(image).save(beside, format="PNG")


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
