"""The one reader of pictures: what a person would see on the screen, or a refusal by name.

Turned as its EXIF orientation says; 16-bit grey scaled to 8; palettes, grey, CMYK and transparency
(over white) become RGB. Refused: animations, floating point, more than 100 million pixels, and
what is not a file (a folder, a pipe, a link that leads nowhere). Needs Pillow, which is imported
when a picture is read (``pip install facs-text[images]``).

vq-tokenizer, which builds on nothing of this project, has a reader of its own that gives the same
pixels; a test holds the two together.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facs_text._errors import FacsTextError

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["LARGEST", "SUFFIXES", "opened", "read_rgb", "to_rgb"]

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff")
"""What a folder is searched for."""
LARGEST = 100_000_000
"""Pixels; a small file that claims more is a bomb, not a portrait."""


def read_rgb(path: str | os.PathLike[str]) -> Image.Image:
    """The picture of a file in RGB. FacsTextError names a file that is missing, broken or refused.

    For what is already in memory, see `opened`.
    """
    with opened(path) as image:
        return to_rgb(image, path)


@contextmanager
def opened(path: str | os.PathLike[str]) -> Iterator[Image.Image]:
    """The picture, opened and not yet decoded; what goes wrong inside becomes a FacsTextError."""
    try:
        from PIL import Image
    except ImportError:
        raise FacsTextError(
            f"{path}: reading pictures needs Pillow: pip install 'facs-text[images]'"
        ) from None
    place = Path(path)
    if not _there(place):
        raise FacsTextError(f"{place}: no such picture")
    if not place.is_file():
        raise FacsTextError(f"{place}: is no file")
    try:
        with warnings.catch_warnings():
            # Pillow only warns of a bomb up to twice its limit; the size is checked below.
            warnings.simplefilter("ignore")
            with Image.open(place) as image:
                if image.width * image.height > LARGEST:
                    raise FacsTextError(
                        f"{place}: claims {image.width} x {image.height} pixels, more than "
                        f"{LARGEST:,}; shrink it first"
                    )
                yield image
    except FacsTextError:
        raise
    except Exception as error:  # a decoder raises nearly anything for a file that is broken
        said = " ".join(str(error).split()) or type(error).__name__
        raise FacsTextError(f"{place}: cannot be read as a picture ({said:.200})") from None


def _there(place: Path) -> bool:
    try:
        return place.exists()
    except (OSError, ValueError):  # a name too long, or with a zero byte, names nothing
        return False


def to_rgb(image: Image.Image, path: Any) -> Image.Image:
    """An opened picture as RGB; path is named where it is refused."""
    from PIL import Image, ImageOps

    frames = getattr(image, "n_frames", 1)
    if frames > 1:
        raise FacsTextError(f"{path}: is an animation of {frames} pictures; name one of them")
    if image.mode == "F":
        raise FacsTextError(f"{path}: holds floating-point pixels; save it with 8 or 16 bits")
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I"):  # 16 bits of grey, which Pillow may widen to 32
        image = image.convert("I")
        low, high = image.getextrema()
        if not (isinstance(low, int | float) and low >= 0 and high <= 65535):  # type: ignore[operator]
            raise FacsTextError(f"{path}: holds 32-bit pixels; save it with 8 or 16 bits")
        # (v + 128) // 257: 0 stays 0 and 65535 becomes 255. Pillow cuts what is behind the point.
        image = image.point(lambda value: value * (1 / 257) + 128.0001 / 257).convert("L")
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        shown = image.convert("RGBA")
        paper = Image.new("RGBA", shown.size, (255, 255, 255, 255))
        return Image.alpha_composite(paper, shown).convert("RGB")
    return image.convert("RGB")
