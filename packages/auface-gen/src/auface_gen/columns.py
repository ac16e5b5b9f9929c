"""The numbers a face is told: one column for each unit and side that the rig can show, in a fixed
order.

Nothing is listed here by hand. Which units there are and how the rig can show them apart (by side,
by lip, or whole) is the table's knowledge (`data/rig_units.json`); what a unit becomes in a mirror
is facs-text's. The order is: units with sides, units of the lips, units shown whole, each by
number, and within a unit left before right and top before bottom.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from facs_text import unit

__all__ = ["COLUMNS", "MIRROR", "SIDES", "UNITS", "to_activations", "to_vector", "unit_table"]

_SAME_LOOK = {"AU45": "AU43", "AU46": "AU43"}  # in one picture a blink or a wink is a closed eye
SIDES = ("left", "right", "top", "bottom", "both")


@cache
def unit_table() -> dict[str, Any]:
    """The rig's table from units to shapes (`data/rig_units.json`)."""
    text = resources.files("auface_gen").joinpath("data/rig_units.json").read_text("utf-8")
    return json.loads(text)


def _by_number(keys: Iterable[str]) -> list[str]:
    """Keys of the table in order of the unit's number, "30L" before "30R"."""
    kept = [k for k in keys if f"AU{k}" not in _SAME_LOOK]
    return sorted(kept, key=lambda k: (int(k.rstrip("LR")), k))


def _columns(table: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    whole = {**table["whole"], **table["head_degrees"]}
    return (
        *((f"AU{k}", side) for k in _by_number(table["sided"]) for side in ("left", "right")),
        *((f"AU{k}", lip) for k in _by_number(table["lips"]) for lip in ("top", "bottom")),
        *((f"AU{k}", "both") for k in _by_number(whole)),
    )


COLUMNS: tuple[tuple[str, str], ...] = _columns(unit_table())
"""(unit, side) of each column; A = len(COLUMNS)."""

UNITS: tuple[str, ...] = tuple(sorted({c[2:].rstrip("LR") for c, _ in COLUMNS}, key=int))
"""Codes of the units that the rig can show, by number: "1", "2", ... "64"."""

_INDEX = {column: i for i, column in enumerate(COLUMNS)}
_SWAP = {"L": "R", "R": "L"}
_OTHER = {"left": "right", "right": "left"}


def _mirrored(name: str) -> str:
    """The unit that a unit becomes in a mirror: AU52 for AU51, AU30R for AU30L, most itself."""
    number, side = re.fullmatch(r"AU(\d+)([LR]?)", name).groups()  # type: ignore[union-attr]
    return f"AU{unit(number).mirror}{_SWAP.get(side, '')}"


MIRROR: np.ndarray = np.array([_INDEX[_mirrored(u), _OTHER.get(s, s)] for u, s in COLUMNS])
"""(A,) column of the mirrored face: vector[MIRROR] is the vector of the mirror image."""


def _spots(name: str, side: str) -> list[tuple[str, str]]:
    """The columns that show a unit's side: its own; all of the unit's for "both"; else the one of
    a unit that is shown whole.
    """
    if name == "AU30":
        name += {"left": "L", "right": "R"}.get(side, "")
    if (name, side) in _INDEX:
        return [(name, side)]
    asked = SIDES if side == "both" else ("both",)
    return [(name, s) for s in asked if (name, s) in _INDEX]


def to_vector(activations: Mapping[str, Mapping[str, float]]) -> tuple[np.ndarray, tuple[str, ...]]:
    """(A,) float32 in 0..1, and the units that have no column, in order."""
    out, unknown = np.zeros(len(COLUMNS), np.float32), []
    for asked, sides in activations.items():
        name = _SAME_LOOK.get(asked, asked)
        for side, value in sides.items():
            spots = _spots(name, side)
            if not spots:
                unknown.append(name)
            for spot in spots:
                out[_INDEX[spot]] = max(out[_INDEX[spot]], value)
    return out, tuple(dict.fromkeys(unknown))


def to_activations(vector: np.ndarray, *, above: float = 0.0) -> dict[str, dict[str, float]]:
    """The reverse of `to_vector`, columns over `above` only."""
    out: dict[str, dict[str, float]] = {}
    for (name, side), value in zip(COLUMNS, vector, strict=True):
        if value > above:
            out.setdefault(name, {})[side] = float(value)
    return out
