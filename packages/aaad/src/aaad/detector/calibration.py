"""Calibration: what a detector says is there with a chance of 0.7 is there in 7 of 10 pictures.

Of each column the logits are divided by a temperature (Guo et al. 2017), and an offset is added to
that of absence: augmentation makes a network more doubtful of rare units than it need be, which no
temperature mends.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aaad.detector.losses import cross_entropy

__all__ = ["Calibration", "calibrate", "calibration_error", "neutral_calibration"]

_TEMPERATURES = tuple(2.0 ** (k / 8.0) for k in range(-8, 17))  # 0.5 ... 4
_OFFSETS = tuple(k / 8.0 for k in range(-16, 17))  # -2 ... 2


@dataclass(frozen=True)
class Calibration:
    """`temperature` and `offset` of each of A columns."""

    temperature: list[float]
    offset: list[float]

    def __call__(self, logits: Tensor) -> Tensor:
        """Logits (B, A, 6) -> distributions (B, A, 6)."""
        heat = torch.tensor(self.temperature, device=logits.device).view(1, -1, 1)
        out = logits / heat
        out[..., 0] = out[..., 0] + torch.tensor(self.offset, device=logits.device)
        return torch.softmax(out, -1)

    @staticmethod
    def from_json(value: Any, columns: int) -> Calibration | None:
        """The inverse of `vars`; None where it is no calibration of so many columns."""
        if not isinstance(value, dict):
            return None
        heat, offset = (_numbers(value.get(key), columns) for key in ("temperature", "offset"))
        if heat is None or offset is None or min(heat, default=1.0) < 1e-3:
            return None
        return Calibration(heat, offset)


def _numbers(value: Any, count: int) -> list[float] | None:
    """So many sensible numbers, or None."""
    if not isinstance(value, list) or len(value) != count:
        return None
    if not all(isinstance(x, int | float) and abs(x) < 1e3 for x in value):
        return None
    return [float(x) for x in value]


def neutral_calibration(columns: int) -> Calibration:
    """The one that changes nothing."""
    return Calibration([1.0] * columns, [0.0] * columns)


def calibrate(logits: Tensor, targets: Tensor) -> Calibration:
    """Find each column's temperature and offset with the least log score, one after the other,
    twice; nothing is changed of a column that no row shows. (N, A, 6) both."""
    out = neutral_calibration(logits.shape[1])
    for a in range(logits.shape[1]):
        if len(targets) == 0 or float(targets[:, a, 1:].sum()) < 0.5:
            continue
        heat, offset = 1.0, 0.0
        for _ in range(2):
            heat = _TEMPERATURES[
                int(np.argmin([_loss(logits, targets, a, t, offset) for t in _TEMPERATURES]))
            ]
            offset = _OFFSETS[
                int(np.argmin([_loss(logits, targets, a, heat, o) for o in _OFFSETS]))
            ]
        out.temperature[a], out.offset[a] = heat, offset
    return out


def _loss(logits: Tensor, targets: Tensor, a: int, heat: float, offset: float) -> float:
    x = logits[:, a] / heat
    x[:, 0] += offset
    # A little against large offsets, which a few rows would call for.
    return float(cross_entropy(x, targets[:, a])) + 0.02 * offset * offset / max(len(x), 1)


def calibration_error(
    said: NDArray[np.float64], there: NDArray[np.float64], bins: int = 10
) -> float:
    """Expected calibration error of presence: mean gap between the chance said and the share that
    is there, over tenths of what is said, weighted by how often it is said (Guo et al. 2017)."""
    place = np.minimum((said * bins).astype(np.int64), bins - 1)
    gaps = [abs(float((said - there)[place == k].sum())) for k in range(bins)]
    return sum(gaps) / max(len(said), 1)
