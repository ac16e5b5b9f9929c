"""Pictures in and out: PNG with its provenance and the label for machine-made pictures.

Written chunks: `auface:codes`, `auface:text`, `auface:seed`, `auface:identity`, `auface:model`, as
auface-gen writes them, and XMP with IPTC's DigitalSourceType, which says that the picture comes
from a trained algorithm. What is read is bounded in pixels before it is decoded.
"""

from __future__ import annotations

import io
import warnings

from PIL import Image, PngImagePlugin, UnidentifiedImageError

from auface_studio.errors import StudioError
from facs_text import FacsTextError
from facs_text.pictures import to_rgb

__all__ = ["AI_SOURCE", "chunks", "open_picture", "stamp"]

AI_SOURCE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
"""IPTC's term for a picture made by a trained model (DigitalSourceType)."""
MAX_PIXELS = 40_000_000
_FORMATS = ("PNG", "JPEG", "WEBP", "BMP")
_XMP = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">'
    f"<Iptc4xmpExt:DigitalSourceType>{AI_SOURCE}</Iptc4xmpExt:DigitalSourceType>"
    "</rdf:Description></rdf:RDF></x:xmpmeta>"
    '<?xpacket end="w"?>'
)


def stamp(image: Image.Image, **said: str) -> bytes:
    """The picture as PNG bytes; each keyword becomes a text chunk `auface:keyword`."""
    info = PngImagePlugin.PngInfo()
    for name, value in said.items():
        info.add_itxt(f"auface:{name}", value)
    info.add_itxt("XML:com.adobe.xmp", _XMP)
    out = io.BytesIO()
    image.save(out, format="PNG", pnginfo=info)
    return out.getvalue()


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
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError):
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
