"""What commands share in reading and writing: JSON lines, files written whole, progress."""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Any, TypeVar

import click

__all__ = ["Whole", "emit", "note", "progress", "write_text"]

T = TypeVar("T")


def emit(value: Any) -> None:
    """One JSON object as one line on standard output."""
    click.echo(json.dumps(value, ensure_ascii=False))


def note(message: str) -> None:
    """A line for the person, on standard error: standard output is for results."""
    click.echo(message, err=True)


def progress(items: Iterable[T], *, what: str, total: int | None = None) -> Iterator[T]:
    """A bar on standard error, where that is a terminal."""
    from tqdm import tqdm

    yield from tqdm(items, desc=what, total=total, file=sys.stderr, disable=not sys.stderr.isatty())


def write_text(path: Path, text: str) -> None:
    """Write beside and rename."""
    with Whole(path) as file:
        file.write(text)
        file.keep()


class Whole:
    """A text file that is there whole or not at all: written beside, renamed by keep().

    Left without keep(), what stood at path before stays as it was.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._beside = path.with_name(path.name + ".part")
        self._file: IO[str] | None = None

    def __enter__(self) -> Whole:
        if self.path.is_dir():
            raise IsADirectoryError(errno.EISDIR, "a folder; name a file", str(self.path))
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._beside.open("w", encoding="utf-8")
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
            self._beside.unlink(missing_ok=True)

    def write(self, text: str) -> None:
        """Add to the file."""
        assert self._file is not None, "not entered, or kept already"
        self._file.write(text)

    def keep(self) -> None:
        """Close the file and put it in its place."""
        assert self._file is not None, "not entered, or kept already"
        self._file.close()
        os.replace(self._beside, self.path)
        self._file = None
