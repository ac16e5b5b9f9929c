"""compare: what changed, exactly; understand_change is its inverse."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import ALL, codings

from facs_text import (
    Action,
    Change,
    Coding,
    FacsTextError,
    apply_changes,
    compare,
    contrast,
    parse,
    resolve,
    understand_change,
    unit,
)
from facs_text._change import noun_of
from facs_text._understand import sides_of


def check(before: Coding | str, after: Coding | str, seed: int = 0) -> None:
    said = compare(before, after, seed=seed)
    heard = understand_change(said.text)
    assert heard.unparsed == (), said.text
    assert heard.changes == said.changes, said.text
    assert apply_changes(said.before.coding, heard.changes) == said.after.coding, said.text
    assert said.before.coding == resolve(before).coding
    assert said.after.coding == resolve(after).coding


@given(codings(), codings(), st.integers(0, 10**9))
def test_round_trip(before: Coding, after: Coding, seed: int) -> None:
    check(before, after, seed)
    check(after, before, seed)


@given(codings(most=4), st.integers(0, 10**6))
def test_round_trip_of_near_ones(coding: Coding, seed: int) -> None:
    for one in contrast(coding, 5, seed=seed):
        check(coding, one.coding, seed)


@pytest.mark.slow
def test_round_trip_of_every_unit_side_and_level() -> None:
    for code in ALL:
        if code in ("41", "42", "44"):  # codes of 1978, which resolution writes as others
            continue
        au = unit(code)
        for side in (*sides_of(code), *(["unequal"] if "left" in au.sides and au.whole else [])):
            states = [
                Coding([Action(code, side, level, doubt)])
                for level in (range(6) if au.graded else (0,))
                for doubt in (False, True)
            ]
            for n, state in enumerate(states):
                check("0", state, n)
                check(state, "0", n)
                check(states[n - 1], state, n)


GOLDEN = [
    ("6C", "6C", "Nothing changes."),
    ("1C", "0", "The marked inner brow raise is gone."),
    ("0", "1C", "Now the inner brows are raised markedly."),
    ("12B", "12D", "The lip corner pull grows from slight to strong."),
    ("12D", "12B", "The lip corner pull eases from strong to slight."),
    ("12", "12D", "The lip corner pull goes from unscored to strong."),
    ("L12B+R12D", "12D", "The left lip corner pull grows from slight to strong."),
    ("12B?", "12B", "The slight lip corner pull is now certain."),
]


@pytest.mark.parametrize(("before", "after", "text"), GOLDEN)
def test_golden(before: str, after: str, text: str) -> None:
    assert text in {compare(before, after, seed=s).text for s in range(200)}


def test_changes_are_data() -> None:
    said = compare("4D+12B", "12D+25")
    assert [c.kind for c in said.changes] == ["goes", "grows", "appears"]
    assert said.changes[1] == Change(Action("12", "both", 2), Action("12", "both", 4))
    assert str(said) == said.text


@given(codings(), codings(), st.integers(0, 99))
def test_mirror(before: Coding, after: Coding, seed: int) -> None:
    table = {"left": "right", "right": "left", "Left": "Right", "Right": "Left"}

    def swap(text: str) -> str:
        return re.sub("[Ll]eft|[Rr]ight", lambda m: table[m[0]], text)

    mirrored = compare(before.mirror(), after.mirror(), seed=seed).text
    assert swap(compare(before, after, seed=seed).text) == mirrored


def test_what_says_no_change_is_reported() -> None:
    text = "The lip corner pull grows from slight to strong. She hums. Now the weather is fine."
    heard = understand_change(text)
    assert [s.text for s in heard.unparsed] == ["She hums", "Now the weather is fine"]
    assert all(text[s.start : s.end] == s.text for s in heard.unparsed)
    assert len(heard.changes) == 1


@pytest.mark.slow
@given(st.text(max_size=200))
def test_any_text(text: str) -> None:
    for span in understand_change(text).unparsed:
        assert text[span.start : span.end] == span.text


def test_wrong_calls() -> None:
    with pytest.raises(FacsTextError, match="is not there"):
        apply_changes(parse("12C"), compare("12B", "12D").changes)
    with pytest.raises(FacsTextError, match="takes text"):
        understand_change(b"")  # type: ignore[arg-type]
    with pytest.raises(FacsTextError, match="characters"):
        understand_change("a" * 200_000)
    with pytest.raises(FacsTextError, match="whole number"):
        compare("1", "2", seed=True)


def test_names_of_sides() -> None:
    assert noun_of("12", "left") == "left lip corner pull"
    assert noun_of("12", "unequal") == "uneven lip corner pull"
