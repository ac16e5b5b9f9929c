"""The definition and its properties, as docs/aaad.md lists them, checked."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from aaad import AAADError, aaad, controls, distance
from aaad.baselines import rotate
from aaad.cramer import cdf

weights = hnp.arrays(np.float64, (6,), elements=st.floats(0.0, 1.0, width=32)).filter(
    lambda x: x.sum() > 1e-3
)
distribution = weights.map(lambda x: x / x.sum())
seeds = st.integers(0, 10_000)


def names(n):
    return [f"AU{i}" for i in range(n)]


@given(distribution, distribution)
def test_distance_is_a_bounded_symmetric_square_of_a_metric(p, q):
    d = float(distance(p, q))
    assert 0.0 <= d <= 1.0
    assert d == float(distance(q, p))
    assert float(distance(p, p)) == 0.0


@given(distribution, distribution, distribution)
def test_its_root_obeys_the_triangle_inequality(p, q, r):
    a, b, c = (float(distance(x, y)) ** 0.5 for x, y in ((p, q), (q, r), (p, r)))
    assert c <= a + b + 1e-9


@given(st.integers(0, 5), st.integers(0, 5))
def test_two_certain_levels_are_apart_by_their_steps(j, k):
    assert float(distance(np.eye(6)[j], np.eye(6)[k])) == pytest.approx(abs(j - k) / 5)


@given(distribution, distribution)
def test_the_true_distribution_minimises_the_expected_distance(truth, other):
    """Propriety: with the level drawn from `truth`, no report does better than `truth`."""
    expected = [float(truth @ [float(distance(p, e)) for e in np.eye(6)]) for p in (truth, other)]
    assert expected[0] <= expected[1] + 1e-12
    # and the price of another report is exactly its distance from the truth
    assert expected[1] - expected[0] == pytest.approx(float(distance(truth, other)), abs=1e-9)


@given(st.integers(0, 5), distribution, st.integers(0, 4), st.floats(0.01, 1.0))
def test_moving_mass_away_from_the_target_never_helps(level, p, start, share):
    """Monotone: mass moved one level further from the target level raises the distance."""
    if start >= level:
        away = start + 1
    elif start > 0:
        away = start - 1
    else:
        return
    moved = p.copy()
    moved[start] -= share * p[start]
    moved[away] += share * p[start]
    target = np.eye(6)[level]
    assert float(distance(moved, target)) >= float(distance(p, target)) - 1e-12


def brute_force(pred, target, mask, groups, columns):
    """D and C by the definition, with loops."""
    paired, crossed = [], []
    for a in columns:
        d, c, rows = 0.0, 0.0, 0
        for group in sorted(set(groups)):
            here = [i for i in range(len(pred)) if groups[i] == group and mask[i, a]]
            if len(here) < 2:
                continue
            rows += len(here)
            d += sum(float(distance(pred[i, a], target[i, a])) for i in here)
            others = [
                float(distance(pred[i, a], target[j, a])) for i in here for j in here if i != j
            ]
            c += float(np.mean(others)) * len(here)
        paired.append(d / rows)
        crossed.append(c / rows)
    return np.array(paired), np.array(crossed)


@settings(deadline=None, max_examples=25)
@given(seeds)
def test_the_closed_form_is_the_mean_over_all_pairs(seed):
    rng = np.random.default_rng(seed)
    n, columns = 14, 3
    pred = rng.dirichlet(np.full(6, 0.4), size=(n, columns))
    target = rng.dirichlet(np.full(6, 0.4), size=(n, columns))
    mask = rng.random((n, columns)) < 0.9
    groups = [str(x) for x in rng.integers(0, 3, size=n)]
    result = aaad(
        pred,
        target,
        mask=mask,
        groups=groups,
        columns=names(columns),
        min_count=0,
        interval=False,
    )
    kept = [names(columns).index(name) for name in result.per_au]
    paired, crossed = brute_force(pred, target, mask, groups, kept)
    assert result.pooled == pytest.approx(1 - paired.sum() / crossed.sum(), abs=1e-10)
    assert result.raw == pytest.approx(1 - paired.mean(), abs=1e-12)
    assert result.chance == pytest.approx(1 - crossed.mean(), abs=1e-12)
    for name, d, c in zip(result.per_au, paired, crossed, strict=True):
        if d <= c:
            assert result.per_au[name].aaad == pytest.approx(1 - d / c, abs=1e-9)


def test_perfect_is_one_and_everywhere_wrong_is_negative(certain):
    target = certain(0, 60, 4)
    kwargs = {"columns": names(4), "interval": False}
    assert aaad(target, target, **kwargs).aaad == 1.0
    inverted = target[..., ::-1]
    assert aaad(inverted, target, **kwargs).aaad < 0.0


def test_all_shifts_together_score_exactly_zero(distributions, certain):
    """Chance is 0: the mean distance over all re-pairings is what the closed form says."""
    n, columns = 12, 3
    pred, target = distributions(1, n, columns), certain(2, n, columns)
    groups = ["a"] * 5 + ["b"] * 7
    kwargs = {"columns": names(columns), "min_count": 1, "interval": False, "groups": groups}
    straight = aaad(pred, target, **kwargs)
    for group in "ab":
        rows = np.array([i for i, g in enumerate(groups) if g == group])
        one = {**kwargs, "groups": None, "min_count": 1}
        own = aaad(pred[rows], target[rows], **one)
        shifted = [
            1 - aaad(pred[rows][rotate(len(rows), shift=k)], target[rows], **one).raw
            for k in range(1, len(rows))
        ]
        if set(own.per_au) == set(names(columns)):
            assert np.mean(shifted) == pytest.approx(1 - own.chance, abs=1e-12)
    assert straight.n == n


def test_independent_predictions_score_zero_on_average(certain):
    """The chance term is unbiased: i = j is dropped, so small sets score 0 too."""
    gaps = []
    for seed in range(300):
        pred, target = certain(seed, 16, 2), certain(seed + 5000, 16, 2)
        result = aaad(pred, target, columns=names(2), min_count=1, interval=False)
        gaps.append(result.raw - result.chance)
    assert abs(np.mean(gaps)) < 3 * np.std(gaps) / len(gaps) ** 0.5 + 1e-12


def test_two_levels_give_lins_concordance():
    """With levels 0 and E only, and i = j put back, the score is Lin's concordance."""
    rng = np.random.default_rng(3)
    n = 500
    y = (rng.random(n) < 0.3).astype(float)
    q = np.clip(0.3 + 0.4 * (y - 0.3) + 0.2 * rng.standard_normal(n), 0, 1)
    pred, target = np.zeros((n, 1, 6)), np.zeros((n, 1, 6))
    pred[:, 0, 0], pred[:, 0, 5] = 1 - q, q
    target[:, 0, 0], target[:, 0, 5] = 1 - y, y
    result = aaad(pred, target, columns=["AU12"], interval=False)
    d, c = 1 - result.raw, 1 - result.chance
    with_self = ((n - 1) * c + d) / n
    lin = 2 * np.mean((q - q.mean()) * (y - y.mean()))
    lin /= q.var() + y.var() + (q.mean() - y.mean()) ** 2
    assert 1 - d / with_self == pytest.approx(lin, abs=1e-12)


