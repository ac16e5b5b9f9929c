"""AAAD, the alignment accuracy of action-unit distributions: the definition, as pure functions.

Legend: N images, A columns (a unit on a side), L = 6 ordinal levels (0, A..E), T = L-1 thresholds,
K scored columns, U their units, B blocks of people.

For one image and one column, d(p, q) is the Cramér distance of what is seen and what was asked
(`aaad.cramer`). Over the n scorable images of a group,

    D = sum_i d(p_i, q_i)        C = 1/(n-1) sum_{i != j} d(p_i, q_j)         as asked, and anew

and for a unit, with D and C summed over groups and over its columns,

    S = 1 - D / C       where D <= C,    else    (C - D) / V,    V = C less (mean p - mean q)^2

which is in [-1, 1]: 1 perfect, 0 chance, -1 the opposite of what was asked. Then

    balanced  = mean of S over units
    restraint = min(1, sum s a / sum s^2)      s strength seen, a strength asked, both 0 to 1
    AAAD      = balanced * restraint           (balanced alone where it is negative)

`restraint` is 1 for a faithful face seen by a calibrated detector, whose every statement is true
on average, and 1/g where all is exaggerated g times. `docs/aaad.md` says why.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aaad.columns import COLUMNS
from aaad.counterfactual import Asked, counterfactuals
from aaad.cramer import threshold_weights
from aaad.errors import AAADError
from aaad.interval import score_interval
from aaad.result import DEFINITION, VERSION, AAADResult
from aaad.rows import Rows
from aaad.sums import BLOCKS, Layout, Sums, deal, stacked, strength_sums, term_sums
from aaad.units import Units, column_scores

__all__ = ["Scored", "aaad", "score_rows"]

Array = NDArray[np.float64]


def aaad(
    pred: Any,
    target: Any,
    *,
    mask: Any | None = None,
    groups: Sequence[Any] | None = None,
    subjects: Sequence[Any] | None = None,
    codings: Sequence[Any] | None = None,
    columns: Sequence[str] = COLUMNS,
    presence: Collection[str] = (),
    min_count: int = 5,
    interval: bool = True,
    detector: str = "unnamed",
) -> AAADResult:
    """Score what is seen against what was asked, corrected for chance.

    Args:
        pred: (N, A, 6) what a detector sees in each image.
        target: (N, A, 6) what the image was to show (see `aaad.target`).
        mask: (N, A) true where both are known; all, when not given. Missing is not zero.
        groups: N labels; chance re-pairs inside a group only (the same person, the same task).
            Not given: over the whole set. Images alone in their group are left out, and counted.
        subjects: N labels, the people of the interval. Not given: `groups`; without those,
            each image stands for itself.
        codings: N codings as they were asked, before anatomy (notation or Coding; None where not
            known). Without them there is no `unit` and no `conflict` score.
        columns: names of axis A.
        presence: columns of which the detector only knows whether the unit is there.
        min_count: a column is scored when at least so many images ask for the unit and at least
            so many do not; the others are listed in `excluded` with the reason.
        interval: whether to work out intervals.
        detector: id of what made `pred`, a part of the score's name.

    Raises:
        AAADError: a shape, a value or a label list that does not fit, or no column to score.
    """
    return score_rows(
        pred,
        target,
        mask=mask,
        groups=groups,
        subjects=subjects,
        codings=codings,
        columns=columns,
        presence=presence,
        min_count=min_count,
        interval=interval,
        detector=detector,
    ).result


@dataclass(frozen=True)
class Scored:
    """A result, and the headline (B,) without each block of people."""

    result: AAADResult
    without: Array


def score_rows(
    pred: Any,
    target: Any,
    *,
    mask: Any | None,
    groups: Sequence[Any] | None,
    subjects: Sequence[Any] | None,
    codings: Sequence[Any] | None,
    columns: Sequence[str],
    presence: Collection[str],
    min_count: int,
    interval: bool,
    detector: str,
) -> Scored:
    """What `aaad` does, with what `compare` needs beside the result."""
    rows = Rows.of(pred, target, mask, columns)
    strata, clusters = _labels(groups, rows.n, "groups"), _labels(subjects, rows.n, "subjects")
    if codings is not None and len(codings) != rows.n:
        raise AAADError(f"codings has {len(codings)} codings for {rows.n} images")
    weights = threshold_weights(columns, presence)
    unseen = int((~rows.known.any(1)).sum())
    place = _places(strata, rows.n)
    alone = np.bincount(place, minlength=1)[place] == 1
    rows.known &= ~alone[:, None]
    kept, excluded = _scored_columns(rows, columns, min_count)

    block, who = _blocks(strata if clusters is None else clusters, rows)
    within = Layout.of(place, block, rows.hashes)
    across = Layout.of(np.zeros_like(place), block, rows.hashes)
    sums, strong, climate = _sums(rows, kept, weights, within, across)
    units = Units.of([columns[a] for a in kept], weights[kept])
    balanced, restraint = units.balanced(sums.total), units.restraint(strong.total)
    value = _headline(balanced, restraint)
    held = Sums(restraint, units.restraint(strong.without))
    without = _headline(units.balanced(sums.without), held.without)
    asked = Asked(rows, tuple(columns), weights, codings, across, held)
    per_au = column_scores(sums.total, weights[kept], [columns[a] for a in kept], rows, kept)
    paired = units.weighted(sums.total)
    result = AAADResult(
        name=f"{DEFINITION}-{VERSION}[{len(kept)} of {len(columns)} columns]@{detector}",
        detector=detector,
        aaad=float(value),
        ci95=score_interval(float(value), without if interval else without[:0]),
        balanced=float(balanced),
        restraint=float(restraint),
        pooled=float(1.0 - paired[:, 0].sum() / (paired[:, 0] + paired[:, 1]).sum()),
        raw=float(np.mean([one.raw for one in per_au.values()])),
        chance=float(np.mean([one.chance for one in per_au.values()])),
        skill=float(1.0 - paired[:, 0].sum() / climate) if climate > 0.0 else float("nan"),
        counterfactuals=counterfactuals(asked, interval=interval),
        n=int((~alone).sum()),
        subjects=len(np.unique(who[~alone])),
        unseen=unseen,
        alone=int(alone.sum()),
        units=units.scores(sums.total, strong.total, rows, columns),
        per_au=per_au,
        excluded=excluded,
    )
    return Scored(result, without)


def _sums(
    rows: Rows, kept: Sequence[int], weights: Array, within: Layout, across: Layout
) -> tuple[Sums, Sums, float]:
    """Of the scored columns: the terms of S within groups, strengths over all rows, and the
    distance of the best constant forecast, added up."""
    terms, strengths, climate = [], [], 0.0
    for a in kept:
        f, g = rows.column(a)
        terms.append(term_sums(f, g, rows.known[:, a], within))
        strengths.append(strength_sums(f, g, rows.known[:, a], weights[a], across))
        climate += _climate(g, rows.known[:, a], weights[a], across)
    return stacked(terms), stacked(strengths), climate


def _labels(labels: Sequence[Any] | None, n: int, name: str) -> NDArray[Any] | None:
    if labels is None:
        return None
    if len(labels) != n:
        raise AAADError(f"{name} has {len(labels)} labels for {n} images")
    return np.asarray([str(label) for label in labels])


def _places(labels: NDArray[Any] | None, n: int) -> NDArray[np.int64]:
    """(N,) number of each row's group, 0 for all without labels."""
    if labels is None:
        return np.zeros(n, np.int64)
    return np.unique(labels, return_inverse=True)[1].astype(np.int64)


