"""The sums that the score and its bootstrap share.

For scalars x_i, y_i with whole-number weights w_i (how often the bootstrap drew the cluster of i)

    sum_{i,j} w_i w_j (x_i - y_j)^2 = W * sum w (x^2 + y^2) - 2 * sum w x * sum w y

so the mean over re-paired rows needs no pair. A row is never paired with itself nor with a copy
of itself: those terms, sum_i w_i^2 (x_i - y_i)^2 over sum_i w_i^2, are taken off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Cells", "ratio_parts"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Cells:
    """Sums over the rows of each (group, cluster) pair. M cells, K columns, T thresholds.

    `moments` (M, 5, K, T): sums of x, y, x^2 + y^2, (x - y)^2 and of 1, over known rows.
    `group` (M,), sorted, and `cluster` (M,) are indices; `clusters` is how many clusters exist.
    """

    moments: Array
    group: NDArray[np.int64]
    cluster: NDArray[np.int64]
    clusters: int

    @staticmethod
    def build(
        f: Array,
        g: Array,
        mask: NDArray[np.bool_],
        groups: Sequence[str],
        clusters: Sequence[str],
    ) -> Cells:
        """From CDFs f, g (N, K, T), mask (N, K) and labels; rows in canonical order already."""
        pairs = sorted(set(zip(groups, clusters, strict=True)))
        group_ids = {label: i for i, label in enumerate(sorted(set(groups)))}
        cluster_ids = {label: i for i, label in enumerate(sorted(set(clusters)))}
        place = {pair: i for i, pair in enumerate(pairs)}
        rows = np.array([place[pair] for pair in zip(groups, clusters, strict=True)], np.int64)
        m = np.broadcast_to(mask[:, :, None], f.shape).astype(np.float64)
        moments = np.zeros((len(pairs), 5, *f.shape[1:]))
        for k, term in enumerate((f, g, f * f + g * g, (f - g) ** 2, np.ones_like(f))):
            np.add.at(moments[:, k], rows, term * m)
        return Cells(
            moments=moments,
            group=np.array([group_ids[a] for a, _ in pairs], np.int64),
            cluster=np.array([cluster_ids[b] for _, b in pairs], np.int64),
            clusters=len(cluster_ids),
        )


def ratio_parts(cells: Cells, weights: Array) -> tuple[Array, Array, Array]:
    """D, C and the number of rows of each column, for each row of weights (B, clusters).

    Returns three (B, K). D averages over rows, C over the rows of each group re-paired inside it,
    both with the same weight for a row. A group with a single known row of a column counts in
    neither.
    """
    draws, shape = len(weights), cells.moments.shape[2:]
    paired, crossed, rows = (np.zeros((draws, *shape)) for _ in range(3))
    for group in range(int(cells.group[-1]) + 1):
        first, last = np.searchsorted(cells.group, [group, group + 1])
        w = weights[:, cells.cluster[first:last]]  # (B, M of this group)
        flat = cells.moments[first:last].reshape(last - first, -1)
        x, y, squares, d, n = np.moveaxis((w @ flat).reshape(draws, 5, *shape), 1, 0)
        own = cells.moments[first:last, 3:].reshape(last - first, -1)
        own_d, own_n = np.moveaxis(((w * w) @ own).reshape(draws, 2, *shape), 1, 0)
        pairs = n * n - own_n
        usable = pairs > 0.5  # whole numbers, so anything below one is none
        other = np.maximum(n * squares - 2.0 * x * y - own_d, 0.0) / np.where(usable, pairs, 1.0)
        paired += np.where(usable, d, 0.0)
        crossed += np.where(usable, n * other, 0.0)
        rows += np.where(usable, n, 0.0)
    safe = np.where(rows > 0, rows, 1.0)
    return (paired / safe).mean(-1), (crossed / safe).mean(-1), rows[..., 0]
