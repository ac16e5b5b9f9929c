"""Finding the picture of an annotated row, a folder at a time."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from facs_text._errors import FacsTextError
from facs_text.readers import Row

__all__ = ["SUFFIXES", "Images", "check_offset", "face_of"]

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp")
_DIGITS = re.compile(r"\d+")


def face_of(row: Row) -> str:
    """Which face of its picture a row is: "" for the first, else what stands behind #."""
    return row.id.partition("#")[2]


@dataclass(slots=True)
class Images:
    """Finds images by folder and number. Remembers the last few folders only."""

    root: Path
    _folders: dict[Path, dict[str, Path]] = field(default_factory=dict)

    def folder(self, path: Path) -> dict[str, Path]:
        """Images of a folder by file name and by the last number in it."""
        if path not in self._folders:
            if len(self._folders) >= 4:
                self._folders.pop(next(iter(self._folders)))
            found: dict[str, Path] = {}
            if path.is_dir():
                with os.scandir(path) as entries:
                    for name in sorted(e.name for e in entries):
                        stem, suffix = os.path.splitext(name)
                        if suffix.lower() in SUFFIXES:
                            found[name] = path / name
                            digits = _DIGITS.findall(stem)
                            if digits:
                                found.setdefault(str(int(digits[-1])), path / name)
            self._folders[path] = found
        return self._folders[path]

    def home(self, row: Row) -> Path | None:
        """Folder that holds the images of a row's sequence."""
        head = row.id.split("#")[0].rpartition("/")[0]
        video = os.path.splitext(head)[0]
        choices = [head, head.replace("/", "_"), f"{head}_aligned", video, row.subject, ""]
        for choice in choices:
            parts = Path(choice).parts
            if ".." in parts or (choice and Path(choice).is_absolute()):
                continue
            if self.folder(self.root / choice):
                return self.root / choice
        return None

    def find(self, row: Row, offset: int) -> Path | None:
        """The row's picture: by its file's name, else by its sequence and frame."""
        named = row.extra.get("file_name") or row.extra.get("input") or row.id.split("#")[0]
        if named.lower().endswith(SUFFIXES):
            parts = Path(named.replace("\\", "/")).parts
            if ".." not in parts:
                for start in range(len(parts)):
                    path = self.root.joinpath(*parts[start:])
                    if self.root in path.parents and path.is_file():
                        return path
        home = self.home(row)
        if home is None or row.frame is None:
            return None
        found = self.folder(home).get(str(row.frame + offset))
        return found if found is not None and found.is_file() else None

    def name(self, image: Path, row: Row, size: int | None) -> str | None:
        """Name of a picture in the corpus. None for a further face of a picture that is not
        cropped to it: a picture stands once.

        Crops are PNG; where pictures differ in their endings alone, those stay in the name.
        """
        name = image.relative_to(self.root).as_posix()
        face = face_of(row)
        if face and not (size and row.landmarks):
            return None
        if not size:
            return name
        stem, suffix = os.path.splitext(name)
        beside = self.folder(image.parent)
        alike = any(
            f"{image.stem}{end}" in beside
            for s in SUFFIXES for end in (s, s.upper()) if end != image.suffix
        )  # fmt: skip
        if alike and suffix != ".png":
            stem = name
        return f"{stem}.face-{face}.png" if face else f"{stem}.png"


def check_offset(rows: Iterable[Row], images: Images, offset: int) -> None:
    """Refuse an assumed offset when another fits the first sequence better."""
    first: Row | None = None
    numbers: list[int] = []
    for row in islice(rows, 20_000):
        if row.frame is None:
            return
        head = row.id.rpartition("/")[0]
        if first is None:
            first = row
        elif head != first.id.rpartition("/")[0]:
            break
        numbers.append(row.frame)
    if first is None:
        return
    home = images.home(first)
    if home is None:
        return
    there = images.folder(home)
    lost = {o: sum(str(n + o) not in there for n in numbers) for o in (-1, 0, 1)}
    best = min(lost, key=lambda o: (lost[o], o != offset))
    if lost[best] < lost.get(offset, len(numbers)):
        raise FacsTextError(
            f"{home}: frame numbers fit better with frame_offset={best} ({lost[best]} of "
            f"{len(numbers)} frames without an image) than with {offset} ({lost[offset]}); "
            "say which one is meant"
        )
