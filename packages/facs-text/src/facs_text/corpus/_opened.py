"""The pictures of a corpus, opened: whole, of the size that was said, and in one split only."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from facs_text._errors import FacsTextError
from facs_text.pictures import read_rgb

__all__ = ["Pictures", "is_file"]


def is_file(path: Path) -> bool:
    """Whether a file is there: no folder, pipe or device, and no name that there cannot be."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


class Pictures:
    """Opens the pictures of a corpus one by one. sizes: how many of each (width, height).

    Of a picture, eight bytes of a digest and its name are kept.
    """

    def __init__(self, about: Mapping[str, Any]) -> None:
        request = about.get("request")
        said = about.get("size", request.get("size") if isinstance(request, dict) else None)
        whole = isinstance(said, int) and not isinstance(said, bool)
        self._size = (said, said) if whole else None
        self._seen: dict[bytes, tuple[str, str]] = {}
        self.sizes: Counter[tuple[int, int]] = Counter()

    def problems(self, folder: Path, name: str) -> Iterator[str]:
        """What is wrong with the picture `name` of the split's folder."""
        try:
            picture = read_rgb(folder / name)
        except FacsTextError as error:
            if "needs Pillow" in str(error):
                raise
            yield str(error).removeprefix(f"{folder / name}: ")
            return
        self.sizes[picture.size] += 1
        if self._size is not None and picture.size != self._size:
            width, height = picture.size
            yield f"is {width} x {height} pixels, corpus.json says {self._size[0]}"
        digest = hashlib.blake2b(picture.tobytes(), digest_size=8, salt=b"%d" % picture.width)
        split, other = self._seen.setdefault(digest.digest(), (folder.name, name))
        if split != folder.name:
            yield f"shows the same pixels as {split}/{other}"
