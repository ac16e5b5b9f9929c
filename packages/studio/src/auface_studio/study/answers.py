"""Answers on disk: one JSON line each, written and flushed to the device before the next question.

An answer is known by rater and trial: one that is sent twice (a browser that tries again) is kept
once, the first. A last line that a dying machine left half-written is ended, not removed, and
counted as broken; nothing that was whole is ever touched.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from auface_studio.errors import StudioError
from auface_studio.study.design import Study

__all__ = ["Answer", "Answers"]


@dataclass(frozen=True, slots=True)
class Answer:
    """choice: "left" or "right" of a pair, "1" to "7" of a rating. milliseconds: the time taken."""

    rater: str
    trial: str
    item: str
    arms: tuple[str, ...]
    choice: str
    wanted: str
    milliseconds: int

    @property
    def arm(self) -> str:
        """The arm that was chosen, or that was rated."""
        return self.arms[1] if self.choice == "right" else self.arms[0]


class Answers:
    """The file of one study. `broken` counts lines that are no answer."""

    def __init__(self, path: Path, study: Study) -> None:
        self.path, self.study = path, study
        self.broken = 0
        self._lock = threading.Lock()
        self._known: dict[tuple[str, str], Answer] = {}
        for answer in self._read():
            self._known.setdefault((answer.rater, answer.trial), answer)

    def __iter__(self) -> Iterator[Answer]:
        return iter(list(self._known.values()))

    def __len__(self) -> int:
        return len(self._known)

    def done(self, rater: str) -> set[str]:
        """The trials that a rater has answered."""
        return {trial for who, trial in self._known if who == rater}

    def add(self, answer: Answer) -> bool:
        """Keep an answer; False when it was kept already. It is on the device when this returns."""
        key = (answer.rater, answer.trial)
        with self._lock:
            if key in self._known:
                return False
            line = json.dumps(asdict(answer), ensure_ascii=False) + "\n"
            self.path.parent.mkdir(parents=True, exist_ok=True)
            place = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            try:
                data = line.encode("utf-8")
                while data:  # a write may take less than all
                    data = data[os.write(place, data) :]
                os.fsync(place)
            except OSError as error:
                raise StudioError(f"{self.path}: the answer could not be kept: {error}") from None
            finally:
                os.close(place)
            self._known[key] = answer
            return True

    def _read(self) -> Iterator[Answer]:
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
                yield Answer(
                    str(row["rater"]), str(row["trial"]), str(row["item"]), tuple(row["arms"]),
                    str(row["choice"]), str(row["wanted"]), int(row["milliseconds"]),
                )  # fmt: skip
            except (ValueError, KeyError, TypeError, RecursionError, OverflowError):
                self.broken += 1
