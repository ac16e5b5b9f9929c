"""Answers on disk, each flushed to the device before the next question.

An answer is known by rater and trial: one that is sent twice (a browser that tries again) is kept
once, the first. Nothing that was whole is ever touched.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from auface_studio.study.design import Study
from auface_studio.study.store import store_at

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
    """The answers of one study, in the file at `path` (see `store_at` for its kind).

    `broken` counts what stands there and is no answer. Raises StudioError for a file that cannot be
    read.
    """

    def __init__(self, path: Path, study: Study) -> None:
        self.path, self.study = path, study
        self._store = store_at(path)
        self._lock = threading.Lock()
        self._known: dict[tuple[str, str], Answer] = {}
        wrong = 0
        for row in self._store.read():
            try:
                answer = _answer(row)
            except (ValueError, KeyError, TypeError, OverflowError):
                wrong += 1
                continue
            self._known.setdefault((answer.rater, answer.trial), answer)
        self.broken = wrong + self._store.broken

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
            self._store.keep(asdict(answer))
            self._known[key] = answer
            return True


def _answer(row: dict[str, Any]) -> Answer:
    return Answer(
        str(row["rater"]), str(row["trial"]), str(row["item"]), tuple(row["arms"]),
        str(row["choice"]), str(row["wanted"]), int(row["milliseconds"]),
    )  # fmt: skip
