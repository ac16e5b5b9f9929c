"""Comparing two generators: paired, symmetric, and honest about equals."""

from __future__ import annotations

import json

import numpy as np
import pytest

from aaad import AAAD, AAADError, compare
from aaad.interval import score_interval, t_cdf, t_quantile

NAMES = ["AU12L", "AU12R", "AU17"]


def draw(seed, people=12, per=10):
    rng = np.random.default_rng(seed)
    levels = rng.integers(1, 6, (people * per, 3)) * (rng.random((people * per, 3)) < 0.4)
    return np.eye(6)[levels], [f"p{i // per}" for i in range(people * per)]


def blurred(target, share, seed):
    rng = np.random.default_rng(seed)
    noise = rng.dirichlet(np.ones(6), target.shape[:2])
    return (1 - share) * target + share * noise


def filled(pred, target, people, **labels):
    metric = AAAD(columns=NAMES, min_count=2, detector="d")
    metric.update(pred, target, groups=people, subjects=people, **labels)
    return metric


def test_the_better_one_is_found_and_the_sign_turns():
    target, people = draw(0)
    good = filled(blurred(target, 0.2, 1), target, people)
    worse = filled(blurred(target, 0.4, 2), target, people)
    one, two = compare(good, worse), compare(worse, good)
    assert one.difference > 0.02
    assert one.p < 1e-4
    assert one.ci95[0] > 0
    assert one.difference == -two.difference
    assert one.p == pytest.approx(two.p)
    assert one.n == 120
    assert one.subjects == 12
    json.dumps(one.to_json(), allow_nan=False)


def test_the_same_is_no_better_than_itself():
    target, people = draw(0)
    metric = filled(blurred(target, 0.3, 1), target, people)
    found = compare(metric, metric)
    assert (found.difference, found.p) == (0.0, 1.0)


@pytest.mark.slow
def test_equals_differ_by_chance_alone():
    """Of 300 pairs of equal generators about 5% are told apart at p < 0.05."""
    called = 0
    for seed in range(300):
        target, people = draw(seed, people=10, per=6)
        a, b = (filled(blurred(target, 0.4, 1000 + 2 * seed + k), target, people) for k in range(2))
        called += compare(a, b).p < 0.05
    assert 4 <= called <= 28


def test_rows_are_matched_by_who_and_what_in_any_order():
    target, people = draw(0)
    a, b = blurred(target, 0.2, 1), blurred(target, 0.4, 2)
    mixed = np.random.default_rng(0).permutation(len(target))[:-10]
    straight = compare(filled(a, target, people), filled(b, target, people))
    found = compare(
        filled(a, target, people, ids=range(120)),
        filled(b[mixed], target[mixed], [people[i] for i in mixed], ids=mixed),
    )
    assert found.unmatched == (10, 0)
    assert found.n == 110
    assert found.difference == pytest.approx(straight.difference, abs=0.05)


def test_what_cannot_be_compared_is_refused():
    target, people = draw(0)
    metric = filled(target, target, people)
    other = AAAD(columns=NAMES, min_count=2, detector="e")
    with pytest.raises(AAADError, match="different detector: 'd' and 'e'"):
        compare(metric, other)
    strangers = filled(target, target, [p + "x" for p in people])
    with pytest.raises(AAADError, match="same people, same codings"):
        compare(metric, strangers)
    alone = filled(target, target, ["x"] * len(people))
    with pytest.raises(AAADError, match="one person only"):
        compare(alone, alone)


def test_students_t_is_that_of_the_tables():
    known = {1: 12.7062, 2: 4.30265, 5: 2.57058, 9: 2.26216, 21: 2.07961, 29: 2.04523}
    for df, value in known.items():
        assert t_quantile(0.975, df) == pytest.approx(value, rel=1e-5)
        assert t_cdf(-value, df) == pytest.approx(0.025, abs=1e-6)
    assert t_cdf(0.0, 7) == 0.5


def test_an_interval_stays_within_what_a_score_can_be():
    low, high = score_interval(0.97, np.linspace(0.9, 0.999, 12))
    assert -1 < low < 0.97 < high < 1
    assert score_interval(1.0, np.ones(9)) == (1.0, 1.0)
    assert np.isnan(score_interval(0.5, np.array([0.5]))).all()
