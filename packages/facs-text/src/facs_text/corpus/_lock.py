"""One writer a folder: a lock that ends with the process, however it ends."""

from __future__ import annotations

import os
import weakref
from pathlib import Path

from facs_text._errors import FacsTextError

__all__ = ["Lock"]


class Lock:
    """Holds a folder until release(). FacsTextError when another writer holds it.

    It is the system's lock of the folder itself, so that nothing is left behind and a killed
    process holds nothing. Where the system has none (Windows), it holds nothing either.
    """

    def __init__(self, folder: Path) -> None:
        self._end: weakref.finalize[..., Lock] | None = None
        try:
            import fcntl
        except ImportError:
            return
        handle = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            raise FacsTextError(
                f"{folder}: another process is writing a corpus there; wait, or take another folder"
            ) from None
        except OSError:  # a file system without locks
            os.close(handle)
            return
        self._end = weakref.finalize(self, os.close, handle)

    def release(self) -> None:
        """Let others write."""
        if self._end is not None:
            self._end()
