"""A build in parts, for the jobs of an array: each part makes the pictures of some of the people.

Part I of N stands in OUT/.parts/I-of-N and is a corpus of its own, so that it is resumed, and
refused, as one. The build that is not a part goes through all rows itself and takes the pictures
that parts have made; one that no part has made it makes. So the corpus is the same to the byte
however many parts there were, and a part that is done twice, or never, does no harm.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from facs_text._errors import FacsTextError
from facs_text.corpus._lock import Lock
from facs_text.corpus._request import check_same, recorded

__all__ = ["Parts", "check_part", "part_folder", "part_of"]

_FOLDER = ".parts"
_NAME = re.compile(r"(\d{1,6})-of-(\d{1,6})")


def check_part(part: tuple[int, int]) -> tuple[int, int]:
    """The part as it is, or FacsTextError where there is no such one."""
    number, count = part
    if not 1 <= number <= count < 10**6:
        raise FacsTextError(f"part {number}/{count}; expected 1/{count} to {count}/{count}")
    return part


def part_of(subject: str, count: int) -> int:
    """Which of `count` parts a person is in, from 1: by the name alone, the same everywhere."""
    digest = hashlib.sha256(b"part\0" + subject.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") % count + 1


def part_folder(out: Path, part: tuple[int, int]) -> Path:
    """The folder that a part of the corpus `out` is made in."""
    return out / _FOLDER / f"{part[0]}-of-{part[1]}"


class Parts:
    """The parts of a corpus that have been made, if any.

    FacsTextError when one is of another request, or is being made.
    """

    def __init__(self, out: Path, request: Mapping[str, Any]) -> None:
        self._root = out / _FOLDER
        self._folders: list[Path] = []
        for folder in sorted(self._root.glob("*-of-*")) if self._root.is_dir() else ():
            said = _NAME.fullmatch(folder.name)
            if said is None or recorded(folder)[0] is None:
                continue
            Lock(folder).release()
            check_same(folder, {**request, "part": [int(said[1]), int(said[2])]})
            self._folders.append(folder)

    def find(self, split: str, name: str) -> Path | None:
        """A picture that a part has made."""
        for folder in self._folders:
            path = folder / split / name
            if path.is_file():
                return path
        return None

    def remove(self) -> None:
        """All that is left of the parts."""
        if self._folders:
            shutil.rmtree(self._root, ignore_errors=True)
