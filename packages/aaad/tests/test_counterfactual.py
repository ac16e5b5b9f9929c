"""Each counterfactual score does what its name says, by pictures that are wrong in one way."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aaad import COLUMNS, aaad, targets
from aaad.asked import effective, unresolved
from aaad.columns import mirror_index, without_sides
from aaad.counterfactual import conflicting, opposed
from facs_text import resolve

CODES = ["12D", "L12C", "R12B", "6B+12C", "0", "L4D", "4B", "R4E", "1C+4C", "12C+15C", "12E", "4A"]
CODES = CODES * 4
PEOPLE = [f"p{i // 12}" for i in range(len(CODES))]
LEVELS = np.stack([effective(resolve(c).activations) for c in CODES]) * 5


def certain(levels):
    return np.clip(1 - np.abs(np.clip(levels, 0, 5)[..., None] - np.arange(6)), 0, 1)


def score(pred, **options):
    kwargs = {"groups": PEOPLE, "codings": CODES, "min_count": 2, "interval": False}
    return aaad(pred, targets(CODES), **{**kwargs, **options})


def values(pred):
    found = score(pred)
    return found.aaad, {name: one.value for name, one in found.counterfactuals.items()}


def test_what_was_asked_is_one_everywhere():
    total, parts = values(targets(CODES))
    assert total == pytest.approx(1.0)
    assert parts == pytest.approx({"side": 1.0, "level": 1.0, "conflict": 1.0, "unit": 1.0})


@given(st.integers(0, 5))
@settings(max_examples=6)
def test_what_never_changes_is_blind_to_everything(level):
    total, parts = values(certain(np.full(LEVELS.shape, float(level))))
    assert total == pytest.approx(0.0, abs=1e-12)
    assert parts["side"] == pytest.approx(0.0, abs=1e-12)
    assert parts["level"] == pytest.approx(0.0, abs=1e-12)
    assert abs(parts["unit"]) < 0.25
    if level in (0, 5):  # between them, one level is by chance what a conflict leaves
        assert abs(parts["conflict"]) < 0.15


def test_mirrored_pictures_are_wrong_in_side_alone():
    total, parts = values(certain(LEVELS[:, mirror_index()]))
    assert parts["side"] == -1.0
    assert parts["conflict"] > 0.9
    assert total < 0.8


def test_symmetric_pictures_are_blind_to_the_side():
    both = (LEVELS + LEVELS[:, mirror_index()]) / 2
    assert values(certain(both))[1]["side"] == pytest.approx(0.0, abs=0.05)


@given(st.sampled_from([1.2, 1.4, 2.0]))
@settings(max_examples=3)
def test_exaggeration_never_pays(gain):
    faithful, exact = values(targets(CODES))
    found = score(certain(LEVELS * gain))
    assert found.aaad < faithful - 0.05
    assert found.counterfactuals["level"].value < exact["level"] - 0.05
    assert found.units["AU12"].gain > 1.0
    assert found.units["AU12"].bias > 0.0
    assert found.restraint < 0.95


def test_damped_pictures_lose_level_and_gain():
    found = score(certain(LEVELS * 0.5))
    assert found.counterfactuals["level"].value < 0.7
    assert found.units["AU12"].gain == pytest.approx(0.5, abs=0.05)
    assert found.restraint == 1.0


def test_the_raw_sum_is_blind_to_conflict():
    raw = np.stack([effective(unresolved(c).activations) for c in CODES]) * 5
    total, parts = values(certain(raw))
    assert parts["conflict"] < 0.3
    assert total > 0.8


def test_inverted_is_clearly_bad():
    total, parts = values(certain(5 - LEVELS))
    assert total < -0.2
    assert parts["unit"] < -0.3


def test_without_codings_what_needs_them_says_so():
    found = score(targets(CODES), codings=None).counterfactuals
    assert np.isnan(found["unit"].value)
    assert found["conflict"].note == "the codings as asked are not known"
    assert found["side"].value == 1.0


def test_pooled_sides_say_that_they_are():
    columns = without_sides()
    target = targets(CODES, columns)
    found = aaad(target, target, columns=columns, min_count=2, interval=False)
    assert found.aaad == pytest.approx(1.0)
    assert found.counterfactuals["side"].note == "the detector does not tell sides apart"


def test_a_perfect_presence_only_detector_scores_one():
    target = targets(CODES)
    pred = np.zeros_like(target)
    there = 1.0 - target[..., 0]
    pred[..., 0], pred[..., 1:] = 1 - there, there[..., None] / 5
    plain = score(pred)
    found = score(pred, presence=COLUMNS)
    assert plain.aaad < 0.9
    assert found.aaad == pytest.approx(1.0)
    assert np.isnan(found.counterfactuals["level"].value)


def test_conflicts_are_the_codings_in_which_anatomy_decides():
    assert conflicting(["12C", "12C+15C", None, "0"]).tolist() == [False, True, False, False]
    assert opposed("12C", COLUMNS).pairs == ()
    for _, cdf, weight in opposed("12C+15C", COLUMNS).pairs:
        assert cdf.shape == (5,)
        assert 0 < weight <= 1


def test_a_detector_of_one_side_alone_has_no_side_score_and_all_others():
    """Columns for the left side without their right ones: nothing there can be mirrored."""
    left = [i for i, name in enumerate(COLUMNS) if not name.endswith("R")]
    columns = tuple(COLUMNS[i] for i in left)
    pred = certain(LEVELS)[:, left]
    result = aaad(pred, pred, columns=columns, min_count=2, interval=False)
    assert result.counterfactuals["side"].n == 0
    assert "sides" in result.counterfactuals["side"].note
    assert result.aaad == pytest.approx(1.0)
