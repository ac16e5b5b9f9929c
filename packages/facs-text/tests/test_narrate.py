"""narrate: each unit's onset, apex and offset, and nothing that the codings do not say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import COMMON, codings

from facs_text import Action, Coding, Episode, FacsTextError, narrate, resolve
from facs_text._resolve import expand, strength


def test_onset_apex_and_offset() -> None:
    told = narrate(
        [(0, "4B"), (0.2, "4B+12B"), (0.4, "12D"), (0.6, "12D+25"), (0.8, "12B"), (1, "0")]
    )
    assert told.episodes == (
        Episode(Action("4", "both", 2), None, (0, 0.2), 0.4),
        Episode(Action("12", "both", 4), 0.2, (0.4, 0.6), 1),
        Episode(Action("25", "both", 0), 0.6, (0.6, 0.6), 0.8),
    )
    first, second, third = told.text.split(". ")[:3]
    assert "brow" in first
    assert first.endswith(": there at the start, apex from 0 s to 0.2 s, offset at 0.4 s")
    assert second.endswith(": onset at 0.2 s, apex from 0.4 s to 0.6 s, offset at 1 s")
    assert third.endswith(": onset at 0.6 s, apex at 0.6 s, offset at 0.8 s.")
    assert str(told) == told.text


def test_a_unit_that_comes_back_is_told_twice() -> None:
    told = narrate([(0, "0"), (1, "45"), (2, "0"), (3, "45")], unit_of_time="")
    assert [e.onset for e in told.episodes] == [1, 3]
    assert told.episodes[1].offset is None
    assert told.text.endswith("onset at 3, apex at 3, there to the end.")


def test_sides_part_where_they_differ() -> None:
    told = narrate([(0, "0"), (1, "L12B"), (2, "12C"), (3, "0")])
    assert [(e.action.side, e.onset) for e in told.episodes] == [("left", 1), ("right", 2)]


def test_stillness() -> None:
    assert narrate([(0, "0"), (1, "0")]).text in ("The face does not move.", "Nothing moves.")


@given(st.lists(codings(codes=COMMON, most=4), min_size=1, max_size=8), st.integers(0, 99))
def test_episodes_are_the_codings(found: list[Coding], seed: int) -> None:
    told = narrate([(n / 4, c) for n, c in enumerate(found)], seed=seed)
    stands = [expand(resolve(c).coding) for c in found]
    covered: dict[tuple[int, str, str], int] = {}
    for one in told.episodes:
        for code, side in expand(Coding([one.action])):
            for n, parts in enumerate(stands):
                time = n / 4
                if (one.onset is None or time >= one.onset) and (
                    one.offset is None or time < one.offset
                ):
                    assert (n, code, side) not in covered
                    covered[n, code, side] = 1
                    level = strength(code, parts[code, side][0])
                    assert level <= strength(code, one.action.level)
                    if one.apex[0] <= time <= one.apex[1]:
                        assert level == strength(code, one.action.level)
    assert set(covered) == {(n, *key) for n, parts in enumerate(stands) for key in parts}
    assert told.text.count(": ") == len(told.episodes)


@pytest.mark.parametrize(
    ("sequence", "part"),
    [
        ([], "empty"),
        ([(1, "12"), (1, "0")], "coding 2 of the sequence: time 1 is not after 1"),
        ([(float("nan"), "12")], "is no number"),
        ([("1", "12")], "is no number"),
        ([(True, "12")], "is no number"),
        ([(0, "99")], "no unit"),
    ],
)
def test_wrong_sequences(sequence: list[tuple[float, str]], part: str) -> None:
    with pytest.raises(FacsTextError, match=part):
        narrate(sequence)


def test_wrong_seed() -> None:
    with pytest.raises(FacsTextError):
        narrate([(0, "1")], seed=0.5)  # type: ignore[arg-type]
