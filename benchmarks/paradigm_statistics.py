"""Intervals, p-values and separability for the comparison of arms (`paradigm.py`); not run by
itself.

N pictures, P people, Q pairs of units, S seeds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from aaad import COLUMNS
from aaad.columns import mirror_index
from aaad.counterfactual import opposed
from aaad.cramer import cdf
from aaad.interval import jackknife_error, t_cdf, t_quantile
from aaad.ranks import auc
from facs_text import Coding

__all__ = [
    "Difference",
    "conflict_terms",
    "descriptor",
    "difference",
    "holm",
    "leave_outs",
    "ratio",
    "seed_variance",
    "separability",
    "side_terms",
]

_RIDGE = 0.1
_BLOCK = 8


@dataclass(frozen=True)
class Difference:
    """Of two arms: the difference, its 95% interval, the two-sided p-value, and the degrees of
    freedom; the parts of its variance by what varies.
    """

    value: float
    ci95: tuple[float, float]
    p: float
    df: int
    variance: dict[str, float]


def leave_outs(
    statistic: Callable[[np.ndarray], float], labels: Sequence[Sequence[str]], keep: np.ndarray
) -> list[np.ndarray]:
    """For each way to label rows (N labels) the statistic of `keep` without each label in turn;
    nothing where all have one label.
    """
    out = []
    for names in labels:
        mine = np.array(names)[keep]
        known = sorted(set(mine)) if len(set(mine)) > 1 else []
        out.append(np.array([statistic(keep[mine != one]) for one in known]))
    return out


def seed_variance(scores: np.ndarray) -> tuple[float, int]:
    """Variance of a score (arms, S) by seed, without what a seed does to all arms alike, and its
    degrees of freedom; NaN and 0 with one seed or arm.
    """
    arms, seeds = scores.shape
    df = (arms - 1) * (seeds - 1)
    if df < 1:
        return float("nan"), 0
    apart = scores - scores.mean(1, keepdims=True) - scores.mean(0, keepdims=True) + scores.mean()
    return float((apart**2).sum() / df), df


def difference(
    values: np.ndarray, without: dict[str, np.ndarray], seeds: tuple[float, int]
) -> Difference:
    """The mean of S paired differences `values`, with intervals over all that may be drawn anew.

    without: mean differences without each person, without each pair. seeds: what `seed_variance`
    gave. The variances add up, which counts what people and pairs share twice and so errs on the
    wide side; degrees of freedom are Satterthwaite's (1946), rounded down.
    """
    value, parts, dfs = float(values.mean()), {}, {}
    for name, some in without.items():
        if len(some) > 1:
            parts[name], dfs[name] = jackknife_error(some) ** 2, len(some) - 1
    if seeds[1]:
        parts["seeds"], dfs["seeds"] = 2 * seeds[0] / len(values), seeds[1]
    total = sum(parts.values())
    if not parts or not math.isfinite(total):
        return Difference(value, (float("nan"), float("nan")), float("nan"), 0, parts)
    if total == 0.0:
        return Difference(value, (value, value), 1.0 if value == 0 else 0.0, 0, parts)
    df = max(1, int(total**2 / sum(v**2 / dfs[name] for name, v in parts.items())))
    error = math.sqrt(total)
    half = t_quantile(0.975, df) * error
    p = 2.0 * (1.0 - t_cdf(abs(value) / error, df))
    return Difference(value, (value - half, value + half), p, df, parts)


def holm(p: Sequence[float]) -> list[float]:
    """p-values corrected for their number (Holm 1979): the chance of a false one among all is at
    most what is said of it. NaN stays, and counts for none.
    """
    known = sorted((v, i) for i, v in enumerate(p) if not math.isnan(v))
    out, so_far = [float("nan")] * len(p), 0.0
    for rank, (value, i) in enumerate(known):
        so_far = max(so_far, min(1.0, value * (len(known) - rank)))
        out[i] = so_far
    return out


def ratio(terms: np.ndarray) -> float:
    """(N, 2) distances to what was asked and to what was not -> (C - D) / max(C, D), as the metric
    has it; NaN where nothing differs.
    """
    paired, other = terms.sum(0)
    largest = max(paired, other)
    return float((other - paired) / largest) if largest > 0 else float("nan")


def conflict_terms(pred: np.ndarray, wanted: np.ndarray, codings: Sequence[Coding]) -> np.ndarray:
    """(N, 2) the metric's conflict score before it is summed; zeros without a conflict."""
    seen, asked, out = cdf(pred), cdf(wanted), np.zeros((len(pred), 2))
    for i, coding in enumerate(codings):
        for a, other, weight in opposed(coding, COLUMNS).pairs:
            out[i, 0] += weight * ((seen[i, a] - asked[i, a]) ** 2).mean()
            out[i, 1] += weight * ((seen[i, a] - other) ** 2).mean()
    return out


def side_terms(pred: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """(N, 2) the metric's side score before it is summed; zeros where both sides are alike."""
    seen, asked = cdf(pred), cdf(wanted)
    other = asked[:, mirror_index(COLUMNS)]
    here = ((asked - other) ** 2).mean(-1) > 1e-9  # (N, A)
    near, far = ((seen - asked) ** 2).mean(-1), ((seen - other) ** 2).mean(-1)
    return np.stack([(near * here).sum(1), (far * here).sum(1)], 1)


def descriptor(crops: np.ndarray) -> np.ndarray:
    """(N, h, w, 3) uint8 -> (N, 192): how much of each frequency there is, the logarithm of the
    mean size of the cosine transform of 8 x 8 blocks, of brightness and two colour differences.
    Drawn pictures differ from true ones in it (Frank et al. 2020).
    """
    x = crops.astype(np.float64) / 255.0
    light = x @ np.array([0.299, 0.587, 0.114])
    planes = np.stack([light, x[..., 2] - light, x[..., 0] - light], 1)  # (N, 3, h, w)
    n, c, h, w = planes.shape
    blocks = planes.reshape(n, c, h // _BLOCK, _BLOCK, w // _BLOCK, _BLOCK)
    k = np.arange(_BLOCK)
    basis = np.cos(np.pi * (k[None] + 0.5) * k[:, None] / _BLOCK)
    size = np.abs(np.einsum("uy,ncaybx,vx->ncaubv", basis, blocks, basis)).mean((2, 4))
    return np.log(size + 1e-3).reshape(n, -1)


def separability(true: np.ndarray, drawn: np.ndarray, people: Sequence[str]) -> dict[str, float]:
    """Of each person the area under the curve of telling drawn from true (both (N, D)), by a
    linear discriminant fitted on the others: 0.5 cannot be told apart, 1 always.
    """
    who = np.array(people)
    found = {}
    for person in sorted(set(people)):
        mine = who == person
        if mine.all():
            return {}
        both = np.concatenate([true[~mine], drawn[~mine]])
        middle, spread = both.mean(0), both.std(0) + 1e-9
        a, b = ((some[~mine] - middle) / spread for some in (true, drawn))
        within = np.cov(np.concatenate([a - a.mean(0), b - b.mean(0)]).T)
        ridge = _RIDGE * np.trace(within) / len(within) + 1e-9
        line = np.linalg.solve(within + ridge * np.eye(len(within)), b.mean(0) - a.mean(0))
        score = np.concatenate([(some[mine] - middle) / spread @ line for some in (true, drawn)])
        found[person] = auc(score, np.arange(len(score)) >= mine.sum())
    return found
