"""Files that are there whole or not at all: `Whole` is a text file of many writes, `write_text` one
of a single text, and `whole` a place for whoever writes otherwise: an archive, a picture, a table.

A file is written beside its place, under a name of this machine, process and call alone, and
renamed. What a killed process left is removed when the next one first writes into that folder.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import IO

from facs_text._errors import FacsTextError

__all__ = [
    "PART",
    "Whole",
    "beside",
    "clear_dead",
    "contents",
    "named",
    "one_line",
    "whole",
    "write_text",
]

PART = ".part"
# Line ends for some readers of text, though not for JSON: written as escapes.
_ENDS = {"\u2028": "\\u2028", "\u2029": "\\u2029", "\x85": "\\u0085"}
_OURS = re.compile(r"\..*\.([0-9a-f]{8})-(\d{1,9})-[0-9a-f]{8}\.part", re.DOTALL)
_seen: set[str] = set()  # folders in which this process has looked for what others left


def one_line(text: str) -> str:
    """JSON as one line, whatever its reader takes for a line's end."""
    for end, escape in _ENDS.items():
        if end in text:
            text = text.replace(end, escape)
    return text


def contents(path: Path) -> bytes:
    """The bytes of a file. OSError, and no waiting, where a pipe or a device stands there."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, "is no file", str(path))
    return path.read_bytes()


def _machine() -> str:
    """This machine, as eight hexadecimal digits: a process number says nothing elsewhere."""
    name = os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", "")
    return f"{zlib.crc32(name.encode('utf-8', 'surrogateescape')):08x}"


def beside(path: Path) -> Path:
    """A new name beside a file, of this process and call alone, to write to and rename."""
    folder = str(path.parent)
    if folder not in _seen:
        _seen.add(folder)
        clear_dead(path.parent)
    stem = path.name.encode("utf-8", "surrogateescape")[:120].decode("utf-8", "ignore")
    return path.with_name(f".{stem}.{_machine()}-{os.getpid()}-{secrets.token_hex(4)}{PART}")


def clear_dead(folder: Path) -> None:
    """Remove the unfinished files in a folder whose process, on this machine, is no more."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            said = _OURS.fullmatch(entry.name)
            if said and said[1] == _machine() and not _alive(int(said[2])):
                with suppress(OSError):
                    os.unlink(entry.path)


def _alive(process: int) -> bool:
    """Whether a process is there; where the system cannot say, it is taken to be."""
    if os.name != "posix":
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


@contextmanager
def named(path: str | Path) -> Iterator[None]:
    """Say path where the system does not say which file it could not write (a full disk)."""
    try:
        yield
    except OSError as error:
        if error.filename is not None or error.errno is None:
            raise
        raise OSError(error.errno, os.strerror(error.errno), str(path)) from error


def _target(path: Path, *, folders: bool = True) -> tuple[Path, bool]:
    """(the file that is meant, whether it is a pipe or a device), with folders made for it.

    What a link points to is meant, not the link.
    """
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, "a folder; name a file", str(path))
    if folders:
        path.parent.mkdir(parents=True, exist_ok=True)
    target = Path(os.path.realpath(path)) if path.is_symlink() else path
    return target, target.exists() and not stat.S_ISREG(target.stat().st_mode)


@contextmanager
def whole(path: str | Path, *, folders: bool = True) -> Iterator[Path]:
    """A place to write a file to, which is renamed to path when the block ends without an error
    and removed otherwise. folders: make those that are missing.

    What a link points to is replaced, not the link; pipes and devices, which cannot be replaced,
    are written to once all is there. OSError names the file.
    """
    import shutil  # both take time to load, and what reads only needs neither
    import tempfile

    path = Path(path)
    with named(path):
        target, special = _target(path, folders=folders)
        place = beside(Path(tempfile.gettempdir()) / target.name if special else target)
        try:
            yield place
            if special:
                with place.open("rb") as held, target.open("wb") as out:
                    shutil.copyfileobj(held, out)
            else:
                os.replace(place, target)
        finally:
            with suppress(OSError):
                place.unlink(missing_ok=True)


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
        self._target, special = _target(self.path)
        if special:
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
        if self._file is None:
            return
        try:
            # What is left in the buffer goes nowhere, and may not fit on a full disk.
            with suppress(OSError):
                self._file.close()
        finally:
            self._file = None
            if self._beside is not None:
                with suppress(OSError):
                    self._beside.unlink(missing_ok=True)

    def write(self, text: str) -> None:
        """Add to the file. FacsTextError for what is no text; OSError names the file."""
        assert self._file is not None, "not entered, or kept already"
        try:
            with named(self.path):
                self._file.write(text)
        except UnicodeEncodeError:
            raise FacsTextError(f"{self.path}: a lone surrogate is no text") from None

    def keep(self) -> None:
        """Close the file and put it in its place."""
        assert self._file is not None, "not entered, or kept already"
        with named(self.path):
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
