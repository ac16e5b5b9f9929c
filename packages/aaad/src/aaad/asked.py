"""What is asked: for each column, the distribution over the levels 0, A..E that was asked for.

The activations of the resolved coding decide, because they are what a face can show of it:

- an activation on a level (0.2 = A ... 1.0 = E) is certain: all mass on that level;
- one between two levels is split between the two, in proportion (0.5 -> half B, half C);
- a unit coded as present but not scored (`12`) is known to be there and not how strongly: its
  mass is spread evenly over A..E, as long as nothing holds it back;
- a unit that is not there has all its mass on 0.

A column without a side takes the strongest of the unit's sides or lips. Units that are not
columns (head and gaze, say) are not scored.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aaad.columns import COLUMNS, column
from aaad.errors import AAADError
from facs_text import Coding, Resolution, resolve

__all__ = ["effective", "level_distribution", "target", "targets", "unresolved"]

Array = NDArray[np.float64]
_UNSCORED = 0.6
"""What facs_text.resolve takes an unscored presence for, when nothing holds it back."""
_SAME_LOOK = {"AU45": "AU43", "AU46": "AU43"}  # in one picture a blink is a closed eye
_OTHER = {"left": "right", "right": "left"}
_PRESENT = np.array([0.0, 0.2, 0.2, 0.2, 0.2, 0.2])


def level_distribution(activation: float | Array) -> Array:
    """Activations in [0, 1], any shape (...) -> (..., 6): on a level, or split between the two
    around it."""
    given = np.asarray(activation, dtype=np.float64)
    wrong = ~((given >= 0.0) & (given <= 1.0))
    if wrong.any():
        raise AAADError(f"an activation must be between 0 and 1, got {given[wrong].flat[0]}")
    place = np.round(given * 5.0, 9)  # 0.6 * 5 is a hair off 3 in binary
    return np.asarray(np.clip(1.0 - np.abs(place[..., None] - np.arange(6)), 0.0, 1.0))


def effective(
    activations: Mapping[str, Mapping[str, float]], columns: Sequence[str] = COLUMNS
) -> Array:
    """{"AU12": {"left": 0.6, "right": 0.6}, ...} -> (A,) activation of each column, in [0, 1]."""
    seen: dict[str, dict[str, float]] = {}
    for unit, sides in activations.items():
        merged = seen.setdefault(_SAME_LOOK.get(unit, unit), {})
        for side, value in sides.items():
            merged[side] = max(value, merged.get(side, 0.0))
    out = np.zeros(len(columns))
    for a, name in enumerate(columns):
        unit, side = column(name)
        values = [v for s, v in seen.get(unit, {}).items() if s != _OTHER.get(side)]
        out[a] = max(values, default=0.0)
    return out


def target(
    what: Coding | Resolution | str | Mapping[str, Mapping[str, float]],
    columns: Sequence[str] = COLUMNS,
) -> Array:
    """Distributions (A, 6) over the levels, for a coding, its notation, or activations.

    A coding or notation is resolved first (`facs_text.resolve`): what cannot be on a face is not
    asked of one. A mapping of activations is taken as it is. A column without a side (`AU12`) is
    asked for as strongly as the stronger of its sides.

    Raises:
        facs_text.FacsTextError: notation that cannot be read.
        AAADError: an activation outside [0, 1].
    """
    if isinstance(what, Mapping):
        return level_distribution(effective(what, columns))
    resolution = what if isinstance(what, Resolution) else resolve(what)
    strength = effective(resolution.activations, columns)
    out = level_distribution(strength)
    unscored: dict[str, list[str]] = {}
    for action in resolution.coding:
        if action.level == 0:
            unit = _SAME_LOOK.get(f"AU{action.code}", f"AU{action.code}")
            unscored.setdefault(unit, []).append(action.side)
    for a, name in enumerate(columns):
        unit, side = column(name)
        here = any(s != _OTHER.get(side) for s in unscored.get(unit, ()))
        if here and abs(strength[a] - _UNSCORED) < 1e-9:
            out[a] = _PRESENT
    return out


def unresolved(what: Coding | str) -> Resolution:
    """The raw sum of a coding: each unit at its own level, as if no muscle held another back.

    The only place of this package that asks facs-text for it.
    """
    return resolve(what, mode="off")


def targets(rows: Iterable[Any], columns: Sequence[str] = COLUMNS) -> Array:
    """`target` of each row, stacked: (N, A, 6). Rows that are the same are worked out once."""
    known: dict[Any, Array] = {}
    stacked = []
    for row in rows:
        if not isinstance(row, Coding | str):
            stacked.append(target(row, columns))
            continue
        if row not in known:
            known[row] = target(row, columns)
        stacked.append(known[row])
    return np.stack(stacked) if stacked else np.zeros((0, len(columns), 6))
