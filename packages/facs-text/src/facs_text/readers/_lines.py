"""Lines and tables of files that may be anything: streamed, bounded, checked.

Memory does not grow with the file: a line longer than MAX_LINE bytes is an error, not a buffer.
"""

from __future__ import annotations

import csv
import io
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO

from facs_text._errors import FacsTextError
from facs_text.readers._open import open_lines

__all__ = [
    "MAX_LINE",
    "Table",
    "head",
    "lines",
    "number",
    "pieces",
    "split",
    "start",
    "stem_of",
    "whole",
]

MAX_LINE = 1 << 20
# What tools and spreadsheets write where there is no number.
_NO_NUMBER = re.compile(
    r"|#?n/?a|[-+]?nan(\([a-z]*\))?|[-+]?1\.#(ind|[qs]nan)\d*|none|null|nil|missing|#(value|num)!",
    re.IGNORECASE,
)
_DECIMAL_COMMA = re.compile(r"[-+]?\d*,\d+(e[-+]?\d+)?", re.IGNORECASE)
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)


def lines(path: Path) -> Iterator[tuple[int, str]]:
    """(1-based number, text without its end) of each line.

    UTF-8 with or without a mark, UTF-16, gzip of either, and any line ends.
    """
    try:
        with open_lines(path) as (stream, encoding):
            if not encoding:
                yield from _plain(path, stream)
                return
            for count, line in _decoded(path, stream, encoding):
                if len(line) > MAX_LINE:
                    raise _too_long(path, count)
                yield count, line.rstrip("\n")
    except (OSError, EOFError, zlib.error) as error:
        raise _unreadable(path, error) from None


def pieces(path: Path) -> Iterator[tuple[int, str]]:
    """Read lines with their ends kept, and a line longer than MAX_LINE in pieces."""
    try:
        with open_lines(path) as (stream, encoding):
            yield from _decoded(path, stream, encoding)
    except (OSError, EOFError, zlib.error) as error:
        raise _unreadable(path, error) from None


def start(path: Path) -> str:
    """The first few thousand letters of a file, as far as they can be read."""
    try:
        with open_lines(path) as (stream, encoding):
            name = "utf-8" if encoding in ("", "any ends") else encoding
            return stream.read(4096).decode(name, "ignore").removeprefix("\ufeff")
    except (OSError, EOFError, zlib.error) as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: Exception) -> FacsTextError:
    return FacsTextError(f"{path}: {getattr(error, 'strerror', None) or error}")


def _plain(path: Path, stream: IO[bytes]) -> Iterator[tuple[int, str]]:
    """Lines of UTF-8 that end in a newline: the quick way."""
    count = 0
    while raw := stream.readline(MAX_LINE + 1):
        count += 1
        if len(raw) > MAX_LINE:
            raise _too_long(path, count)
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
                f"{path}, line {count}: byte {error.start + 1} is not UTF-8; save the file as UTF-8"
            ) from None


def _decoded(path: Path, stream: IO[bytes], encoding: str) -> Iterator[tuple[int, str]]:
    """Lines, their ends kept, of another encoding or of other line ends; in pieces where long."""
    name = "utf-8-sig" if encoding in ("", "any ends") else encoding
    text = io.TextIOWrapper(stream, encoding=name, newline=None)
    count, ended = 0, True
    try:
        while piece := text.readline(MAX_LINE + 1):
            count += ended
            ended = piece.endswith("\n")
            if "\0" in piece:
                raise FacsTextError(
                    f"{path}, line {count}: holds zero bytes; a binary file, not a table"
                )
            yield count, piece.removeprefix("\ufeff")
    except UnicodeDecodeError:
        raise FacsTextError(
            f"{path}, line {count + 1}: is not {name.removesuffix('-sig').upper()} all through; "
            "save the file as UTF-8"
        ) from None
    finally:
        text.detach()


def _too_long(path: Path, line: int) -> FacsTextError:
    return FacsTextError(
        f"{path}, line {line}: longer than {MAX_LINE} bytes; not a table of frames"
    )


def stem_of(path: Path) -> str:
    """A file's name without its ending, and without .gz behind that."""
    return Path(path.name.removesuffix(".gz")).stem


def head(path: Path, count: int = 5) -> list[str]:
    """The first lines that are not empty, for recognising a format; Excel's sep= line is none."""
    found: list[str] = []
    for _, text in lines(path):
        if text.strip() and (found or not _SEPARATOR_LINE.fullmatch(text)):
            found.append(text)
        if len(found) == count:
            break
    if not found:
        raise FacsTextError(f"{path}: empty file; expected a header and rows")
    return found


