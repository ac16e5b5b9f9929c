"""The course of timed codings: through every coding, smooth, and never beyond one."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auface_gen import AUFaceGenError
from auface_gen.show.course import Course
from auface_gen.show.levels import levels_of
from facs_text import FacsTextError, parse, resolve

SMILE = [(0.0, "0"), (0.5, "12D"), (1.0, "12D"), (1.4, "L12B"), (2.0, "0")]
timed = st.lists(
    st.sampled_from(["0", "12A", "12E", "L12C", "6B+12D", "1C+2D", "4E+26C", "12D+15C"]),
    min_size=1,
    max_size=6,
).map(lambda codes: [(0.5 * n, c) for n, c in enumerate(codes)])


@given(timed)
def test_each_coding_is_met_at_its_time(sequence: list[tuple[float, str]]) -> None:
    course = Course(sequence)
    for time, codes in sequence:
        true = levels_of(resolve(codes).coding)
        got = course.levels(time)
        assert {k: v for k, v in got.items() if v} == pytest.approx(true)
    assert [s.time for s in course.stops] == sorted(s.time for s in course.stops)


@given(timed, st.floats(-1, 4))
def test_a_level_stays_between_the_codings_about_it(
    sequence: list[tuple[float, str]], time: float
) -> None:
    course = Course(sequence)
    around = [max((c for c in sequence if c[0] <= time), default=sequence[0])]
    around.append(min((c for c in sequence if c[0] >= time), default=sequence[-1]))
    for key, level in course.levels(time).items():
        ends = [levels_of(resolve(codes).coding).get(key, 0.0) for _, codes in around]
        assert min(ends) - 1e-9 <= level <= max(ends) + 1e-9


@given(timed)
def test_the_unit_that_moves_most_is_drawn_at_each_letter(
    sequence: list[tuple[float, str]],
) -> None:
    course = Course(sequence)
    for (t0, a), (t1, b) in itertools.pairwise(sequence):
        one, two = (levels_of(resolve(codes).coding) for codes in (a, b))
        most = max((abs(two.get(k, 0) - one.get(k, 0)) for k in {**one, **two}), default=0)
        inside = [s for s in course.stops if t0 < s.time < t1]
        assert len(inside) == max(0, most - 1)
    for stop in course.stops:
        drawn = levels_of(stop.coding)
        for key, level in stop.levels.items():
            assert abs(drawn.get(key, 0.0) - level) <= 0.5 + 1e-6


@given(timed)
def test_the_way_between_two_stops_never_jumps(sequence: list[tuple[float, str]]) -> None:
    course = Course(sequence)
    place = []
    for n in range(201):
        a, b, t = course.at(course.seconds * n / 200)
        assert 0 <= t <= 1
        first = next(k for k, s in enumerate(course.stops) if s is a)
        place.append(first + (t if b is not a else 0.0))
    # Stops on end that are one face count as no way; others are passed in order.
    assert all(y >= x - 1e-9 for x, y in itertools.pairwise(place))


def test_the_stops_of_a_smile() -> None:
    course = Course(SMILE)
    codes = [str(stop.coding) for stop in course.stops]
    assert codes[:6] == ["0", "12A", "12B", "12C", "12D", "12D"]
    assert codes[-3:] == ["L12B", "L12A", "0"]
    a, b, t = course.at(0.75)  # the apex is held
    assert (str(a.coding), str(b.coding), t) == ("12D", "12D", 0.0)
    assert "onset" in course.text
    assert course.frame_times(10) == pytest.approx([n / 10 for n in range(21)])
    assert course.frame_times(0.4) == [0.0, 2.0]


def test_one_coding_is_one_frame() -> None:
    course = Course([(3.0, "12C")])
    assert course.frame_times(25) == [3.0]
    a, b, t = course.at(3.0)
    assert (a.coding, b.coding, t) == (parse("12C"), parse("12C"), 0.0)


@pytest.mark.parametrize(
    "wrong", [[], [(1.0, "0"), (1.0, "12")], [(1.0, "0"), (0.5, "12")], [(float("nan"), "0")]]
)
def test_what_is_no_sequence_is_refused(wrong: list) -> None:
    with pytest.raises(FacsTextError):
        Course(wrong)


@pytest.mark.parametrize("rate", [0.0, -1.0, 1e6, float("nan")])
def test_a_rate_that_is_none_is_refused(rate: float) -> None:
    with pytest.raises(AUFaceGenError, match="frames a second"):
        Course(SMILE).frame_times(rate)