@settings(deadline=None, max_examples=20)
@given(seeds)
def test_the_order_of_the_rows_changes_no_bit(seed):
    rng = np.random.default_rng(seed)
    n = 40
    pred = rng.dirichlet(np.full(6, 0.4), size=(n, 4)).astype(np.float32)
    target = np.eye(6)[rng.integers(0, 6, size=(n, 4)) * (rng.random((n, 4)) < 0.6)]
    mask = rng.random((n, 4)) < 0.9
    groups = [f"g{x}" for x in rng.integers(0, 4, size=n)]
    order = rng.permutation(n)
    for labels in (None, groups):
        kwargs = {"columns": names(4), "min_count": 2}
        one = aaad(pred, target, mask=mask, groups=labels, **kwargs)
        two = aaad(
            pred[order],
            target[order],
            mask=mask[order],
            groups=None if labels is None else [labels[i] for i in order],
            **kwargs,
        )
        assert one.to_json() == two.to_json()


def test_masked_values_do_not_count_and_may_be_nan(certain, distributions):
    pred, target = distributions(0, 30, 2), certain(1, 30, 2)
    mask = np.ones((30, 2), bool)
    mask[:5, 0] = False
    holes = pred.copy()
    holes[:5, 0] = np.nan
    kwargs = {"columns": names(2), "interval": False, "min_count": 2}
    whole, holed = (aaad(x, target, mask=mask, **kwargs) for x in (pred, holes))
    assert whole.to_json() == holed.to_json()
    assert holed.per_au["AU0"].n == 25
    with pytest.raises(AAADError, match=r"pred\[0, 0\] is not a distribution"):
        aaad(holes, target, **kwargs)


