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
    size = int(np.prod(shape))
    starts = np.flatnonzero(np.diff(cells.group, prepend=-1))
    lengths = np.diff(starts, append=len(cells.group))
    # A group that lies in one cluster is drawn as a whole: its terms only scale with the weight.
    # With the person as both, that is every group, and one matrix product does it.
    whole = starts[lengths == 1]
    own = cells.moments[whole]
    terms = np.stack(_terms(own, own[:, 3:]), axis=1).reshape(len(whole), 3 * size)
    total = (weights[:, cells.cluster[whole]] @ terms).reshape(draws, 3, *shape)
    for first, length in zip(starts[lengths > 1], lengths[lengths > 1], strict=True):
        here = slice(first, first + length)
        w = weights[:, cells.cluster[here]]  # (B, M of this group)
        flat = cells.moments[here].reshape(length, -1)
        sums = (w @ flat).reshape(draws, 5, *shape)
        flat = cells.moments[here, 3:].reshape(length, -1)
        diagonal = ((w * w) @ flat).reshape(draws, 2, *shape)
        total += np.stack(_terms(sums, diagonal), axis=1)
    paired, crossed, rows = (total[:, k] for k in range(3))  # (B, K, T)
    safe = np.where(rows > 0, rows, 1.0)
    return (paired / safe).mean(-1), (crossed / safe).mean(-1), rows[..., 0]


def _terms(sums: Array, diagonal: Array) -> tuple[Array, Array, Array]:
    """Of one group: sum of distances, the same re-paired, and rows; sums (..., 5, K, T), diagonal
    (..., 2, K, T) -> three (..., K, T), all zero where there is nothing to re-pair."""
    x, y, squares, paired, n = (sums[..., k, :, :] for k in range(5))
    pairs = n * n - diagonal[..., 1, :, :]
    usable = pairs > 0.5  # whole numbers, so anything below one is none
    apart = np.maximum(n * squares - 2.0 * x * y - diagonal[..., 0, :, :], 0.0)
    crossed = n * apart / np.where(usable, pairs, 1.0)
    zero = np.zeros_like(n)
    return (
        np.where(usable, paired, zero),
        np.where(usable, crossed, zero),
        np.where(usable, n, zero),
    )
