"""Files that are there whole or not at all: the one place of this package that writes them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aaad.errors import AAADError
from facs_text import files

__all__ = ["whole", "write_text"]


@contextmanager
def whole(path: str | Path) -> Iterator[Path]:
    """A path beside `path` to write to; renamed when the block ends well, removed when it fails.

    Its name is of this process and call alone, so that two with one folder do not write into each
    other's file; what a killed process left goes with the next one's first file.

    Raises:
        AAADError: `path` is a folder.
        OSError: it cannot be written; names the file.
    """
    if Path(path).is_dir():
        raise AAADError(f"{path}: is a folder; name a file")
    with files.whole(path) as beside:
        yield beside


def write_text(path: str | Path, text: str) -> None:
    """Write a text file whole."""
    with whole(path) as beside:
        beside.write_text(text, encoding="utf-8")
