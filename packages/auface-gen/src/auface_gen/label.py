"""What a saved picture says of itself: made by a machine, from what, and seen by whom.

A picture that a model drew carries IPTC's DigitalSourceType in XMP (IPTC Photo Metadata 2023.1),
the field that platforms read to mark machine-made pictures. A PNG says more, in text chunks:

| chunk | what it holds |
|---|---|
| `auface:codes` | the coding as it was asked for, FACS notation |
| `auface:text` | the text that was drawn |
| `auface:requested` | JSON {"codes": as asked, "text": as a person wrote it, or null} |
| `auface:detectors` | JSON list: detectors the generator was trained or the picture chosen with |
| `auface:seen` | JSON: what a detector saw, where one looked; with `best_of` where it chose |
| `auface:seed`, `auface:identity`, `auface:model` | the seed, the person, the weights' digest |

A detector that is named in `auface:detectors` cannot score the picture: it has been pleased.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from PIL import Image, PngImagePlugin, TiffImagePlugin

from auface_gen.errors import AUFaceGenError
from auface_gen.files import whole

if TYPE_CHECKING:
    from os import PathLike

__all__ = [
    "COMPOSITE",
    "DRAWN",
    "SUFFIXES",
    "digital_source",
    "labelled_png",
    "made_from",
    "save_labelled",
    "with_gif_label",
    "xmp_packet",
]

_TERMS = "http://cv.iptc.org/newscodes/digitalsourcetype/"
DRAWN = _TERMS + "trainedAlgorithmicMedia"
"""IPTC's term for a picture that a trained model drew."""
COMPOSITE = _TERMS + "compositeWithTrainedAlgorithmicMedia"
"""IPTC's term for a photograph of which a part was drawn by a trained model."""
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff")
"""What `save_labelled` writes."""

_PACKET = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">'
    "<Iptc4xmpExt:DigitalSourceType>{source}</Iptc4xmpExt:DigitalSourceType>"
    "</rdf:Description></rdf:RDF></x:xmpmeta>"
    '<?xpacket end="w"?>'
)
_JPEG_XMP = b"http://ns.adobe.com/xap/1.0/\x00"  # how the APP1 segment of XMP begins
_TIFF_XMP = 700  # the tag of XMP in TIFF (XMP specification, part 3)
# The trailer that lets a reader of GIF, which skips by lengths, get over an XMP packet that has
# none: 0x01, then 0xFF down to 0x00, and the end of the block (XMP specification, part 3).
_GIF_TRAILER = b"\x01" + bytes(range(255, -1, -1)) + b"\x00"


class Made(Protocol):
    """What a label is made from: `generated.Generated` has it."""

    @property
    def coding(self) -> object: ...
    @property
    def text(self) -> str: ...
    @property
    def request(self) -> str: ...
    @property
    def seed(self) -> int: ...
    @property
    def identity(self) -> str: ...
    @property
    def model(self) -> str: ...
    @property
    def detectors(self) -> tuple[str, ...]: ...
    @property
    def seen(self) -> Any: ...


def xmp_packet(source: str = DRAWN) -> bytes:
    """The XMP packet that says where a picture comes from, by IPTC's term."""
    return _PACKET.format(source=source).encode("utf-8")


def made_from(made: Made) -> dict[str, str]:
    """The text chunks of a drawn picture, by keyword."""
    said = {
        "auface:codes": str(made.coding),
        "auface:text": made.text,
        "auface:requested": _json({"codes": str(made.coding), "text": made.request or None}),
        "auface:detectors": _json(list(made.detectors)),
        "auface:seed": str(made.seed),
        "auface:identity": made.identity,
        "auface:model": made.model,
    }
    if made.seen is not None:
        said["auface:seen"] = _json(made.seen.to_json())
    return said


