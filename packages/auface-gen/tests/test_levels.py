"""Codings between codings: what a sweep, a grid and a sequence are made of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auface_gen import AUFaceGenError
from auface_gen.show.levels import between, coding_of, grid, levels_of, sweep
from facs_text import Coding, FacsTextError, parse, unit

CODES = ["1", "4", "12", "15", "17", "24", "26", "43", "61"]
PLACES = ["both", "left", "right"]
codings = st.lists(
    st.tuples(st.sampled_from(CODES), st.sampled_from(PLACES), st.integers(1, 5)),
    unique_by=lambda a: a[0],
).map(
    lambda found: Coding.from_actions(
        (code, side if side in unit(code).sides else "both", level) for code, side, level in found
    )
)


def names(found: list[Coding]) -> list[str]:
    return [str(c) for c in found]


def test_sweeps() -> None:
    assert names(sweep("12A..12E")) == ["12A", "12B", "12C", "12D", "12E"]
    assert names(sweep("12C..12A")) == ["12C", "12B", "12A"]
    assert names(sweep("0..L12C")) == ["0", "L12A", "L12B", "L12C"]
    assert names(sweep("1A+2A..1C+2C")) == ["1A+2A", "1B+2B", "1C+2C"]
    assert names(sweep("12D..15D"))[0::4] == ["12D", "15D"]


def test_grids() -> None:
    assert names(grid("1,4,12")) == ["1D", "4D", "12D"]
    assert names(grid("1,6+12", levels="A..C")) == ["1A", "1B", "1C", "6A+12A", "6B+12B", "6C+12C"]
    assert names(grid("4,0,12E,L6B+12", levels="b, d")) == ["4B", "4D", "0", "12E", "L6B+12"]
    assert names(grid("12", levels="E..C")) == ["12E", "12D", "12C"]


@pytest.mark.parametrize("wrong", ["12A", "12A..12C..12E", "12C..12C", "0..0", ""])
def test_what_is_no_sweep_is_refused(wrong: str) -> None:
    with pytest.raises(AUFaceGenError, match=r"12A\.\.12E"):
        sweep(wrong)


def test_what_is_no_notation_is_told() -> None:
    with pytest.raises(FacsTextError, match="99"):
        sweep("99A..12E")
    with pytest.raises(FacsTextError):
        grid("12,,4")
    for levels in ("F", "A..", "1", ""):
        with pytest.raises(AUFaceGenError, match="levels"):
            grid("12", levels=levels)


@given(codings, codings, st.floats(0, 1))
def test_between_is_nearest_and_both_ends_are_themselves(a: Coding, b: Coding, t: float) -> None:
    assert between(a, b, 0) == a
    assert between(a, b, 1) == b
    one, two, mid = levels_of(a), levels_of(b), levels_of(between(a, b, t))
    for key in {**one, **two}:
        true = (1 - t) * one.get(key, 0.0) + t * two.get(key, 0.0)
        assert abs(mid.get(key, 0.0) - true) <= 0.5 + 1e-9


@given(codings)
def test_levels_give_the_coding_back(coding: Coding) -> None:
    assert coding_of(levels_of(coding)) == coding


def test_a_unit_that_is_not_scored_has_its_usual_level() -> None:
    assert levels_of(parse("12"))["12", "left"] == 3
    assert levels_of(parse("43"))["43", "left"] == 5
    with pytest.raises(AUFaceGenError, match="from 0 to 1"):
        between(parse("0"), parse("12"), 1.5)
