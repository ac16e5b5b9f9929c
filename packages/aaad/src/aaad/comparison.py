"""Whether one generator is better than another: the same people, the same codings, paired.

Two scores with overlapping intervals can differ surely, because the people and codings that are
hard for one are hard for the other. The difference is worked out on rows that both have, with
whole people left out in turn from both at once; its interval and p-value are Student's t.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from aaad.cramer import check_distributions
from aaad.errors import AAADError
from aaad.interval import jackknife_error, t_cdf, t_quantile
from aaad.result import AAADResult, plain
from aaad.state import AAAD, Gathered

__all__ = ["Comparison", "compare"]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """`difference` = AAAD of a less that of b over the rows that both have, its 95% interval, and
    `p`, the chance of a difference so large between equals (two-sided). `unmatched` counts the
    rows of a and of b without a counterpart, which are left out."""

    difference: float
    ci95: tuple[float, float]
    p: float
    n: int
    subjects: int
    unmatched: tuple[int, int]
    a: AAADResult
    b: AAADResult

    def to_json(self) -> dict[str, Any]:
        """A dict of plain values; NaN becomes None."""
        value: dict[str, Any] = plain(self)
        return value


def compare(a: AAAD, b: AAAD) -> Comparison:
    """Compare two filled metrics, row by row.

    Rows are matched by id where all have one, else by person and what was asked; rows that are
    alike in that are matched in the order of their content.

    Raises:
        AAADError: other columns, options or detectors, no rows in common, fewer than two people.
    """
    for name in ("columns", "presence", "min_count", "detector"):
        if getattr(a, name) != getattr(b, name):
            raise AAADError(
                f"the two are scored with different {name}: {getattr(a, name)!r} and "
                f"{getattr(b, name)!r}"
            )
    one, two = a.gathered(), b.gathered()
    keys_one, keys_two = _keys(one, two)
    common = sorted(set(keys_one) & set(keys_two))
    if not common:
        raise AAADError("no row of one has a counterpart in the other: same people, same codings?")
    mine = one.take([keys_one[key] for key in common])
    theirs = two.take([keys_two[key] for key in common])
    # What is known in one only is compared in neither.
    mask = mine.mask & theirs.mask
    people = mine.subjects or mine.groups or [f"{i:012d}" for i in range(len(common))]
    first, second = (
        metric.scored(
            Gathered(rows.pred, rows.target, mask, mine.groups, people, mine.codings, rows.ids)
        )
        for metric, rows in ((a, mine), (b, theirs))
    )
    difference = first.result.aaad - second.result.aaad
    count = len(first.without)
    if count < 2:
        raise AAADError("both show one person only: nothing to say about other people")
    error = jackknife_error(first.without - second.without)
    half = t_quantile(0.975, count - 1) * error
    if error > 0.0:
        p = 2.0 * (1.0 - t_cdf(abs(difference) / error, count - 1))
    else:
        p = 1.0 if difference == 0.0 else 0.0
    return Comparison(
        difference=difference,
        ci95=(difference - half, difference + half),
        p=p,
        n=len(common),
        subjects=first.result.subjects,
        unmatched=(len(keys_one) - len(common), len(keys_two) - len(common)),
        a=first.result,
        b=second.result,
    )


def _keys(one: Gathered, two: Gathered) -> tuple[dict[tuple[str, ...], int], ...]:
    """For both the place of each row by what names it."""
    by_id = all(key is not None for rows in (one, two) for key in rows.ids)
    return tuple(_places(rows, by_id=by_id) for rows in (one, two))


def _places(rows: Gathered, *, by_id: bool) -> dict[tuple[str, ...], int]:
    if by_id:
        return {(str(key),): i for i, key in enumerate(rows.ids)}
    target = check_distributions(rows.target, "target", rows.mask)
    pred = check_distributions(rows.pred, "pred", rows.mask)
    people = rows.subjects or rows.groups or [""] * len(pred)
    names = [(people[i], target[i].tobytes().hex()) for i in range(len(pred))]
    order = sorted(range(len(pred)), key=lambda i: (names[i], pred[i].tobytes()))
    seen: Counter[tuple[str, str]] = Counter()
    out: dict[tuple[str, ...], int] = {}
    for i in order:
        out[(*names[i], f"{seen[names[i]]:06d}")] = i
        seen[names[i]] += 1
    return out
