"""Crop and align a face by its landmarks. Needs Pillow (``pip install facs-text[images]``).

A similarity transform takes the middles of both eyes and the middle of the mouth as near as it
can to fixed places of the crop.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from facs_text._errors import FacsTextError
from facs_text.pictures import read_rgb

__all__ = ["PLACES", "anchors", "crop", "similarity"]

Point = tuple[float, float]
# left of the picture's eye, right of the picture's eye, mouth; as shares of the crop's side
PLACES: tuple[Point, Point, Point] = ((0.31, 0.37), (0.69, 0.37), (0.5, 0.75))


def anchors(landmarks: Sequence[Point]) -> tuple[Point, Point, Point]:
    """Middles of the two eyes, from the left of the picture, and of the mouth.

    landmarks: 68 points of the iBUG scheme, or 5 (eyes, nose, mouth corners).
    """
    if len(landmarks) == 68:
        groups = (landmarks[36:42], landmarks[42:48], landmarks[48:60])
    elif len(landmarks) == 5:
        groups = (landmarks[0:1], landmarks[1:2], landmarks[3:5])
    else:
        raise FacsTextError(f"{len(landmarks)} landmarks; expected 68 or 5")
    one, two, three = (
        (sum(x for x, _ in g) / len(g), sum(y for _, y in g) / len(g)) for g in groups
    )
    return (one, two, three)


def similarity(
    source: Sequence[Point], target: Sequence[Point]
) -> tuple[float, float, float, float]:
    """(a, b, c, d) of x' = a x - b y + c and y' = b x + a y + d, by least squares."""
    n = len(source)
    mx, my = sum(x for x, _ in source) / n, sum(y for _, y in source) / n
    ux, uy = sum(x for x, _ in target) / n, sum(y for _, y in target) / n
    spread = sum((x - mx) ** 2 + (y - my) ** 2 for x, y in source)
    if spread <= 1e-9:
        raise FacsTextError("the landmarks fall on one point")
    a = b = 0.0
    for (x, y), (u, v) in zip(source, target, strict=True):
        a += (x - mx) * (u - ux) + (y - my) * (v - uy)
        b += (x - mx) * (v - uy) - (y - my) * (u - ux)
    a, b = a / spread, b / spread
    return a, b, ux - a * mx + b * my, uy - b * mx - a * my


def crop(image: Path, out: Path, landmarks: Sequence[Point] | None, size: int) -> None:
    """Write a size x size PNG crop of an image; without landmarks the whole image, fitted."""
    try:
        from PIL import Image
    except ImportError:
        raise FacsTextError(
            "cropping needs Pillow: pip install 'facs-text[images]', or build without a size"
        ) from None
    picture: Any = read_rgb(image)
    if landmarks is None:
        side = min(picture.size)
        left, top = (picture.width - side) // 2, (picture.height - side) // 2
        picture = picture.crop((left, top, left + side, top + side))
        picture = picture.resize((size, size), Image.Resampling.LANCZOS)
    else:
        want = [(x * size, y * size) for x, y in PLACES]
        # Pillow wants the transform from the crop to the image
        a, b, c, d = similarity(want, anchors(landmarks))
        scale = (a * a + b * b) ** 0.5
        if scale > 2:  # average before sampling, or fine detail turns to noise
            shrink = int(scale)
            picture = picture.reduce(shrink)
            a, b, c, d = a / shrink, b / shrink, c / shrink, d / shrink
        picture = picture.transform(
            (size, size), Image.Transform.AFFINE, (a, -b, c, b, a, d), Image.Resampling.BICUBIC
        )
    picture.save(out, "PNG")