def test_columns_that_cannot_carry_a_score_are_listed(certain, distributions):
    pred, target = distributions(0, 30, 4), certain(1, 30, 4)
    target[:, 1] = np.eye(6)[0]  # never asked for
    target[:, 2] = np.eye(6)[3]  # always there
    mask = np.ones((30, 4), bool)
    mask[:, 3] = False
    result = aaad(pred, target, mask=mask, columns=names(4), interval=False)
    assert set(result.per_au) == {"AU0"}
    assert result.excluded == {
        "AU1": "is asked for in 0 images, fewer than 5",
        "AU2": "is at rest in 0 images, fewer than 5",
        "AU3": "is missing in every image",
    }
    assert "1 of 4 columns" in result.name
    with pytest.raises(AAADError, match="no column can be scored in 30 images: AU0"):
        aaad(pred, target, columns=names(4), min_count=100)


def test_an_image_alone_in_its_group_is_left_out_and_counted(certain, distributions):
    pred, target = distributions(0, 21, 2), certain(1, 21, 2)
    groups = ["a"] * 20 + ["b"]
    kwargs = {"columns": names(2), "min_count": 2, "interval": False}
    result = aaad(pred, target, groups=groups, **kwargs)
    without = aaad(pred[:20], target[:20], **kwargs)
    assert (result.aaad, result.alone, result.n) == (without.aaad, 1, 20)


def test_the_interval_is_by_subject(certain):
    """Ten copies of every row of a subject tell nothing new: the interval must not shrink."""
    target = certain(0, 40, 3)
    rng = np.random.default_rng(1)
    pred = 0.5 * target + 0.5 * rng.dirichlet(np.ones(6), size=(40, 3))
    subjects = [f"s{i % 8}" for i in range(40)]
    kwargs = {"columns": names(3), "min_count": 1}
    once = aaad(pred, target, subjects=subjects, **kwargs)
    many = aaad(
        np.concatenate([pred] * 10), np.concatenate([target] * 10), subjects=subjects * 10, **kwargs
    )
    assert once.ci95[0] < once.aaad < once.ci95[1]
    width = once.ci95[1] - once.ci95[0]
    assert many.ci95[1] - many.ci95[0] == pytest.approx(width, rel=0.25)
    assert once.subjects == 8


def test_one_subject_gives_no_interval(certain):
    target = certain(0, 30, 1)
    result = aaad(target, target, subjects=["x"] * 30, columns=["AU12"])
    assert np.isnan(result.ci95).all()
    assert result.to_json()["ci95"] == [None, None]


def test_many_people_share_blocks_and_all_are_counted(certain):
    target = certain(0, 3000, 2)
    rng = np.random.default_rng(1)
    pred = 0.6 * target + 0.4 * rng.dirichlet(np.ones(6), size=(3000, 2))
    few = aaad(pred, target, subjects=[f"s{i % 150}" for i in range(3000)], columns=names(2))
    many = aaad(pred, target, subjects=[f"s{i % 1500}" for i in range(3000)], columns=names(2))
    alone = aaad(pred, target, columns=names(2))
    assert (few.subjects, many.subjects, alone.subjects) == (150, 1500, 3000)
    widths = [r.ci95[1] - r.ci95[0] for r in (few, many, alone)]
    assert max(widths) < 1.4 * min(widths)


