"""Files that are there whole or not at all: the one place of this package that writes them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import AAADError

__all__ = ["whole", "write_text"]


@contextmanager
def whole(path: str | Path) -> Iterator[Path]:
    """A path beside `path` to write to; renamed when the block ends well, removed when it fails.

    The name beside carries the number of the process, so that two processes with one folder do
    not write into each other's file.

    Raises:
        AAADError: `path` is a folder.
    """
    place = Path(path)
    if place.is_dir():
        raise AAADError(f"{place}: is a folder; name a file")
    place.parent.mkdir(parents=True, exist_ok=True)
    beside = place.with_name(f".{place.name}.{os.getpid()}.part")
    try:
        yield beside
        os.replace(beside, place)
    finally:
        beside.unlink(missing_ok=True)


def write_text(path: str | Path, text: str) -> None:
    """Write a text file whole."""
    with whole(path) as beside:
        beside.write_text(text, encoding="utf-8")
