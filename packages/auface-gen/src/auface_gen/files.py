"""Files that are there whole or not at all: written beside under a name of their own, renamed."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from auface_gen.errors import AUFaceGenError, WorkFailed

__all__ = ["PART", "cannot_write", "whole", "write_whole"]

PART = ".part"
"""How names of files end that are not whole yet."""


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A place beside `path` to write to; renamed to `path` when the block ends without an error,
    and removed otherwise. Its name is of this process and call alone.

    Raises AUFaceGenError or WorkFailed that says what to do (`cannot_write`).
    """
    beside = path.with_name(f".{path.name[:120]}.{os.getpid()}-{secrets.token_hex(4)}{PART}")
    try:
        yield beside
        beside.replace(path)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def write_whole(path: Path, data: bytes) -> None:
    """Write a file whole or not at all, in folders that are made where they are missing."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(path, error) from error
    with whole(path) as beside:
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
