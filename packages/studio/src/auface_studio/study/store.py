"""Where answers lie: a file of JSON lines, or a table of an SQLite database.

Both keep one answer at a time, and it is on the device when `keep` returns. A process that is
killed half way through an answer costs that answer alone: a half-written line is ended, not
removed, and counted as broken; SQLite takes a half-made change back.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol

from auface_studio.errors import StudioError

__all__ = ["KINDS", "JsonLines", "SqliteTable", "Store", "store_at"]

KINDS = ("jsonl", "sqlite")
_ENDINGS = (".sqlite", ".sqlite3", ".db")
_MAGIC = b"SQLite format 3\x00"
_TABLE = """CREATE TABLE IF NOT EXISTS answers (
    rater TEXT NOT NULL, trial TEXT NOT NULL, item TEXT NOT NULL,
    arm TEXT NOT NULL, other_arm TEXT, choice TEXT NOT NULL, wanted TEXT NOT NULL,
    milliseconds INTEGER NOT NULL, PRIMARY KEY (rater, trial)
)"""


class Store(Protocol):
    """What answers ask of the place where they lie. `broken` counts what is no answer there."""

    broken: int

    def read(self) -> Iterator[dict[str, Any]]:
        """The rows that are there, with the keys of an Answer; none where there is no file."""
        ...

    def keep(self, row: dict[str, Any]) -> None:
        """Keep a row; it is on the device when this returns. Raises StudioError."""
        ...


def store_at(path: Path) -> Store:
    """An SQLite table where the file is one, or ends in .sqlite, .sqlite3 or .db; else JSON
    lines."""
    if path.is_file() and path.stat().st_size:
        with path.open("rb") as file:
            return (SqliteTable if file.read(len(_MAGIC)) == _MAGIC else JsonLines)(path)
    return (SqliteTable if path.suffix.lower() in _ENDINGS else JsonLines)(path)


class JsonLines:
    """A file with a JSON object a line."""

    def __init__(self, path: Path) -> None:
        self.path, self.broken = path, 0

    def read(self) -> Iterator[dict[str, Any]]:
        """The rows; a last line without its end is ended first."""
        if not self.path.exists():
            return
        data = self.path.read_bytes()
        if data and not data.endswith(b"\n"):
            with self.path.open("ab") as file:
                file.write(b"\n")
                os.fsync(file.fileno())
        for line in data.decode("utf-8", errors="replace").splitlines():
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):
                row = None
            if isinstance(row, dict):
                yield row
            else:
                self.broken += 1

    def keep(self, row: dict[str, Any]) -> None:
        """Write a line and flush it to the device."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        place = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            data = (json.dumps(row, ensure_ascii=False) + "\n").encode("utf-8")
            while data:  # a write may take less than all
                data = data[os.write(place, data) :]
            os.fsync(place)
        except OSError as error:
            raise StudioError(f"{self.path}: the answer could not be kept: {error}") from None
        finally:
            os.close(place)


class SqliteTable:
    """The table `answers` of an SQLite database: one file, which R, SPSS or pandas open.

    In a pair `arm` stood on the left and `other_arm` on the right; of a rating `arm` was rated.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.broken = path, 0

    def read(self) -> Iterator[dict[str, Any]]:
        """The rows in the order in which they were answered."""
        if not self.path.exists():
            return
        try:
            with closing(self._open()) as file:
                rows = file.execute(
                    "SELECT rater, trial, item, arm, other_arm, choice, wanted, milliseconds "
                    "FROM answers ORDER BY rowid"
                ).fetchall()
        except sqlite3.Error as error:
            raise StudioError(
                f"{self.path}: no answers can be read from it ({error}); name another file"
            ) from None
        for rater, trial, item, arm, other, choice, wanted, took in rows:
            yield {
                "rater": rater, "trial": trial, "item": item,
                "arms": [arm] if other is None else [arm, other],
                "choice": choice, "wanted": wanted, "milliseconds": took,
            }  # fmt: skip

    def keep(self, row: dict[str, Any]) -> None:
        """Insert a row in a transaction of its own."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        arm, other = (*row["arms"], None)[:2]
        try:
            with closing(self._open()) as file, file:
                file.execute(
                    "INSERT OR IGNORE INTO answers VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    (row["rater"], row["trial"], row["item"], arm, other, row["choice"],
                     row["wanted"], row["milliseconds"]),
                )  # fmt: skip
        except sqlite3.Error as error:
            raise StudioError(f"{self.path}: the answer could not be kept: {error}") from None

    def _open(self) -> sqlite3.Connection:
        file = sqlite3.connect(self.path, timeout=20)
        try:
            # One file at rest, and a commit that has reached the device, its folder included.
            file.execute("PRAGMA journal_mode=DELETE")
            file.execute("PRAGMA synchronous=EXTRA")
            file.execute(_TABLE)
        except sqlite3.Error:
            file.close()
            raise
        return file
