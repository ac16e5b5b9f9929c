"""Areas under the curve: how well a number tells what is there from what is not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["auc"]


def auc(score: NDArray[np.float64], present: NDArray[np.bool_]) -> float:
    """Chance that a present one scores above an absent one (ties count half); NaN if one-sided."""
    yes, no = int(present.sum()), int((~present).sum())
    if not yes or not no:
        return float("nan")
    values, place = np.unique(score, return_inverse=True)
    counts = np.bincount(place, minlength=len(values))
    ranks = np.cumsum(counts) - (counts - 1) / 2.0  # mean rank of each value, from 1
    return float((ranks[place][present].sum() - yes * (yes + 1) / 2.0) / (yes * no))
