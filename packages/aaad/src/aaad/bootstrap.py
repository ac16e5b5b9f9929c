"""The interval: whole clusters (people) drawn with replacement, the score computed anew each time.

Images of one person are not independent; an interval over single images would be too narrow.
"""

from __future__ import annotations

import numpy as np

from .sums import Cells, ratio_parts

__all__ = ["cluster_interval"]

_AT_ONCE = 250  # draws held in memory together


def cluster_interval(cells: Cells, *, draws: int, seed: int) -> tuple[float, float]:
    """The 2.5th and 97.5th percentile of the score over `draws` redraws; NaN when there is no
    interval to give (one cluster, or no draws)."""
    if cells.clusters < 2 or draws < 1:
        return float("nan"), float("nan")
    rng = np.random.default_rng(seed)
    scores: list[float] = []
    for start in range(0, draws, _AT_ONCE):
        count = min(_AT_ONCE, draws - start)
        drawn = rng.integers(cells.clusters, size=(count, cells.clusters))
        weights = np.stack([np.bincount(row, minlength=cells.clusters) for row in drawn])
        paired, repaired, _ = ratio_parts(cells, weights.astype(np.float64))
        total = repaired.sum(-1)
        scores += (1.0 - paired.sum(-1)[total > 0] / total[total > 0]).tolist()
    if not scores:
        return float("nan"), float("nan")
    low, high = np.percentile(np.array(scores), [2.5, 97.5])
    return float(low), float(high)
