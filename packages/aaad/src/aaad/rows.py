"""The rows of a score: what was given, checked once, read column by column.

Columns are checked and made float64 one at a time, and of each some rows at a time, so that memory
stays with what was given and the processor's cache with what is worked on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aaad.columns import LEVELS
from aaad.cramer import as_array, cdf, check_column
from aaad.errors import AAADError
from aaad.sums import AT_ONCE, row_hash

__all__ = ["Rows"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass
class Rows:
    """What was given, checked. `hashes` (N,) stand for the content of each row."""

    pred: NDArray[Any]
    target: NDArray[Any]
    known: Mask
    present: Mask  # (N, A) where the unit is asked for
    hashes: NDArray[np.uint64]
    exact: list[set[str]]  # of each column, which of pred and target are used as they are

    @property
    def n(self) -> int:
        return len(self.known)

    @staticmethod
    def of(pred: Any, target: Any, mask: Any | None, columns: Sequence[str]) -> Rows:
        """Check shapes and every value; an `AAADError` names the first that is wrong."""
        p, q = as_array(pred), as_array(target)
        if p.shape != q.shape:
            raise AAADError(f"pred has shape {p.shape} and target {q.shape}; they must agree")
        if p.ndim != 3 or p.shape[1:] != (len(columns), len(LEVELS)):
            raise AAADError(f"pred has shape {p.shape}, wanted (N, {len(columns)}, {len(LEVELS)})")
        if mask is None:
            known = np.ones(p.shape[:2], bool)
        else:
            known = np.array(as_array(mask), dtype=bool)
        if known.shape != p.shape[:2]:
            raise AAADError(f"mask has shape {known.shape}, wanted {p.shape[:2]}")
        present = np.zeros(known.shape, bool)
        hashes = np.zeros(len(p), np.uint64)
        exact: list[set[str]] = []
        for a in range(len(columns)):
            same = {"pred", "target"}
            for start in range(0, len(p), AT_ONCE):
                some = slice(start, start + AT_ONCE)
                for name, given in (("pred", p), ("target", q)):
                    here, there = given[some, a], known[some, a]
                    checked = check_column(here, there, name, a, start)
                    hashes[some] = row_hash(hashes[some], checked)
                    if name in same and not _equal(here, checked, there):
                        same.remove(name)
                present[some, a] = checked[:, 0] <= 0.5
            exact.append(same)
        return Rows(p, q, known, present, row_hash(hashes, known), exact)

    def column(self, a: int) -> tuple[Array, Array]:
        """CDFs (N, T) seen and asked."""
        return self._cdf(self.pred, a, "pred"), self._cdf(self.target, a, "target")

    def _cdf(self, given: NDArray[Any], a: int, name: str) -> Array:
        if name in self.exact[a]:
            out = cdf(given[:, a].astype(np.float64))
            if not self.known[:, a].all():
                out[~self.known[:, a]] = 1.0
            return out
        return cdf(check_column(given[:, a], self.known[:, a], name, a))


def _equal(x: NDArray[Any], y: NDArray[Any], where: Mask) -> bool:
    """Whether two arrays (N, ...) agree in the rows that are chosen."""
    if where.all():  # without a copy of either
        return np.array_equal(x, y)
    return np.array_equal(x[where], y[where])
