"""The one row type of all readers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from facs_text._notation import Action, Coding

__all__ = ["KINDS", "Row", "coding_of", "round_level"]

_SIDES = {"L": "left", "R": "right", "T": "top", "B": "bottom"}
KINDS = ("presence", "intensity", "probability", "delta", "notation")


@dataclass(frozen=True, slots=True)
class Row:
    """One face in one frame.

    id: names the row ("F001/T1/2440"). subject, frame: as the source gives them; frame None when
    the source has none. values: by unit "AU12", or by side "L12", "R12", "T28", "B28"; kind says
    what they are: "presence" 0 or 1, "intensity" 0..5, "probability" 0..1, "delta" -10..10, or
    "notation" with the levels of coding.
    missing: units that the source could not score; they are not in values. coding: the
    values as a Coding, for the kinds that can be one; None for probabilities and deltas.
    line: 1-based line in the file. extra: other columns that a reader keeps. landmarks:
    (x, y) in pixels of the image, when the reader was asked for them.
    """

    id: str
    subject: str
    frame: int | None
    values: Mapping[str, float]
    kind: str
    missing: tuple[str, ...]
    coding: Coding | None
    line: int = 0
    extra: Mapping[str, str] = field(default_factory=dict)
    landmarks: tuple[tuple[float, float], ...] | None = None


def round_level(value: float) -> int:
    """0..5 measurement to a level: half rounds up, below 0.5 is absent (0)."""
    return min(5, int(value + 0.5)) if value >= 0.5 else 0


def coding_of(values: Mapping[str, float], kind: str) -> Coding | None:
    """Coding of values, or None when the kind is no coding (probabilities, deltas)."""
    if kind not in ("presence", "intensity"):
        return None
    actions = []
    for key, value in values.items():
        side = "both" if key[:2] == "AU" else _SIDES[key[0]]
        code = key[2:] if side == "both" else key[1:]
        if kind == "presence":
            if value:
                actions.append(Action(code, side, 0))
        elif level := round_level(value):
            actions.append(Action(code, side, level))
    return Coding(actions)
