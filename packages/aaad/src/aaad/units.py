"""From sums to scores by unit and by column, and to the two factors of the headline.

Legend: K scored columns, U their units, T thresholds; sums as in `aaad.sums`: (..., K, 4, T) of
D, C - D, V and rows, and (..., K, 6) of 1, s, a, s^2, a^2 and s a.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aaad.columns import unit_of
from aaad.result import ColumnScore, UnitScore
from aaad.rows import Rows

__all__ = ["Units", "column_scores", "signed"]

Array = NDArray[np.float64]


def signed(paired: Array, gained: Array, spread: Array) -> Array:
    """S of the module's first lines from D, C - D and V, any shape; NaN where C is 0."""
    anew = paired + gained
    below = np.where(gained >= 0.0, anew, spread)
    return np.where(below > 0.0, gained / np.where(below > 0.0, below, 1.0), np.nan)


@dataclass(frozen=True)
class Units:
    """Which of K columns make up which unit. `of_unit` (U, K) is 0 or 1."""

    names: tuple[str, ...]
    of_unit: Array
    weights: Array  # (K, T)

    @staticmethod
    def of(columns: Sequence[str], weights: Array) -> Units:
        names = tuple(dict.fromkeys(unit_of(name) for name in columns))
        owner = np.array([[unit_of(c) == u for c in columns] for u in names], np.float64)
        return Units(names, owner, weights)

    def weighted(self, sums: Array) -> Array:
        """(..., K, 4, T) -> (..., U, 4): thresholds weighted, a row's mean, columns added up."""
        rows = np.maximum(sums[..., 3, :1], 1.0)
        columns = np.einsum("...kvt,kt->...kv", sums, self.weights) / rows
        return np.asarray(np.einsum("uk,...kv->...uv", self.of_unit, columns))

    def each(self, sums: Array) -> Array:
        """(..., U) score of each unit."""
        parts = self.weighted(sums)
        return signed(parts[..., 0], parts[..., 1], parts[..., 2])

    def balanced(self, sums: Array) -> Array:
        """Mean over the units that have a score."""
        each = self.each(sums)
        there = ~np.isnan(each)
        count = there.sum(-1)
        mean = np.where(there, each, 0.0).sum(-1) / np.maximum(count, 1)
        return np.where(count > 0, mean, np.nan)

    def restraint(self, strong: Array) -> Array:
        """min(1, sum s a / sum s^2) over all columns; 1 where nothing is seen."""
        both, seen = strong[..., 5].sum(-1), strong[..., 3].sum(-1)
        return np.where(seen > 0.0, np.minimum(1.0, both / np.where(seen > 0.0, seen, 1.0)), 1.0)

    def scores(
        self, sums: Array, strong: Array, rows: Rows, columns: Sequence[str]
    ) -> dict[str, UnitScore]:
        """The table by unit; rows of two sides count as images of their own in gain, bias, r."""
        each = self.each(sums)
        out: dict[str, UnitScore] = {}
        for u, name in enumerate(self.names):
            n, s, a, ss, aa, sa = self.of_unit[u] @ strong
            mine = [i for i, c in enumerate(columns) if unit_of(c) == name]
            known = rows.known[:, mine]
            var_s, var_a, cov = ss / n - (s / n) ** 2, aa / n - (a / n) ** 2, sa / n - s * a / n / n
            steady = var_s < 1e-12 or var_a < 1e-12
            out[name] = UnitScore(
                aaad=float(each[u]),
                gain=float(cov / var_a) if var_a > 1e-12 else float("nan"),
                bias=float(5.0 * (s - a) / n),
                r=float("nan") if steady else float(cov / np.sqrt(var_s * var_a)),
                n=int(known.any(1).sum()),
                positives=int((rows.present[:, mine] & known).any(1).sum()),
            )
        return out


def column_scores(
    sums: Array, weights: Array, names: Sequence[str], rows: Rows, kept: Sequence[int]
) -> dict[str, ColumnScore]:
    """The table by column: sums (K, 4, T), weights (K, T); `kept` are their places in the rows."""
    parts = np.einsum("kvt,kt->kv", sums, weights)
    out = {}
    for k, (name, a) in enumerate(zip(names, kept, strict=True)):
        paired, gained, spread = parts[k, :3]
        n = sums[k, 3, 0]
        out[name] = ColumnScore(
            aaad=float(signed(paired, gained, spread)),
            raw=float(1.0 - paired / max(n, 1.0)),
            chance=float(1.0 - (paired + gained) / max(n, 1.0)),
            n=int(n),
            positives=int((rows.present[:, a] & rows.known[:, a]).sum()),
        )
    return out