@pytest.mark.parametrize("people", [10, 22])
def test_the_interval_covers_the_truth_as_often_as_it_says(people):
    """Of 200 sets drawn anew, about 190 intervals hold the score of a very large set."""

    def draw(rng, people):
        target, pred, subjects = [], [], []
        for s in range(people):
            skill = rng.uniform(0.2, 0.9)  # people differ, so images of one are not independent
            hot = np.eye(6)[rng.integers(0, 6, size=6)]
            target.append(hot)
            pred.append(skill * hot + (1 - skill) / 6)
            subjects += [str(s)] * 6
        return np.concatenate(pred)[:, None], np.concatenate(target)[:, None], subjects

    rng = np.random.default_rng(0)
    kwargs = {"columns": ["AU12"], "min_count": 1}
    pred, target, subjects = draw(rng, 4000)
    truth = aaad(pred, target, subjects=subjects, interval=False, **kwargs).aaad
    hits = 0
    for _ in range(200):
        pred, target, subjects = draw(rng, people)
        low, high = aaad(pred, target, subjects=subjects, **kwargs).ci95
        hits += low <= truth <= high
    assert 184 <= hits <= 197


def test_controls_are_worthless_and_the_oracle_is_perfect(certain):
    target = certain(0, 80, 3)
    rng = np.random.default_rng(1)
    pred = 0.7 * target + 0.3 * rng.dirichlet(np.ones(6), size=(80, 3))
    groups = [str(i % 4) for i in range(80)]
    found = controls(pred, target, groups=groups, columns=names(3), min_count=1)
    assert aaad(pred, target, groups=groups, columns=names(3), interval=False).aaad > 0.6
    assert abs(found["shuffled"]) < 0.05
    assert found["neutral_only"] == pytest.approx(0.0, abs=1e-12)
    assert found["oracle"] == 1.0


def test_no_constant_prediction_beats_zero_within_a_group(certain):
    """A generator that draws one picture a person gets exactly 0, whatever the picture."""
    target = certain(0, 40, 3)
    rng = np.random.default_rng(1)
    per_person = rng.dirichlet(np.ones(6), size=(4, 3))
    pred = per_person[np.arange(40) % 4]
    groups = [i % 4 for i in range(40)]
    result = aaad(pred, target, groups=groups, columns=names(3), min_count=1, interval=False)
    assert result.aaad == pytest.approx(0.0, abs=1e-12)
    assert result.skill <= 0.0


def test_overconfidence_lowers_the_skill(certain):
    """What the correction alone would reward, `skill` does not: it is proper by itself."""
    rng = np.random.default_rng(5)
    n = 4000
    truth = np.array([0.55, 0.05, 0.1, 0.1, 0.1, 0.1])
    level = np.array([rng.choice(6, p=truth) for _ in range(n)])
    seen = rng.random(n) < 0.5
    report = np.where(seen[:, None], 0.5 * np.eye(6)[level] + 0.5 * truth, truth)
    sharp = np.where(seen[:, None], np.eye(6)[level], truth)
    target = np.eye(6)[level][:, None]
    kwargs = {"columns": ["AU12"], "interval": False}
    # `sharp` knows more and says so: it must win in both.
    assert (
        aaad(sharp[:, None], target, **kwargs).skill > aaad(report[:, None], target, **kwargs).skill
    )


@pytest.mark.parametrize(
    ("pred", "target", "message"),
    [
        (np.zeros((3, 2, 5)), np.zeros((3, 2, 5)), "wanted (N, 2, 6)"),
        (np.zeros((3, 2, 6)), np.zeros((4, 2, 6)), "they must agree"),
        (np.zeros((3, 2, 6)), np.zeros((3, 2, 6)), "not a distribution"),
        (np.full((3, 2, 6), 0.2), np.full((3, 2, 6), 1 / 6), "not a distribution"),
        (np.full((3, 2, 6), np.nan), np.full((3, 2, 6), 1 / 6), "not a distribution"),
    ],
)
def test_wrong_arrays_are_named(pred, target, message):
    with pytest.raises(AAADError) as caught:
        aaad(pred, target, columns=names(2))
    assert message in str(caught.value)


def test_wrong_labels_are_named(certain):
    target = certain(0, 10, 2)
    with pytest.raises(AAADError, match="groups has 3 labels for 10 images"):
        aaad(target, target, groups=["a"] * 3, columns=names(2))
    with pytest.raises(AAADError, match="mask has shape"):
        aaad(target, target, mask=np.ones((3, 2)), columns=names(2))


def test_cdf_ends_before_the_certain_threshold():
    assert cdf(np.eye(6)[2]).tolist() == [0, 0, 1, 1, 1]
