"""Files that are there whole or not at all: written beside their place, then renamed.

What is not whole yet has a name of this machine, process and call alone. What a killed process left
is removed when the next one first writes into that folder.
"""

from __future__ import annotations

import os
import platform
import re
import secrets
import zlib
from contextlib import suppress
from pathlib import Path

from vq_tokenizer.errors import VQTokenizerError

__all__ = ["write_bytes", "write_text"]

_PARTS = re.compile(r"\..*\.([0-9a-f]{8})-(\d{1,9})-[0-9a-f]{8}\.part", re.DOTALL)
_seen: set[Path] = set()  # folders in which this process has looked for what others left


def write_text(path: Path, text: str) -> None:
    """Write a text file whole. Raises VQTokenizerError where it cannot be written."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file beside path, wait until the disk has it, and rename it onto path.

    Raises VQTokenizerError where it cannot be written.
    """
    if path.parent not in _seen:
        _seen.add(path.parent)
        _clear_dead(path.parent)
    stem = path.name.encode()[:120].decode(errors="ignore")
    own = f"{_machine()}-{os.getpid()}-{secrets.token_hex(4)}"
    beside = path.with_name(f".{stem}.{own}.part")
    try:
        with open(beside, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except OSError as error:
        with suppress(OSError):
            beside.unlink()
        raise VQTokenizerError(
            f"{path}: cannot be written: {error.strerror}; free the disk or give another folder"
        ) from None


def _machine() -> str:
    """This machine, as eight hexadecimal digits: a process number says nothing elsewhere."""
    return f"{zlib.crc32(platform.node().encode('utf-8', 'surrogateescape')):08x}"


def _clear_dead(folder: Path) -> None:
    """Remove the unfinished files in a folder whose process, on this machine, is no more."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            said = _PARTS.fullmatch(entry.name)
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
