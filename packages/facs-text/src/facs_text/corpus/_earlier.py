"""What a stopped build has written, held against what this one would write."""

from __future__ import annotations

import json

from facs_text._errors import FacsTextError
from facs_text.corpus._rows import CorpusRow
from facs_text.corpus._write import CorpusWriter

__all__ = ["Earlier", "Unreadable"]


class Unreadable(Exception):
    """A picture that cannot be read."""


class Earlier:
    """The rows of a stopped build in one split, against which those of this one are held."""

    def __init__(self, writer: CorpusWriter, split: str) -> None:
        self._lines = writer.earlier(split) if writer.counts[split] else iter(())
        self._left = writer.counts[split]
        self._where = f"{writer.root}: row {{}} of {split}"
        self._next: str | None = None
        self._number = 0

    def holds(self, made: CorpusRow, *, unreadable: bool) -> bool:
        """Whether the row is written already. FacsTextError when another stands in its place.

        unreadable: the row may have been left out then, because of its picture.
        """
        if self._next is None:
            if not self._left:
                return False
            self._next = next(self._lines)
            self._left -= 1
            self._number += 1
        if self._next == made.to_json():
            self._next = None
            return True
        if unreadable and json.loads(self._next).get("file_name") != made.file_name:
            raise Unreadable(f"{made.file_name}: could not be read before")
        raise FacsTextError(
            f"{self._where.format(self._number)} is not what this build has there; "
            "take another folder"
        )