def _scored_columns(
    rows: Rows, columns: Sequence[str], min_count: int
) -> tuple[list[int], dict[str, str]]:
    """Places of the columns that can be scored, and the others, each with the reason."""
    excluded = _guards(rows, columns, min_count)
    kept = [a for a, name in enumerate(columns) if name not in excluded]
    if not kept:
        some = next(iter(excluded.items()), ("there are no images", ""))
        raise AAADError(
            f"no column can be scored in {rows.n} images: {some[0]} {some[1]}".rstrip()
            + "; give more images, or a smaller min_count"
        )
    return kept, excluded


def _guards(rows: Rows, columns: Sequence[str], min_count: int) -> dict[str, str]:
    """Columns that cannot carry a score, each with the reason."""
    reasons: dict[str, str] = {}
    for a, name in enumerate(columns):
        known = rows.known[:, a]
        n, yes = int(known.sum()), int((rows.present[:, a] & known).sum())
        if n == 0:
            reasons[name] = "is missing in every image"
        elif yes < min_count:
            reasons[name] = f"is asked for in {yes} images, fewer than {min_count}"
        elif n - yes < min_count:
            reasons[name] = f"is at rest in {n - yes} images, fewer than {min_count}"
    return reasons


def _headline(balanced: Array, restraint: Array) -> Array:
    return np.where(balanced > 0.0, balanced * restraint, balanced)


def _blocks(people: NDArray[Any] | None, rows: Rows) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """(N,) block of each row, and (N,) who it is of; each row for itself without people."""
    if people is not None:
        names, who = np.unique(people, return_inverse=True)
        return deal(names.tolist())[who], who
    rank = np.empty(rows.n, np.int64)
    rank[np.argsort(rows.hashes, kind="stable")] = np.arange(rows.n)
    return rank * min(rows.n, BLOCKS) // rows.n, np.arange(rows.n)


def _climate(g: Array, known: NDArray[np.bool_], weights: Array, across: Layout) -> float:
    """Mean distance of the best constant forecast of a column: the mean target of other rows."""
    g = g[across.order]
    if not known.all():
        g *= known[across.order, None]
    n = max(float(known.sum()), 2.0)
    spread = (g * g).sum(0) - g.sum(0) ** 2 / n
    return float((spread * (n / (n - 1.0)) ** 2) @ weights) / n
