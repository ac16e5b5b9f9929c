"""AAAD, the alignment accuracy of action-unit distributions: the definition, as pure functions.

Legend: N images, A columns (a unit on a side), L = 6 ordinal levels (0, A..E), T = L-1 thresholds.

For one image and one column, with CDFs F (predicted) and G (target),

    d(p, q) = 1/T * sum_t (F_t - G_t)^2                      Cramér distance, in [0, 1]

and for a column, over its n scorable images and over pairs drawn anew inside a group,

    D = mean_i d(p_i, q_i)          C = mean_{i != j} d(p_i, q_j)          AAAD = 1 - sum D / sum C

with the sums over the scored columns. 1 is perfect, 0 is chance, below 0 is anti-aligned. The
Cramér distance is the ranked probability score for a hard target and so is proper (Epstein 1969;
Székely and Rizzo 2005); the correction makes it, for two levels, Lin's concordance (1989).

Everything is float64, and rows are put in an order of their own before anything is summed: the
result does not depend, bit for bit, on the order or the batches they came in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .bootstrap import cluster_interval
from .columns import LEVELS, UNITS
from .errors import AAADError
from .result import AAADResult, ColumnScore
from .sums import Cells, ratio_parts

__all__ = ["aaad", "cdf", "check_distributions", "distance"]

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


def check_distributions(value: Any, name: str, mask: NDArray[np.bool_] | None = None) -> Array:
    """`value` as (N, A, 6) float64 that sums to one on the last axis, or an `AAADError`.

    Rows that `mask` (N, A) leaves out may hold anything, NaN too; they come back as level 0.
    """
    given = as_array(value)
    if given.ndim != 3 or given.shape[-1] != len(LEVELS):
        raise AAADError(f"{name} has shape {given.shape}, wanted (N, A, {len(LEVELS)})")
    array = np.array(given, dtype=np.float64)
    if mask is not None:
        array[~mask] = 0.0
        array[~mask, 0] = 1.0
    bad = ~np.isfinite(array).all(-1) | (array < -TOLERANCE).any(-1)
    bad |= np.abs(array.sum(-1) - 1.0) > TOLERANCE
    if bad.any():
        i, a = (int(x) for x in np.argwhere(bad)[0])
        raise AAADError(
            f"{name}[{i}, {a}] is not a distribution over the six levels: {array[i, a].tolist()} "
            "(wanted numbers >= 0 that sum to 1; leave missing ones out with mask=)"
        )
    array = np.clip(array, 0.0, None) + 0.0
    total = array.sum(-1, keepdims=True)
    # What sums to one already is left alone, so that checking twice changes nothing.
    return np.where(np.abs(total - 1.0) > 1e-9, array / total, array)


def cdf(p: Array) -> Array:
    """P(level <= t) at the five thresholds below the top level: (..., 6) -> (..., 5)."""
    return np.cumsum(p, axis=-1)[..., :-1]


def distance(p: Any, q: Any) -> Array:
    """Cramér distance of distributions over the six levels: (..., 6), (..., 6) -> (...), in [0, 1].

    0 for equal ones, |j - k| / 5 for two certain ones at levels j and k.
    """
    gap = cdf(as_array(p).astype(np.float64)) - cdf(as_array(q).astype(np.float64))
    return np.asarray(np.mean(gap * gap, axis=-1))


def aaad(
    pred: Any,
    target: Any,
    *,
    mask: Any | None = None,
    groups: Sequence[Any] | None = None,
    subjects: Sequence[Any] | None = None,
    columns: Sequence[str] = UNITS,
    min_count: int = 5,
    draws: int = 1000,
    seed: int = 0,
    detector: str = "unnamed",
) -> AAADResult:
    """Score predicted against target distributions, corrected for chance.

    Args:
        pred: (N, A, 6) what a detector sees in each image.
        target: (N, A, 6) what the image was to show (see `aaad.target`).
        mask: (N, A) true where both are known; all, when not given. Missing is not zero.
        groups: N labels; chance re-pairs inside a group only (the same person, the same task).
            Not given: over the whole set. Images alone in their group are left out, and counted.
        subjects: N labels, the clusters of the bootstrap. Not given: `groups`; without those,
            each image is its own cluster.
        columns: names of axis A.
        min_count: a column is scored when at least so many images ask for the unit and at least
            so many do not; the others are listed in `excluded` with the reason.
        draws, seed: of the bootstrap; `draws=0` gives no interval.
        detector: id of what made `pred`, a part of the score's name.

    Raises:
        AAADError: a shape, a value or a label list that does not fit, or no column to score.
    """
    pred, target = as_array(pred), as_array(target)
    if pred.shape != target.shape:
        raise AAADError(f"pred has shape {pred.shape} and target {target.shape}; they must agree")
    if pred.ndim != 3 or pred.shape[1:] != (len(columns), len(LEVELS)):
        raise AAADError(f"pred has shape {pred.shape}, wanted (N, {len(columns)}, {len(LEVELS)})")
    n = pred.shape[0]
    known = np.ones(pred.shape[:2], bool) if mask is None else as_array(mask).astype(bool)
    if known.shape != pred.shape[:2]:
        raise AAADError(f"mask has shape {known.shape}, wanted {pred.shape[:2]}")
    p, q = check_distributions(pred, "pred", known), check_distributions(target, "target", known)
    strata = _labels(groups, n, "groups") if groups is not None else ["all"] * n
    if subjects is None:
        clusters = strata if groups is not None else [f"{i:012d}" for i in range(n)]
    else:
        clusters = _labels(subjects, n, "subjects")

    anonymous = groups is None and subjects is None
    order = _canonical(p, q, known, strata, None if anonymous else clusters)
    p, q, known = p[order], q[order], known[order]
    strata = [strata[i] for i in order]
    clusters = clusters if anonymous else [clusters[i] for i in order]

    sizes = Counter(strata)
    alone = np.array([sizes[label] == 1 for label in strata], dtype=bool)
    known = known & ~alone[:, None]
    excluded = _guards(q, known, columns, min_count)
    kept = np.array([i for i, name in enumerate(columns) if name not in excluded], dtype=np.int64)
    if kept.size == 0:
        some = next(iter(excluded.items()), ("there are no images", ""))
        raise AAADError(
            f"no column can be scored in {n} images: {some[0]} {some[1]}".rstrip()
            + "; give more images, or a smaller min_count"
        )

    cells = Cells.build(cdf(p[:, kept]), cdf(q[:, kept]), known[:, kept], strata, clusters)
    once = np.ones((1, cells.clusters))
    paired, repaired, count = (part[0] for part in ratio_parts(cells, once))  # (K,) each
    climate = _climatology(cdf(q[:, kept]), known[:, kept])
    positives = ((q[:, kept, 1:].sum(-1) >= 0.5) & known[:, kept]).sum(0)
    low, high = cluster_interval(cells, draws=draws, seed=seed)
    per_au = {
        columns[a]: ColumnScore(
            aaad=float(1 - paired[k] / repaired[k]) if repaired[k] > 0 else float("nan"),
            raw=float(1 - paired[k]),
            chance=float(1 - repaired[k]),
            n=int(count[k]),
            positives=int(positives[k]),
        )
        for k, a in enumerate(kept)
    }
    total = float(repaired.sum())
    return AAADResult(
        name=f"AAAD-cramer-1[{len(kept)} of {len(columns)} columns]@{detector}",
        aaad=float(1 - paired.sum() / total) if total > 0 else float("nan"),
        raw=float(1 - paired.mean()),
        chance=float(1 - repaired.mean()),
        skill=float(1 - paired.sum() / climate.sum()),
        ci95=(low, high),
        n=int((~alone).sum()),
        subjects=len(set(np.array(clusters, dtype=object)[~alone].tolist())),
        per_au=per_au,
        excluded=excluded,
        alone=int(alone.sum()),
        seed=seed,
        draws=draws,
    )


def _labels(labels: Sequence[Any], n: int, name: str) -> list[str]:
    if len(labels) != n:
        raise AAADError(f"{name} has {len(labels)} labels for {n} images")
    return [str(label) for label in labels]


def _canonical(
    p: Array, q: Array, mask: NDArray[np.bool_], strata: list[str], clusters: list[str] | None
) -> list[int]:
    """Row order by label, then by content: the same for any order that the rows came in."""
    return sorted(
        range(len(p)),
        key=lambda i: (
            strata[i],
            clusters[i] if clusters else "",
            p[i].tobytes(),
            q[i].tobytes(),
            mask[i].tobytes(),
        ),
    )


def _guards(
    q: Array, mask: NDArray[np.bool_], columns: Sequence[str], min_count: int
) -> dict[str, str]:
    """Columns that cannot carry a score, each with the reason."""
    present = q[..., 1:].sum(-1) >= 0.5
    reasons: dict[str, str] = {}
    for a, name in enumerate(columns):
        n, yes = int(mask[:, a].sum()), int((present[:, a] & mask[:, a]).sum())
        if n == 0:
            reasons[name] = "is missing in every image"
        elif yes < min_count:
            reasons[name] = f"is asked for in {yes} images, fewer than {min_count}"
        elif n - yes < min_count:
            reasons[name] = f"is at rest in {n - yes} images, fewer than {min_count}"
    return reasons


def _climatology(g: Array, mask: NDArray[np.bool_]) -> Array:
    """Mean distance (K,) of the best constant forecast, the mean target, left-one-out."""
    m = mask[:, :, None].astype(np.float64)
    n = np.maximum(m.sum(0), 2.0)
    others = ((g * m).sum(0) - g) / (n - 1)  # (N, K, T) mean target without this row
    gap = (others - g) * m
    return np.asarray((gap * gap).mean(-1).sum(0) / n[:, 0])
