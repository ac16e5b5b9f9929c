"""Files that are there whole or not at all: written beside under a name of their own, renamed."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from auface_gen.errors import AUFaceGenError, WorkFailed
from facs_text import files

__all__ = ["PART", "cannot_write", "whole", "write_whole"]

PART = ".part"
"""How names of files end that are not whole yet."""


@contextmanager
def whole(path: Path, *, folders: bool = False) -> Iterator[Path]:
    """A place beside `path` to write to; renamed to `path` when the block ends without an error,
    and removed otherwise. Its name is of this process and call alone; what a killed process left
    goes with the next one's first file of the folder. folders: make those that are missing.

    Raises AUFaceGenError or WorkFailed that says what to do (`cannot_write`).
    """
    try:
        with files.whole(path, folders=folders) as beside:
            yield beside
    except OSError as error:
        raise cannot_write(path, error) from error


def write_whole(path: Path, data: bytes) -> None:
    """Write a file whole or not at all, in folders that are made where they are missing."""
    with whole(path, folders=True) as beside:
        beside.write_bytes(data)


def cannot_write(path: Path, error: OSError) -> AUFaceGenError:
    """The error for a file, with what to do: WorkFailed when the disk is full or fails, a plain
    AUFaceGenError when the place that was given cannot be written.
    """
    full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    wrong = isinstance(
        error, PermissionError | NotADirectoryError | IsADirectoryError | FileExistsError
    )
    kind = AUFaceGenError if wrong else WorkFailed
    return kind(
        f"{path} cannot be written: {error.strerror or error}; "
        f"{'make room' if full else 'mend that'} and run the same command again: "
        "what is whole is kept"
    )