def number(text: str, name: str, where: str) -> float | None:
    """A finite number, or None for an empty field and NaN. FacsTextError for anything else.

    A decimal comma is read as one: values of units never need a mark of thousands.
    """
    text = text.strip()
    try:
        value = float(text)
    except ValueError:
        if _NO_NUMBER.fullmatch(text):
            return None
        if not _DECIMAL_COMMA.fullmatch(text):
            raise FacsTextError(f"{where}: {name} is {text[:40]!r}; expected a number") from None
        value = float(text.replace(",", "."))
    if value != value:
        return None
    if value - value != 0.0:
        raise FacsTextError(f"{where}: {name} is {text!r}; expected a finite number")
    return value


def whole(text: str, name: str, where: str) -> int | None:
    """A whole number such as a frame's, or None for an empty field and NaN."""
    if "," in text:
        raise FacsTextError(f"{where}: {name} {text.strip()[:40]!r} is not a whole number")
    value = number(text, name, where)
    if value is None:
        return None
    if value != int(value):
        raise FacsTextError(f"{where}: {name} {text.strip()[:40]!r} is not a whole number")
    return int(value)


def split(text: str, delimiter: str) -> list[str]:
    """Fields of a line; delimiter " " stands for any run of blanks. Raises csv.Error."""
    if delimiter == " ":
        return text.split()
    if '"' not in text:
        return text.split(delimiter)
    return next(csv.reader([text], delimiter=delimiter, strict=True))


class Table:
    """Rows of a delimited file as lists of fields, under names stripped of blanks.

    delimiter None takes that of Excel's ``sep=`` line, or the one of tab, comma and semicolon
    that the header has most of, or blanks where it has none. names: those of a file without a
    header, whose first line is a row. header: passes over the lines before the first that it is
    true of. Names must be unique, and each row must have as many fields as the header; empty
    ones at the end do not count.
    """

    def __init__(
        self,
        path: Path,
        delimiter: str | None = None,
        *,
        names: Sequence[str] = (),
        header: Callable[[str], bool] | None = None,
    ) -> None:
        self.path = path
        self.line = 0
        self._lines = lines(path)
        self._first: tuple[int, str] | None = None
        for line, text in self._lines:
            said = _SEPARATOR_LINE.fullmatch(text) if delimiter is None else None
            if said is not None:
                delimiter = said[1]
            elif text.strip() and (header is None or header(text)):
                self.line = line
                break
        else:
            what = "empty file" if header is None else "no header of columns"
            raise FacsTextError(f"{path}: {what}; expected a header and rows")
        if delimiter is None:
            delimiter = max("\t,;", key=text.count)
            delimiter = delimiter if delimiter in text else " "
        self.delimiter = delimiter
        if names:
            self._first = line, text
        found = list(names) or [n.strip().strip("\"'").strip() for n in self._split(text)]
        while len(found) > 1 and not found[-1]:
            found.pop()
        self.names = found
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

    def at(self, *names: str) -> int | None:
        """Index of the first of these columns that is there, upper and lower case alike."""
        lower = [n.lower() for n in self.names]
        return next((lower.index(n.lower()) for n in names if n.lower() in lower), None)

    def _split(self, text: str) -> list[str]:
        try:
            return split(text, self.delimiter)
        except (csv.Error, StopIteration) as error:
            raise FacsTextError(f"{self.where()}: {error}") from None

    def _rest(self) -> Iterator[tuple[int, str]]:
        if self._first is not None:
            yield self._first
        yield from self._lines

    def lines(self) -> Iterator[tuple[int, str]]:
        """The lines after the header that are not empty, as they are."""
        for line, text in self._lines:
            if text.strip():
                self.line = line
                yield line, text

    def rows(self) -> Iterator[list[str] | FacsTextError]:
        """The rows; a FacsTextError in place of a row that has the wrong number of fields."""
        width = len(self.names)
        for line, text in self._rest():
            self.line = line
            if not text.strip():
                continue
            try:
                fields = self._split(text)
            except FacsTextError as error:
                yield error
                continue
            while len(fields) > width and not fields[-1].strip():
                fields.pop()
            if len(fields) != width:
                yield FacsTextError(
                    f"{self.where()}: {len(fields)} fields under {width} column names; "
                    "the row is cut short or has too many"
                )
                continue
            yield fields
