"""detail="prompt": within the budget, ranked, whole phrases, and what is left out is named."""

from dataclasses import replace

import pytest
from facial_points import contradictions
from hypothesis import assume, given
from hypothesis import strategies as st
from strategies import codings

from facs_text import (
    Action,
    Coding,
    FacsTextError,
    clip_tokens,
    describe,
    parse,
    understand,
)
from facs_text._parts import strength
from facs_text._prompt import published_rates, rarity

CROWD = "1+2+4+6+7+10+12+14+15+17+23+24"


def place(action: Action) -> tuple[int, float]:
    """How soon an action is to be said."""
    return strength(action.code, action.level), rarity(action.code)


def length(text: str, unit: str) -> int:
    return clip_tokens(text) if unit == "tokens" else len(text.split())


@given(codings(most=10), st.integers(20, 120), st.sampled_from(("tokens", "words")),
       st.integers(0, 10**6), st.booleans())  # fmt: skip
def test_a_budget_is_kept_and_what_is_said_is_read_back(
    coding: Coding, budget: int, unit: str, seed: int, tags: bool
) -> None:
    try:
        said = describe(
            coding, detail="prompt", budget=budget, budget_unit=unit, seed=seed, tags=tags
        )
    except FacsTextError:
        assume(False)
    assert length(said.text, unit) <= budget
    understood = understand(said.text)
    assert understood.unparsed == ()
    assert set(understood.coding) | set(said.left_out) == set(said.resolution.coding)
    assert not set(understood.coding) & set(said.left_out)
    assert contradictions(said) == []


@given(codings(), st.integers(0, 99))
def test_without_need_nothing_is_left_out(coding: Coding, seed: int) -> None:
    said = describe(coding, detail="prompt", budget=10_000, seed=seed)
    assert said.left_out == Coding()
    assert understand(said.text).coding == said.resolution.coding


@given(codings(most=12), st.integers(15, 60), st.integers(0, 99))
def test_what_is_left_out_is_not_stronger_and_rarer(coding: Coding, budget: int, seed: int) -> None:
    """A unit that went has no room even alone, or all that would make room for it rank above."""
    try:
        said = describe(coding, detail="prompt", budget=budget, seed=seed)
    except FacsTextError:
        assume(False)
    kept = set(said.resolution.coding) - set(said.left_out)
    for gone in said.left_out:
        above = [a for a in kept if place(a) >= place(gone)]
        try:
            alone = describe(
                replace(said.resolution, coding=Coding([*above, gone])),
                detail="prompt", budget=budget, seed=seed,
            )  # fmt: skip
        except FacsTextError:
            continue
        assert alone.left_out, gone


def test_the_strong_come_first_then_the_rare() -> None:
    said = describe("25C+9A+38E+2C", detail="prompt")
    assert [c.codes for c in said.clauses if c.codes] == ["38E", "2C", "25C", "9A"]
    assert rarity("15") > rarity("17") > rarity("12")
    assert rarity("51") == rarity("9") == max(rarity(c) for c in published_rates())


def test_the_net_look_stands_in_front() -> None:
    first = describe("6C+12D", detail="prompt").clauses[0]
    assert (first.aus, first.codes) == (("AU6", "AU12"), "")
    assert describe("6C+12D", detail="prompt").text.lower().startswith(first.text.lower())
    # a look never takes the room of a unit
    tight = describe("6C+12D", detail="prompt", budget=15)
    assert tight.left_out == Coding()
    assert [c.codes for c in tight.clauses] == ["12D", "6C"]


def test_the_mouth_is_not_what_is_lost() -> None:
    full = describe(CROWD, detail="full").text
    assert "lips" not in full[: len(full) // 3].lower()
    assert clip_tokens(full) > 77
    assert describe(CROWD, detail="prompt").left_out == Coding()
    said = describe(CROWD, detail="prompt", budget=60)
    assert said.left_out
    assert not {"2", "15", "23", "24"} & {a.code for a in said.left_out}


def test_doubt_stays_with_its_unit() -> None:
    said = describe("L12B+R12D?+A14+6", detail="prompt", budget=24)
    assert understand(said.text).coding == parse("6+R12D?")
    assert said.left_out == parse("L12B+A14")


def test_neutral() -> None:
    said = describe("0", detail="prompt")
    assert said.text in ("Neutral face.", "Face at rest.")
    assert said.left_out == Coding()


@pytest.mark.parametrize(
    ("wrong", "part"),
    [
        ({"budget": 3}, "give more"),
        ({"budget": 0}, "from 1 up"),
        ({"budget": True}, "from 1 up"),
        ({"budget": 7.5}, "from 1 up"),
        ({"budget_unit": "letters"}, "expected one of tokens, words"),
        ({"detail": "full", "budget": 77}, "goes with detail='prompt'"),
    ],
)
def test_wrong_budgets(wrong: dict[str, object], part: str) -> None:
    with pytest.raises(FacsTextError, match=part):
        describe("6C+12D", **{"detail": "prompt", **wrong})  # type: ignore[arg-type]
