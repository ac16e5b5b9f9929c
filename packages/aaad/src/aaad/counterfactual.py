"""Scores by what is paired anew: the same formula, other ways to have been asked.

The headline pairs a picture with what other pictures were asked. These pair it with

- `side`: what the mirrored coding would have asked, in the columns where that is another thing;
- `level`: the levels that other images were asked of the same unit, where both show it;
- `conflict`: the raw sum of the coding, where anatomy holds back or takes away what it asks for
  (and, so that showing little gains nothing, what would be as far off the other way);
- `unit`: the coding with one unit added, and with one dropped (facs-text's contrasts), in the
  columns of that unit.

Each is (C - D) / max(C, D), with D the distance from what was asked and C from what was not: 1 for
perfect, 0 for what cannot tell the two apart, -1 for what does the other. `level` has many others
to pair with and is 1 - D / C with the mean over all of them, times `restraint`, as the headline is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aaad.asked import level_distribution, target, unresolved
from aaad.columns import COLUMNS, mirror_index, unit_of
from aaad.cramer import cdf
from aaad.interval import score_interval
from aaad.result import Counterfactual
from aaad.rows import Rows
from aaad.sums import Layout, Sums, block_sums, stacked, term_sums
from aaad.units import signed
from facs_text import Coding, FacsTextError, contrast, parse, resolve

__all__ = ["CONTRASTED", "Asked", "conflicting", "counterfactuals", "opposed"]

Array = NDArray[np.float64]
CONTRASTED = 2000
"""Of larger sets, so many images are contrasted for `unit`: those whose content sorts first."""
_UNSCORED = (11, 13, 29, 30, 51, 52, 53, 54, 55, 56, 61, 62, 63, 64)
# What a contrast may add is part of the definition: the units that are scored and these, which a
# picture shows though no column has them. They are passed over, so they only decide by which seed
# a unit is found.
_ADDED = tuple(
    map(str, sorted({*_UNSCORED, *(int(unit_of(name).removeprefix("AU")) for name in COLUMNS)}))
)
_APART = 1e-9  # less than that between two things asked is no difference
Statistic = Callable[[Array], Array]


@dataclass(frozen=True)
class Asked:
    """The rows of a score and what was asked of them, before anatomy where `codings` says so."""

    rows: Rows
    columns: tuple[str, ...]
    weights: Array  # (A, T)
    codings: Sequence[Any] | None
    layout: Layout  # all rows in one group
    restraint: Sums

    def gap(self, a: int, f: Array, g: Array) -> Array:
        """Distance (N,) of CDFs (N, T) in column a."""
        return np.asarray((f - g) ** 2 @ self.weights[a])


def counterfactuals(asked: Asked, *, interval: bool) -> dict[str, Counterfactual]:
    """All four scores by name."""
    return {
        name: _score(*work(asked), interval=interval)
        for name, work in (
            ("side", _side),
            ("level", _level),
            ("conflict", _conflict),
            ("unit", _unit),
        )
    }


@dataclass(frozen=True)
class Opposed:
    """The pairs of one coding: column, CDF (T,) that would have been asked, and weight, of each."""

    pairs: tuple[tuple[int, Array, float], ...]


def opposed(coding: Any, columns: Sequence[str]) -> Opposed:
    """Find where the raw sum of a coding asks for more than anatomy lets be, and what for.

    A unit that is held back from R to r is paired with R and with 2r - R, half each: the raw
    sum is then as far off as it is right, and so is a face that shows nothing. A unit that cannot
    be at all is paired with R, and the one that stands in its place with not being there.
    """
    held = resolve(coding)
    stands, plain = target(held, columns), target(unresolved(coding), columns)
    levels = np.arange(6.0)
    r, raw = stands @ levels, plain @ levels
    pairs: list[tuple[int, Array, float]] = []
    rest = np.ones(5)
    for a in np.flatnonzero(raw - r > _APART).tolist():
        if r[a] > _APART:
            less = level_distribution(max(2.0 * r[a] - raw[a], 0.0) / 5.0)
            pairs += [(a, cdf(plain[a]), 0.5), (a, cdf(less), 0.5)]
            continue
        names = {
            name for rule in held.rules for name in rule.aus if unit_of(columns[a]) in rule.aus
        }
        instead = [b for b, name in enumerate(columns) if unit_of(name) in names and r[b] > _APART]
        if instead:
            pairs.append((a, cdf(plain[a]), 1.0))
            pairs += [(b, rest, 1.0 / len(instead)) for b in instead]
    return Opposed(tuple(pairs))


def conflicting(codings: Sequence[Any], columns: Sequence[str] = COLUMNS) -> NDArray[np.bool_]:
    """(N,) whether a coding is in conflict with itself: the images of the conflicts subset."""
    known: dict[Any, bool] = {}
    for coding in codings:
        if coding not in known:
            known[coding] = coding is not None and bool(opposed(coding, columns).pairs)
    return np.array([known[coding] for coding in codings], bool)


def _score(
    sums: Sums, statistic: Statistic, n: int, note: str, *, interval: bool
) -> Counterfactual:
    value = float(statistic(sums.total)) if n else float("nan")
    without = statistic(sums.without) if n and interval else np.zeros(0)
    if not n:
        return Counterfactual(value=value, ci95=(value, value), n=0, note=note)
    return Counterfactual(value=value, ci95=score_interval(value, without), n=n)


def _ratio(paired: Array, other: Array) -> Array:
    larger = np.maximum(paired, other)
    return np.where(larger > 0.0, (other - paired) / np.where(larger > 0.0, larger, 1.0), np.nan)


def _two(sums: Array) -> Array:
    """(..., 2) of D and C -> (...)."""
    return _ratio(sums[..., 0], sums[..., 1])


def _side(asked: Asked) -> tuple[Sums, Statistic, int, str]:
    rows, out = asked.rows, np.zeros((asked.rows.n, 2))
    mirror = mirror_index(asked.columns)
    different = np.zeros(rows.n, bool)
    for a, b in enumerate(mirror):
        if a == b:
            continue
        f, g = rows.column(a)
        other = rows.column(b)[1]
        here = rows.known[:, a] & rows.known[:, b] & (asked.gap(a, g, other) > _APART)
        out[:, 0] += np.where(here, asked.gap(a, f, g), 0.0)
        out[:, 1] += np.where(here, asked.gap(a, f, other), 0.0)
        different |= here
    sided = any(a != b for a, b in enumerate(mirror))
    note = "no image is asked for one side" if sided else "the detector does not tell sides apart"
    return block_sums(out, asked.layout), _two, int(different.sum()), note


def _level(asked: Asked) -> tuple[Sums, Statistic, int, str]:
    rows, parts, pairs = asked.rows, [], 0
    for a, weights in enumerate(asked.weights):
        here = rows.known[:, a] & rows.present[:, a]
        if weights[0] == 1.0 or here.sum() < 2:
            continue
        f, g = rows.column(a)
        sums = term_sums(f, g, here, asked.layout.only(here))
        # Where all are asked for one level, there is no other level to tell it from.
        if np.ptp(g[here], axis=0).max() < _APART:
            continue
        pairs += int(here.sum())
        parts.append(Sums(sums.total[:3] @ weights, sums.without[:, :3] @ weights))
    if not parts:
        return (
            Sums(np.zeros(3), np.zeros((0, 3))),
            _level_of,
            0,
            "no unit is asked for at two levels",
        )
    together, held = stacked(parts), asked.restraint
    return (
        Sums(
            np.append(together.total.sum(0), held.total),
            np.column_stack([together.without.sum(1), held.without]),
        ),
        _level_of,
        pairs,
        "",
    )


def _level_of(sums: Array) -> Array:
    """(..., 4) of D, C - D, V and restraint -> (...)."""
    value = signed(sums[..., 0], sums[..., 1], sums[..., 2])
    return np.where(value > 0.0, value * sums[..., 3], value)


def _conflict(asked: Asked) -> tuple[Sums, Statistic, int, str]:
    rows, out = asked.rows, np.zeros((asked.rows.n, 2))
    if asked.codings is None:
        return block_sums(out, asked.layout), _two, 0, "the codings as asked are not known"
    known: dict[Any, Opposed] = {None: Opposed(())}
    by_column: dict[int, list[tuple[int, Array, float]]] = {}
    for i, coding in enumerate(asked.codings):
        if coding not in known:
            known[coding] = opposed(coding, asked.columns)
        for a, other, weight in known[coding].pairs:
            by_column.setdefault(a, []).append((i, other, weight))
    different = np.zeros(rows.n, bool)
    for a, pairs in sorted(by_column.items()):
        f, g = rows.column(a)
        index = np.array([i for i, _, _ in pairs])
        weight = np.array([w for _, _, w in pairs]) * rows.known[index, a]
        others = np.stack([other for _, other, _ in pairs])
        for k, far in enumerate((g[index], others)):
            np.add.at(out[:, k], index, weight * asked.gap(a, f[index], far))
        different[index] |= rows.known[index, a]
    return block_sums(out, asked.layout), _two, int(different.sum()), "no coding is in conflict"


def _unit(asked: Asked) -> tuple[Sums, Statistic, int, str]:
    """Of each image one contrast with a unit more and one with a unit less; D, C and count of
    both kinds, so that what never moves, or always, gains nothing from one kind."""
    rows, out = asked.rows, np.zeros((asked.rows.n, 6))
    if asked.codings is None:
        return block_sums(out, asked.layout), _both, 0, "the codings as asked are not known"
    chosen = np.sort(np.argsort(rows.hashes, kind="stable")[:CONTRASTED])
    changed, instead = _contrasts([asked.codings[i] for i in chosen], asked.columns)
    for kind in range(2):
        for a in np.flatnonzero(changed[:, kind].any(0)).tolist():
            f, g = (x[chosen] for x in rows.column(a))
            here = rows.known[chosen, a] & changed[:, kind, a]
            far = asked.gap(a, g, instead[:, kind, a]) > _APART
            here &= far
            out[chosen, 3 * kind] += np.where(here, asked.gap(a, f, g), 0.0)
            out[chosen, 3 * kind + 1] += np.where(here, asked.gap(a, f, instead[:, kind, a]), 0.0)
            out[chosen, 3 * kind + 2] += here
    pairs = int((out[:, (2, 5)] > 0).any(1).sum())
    if not (out[:, 2].any() and out[:, 5].any()):
        pairs = 0
    return block_sums(out, asked.layout), _both, pairs, "no unit could be added and dropped"


def _both(sums: Array) -> Array:
    """(..., 6): D, C and columns of units added, then of units dropped; each kind weighs half."""
    more, less = np.maximum(sums[..., 2], 1.0), np.maximum(sums[..., 5], 1.0)
    return _ratio(
        sums[..., 0] / more + sums[..., 3] / less, sums[..., 1] / more + sums[..., 4] / less
    )


def _contrasts(codings: Sequence[Any], columns: Sequence[str]) -> tuple[NDArray[np.bool_], Array]:
    """(N, 2, A) columns of the unit that is added, dropped, and (N, 2, A, T) what is then asked."""
    changed = np.zeros((len(codings), 2, len(columns)), bool)
    instead = np.ones((len(codings), 2, len(columns), 5))
    known: dict[Any, list[tuple[int, list[int], Array]]] = {}
    for i, coding in enumerate(codings):
        if coding is None:
            continue
        if coding not in known:
            known[coding] = _contrast(coding, columns)
        for kind, mine, cdfs in known[coding]:
            changed[i, kind, mine] = True
            instead[i, kind] = cdfs
    return changed, instead


def _contrast(coding: Any, columns: Sequence[str]) -> list[tuple[int, list[int], Array]]:
    """Of one coding: (0 for added or 1 for dropped, its columns, CDFs (A, T) then asked)."""
    code = parse(coding) if isinstance(coding, str) else coding
    out: dict[int, tuple[int, list[int], Array]] = {}
    for seed in range(4):  # a unit that is no column (the head) is passed over
        for one in _some_contrasts(code, seed):
            if one.kind not in ("added", "dropped"):
                continue
            kind = int(one.kind == "dropped")
            moved = {f"AU{action.code}" for action in (one.before if kind else one.after)}
            mine = [a for a, name in enumerate(columns) if unit_of(name) in moved]
            if mine and kind not in out:
                out[kind] = kind, mine, cdf(target(one.resolution, columns))
        if len(out) == 2 or (0 in out and not len(code)):
            break
    return list(out.values())


def _some_contrasts(coding: Coding, seed: int) -> tuple[Any, ...]:
    """As many contrasts as there are kinds, or fewer where a coding has fewer."""
    for count in (6, 5, 4, 3, 2, 1):
        try:
            return contrast(coding, count, seed=seed, among=_ADDED)
        except FacsTextError:
            continue
    return ()