def save_labelled(
    image: Image.Image,
    path: str | PathLike[str],
    *,
    source: str = DRAWN,
    chunks: Mapping[str, str] | None = None,
    **options: Any,
) -> None:
    """Write a picture with its label, whole or not at all; the kind of file is the path's ending.

    chunks: text by keyword, which only PNG can hold. options: what Pillow's writer of that kind
    takes (`icc_profile`, `exif`, `quality`). Raises AUFaceGenError for another ending, for chunks
    in a file that is no PNG, and for a place that cannot be written.
    """
    path = Path(path)
    if chunks and path.suffix.lower() != ".png":
        raise AUFaceGenError(f"{path.name}: only a PNG can say what it was drawn from; name a .png")
    kind, given = _writer(path, source, chunks or {})
    with whole(path) as beside:
        image.save(beside, format=kind, **(given | options))


def labelled_png(
    image: Image.Image, *, source: str = DRAWN, chunks: Mapping[str, str] | None = None
) -> bytes:
    """A PNG file's bytes with the label, and with text by keyword, as `save_labelled` writes it."""
    kind, given = _writer(Path("face.png"), source, chunks or {})
    out = io.BytesIO()
    image.save(out, format=kind, **given)
    return out.getvalue()


def digital_source(path: str | PathLike[str]) -> str | None:
    """IPTC's term that a PNG, JPEG, WebP, TIFF or GIF is labelled with, None without a label.

    Raises AUFaceGenError for what is no picture.
    """
    try:
        with Image.open(path) as image:
            said = _packet(image, Path(path))
    except OSError as error:
        raise AUFaceGenError(f"{path} is not a picture that can be read: {error}") from error
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    before, found, rest = text.partition("DigitalSourceType>")
    return rest.partition("<")[0].strip() if found and before else None


def with_gif_label(data: bytes, source: str = DRAWN) -> bytes:
    """A GIF file's bytes with the label in the application extension that XMP has for GIF."""
    if data[:3] != b"GIF" or data[-1:] != b";":
        raise AUFaceGenError("with_gif_label: these are not the bytes of a whole GIF")
    block = b"\x21\xff\x0bXMP DataXMP" + xmp_packet(source) + _GIF_TRAILER
    return data[:-1] + block + b";"


def _writer(path: Path, source: str, chunks: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
    """Pillow's name of a kind of file, and how its writer is given the label."""
    packet = xmp_packet(source)
    suffix = path.suffix.lower()
    if suffix == ".png":
        info = PngImagePlugin.PngInfo()
        for keyword, text in chunks.items():
            info.add_itxt(keyword, text)
        info.add_itxt("XML:com.adobe.xmp", packet.decode("utf-8"))
        return "PNG", {"pnginfo": info}
    if suffix in (".jpg", ".jpeg"):
        # An APP1 segment by hand: Pillow has an option for it only from version 11 on.
        body = _JPEG_XMP + packet
        return "JPEG", {"extra": b"\xff\xe1" + (len(body) + 2).to_bytes(2, "big") + body}
    if suffix == ".webp":
        return "WEBP", {"xmp": packet}
    if suffix in (".tif", ".tiff"):
        tags = TiffImagePlugin.ImageFileDirectory_v2()
        tags[_TIFF_XMP] = packet
        tags.tagtype[_TIFF_XMP] = 1  # bytes
        return "TIFF", {"tiffinfo": tags}
    raise AUFaceGenError(f"{path.name}: pictures are written as {', '.join(SUFFIXES)}")


def _packet(image: Image.Image, path: Path) -> bytes | str:
    """The XMP packet of an opened picture, empty without one; before version 11, Pillow has that of
    a JPEG and of a TIFF only in these places.
    """
    if image.format == "GIF":
        return _gif_packet(path.read_bytes())
    if image.format == "TIFF":
        return getattr(image, "tag_v2", {}).get(_TIFF_XMP, b"")
    for marker, body in getattr(image, "applist", ()):
        if marker == "APP1" and body.startswith(_JPEG_XMP):
            return bytes(body[len(_JPEG_XMP) :])
    return image.info.get("xmp") or image.info.get("XML:com.adobe.xmp") or b""


def _gif_packet(data: bytes) -> bytes:
    """The XMP packet of a GIF's bytes, empty without one."""
    _, found, rest = data.rpartition(b"\x21\xff\x0bXMP DataXMP")
    return rest.partition(b"\x01\xff\xfe\xfd")[0] if found else b""


def _json(value: Mapping[str, Any] | Sequence[str]) -> str:
    return json.dumps(value, ensure_ascii=False)
