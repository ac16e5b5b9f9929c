"""What is wrong with one picture, in words: "asked for L12C, sees 12A on both sides"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from aaad.columns import LEVELS, column, unit_of
from aaad.cramer import distance, threshold_weights
from aaad.result import plain
from aaad.seen import Seen

__all__ = ["ImageScore", "image_scores", "reason", "said"]

_SHOWN = 4
"""So many units are named; the others are counted."""


@dataclass(frozen=True, kw_only=True)
class ImageScore:
    """One picture: what it was to show and what is seen.

    `distance`: mean over its known columns, 0 best, NaN where no face was found. `units`: expected
    levels 0 to 5 asked and seen, for the columns where either is at least half a level.
    """

    file: str
    codes: str
    text: str
    subject: str
    distance: float
    reason: str
    units: dict[str, tuple[float, float]]

    def to_json(self) -> dict[str, Any]:
        """A line of per_image.jsonl, as plain values."""
        value: dict[str, Any] = plain(self)
        value["units"] = {
            name: {"asked": round(asked, 3), "seen": round(seen, 3)}
            for name, (asked, seen) in self.units.items()
        }
        value["distance"] = None if np.isnan(self.distance) else round(self.distance, 6)
        return value


def image_scores(seen: Seen) -> list[ImageScore]:
    """The scores of all pictures, in their order."""
    weights = threshold_weights(seen.columns, seen.presence)
    levels = np.arange(6.0)
    out = []
    for i, file in enumerate(seen.files):
        known = seen.mask[i]
        apart = distance(seen.pred[i], seen.target[i], weights)
        asked, there = seen.target[i] @ levels, seen.pred[i] @ levels
        units = {
            name: (float(asked[a]), float(there[a]))
            for a, name in enumerate(seen.columns)
            if known[a] and max(asked[a], there[a]) >= 0.5
        }
        out.append(
            ImageScore(
                file=file,
                codes=seen.codes[i],
                text=seen.texts[i],
                subject=seen.subjects[i],
                distance=float(apart[known].mean()) if known.any() else float("nan"),
                reason=reason(units, seen.presence) if known.any() else "no face was found",
                units=units,
            )
        )
    return out


def reason(units: dict[str, tuple[float, float]], presence: Sequence[str] = ()) -> str:
    """What was asked and is not seen, or seen and was not asked, the worst unit first."""
    names = tuple(dict.fromkeys(unit_of(name) for name in units))
    wrong: list[tuple[float, str]] = []
    for unit in names:
        sides = {column(name)[1]: pair for name, pair in units.items() if unit_of(name) == unit}
        present_only = any(unit_of(name) == unit for name in presence)
        asked = {side: pair[0] for side, pair in sides.items()}
        seen = {side: pair[1] for side, pair in sides.items()}
        one, two = said(unit, asked, present_only), said(unit, seen, present_only)
        gap = max(abs(asked[side] - seen[side]) for side in sides)
        if one != two and gap >= 0.75:
            wrong.append((gap, _sentence(unit, one, two)))
    if not wrong:
        return "as asked"
    wrong.sort(key=lambda pair: -pair[0])
    shown = [text for _, text in wrong[:_SHOWN]]
    more = len(wrong) - len(shown)
    return "; ".join(shown) + (f"; and {more} more" if more else "")


def _sentence(unit: str, asked: str, seen: str) -> str:
    if not asked:
        return f"sees {seen}, not asked for"
    return f"asked for {asked}, sees {seen or f'no {unit[2:]}'}"


def said(unit: str, levels: dict[str, float], present_only: bool = False) -> str:
    """A unit ("AU12") with its levels 0 to 5 by side: `12A on both sides`, `L12C`, `17B`; empty
    where the level rounds to nothing."""
    code = unit[2:]
    letters = {}
    for side, level in levels.items():
        number = int(level + 0.5)
        if number:
            letters[side] = "" if present_only else LEVELS[min(number, 5)]
    if "both" in letters:
        return code + letters["both"]
    if set(letters) == {"left", "right"}:
        if letters["left"] == letters["right"]:
            return f"{code}{letters['left']} on both sides"
        return f"L{code}{letters['left']} and R{code}{letters['right']}"
    return "".join(f"{side[0].upper()}{code}{letter}" for side, letter in letters.items())
