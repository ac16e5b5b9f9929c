"""Contrasts: one change each, as it is said to be, and all of them different."""

from collections import Counter

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from strategies import ALL, codings

from facs_text import (
    CONTRASTS,
    Coding,
    FacsTextError,
    contrast,
    describe,
    parse,
    picture_units,
    resolve,
    unit,
)
from facs_text._contrast import _confusable

BP4D = ("1", "2", "4", "6", "7", "10", "12", "14", "15", "17", "23", "24")


@given(codings(), st.integers(0, 10**6))
def test_one_change_and_no_other(coding: Coding, seed: int) -> None:
    base = resolve(coding).coding
    found = contrast(coding, 6, seed=seed)
    seen = {base}
    for one in found:
        assert one.kind in CONTRASTS
        assert Coding((set(base) - set(one.before)) | set(one.after)) == one.coding
        assert set(one.before) <= set(base)
        assert not set(one.after) & set(base)
        stands = resolve(one.coding).coding
        assert stands not in seen
        seen.add(stands)
        if one.kind == "conflict":
            assert one.resolution.coding == one.coding
        else:
            assert one.resolution.coding == one.coding == stands
    assert len({one.coding for one in found} | {base}) == 7
    assert found == contrast(base, 6, seed=seed)


@given(codings(codes=BP4D), st.integers(0, 999))
def test_kinds_are_what_they_say(coding: Coding, seed: int) -> None:
    for one in contrast(coding, 6, seed=seed):
        gone, come = ({a.code for a in x} for x in (one.before, one.after))
        if one.kind in ("added", "conflict"):
            assert (len(gone), len(come)) == (0, 1)
        elif one.kind == "dropped":
            assert (len(gone), len(come)) == (1, 0)
        elif one.kind == "swapped":
            (before,), (after,) = one.before, one.after
            assert after.code in _confusable()[before.code]
            assert after.level == before.level
        elif one.kind == "side":
            assert gone == come or {unit(c).mirror for c in gone} == come
            assert sorted(a.level for a in one.before)[-1] == max(a.level for a in one.after)
        else:
            (before,), (after,) = one.before, one.after
            assert before.code == after.code
            assert before.side == after.side
            assert before.level != after.level


def test_every_kind_takes_its_turn() -> None:
    assert Counter(one.kind for one in contrast("L12B+4C+25", 12)) == dict.fromkeys(CONTRASTS, 2)
    assert {one.kind for one in contrast("0", 5)} == {"added"}


def test_a_conflict_adds_what_works_against_it() -> None:
    found = {one.after for s in range(40) for one in contrast("12C+43C", 6, seed=s)
             if one.kind == "conflict"}  # fmt: skip
    assert parse("15C") in found
    assert parse("5D") in found


def test_seeds_differ_and_texts_differ() -> None:
    assert len({contrast("6C+12D", 4, seed=s) for s in range(10)}) > 5
    base = describe("6C+12D").text
    assert all(describe(one.resolution).text != base for one in contrast("6C+12D", 10))


@pytest.mark.slow
@given(codings(codes=ALL, most=2), st.integers(0, 99))
def test_more_than_there_are(coding: Coding, seed: int) -> None:
    assume(seed < 20)
    with pytest.raises(FacsTextError, match="ask for fewer"):
        contrast(coding, 10_000, seed=seed)


@pytest.mark.parametrize(("n", "seed"), [(0, 0), (True, 0), (2.0, 0), (1, 0.5), (1, True)])
def test_wrong_calls(n: object, seed: object) -> None:
    with pytest.raises(FacsTextError):
        contrast("12C", n, seed=seed)  # type: ignore[arg-type]


def test_only_what_may_be_added_is_added() -> None:
    for seed in range(20):
        for one in contrast("6C+12D", 6, seed=seed, among=("AU4", "15")):
            if one.kind == "added":
                assert {a.code for a in one.after} <= {"4", "15"}
    assert "added" not in {one.kind for one in contrast("6C+12D", 5, among=())}
    with pytest.raises(FacsTextError, match="no unit '200'"):
        contrast("6C", 1, among=("200",))


def test_what_no_picture_shows_is_neither_added_nor_asked_about() -> None:
    seen = set(picture_units())
    assert {"8", "32", "57"} < seen
    assert not seen & {"0", "37", "45", "46", "70", "M61"}
    for seed in range(50):
        for one in contrast("6C+12D", 6, seed=seed):
            assert one.kind != "added" or {a.code for a in one.after} <= seen
