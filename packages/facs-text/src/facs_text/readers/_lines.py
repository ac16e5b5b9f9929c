"""Lines and tables of files that may be anything: streamed, bounded, checked.

Memory does not grow with the file: a line longer than MAX_LINE bytes is an error, not a buffer.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from facs_text._errors import FacsTextError

__all__ = ["MAX_LINE", "Table", "head", "lines", "number"]

MAX_LINE = 1 << 20


def lines(path: Path) -> Iterator[tuple[int, str]]:
    """(1-based number, text without its end) of each line; UTF-8, with or without a mark."""
    try:
        with path.open("rb") as file:
            count = 0
            while raw := file.readline(MAX_LINE + 1):
                count += 1
                if len(raw) > MAX_LINE:
                    raise FacsTextError(
                        f"{path}, line {count}: longer than {MAX_LINE} bytes; not a table of frames"
                    )
                if b"\0" in raw:
                    raise FacsTextError(
                        f"{path}, line {count}: holds zero bytes; a binary file, not a table"
                    )
                if count == 1 and raw.startswith(b"\xef\xbb\xbf"):
                    raw = raw[3:]
                try:
                    yield count, raw.decode("utf-8").rstrip("\r\n")
                except UnicodeDecodeError as error:
                    raise FacsTextError(
                        f"{path}, line {count}: byte {error.start + 1} is not UTF-8; "
                        "save the file as UTF-8"
                    ) from None
    except OSError as error:
        raise FacsTextError(f"{path}: {error.strerror or error}") from None


def head(path: Path, count: int = 5) -> list[str]:
    """The first lines that are not empty, for recognising a format."""
    found: list[str] = []
    for _, text in lines(path):
        if text.strip():
            found.append(text)
        if len(found) == count:
            break
    if not found:
        raise FacsTextError(f"{path}: empty file; expected a header and rows")
    return found


def number(text: str, name: str, where: str) -> float | None:
    """A finite number, or None for an empty field and NaN. FacsTextError for anything else."""
    text = text.strip()
    if not text or text.lower() in ("nan", "na", "none", "null"):
        return None
    try:
        value = float(text)
    except ValueError:
        raise FacsTextError(f"{where}: {name} is {text[:40]!r}; expected a number") from None
    if value - value != 0.0:
        raise FacsTextError(f"{where}: {name} is {text!r}; expected a finite number")
    return value


class Table:
    """Rows of a delimited file as lists of fields, under names stripped of blanks.

    delimiter None takes the one of tab, comma and semicolon that the header has most of.
    Names must be unique, and each row must have as many fields as the header.
    """

    def __init__(self, path: Path, delimiter: str | None = None) -> None:
        self.path = path
        self.line = 0
        self._lines = lines(path)
        for line, text in self._lines:
            if text.strip():
                self.line = line
                break
        else:
            raise FacsTextError(f"{path}: empty file; expected a header and rows")
        if delimiter is None:
            delimiter = max("\t,;", key=text.count)
        self.delimiter = delimiter
        self.names = [n.strip().strip('"').strip() for n in self._split(text)]
        seen: set[str] = set()
        for name in self.names:
            if name in seen and name:
                raise FacsTextError(
                    f"{path}, line {self.line}: column {name!r} stands twice; remove one"
                )
            seen.add(name)

    def where(self) -> str:
        """The current place, for errors."""
        return f"{self.path}, line {self.line}"

    def _split(self, text: str) -> list[str]:
        if '"' not in text:
            return text.split(self.delimiter)
        try:
            return next(csv.reader([text], delimiter=self.delimiter, strict=True))
        except (csv.Error, StopIteration) as error:
            raise FacsTextError(f"{self.where()}: {error}") from None

    def lines(self) -> Iterator[tuple[int, str]]:
        """The lines after the header that are not empty, as they are."""
        for line, text in self._lines:
            if text.strip():
                self.line = line
                yield line, text

    def rows(self) -> Iterator[list[str] | FacsTextError]:
        """The rows; a FacsTextError in place of a row that has the wrong number of fields."""
        width = len(self.names)
        for line, text in self._lines:
            self.line = line
            if not text.strip():
                continue
            try:
                fields = self._split(text)
            except FacsTextError as error:
                yield error
                continue
            if len(fields) != width:
                yield FacsTextError(
                    f"{self.where()}: {len(fields)} fields under {width} column names; "
                    "the row is cut short or has too many"
                )
                continue
            yield fields
