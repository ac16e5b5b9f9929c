"""The numbers a face is told: one column for each unit and side that the rig can show, in a fixed
order.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

__all__ = ["COLUMNS", "MIRROR", "to_activations", "to_vector"]

_SIDED = (
    "1",
    "2",
    "4",
    "5",
    "6",
    "7",
    "9",
    "10",
    "11",
    "12",
    "13",
    "14",
    "15",
    "16",
    "20",
    "25",
    "34",
    "43",
)
_LIPS = ("8", "18", "22", "23", "24", "28", "32")
_WHOLE = (
    "17",
    "26",
    "27",
    "29",
    "30L",
    "30R",
    "51",
    "52",
    "53",
    "54",
    "55",
    "56",
    "61",
    "62",
    "63",
    "64",
)

COLUMNS: tuple[tuple[str, str], ...] = (
    *((f"AU{c}", side) for c in _SIDED for side in ("left", "right")),
    *((f"AU{c}", lip) for c in _LIPS for lip in ("top", "bottom")),
    *((f"AU{c}", "both") for c in _WHOLE),
)
"""(unit, side) of each column; A = len(COLUMNS)."""

_INDEX = {column: i for i, column in enumerate(COLUMNS)}
_SAME_LOOK = {"AU45": "AU43", "AU46": "AU43"}  # in one picture a blink or a wink is a closed eye
_SIDES = ("left", "right", "top", "bottom", "both")
_SWAP = {"AU30L": "AU30R", "AU51": "AU52", "AU55": "AU56", "AU61": "AU62"}
_SWAP |= {b: a for a, b in _SWAP.items()}
_OTHER = {"left": "right", "right": "left"}

MIRROR: np.ndarray = np.array([_INDEX[_SWAP.get(u, u), _OTHER.get(s, s)] for u, s in COLUMNS])
"""(A,) column of the mirrored face: vector[MIRROR] is the vector of the mirror image."""


def to_vector(activations: Mapping[str, Mapping[str, float]]) -> tuple[np.ndarray, tuple[str, ...]]:
    """(A,) float32 in 0..1, and the units that have no column, in order."""
    out, unknown = np.zeros(len(COLUMNS), np.float32), []
    for unit, sides in activations.items():
        unit = _SAME_LOOK.get(unit, unit)
        for side, value in sides.items():
            name = unit + {"left": "L", "right": "R"}.get(side, "") if unit == "AU30" else unit
            spots = (
                [(name, side)]
                if (name, side) in _INDEX
                else [(name, s) for s in _SIDES if (name, s) in _INDEX]
            )
            if side != "both" and (name, side) not in _INDEX:
                spots = [(name, "both")] if (name, "both") in _INDEX else []
            if not spots:
                unknown.append(unit)
            for spot in spots:
                out[_INDEX[spot]] = max(out[_INDEX[spot]], value)
    return out, tuple(dict.fromkeys(unknown))


def to_activations(vector: np.ndarray, *, above: float = 0.0) -> dict[str, dict[str, float]]:
    """The reverse of `to_vector`, columns over `above` only."""
    out: dict[str, dict[str, float]] = {}
    for (unit, side), value in zip(COLUMNS, vector, strict=True):
        if value > above:
            out.setdefault(unit, {})[side] = float(value)
    return out
