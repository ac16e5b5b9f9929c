"""A picture on its way into a corpus: whole and beside its place, but without its name yet.

Whoever brings it renames it when the row that names it is on disk.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from facs_text._errors import FacsTextError
from facs_text.corpus._align import crop
from facs_text.corpus._earlier import Unreadable
from facs_text.files import beside

__all__ = ["bring", "moved"]


def bring(
    image: Path,
    place: Path,
    landmarks: Sequence[tuple[float, float]] | None,
    *,
    size: int | None,
    link: bool,
) -> Path:
    """Crop the image to size pixels, by its landmarks, or else link or copy it; returns where.

    Raises Unreadable for an image that cannot be cropped. Nothing stays behind where it fails.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    part = beside(place)
    try:
        if size:
            try:
                crop(image, part, landmarks, size)
            except FacsTextError as error:
                raise Unreadable(str(error)) from None
        elif not (link and _linked(image, part)):
            shutil.copyfile(image, part)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return part


def moved(made: Path, place: Path) -> Path:
    """Move a picture that a part of the build has made; returns where."""
    place.parent.mkdir(parents=True, exist_ok=True)
    part = beside(place)
    os.replace(made, part)
    return part


def _linked(image: Path, part: Path) -> bool:
    """Whether a hard link could be made."""
    try:
        os.link(image, part)
    except OSError:
        return False
    return True
