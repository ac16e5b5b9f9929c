"""The statistics of the report, each by its textbook formula, on plain numbers."""

from __future__ import annotations

import math
import random
from collections.abc import Hashable, Mapping, Sequence

__all__ = ["alpha", "bootstrap", "bradley_terry", "wilson"]

Z95 = 1.959963984540054
_DRAWS = 2000


def wilson(wins: float, n: int, *, z: float = Z95) -> tuple[float, float]:
    """Wilson's score interval of a proportion (Wilson 1927); (0, 1) without any trial."""
    if n == 0:
        return 0.0, 1.0
    p = wins / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    # At 0 and n the bound is the rate itself, which rounding would miss by a hair.
    low = 0.0 if wins == 0 else middle - half
    high = 1.0 if wins == n else middle + half
    return low, high


def bootstrap(by_rater: Mapping[str, Sequence[float]]) -> tuple[float, float] | None:
    """95% percentile interval of the mean of all values when whole raters are drawn anew, 2,000
    times (Efron 1979); None with fewer than two raters. The same values give the same interval.
    """
    if len(by_rater) < 2:
        return None
    sums = [(sum(v), len(v)) for _, v in sorted(by_rater.items())]
    draw = random.Random(0)
    means = []
    for _ in range(_DRAWS):
        some = draw.choices(sums, k=len(sums))
        means.append(sum(s for s, _ in some) / sum(n for _, n in some))
    means.sort()
    return means[int(0.025 * _DRAWS)], means[int(0.975 * _DRAWS)]


def bradley_terry(
    wins: Mapping[tuple[str, str], float], names: Sequence[str], *, prior: float = 0.5
) -> dict[str, float]:
    """Strengths that sum to 1: P(a beats b) = s_a / (s_a + s_b) (Bradley and Terry 1952).

    wins[a, b]: how often a beat b. By Hunter's MM iteration (2004). prior adds that many wins each
    way to each pair that met, so that an arm that never lost has a finite strength.
    """
    count = dict.fromkeys(((a, b) for a in names for b in names if a != b), 0.0)
    for a, b in count:
        met = wins.get((a, b), 0.0) + wins.get((b, a), 0.0)
        count[a, b] = wins.get((a, b), 0.0) + (prior if met else 0.0)
    strength = dict.fromkeys(names, 1.0 / len(names))
    for _ in range(10_000):
        new = {}
        for a in names:
            won = sum(count[a, b] for b in names if b != a)
            met = sum(
                (count[a, b] + count[b, a]) / (strength[a] + strength[b]) for b in names if b != a
            )
            new[a] = won / met if met else strength[a]
        total = sum(new.values())
        new = {a: s / total for a, s in new.items()}
        moved = max(abs(new[a] - strength[a]) for a in names)
        strength = new
        if moved < 1e-12:
            break
    return strength


def alpha(units: Sequence[Mapping[Hashable, float | str]], *, interval: bool) -> float | None:
    """Krippendorff's alpha: 1 is full agreement, 0 is chance. units: rater to value, a unit each.

    interval: values are numbers and their squared difference counts; else they differ or not.
    Units with one rater say nothing. None when there is nothing to compare, or all values are one.
    """
    kept = [list(u.values()) for u in units if len(u) >= 2]
    values = [v for unit in kept for v in unit]
    n = len(values)
    if n < 2:
        return None

    def apart(a: float | str, b: float | str) -> float:
        return (float(a) - float(b)) ** 2 if interval else float(a != b)

    seen = (
        sum(
            sum(apart(a, b) for i, a in enumerate(unit) for j, b in enumerate(unit) if i != j)
            / (len(unit) - 1)
            for unit in kept
        )
        / n
    )
    counts: dict[float | str, int] = {}
    for v in values:
        counts[v] = counts.get(v, 0) + 1
    chance = sum(ca * cb * apart(a, b) for a, ca in counts.items() for b, cb in counts.items()) / (
        n * (n - 1)
    )
    return None if chance == 0 else 1.0 - seen / chance
