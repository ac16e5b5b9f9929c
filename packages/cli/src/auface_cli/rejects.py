"""The list of what was left out of a table and why: JSON lines with file, line, row and reason.

It is written beside and renamed when the whole table has been gone through, so a list that is
there is whole. An empty one says that nothing was left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO

from facs_text import FacsTextError

from .output import Whole

__all__ = ["Rejects", "beside"]

_PLACE = re.compile(r"(.+?), line (\d+): (.*)", re.DOTALL)


def beside(path: Path) -> Path:
    """Where the list for a file or folder is when nothing else is said: PATH.rejects.jsonl."""
    if path.name in ("", ".."):
        path = path.resolve()
    return path.with_name(path.name + ".rejects.jsonl")


class Rejects:
    """Takes rows that were left out of source; nothing is at path before keep()."""

    def __init__(self, path: Path, source: Path) -> None:
        self.path = path
        self.source = source
        self.count = 0
        self._whole = Whole(path)
        self._lines = _Lines()

    def __enter__(self) -> Rejects:
        self._whole.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._lines.close()
        self._whole.__exit__(kind, error, trace)

    def add_error(self, error: FacsTextError) -> None:
        """A row that a reader could not take; file and line are those its message names."""
        place = _PLACE.fullmatch(str(error))
        if place is None:
            self.add(self.source, None, "", str(error))
        else:
            file, line = Path(place[1]), int(place[2])
            self.add(file, line, self._lines.get(file, line), place[3])

    def add_row(self, line: int, ident: str, reason: str) -> None:
        """A row that was read but is of no use. Its text where source is a file, else its id."""
        text = self._lines.get(self.source, line) if line and self.source.is_file() else ident
        self.add(self.source, line or None, text, reason)

    def add(self, file: Path, line: int | None, row: str, reason: str) -> None:
        """line: 1-based; None where none is known. row: as it stands in the file."""
        self.count += 1
        value = {"file": str(file), "line": line, "row": row, "reason": reason}
        self._whole.write(json.dumps(value, ensure_ascii=False) + "\n")

    def keep(self) -> None:
        """The table is done: put the list in its place."""
        self._whole.keep()


class _Lines:
    """Lines of a file by number, asked for in rising order: read through once, not kept."""

    def __init__(self) -> None:
        self._path: Path | None = None
        self._file: IO[bytes] | None = None
        self._rest: Iterator[tuple[int, bytes]] = iter(())
        self._last = 0

    def get(self, path: Path, line: int) -> str:
        """The line without its end; empty when the file has no such line."""
        if path != self._path or line <= self._last:
            self.close()
            try:
                self._file = path.open("rb")
            except OSError:
                return ""
            self._path = path
            self._rest = enumerate(self._file, 1)
        for number, raw in self._rest:
            if number == line:
                self._last = line
                return raw.decode("utf-8-sig", errors="replace").rstrip("\r\n")
        return ""

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
        self._path, self._file, self._rest, self._last = None, None, iter(()), 0
