"""What a score is: never one number alone."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

__all__ = ["AAADResult", "ColumnScore"]


@dataclass(frozen=True, kw_only=True)
class ColumnScore:
    """One column: its score, the raw agreement and the raw agreement of chance, both in [0, 1],
    how many images were scored, and how many of them ask for the unit."""

    aaad: float
    raw: float
    chance: float
    n: int
    positives: int


@dataclass(frozen=True, kw_only=True)
class AAADResult:
    """A score with all that is needed to read it.

    `aaad` is 1 for perfect, 0 for chance, negative for anti-aligned; `raw` and `chance` are the
    agreements 1 - D and 1 - C it is made of, in [0, 1]; `ci95` its cluster-bootstrap interval
    (NaN with fewer than two clusters); `skill` is 1 - D / D_climatology, which unlike `aaad`
    cannot be raised by overconfidence. `excluded` lists the columns not scored, with the reason;
    `alone` counts the images left out because their group holds no other.
    """

    name: str
    aaad: float
    raw: float
    chance: float
    skill: float
    ci95: tuple[float, float]
    n: int
    subjects: int
    per_au: dict[str, ColumnScore] = field(repr=False)
    excluded: dict[str, str] = field(repr=False)
    alone: int
    seed: int
    draws: int

    def to_json(self) -> dict[str, Any]:
        """A dict of plain values; NaN becomes None, so that it is JSON everywhere."""
        return {
            "name": self.name,
            "aaad": _plain(self.aaad),
            "raw": _plain(self.raw),
            "chance": _plain(self.chance),
            "skill": _plain(self.skill),
            "ci95": [_plain(x) for x in self.ci95],
            "n": self.n,
            "subjects": self.subjects,
            "per_au": {
                name: {
                    "aaad": _plain(s.aaad),
                    "raw": _plain(s.raw),
                    "chance": _plain(s.chance),
                    "n": s.n,
                    "positives": s.positives,
                }
                for name, s in self.per_au.items()
            },
            "excluded": dict(self.excluded),
            "alone": self.alone,
            "seed": self.seed,
            "draws": self.draws,
        }


def _plain(value: float) -> float | None:
    return None if math.isnan(value) else value
