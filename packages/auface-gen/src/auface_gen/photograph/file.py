"""A photograph's own pixels, read from a file and written to one again, as they are.

8 bits of grey or colour, with transparency or without, and 16 bits of grey, which is what Pillow
reads; its colour profile and EXIF stay with it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from auface_gen.errors import AUFaceGenError
from auface_gen.label import COMPOSITE, save_labelled
from auface_gen.photograph.blend import Pixels, colours, top

__all__ = ["Photograph"]


@dataclass(frozen=True)
class Photograph:
    """A photograph's own pixels, upright, and what its file said besides.

    pixels: (H, W), (H, W, 2) grey with alpha, (H, W, 3) or (H, W, 4); uint8, or uint16 for grey.
    kept: what is written again (`icc_profile`, `exif`). note: what a person should know.
    """

    pixels: Pixels
    kept: dict[str, Any] = field(default_factory=dict)
    note: str = ""

    @classmethod
    def open(cls, path: str | PathLike[str]) -> Photograph:
        """Read a picture, turned as its EXIF says; palettes and CMYK become RGB.

        Raises AUFaceGenError for what is no picture, an animation, or floating-point pixels.
        """
        try:
            with Image.open(path) as opened:
                if getattr(opened, "n_frames", 1) > 1:
                    raise AUFaceGenError(f"{path} is an animation; name one picture")
                deep = "16" in str(opened.tile[0][3] if opened.tile else "")
                image = ImageOps.exif_transpose(opened)
                kept = {"icc_profile": opened.info.get("icc_profile"), "exif": image.getexif()}
        except (OSError, SyntaxError, Image.DecompressionBombError) as error:
            why = (isinstance(error, OSError) and error.strerror) or error
            raise AUFaceGenError(f"{path} is not a picture that can be read: {why}") from error
        if image.mode in ("F", "I"):
            raise AUFaceGenError(f"{path}: {image.mode} pixels; save it with 8 bits, or 16 of grey")
        if image.mode == "P":
            image = image.convert("RGBA" if "transparency" in image.info else "RGB")
        elif image.mode not in ("L", "LA", "RGB", "RGBA") and not image.mode.startswith("I;16"):
            image = image.convert("RGB")
            kept["icc_profile"] = None  # it was of other inks
        note = ""
        if deep and image.mode in ("RGB", "RGBA", "LA"):
            note = f"{path}: 16 bits of colour are read and written as 8"
        return cls(np.array(image), {k: v for k, v in kept.items() if v}, note)

    @property
    def rgb(self) -> NDArray[np.uint8]:
        """(H, W, 3) of 8 bits, transparency over white: what looks for a face is given."""
        pixels = self.pixels if self.pixels.ndim == 3 else self.pixels[..., None]
        shown = pixels.astype(np.float32) * (255.0 / top(pixels))
        colour = shown[..., : colours(pixels)]
        if pixels.shape[2] in (2, 4):
            alpha = shown[..., -1:] / 255.0
            colour = colour * alpha + 255.0 * (1.0 - alpha)
        rgb = np.repeat(colour, 3, 2) if colour.shape[2] == 1 else colour
        return np.rint(rgb).astype(np.uint8)

    def check(self, path: str | PathLike[str]) -> None:
        """Raises AUFaceGenError where a kind of file cannot hold this photograph's pixels."""
        name, suffix = Path(path).name, Path(path).suffix.lower()
        deep = self.pixels.dtype == np.uint16
        alpha = self.pixels.ndim == 3 and self.pixels.shape[2] in (2, 4)
        if (deep and suffix not in (".png", ".tif", ".tiff")) or (alpha and suffix[:3] == ".jp"):
            what = "16 bits" if deep else "transparency"
            raise AUFaceGenError(f"{name} cannot hold {what}; name a .png")

    def save(self, path: str | PathLike[str], pixels: Pixels) -> None:
        """Write pixels of this photograph's kind, labelled as a photograph that a model changed.

        PNG, WebP and TIFF lose nothing, JPEG is written at quality 95. Raises AUFaceGenError for
        another ending, and for a kind of file that cannot hold these pixels.
        """
        suffix = Path(path).suffix.lower()
        options = dict(self.kept)
        if suffix in (".jpg", ".jpeg"):
            options |= {"quality": 95, "subsampling": 0}
        if suffix == ".webp":
            options |= {"lossless": True}
        self.check(path)
        save_labelled(Image.fromarray(pixels), path, source=COMPOSITE, **options)
