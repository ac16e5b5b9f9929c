"""Files that are there whole or not at all: written beside their name, then renamed.

`Whole` is a text file of many writes, `write_text` one of a single text, and `whole` a place for
whoever writes otherwise: an archive, a picture, a table of another library.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO

from facs_text._errors import FacsTextError

__all__ = ["PART", "Whole", "beside", "named", "one_line", "whole", "write_text"]

PART = ".part"
# Line ends for some readers of text, though not for JSON: written as escapes.
_ENDS = {"\u2028": "\\u2028", "\u2029": "\\u2029", "\x85": "\\u0085"}


def one_line(text: str) -> str:
    """JSON as one line, whatever its reader takes for a line's end."""
    for end, escape in _ENDS.items():
        if end in text:
            text = text.replace(end, escape)
    return text


def beside(path: Path) -> Path:
    """A new name beside a file, of this process and call alone, to write to and rename."""
    return path.with_name(f".{path.name[:120]}.{os.getpid()}-{secrets.token_hex(4)}{PART}")


@contextmanager
def named(path: str | Path) -> Iterator[None]:
    """Where the system does not say which file it could not write (a full disk), say path."""
    try:
        yield
    except OSError as error:
        if error.filename is not None or error.errno is None:
            raise
        raise OSError(error.errno, os.strerror(error.errno), str(path)) from error


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A place beside path to write to; renamed to path when the block ends without an error, and
    removed otherwise. Errors of the system name path.
    """
    part = beside(path)
    try:
        with named(path):
            yield part
            os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


class Whole:
    """A text file that is there whole or not at all: written beside, renamed by keep().

    Left without keep(), what stood at path before stays as it was. What a link points to is
    replaced, not the link; pipes and devices are written to as they are. Its mode is that of a
    new file, the umask applied.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._target = self.path
        self._beside: Path | None = None
        self._file: IO[str] | None = None

    def __enter__(self) -> Whole:
        if self.path.is_dir():
            raise IsADirectoryError(errno.EISDIR, "a folder; name a file", str(self.path))
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._target = Path(os.path.realpath(self.path)) if self.path.is_symlink() else self.path
        if self._target.exists() and not stat.S_ISREG(self._target.stat().st_mode):
            self._file = self._target.open("w", encoding="utf-8")
        else:
            self._beside = beside(self._target)
            self._file = self._beside.open("x", encoding="utf-8")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
            if self._beside is not None:
                self._beside.unlink(missing_ok=True)

    def write(self, text: str) -> None:
        """Add to the file. FacsTextError for what is no text."""
        assert self._file is not None, "not entered, or kept already"
        try:
            self._file.write(text)
        except UnicodeEncodeError:
            raise FacsTextError(f"{self.path}: a lone surrogate is no text") from None

    def keep(self) -> None:
        """Close the file and put it in its place."""
        assert self._file is not None, "not entered, or kept already"
        self._file.close()
        if self._beside is not None:
            os.replace(self._beside, self._target)
        self._file = None


def write_text(path: str | Path, text: str) -> None:
    """Write a text file in UTF-8 whole or not at all, in folders made where they are missing.

    Raises OSError where it cannot be written, and FacsTextError for what is no text.
    """
    with Whole(path) as file:
        file.write(text)
        file.keep()
