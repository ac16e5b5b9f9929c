"""Pictures that come in: bounded in pixels before they are decoded, and what a PNG says of itself.

What goes out is labelled by `auface_gen.label`.
"""

from __future__ import annotations

import io
import warnings

from PIL import Image, UnidentifiedImageError

from auface_studio.errors import StudioError
from facs_text import FacsTextError
from facs_text.pictures import to_rgb

__all__ = ["chunks", "open_picture"]

MAX_PIXELS = 40_000_000
_FORMATS = ("PNG", "JPEG", "WEBP", "BMP")


def open_picture(data: bytes) -> Image.Image:
    """An RGB picture from bytes that someone sent, by the rules of facs-text's one reader: turned
    as its EXIF says, 16 bits scaled to 8, transparency on white.

    Raises StudioError for what is no PNG, JPEG, WebP or BMP, is broken or an animation, or has too
    many pixels.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=_FORMATS) as opened:
                if opened.width * opened.height > MAX_PIXELS:
                    raise StudioError(
                        f"a picture of {opened.width} x {opened.height} pixels; "
                        f"at most {MAX_PIXELS // 1_000_000} million are read: make it smaller"
                    )
                return to_rgb(opened, "the picture")
    except StudioError:
        raise
    except FacsTextError as error:
        raise StudioError(str(error)) from None
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, MemoryError) as error:
        raise StudioError(
            f"this cannot be read as a picture ({_short(error)}); send a PNG, JPEG, WebP or BMP"
        ) from None
    except Image.DecompressionBombError:
        raise StudioError("a picture of too many pixels; make it smaller") from None


def chunks(data: bytes) -> dict[str, str]:
    """The `auface:` text chunks of a PNG, by name without the prefix; plain text, never markup."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=("PNG",)) as opened:
                found = dict(opened.info)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return {}
    return {
        key.removeprefix("auface:"): str(value)
        for key, value in found.items()
        if isinstance(key, str) and key.startswith("auface:")
    }


def _short(error: BaseException) -> str:
    text = " ".join(str(error).split())
    # Pillow names the buffer object with its address: nobody is helped by that.
    return "not a known format" if "BytesIO" in text else text[:120]
