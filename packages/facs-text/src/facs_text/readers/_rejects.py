"""The list of what was left out of a table and why.

JSON lines with the same five fields wherever rows are skipped: file, line (1-based, null where
none is known), id (of a row that was read, else ""), row (as it stands in the file) and reason.
It is written beside and renamed when the whole table has been gone through, so a list that is
there is whole. An empty one says that nothing was left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from facs_text._errors import FacsTextError
from facs_text.files import Whole, one_line
from facs_text.readers._lines import lines

__all__ = ["Rejects"]

_PLACE = re.compile(r"(.+?), line (\d+): (.*)", re.DOTALL)


class Rejects:
    """Takes rows that were left out of source; nothing new is at path before keep().

    path None counts and writes nothing.
    """

    def __init__(self, path: str | Path | None, source: str | Path) -> None:
        self.path = None if path is None else Path(path)
        self.source = Path(source)
        self.count = 0
        self._whole = None if self.path is None else Whole(self.path)
        self._lines = _Lines()

    def __enter__(self) -> Rejects:
        if self._whole is not None:
            self._whole.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._lines.close()
        if self._whole is not None:
            self._whole.__exit__(kind, error, trace)

    def add_error(self, error: FacsTextError) -> None:
        """A row that a reader could not take; file and line are those its message names."""
        place = _PLACE.fullmatch(str(error))
        if place is None:
            self.add(self.source, None, str(error))
        else:
            self.add(Path(place[1]), int(place[2]), place[3])

    def add_row(self, line: int, ident: str, reason: str) -> None:
        """A row that was read but is of no use."""
        self.add(self.source, line or None, reason, ident=ident)

    def add(self, file: Path, line: int | None, reason: str, *, ident: str = "") -> None:
        """One line of the list; the row's text is looked up where file is one."""
        self.count += 1
        if self._whole is None:
            return
        row = self._lines.get(file, line) if line and file.is_file() else ""
        value = {"file": str(file), "line": line, "id": ident, "row": row, "reason": reason}
        self._whole.write(one_line(json.dumps(value, ensure_ascii=False)) + "\n")

    def keep(self) -> None:
        """The table is done: put the list in its place."""
        if self._whole is not None:
            self._whole.keep()


class _Lines:
    """Lines of a file by number, asked for in rising order: read through once, not kept."""

    def __init__(self) -> None:
        self._path: Path | None = None
        self._rest: Iterator[tuple[int, str]] = iter(())
        self._last = 0

    def get(self, path: Path, line: int) -> str:
        """The line without its end; empty when the file has no such line or cannot be read."""
        if path != self._path or line <= self._last:
            self._path, self._rest, self._last = path, lines(path), 0
        try:
            for number, text in self._rest:
                self._last = number
                if number >= line:
                    return text if number == line else ""
        except FacsTextError:
            pass
        return ""

    def close(self) -> None:
        """Let go of the file."""
        self._path, self._rest, self._last = None, iter(()), 0
