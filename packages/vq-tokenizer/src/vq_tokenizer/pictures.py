"""Pictures as a person would see them on the screen, or a refusal by name.

Turned as their EXIF orientation says; 16-bit grey scaled to 8; palettes, grey, CMYK and
transparency (over white) become RGB. Refused: animations, floating point, more than 100 million
pixels, and what is not a file (a folder, a pipe, a link that leads nowhere). Needs Pillow.
"""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from vq_tokenizer.errors import VQTokenizerError

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["read_rgb"]

_LARGEST = 100_000_000  # pixels; a small file that claims more is a bomb


def read_rgb(source: Path | bytes, name: object = None) -> Image.Image:
    """The picture in a file, or in bytes, as RGB. name: what an error calls it.

    Raises VQTokenizerError for what is missing, broken or refused, or where Pillow is missing.
    """
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError:
        raise VQTokenizerError(
            "reading pictures needs Pillow; pip install 'vq-tokenizer[train]'"
        ) from None
    said = source if name is None else name
    if isinstance(source, Path):
        _check_file(source)
    try:
        with warnings.catch_warnings():
            # Pillow only warns of a bomb up to twice its limit; the size is checked below.
            warnings.simplefilter("ignore")
            held = io.BytesIO(source) if isinstance(source, bytes) else source
            with Image.open(held) as opened:
                return _rgb(opened)
    except UnidentifiedImageError:
        why = "unknown format"
    except Exception as error:  # a decoder raises nearly anything for a file that is broken
        why = " ".join(str(error).split())[:200] or type(error).__name__
    raise VQTokenizerError(
        f"{said}: cannot be read as a picture: {why}; remove it or save it again"
    )


def _check_file(path: Path) -> None:
    try:
        there, file = path.exists(), path.is_file()
    except (OSError, ValueError):  # a name too long, or with a zero byte, names nothing
        there = file = False
    if not there:
        raise VQTokenizerError(f"{path}: no such picture")
    if not file:
        raise VQTokenizerError(f"{path}: cannot be read as a picture: is no file")


def _rgb(image: Image.Image) -> Image.Image:
    """An opened picture as RGB; ValueError says why it is refused."""
    from PIL import Image, ImageOps

    if image.width * image.height > _LARGEST:
        raise ValueError(f"claims {image.width} x {image.height} pixels, more than {_LARGEST:,}")
    frames = getattr(image, "n_frames", 1)
    if frames > 1:
        raise ValueError(f"is an animation of {frames} pictures")
    if image.mode == "F":
        raise ValueError("holds floating-point pixels")
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I"):  # 16 bits of grey, which Pillow may widen to 32
        image = image.convert("I")
        low, high = image.getextrema()
        if not (isinstance(low, int | float) and low >= 0 and high <= 65535):  # type: ignore[operator]
            raise ValueError("holds 32-bit pixels")
        # (v + 128) // 257: 0 stays 0 and 65535 becomes 255. Pillow cuts what is behind the point.
        image = image.point(lambda value: value * (1 / 257) + 128.0001 / 257).convert("L")
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        shown = image.convert("RGBA")
        paper = Image.new("RGBA", shown.size, (255, 255, 255, 255))
        return Image.alpha_composite(paper, shown).convert("RGB")
    return image.convert("RGB")
