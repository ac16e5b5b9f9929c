"""The distance of two distributions over the levels, and what counts as a distribution.

With CDFs F (seen) and G (asked), and T = 5 thresholds between the six levels,

    d(p, q) = 1/T * sum_t (F_t - G_t)^2                      Cramér distance, in [0, 1]

Where a source knows only whether a unit is there (presence, a probability), just the threshold
between 0 and A is compared: d = (F_0 - G_0)^2, the Brier distance of presence. A perfect
presence-only detector is then at distance 0, and is not punished for strengths nobody asked it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aaad.columns import LEVELS
from aaad.errors import AAADError

__all__ = ["as_array", "cdf", "check_distributions", "distance", "threshold_weights"]

Array = NDArray[np.float64]
TOLERANCE = 1e-3
"""How far a distribution's sum may be from 1 (half-precision detectors) before it is refused."""


def as_array(value: Any) -> NDArray[Any]:
    """A numpy array from a numpy array, a nested list or a torch tensor on any device."""
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        value = value.double() if value.is_floating_point() else value
        return np.asarray(value.numpy())
    return np.asarray(value)


def check_column(
    given: NDArray[Any], known: NDArray[np.bool_], name: str, number: int, first: int = 0
) -> Array:
    """One column (N, 6) as float64 that sums to one, or an `AAADError`; unknown rows are at 0.

    `first` is the number of its first row, for what is said.
    """
    array = np.array(given, dtype=np.float64)
    if not known.all():
        array[~known] = np.eye(len(LEVELS))[0]
    off = np.abs(array @ np.ones(len(LEVELS)) - 1.0)
    if not (off.max(initial=0.0) <= TOLERANCE and array.min(initial=0.0) >= -TOLERANCE):
        bad = ~(off <= TOLERANCE) | ~(array >= -TOLERANCE).all(-1)
        i = int(np.flatnonzero(bad)[0])
        raise AAADError(
            f"{name}[{first + i}, {number}] is not a distribution over the six levels: "
            f"{array[i].tolist()} "
            "(wanted numbers >= 0 that sum to 1; leave missing ones out with mask=)"
        )
    np.maximum(array, 0.0, out=array)
    # What sums to one already is left alone, so that checking twice changes nothing.
    rows = np.flatnonzero(off > 1e-9)
    if len(rows):
        array[rows] /= array[rows].sum(-1, keepdims=True)
    array += 0.0  # -0.0 is 0.0: equal rows have equal bits
    return array


def check_distributions(value: Any, name: str, mask: NDArray[np.bool_] | None = None) -> Array:
    """`value` as (N, A, 6) float64 that sums to one on the last axis, or an `AAADError`.

    Rows that `mask` (N, A) leaves out may hold anything, NaN too; they come back as level 0.
    """
    given = as_array(value)
    if given.ndim != 3 or given.shape[-1] != len(LEVELS):
        raise AAADError(f"{name} has shape {given.shape}, wanted (N, A, {len(LEVELS)})")
    known = np.ones(given.shape[:2], bool) if mask is None else mask
    out = np.empty(given.shape, np.float64)
    for a in range(given.shape[1]):
        out[:, a] = check_column(given[:, a], known[:, a], name, a)
    return out


def cdf(p: Array) -> Array:
    """P(level <= t) at the five thresholds below the top level: (..., 6) -> (..., 5)."""
    out = np.array(p[..., :-1])
    for t in range(1, out.shape[-1]):
        out[..., t] += out[..., t - 1]
    return out


def threshold_weights(columns: Sequence[str], presence: Collection[str] = ()) -> Array:
    """(A, 5) what each threshold counts: a fifth each, or all on the first for the columns of
    which only presence is known."""
    unknown = sorted(set(presence) - set(columns))
    if unknown:
        raise AAADError(f"presence names {', '.join(unknown)}, which are not among the columns")
    out = np.full((len(columns), 5), 0.2)
    for a, name in enumerate(columns):
        if name in presence:
            out[a] = (1.0, 0.0, 0.0, 0.0, 0.0)
    return out


def distance(p: Any, q: Any, weights: Any = None) -> Array:
    """Distance of distributions over the six levels: (..., 6), (..., 6) -> (...), in [0, 1].

    0 for equal ones, |j - k| / 5 for two certain ones at levels j and k. `weights` (..., 5) are
    those of the thresholds (see `threshold_weights`); not given, all count alike.
    """
    gap = cdf(as_array(p).astype(np.float64)) - cdf(as_array(q).astype(np.float64))
    if weights is None:
        return np.asarray(np.mean(gap * gap, axis=-1))
    return np.asarray((gap * gap * as_array(weights)).sum(-1))
