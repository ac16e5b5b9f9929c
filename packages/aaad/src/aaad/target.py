"""Coding -> target: for each column, the distribution over the levels 0, A..E that was asked for.

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

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facs_text import Coding, Resolution, resolve

from .columns import UNITS, column
from .errors import AAADError

__all__ = ["effective", "level_distribution", "target", "targets"]

Array = NDArray[np.float64]
_UNSCORED = 0.6
"""What facs_text.resolve takes an unscored presence for, when nothing holds it back."""
_PRESENT = np.array([0.0, 0.2, 0.2, 0.2, 0.2, 0.2])


def level_distribution(activation: float) -> Array:
    """Activation in [0, 1] -> (6,), on the nearest level or split between the two around it."""
    if not 0.0 <= activation <= 1.0:
        raise AAADError(f"an activation must be between 0 and 1, got {activation}")
    place = round(activation * 5.0, 9)  # 0.6 * 5 is a hair off 3 in binary
    low = min(int(place), 4)
    out = np.zeros(6)
    out[low], out[low + 1] = 1.0 - (place - low), place - low
    return out


def effective(activations: Mapping[str, Mapping[str, float]]) -> Array:
    """{"AU12": {"left": 0.6, "right": 0.6}, ...} -> (A,) activation of each column, in [0, 1]."""
    out = np.zeros(len(UNITS))
    for a, name in enumerate(UNITS):
        unit, side = column(name)
        sides = activations.get(unit, {})
        if side != "both" and (side in sides or "both" in sides):
            out[a] = sides.get(side, sides.get("both", 0.0))
        elif side == "both" and sides:
            out[a] = max(sides.values())
    return out


def target(what: Coding | Resolution | str | Mapping[str, Mapping[str, float]]) -> Array:
    """Distributions (A, 6) over the levels, for a coding, its notation, or activations.

    A coding or notation is resolved first (`facs_text.resolve`): what cannot be on a face is not
    asked of one. A mapping of activations is taken as it is.

    Raises:
        facs_text.FacsTextError: notation that cannot be read.
        AAADError: an activation outside [0, 1].
    """
    if isinstance(what, Mapping):
        return np.stack([level_distribution(float(x)) for x in effective(what)])
    resolution = what if isinstance(what, Resolution) else resolve(what)
    strength = effective(resolution.activations)
    out = np.stack([level_distribution(float(x)) for x in strength])
    unscored = {(f"AU{x.code}", x.side) for x in resolution.coding if x.level == 0}
    for a, name in enumerate(UNITS):
        unit, side = column(name)
        sides = {side, "both"} if side != "both" else {"both", "left", "right", "top", "bottom"}
        here = any((unit, s) in unscored for s in sides)
        if here and abs(strength[a] - _UNSCORED) < 1e-9:
            out[a] = _PRESENT
    return out


def targets(rows: Iterable[Any]) -> Array:
    """`target` of each row, stacked: (N, A, 6)."""
    stacked = [target(row) for row in rows]
    return np.stack(stacked) if stacked else np.zeros((0, len(UNITS), 6))
