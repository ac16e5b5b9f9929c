"""Three views of one coding: each gives the others, and the trace says who gives way."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auface_gen.columns import UNITS
from auface_studio.coding import catalogue, look
from auface_studio.errors import StudioError
from facs_text import Action, Coding, FacsTextError, describe, resolve, unit

sided = [c for c in UNITS if unit(c).sides == ("left", "right") and unit(c).graded]
actions = st.lists(
    st.tuples(st.sampled_from(sided), st.sampled_from(["left", "right"]), st.integers(1, 5)),
    max_size=6,
    unique_by=lambda a: a[:2],
)


@settings(max_examples=60, deadline=None)
@given(actions)
def test_codes_and_sliders_say_the_same(given_actions):
    by_sliders = look({"actions": [list(a) for a in given_actions]})
    by_codes = look({"codes": by_sliders["codes"]})
    assert by_codes == by_sliders
    assert by_sliders["codes"] == str(Coding(Action(*a) for a in given_actions))


@settings(max_examples=60, deadline=None)
@given(actions)
def test_the_english_gives_back_what_stands(given_actions):
    first = look({"actions": [list(a) for a in given_actions]})
    again = look({"text": first["text"]})
    assert again["codes"] == first["resolved"]
    assert again["unread"] == []


@settings(max_examples=60, deadline=None)
@given(actions, st.sampled_from(["brief", "full", "clinical"]))
def test_clauses_stand_where_they_are_said_to(given_actions, detail):
    view = look({"actions": [list(a) for a in given_actions], "detail": detail})
    end = 0
    for clause in view["clauses"]:
        assert clause["start"] >= end
        assert view["text"][clause["start"] : clause["end"]].lower() == clause["text"].lower()
        end = clause["end"]


def test_a_conflict_is_explained():
    row = look({"codes": "12D+15B"})["trace"][0]
    assert row["aus"] == ["AU12", "AU15"]
    assert row["reason"].startswith("zygomaticus major")
    assert any("Tian" in source for source in row["sources"])
    by_unit = {u["key"]: u for u in row["units"]}
    assert by_unit["AU12"] == {
        "key": "AU12", "name": "lip corner puller", "side": "both", "raw": 0.8, "alone": 0.8,
        "seen": 0.8,
    }  # fmt: skip
    assert (by_unit["AU15"]["raw"], by_unit["AU15"]["seen"]) == (0.4, 0.2)


def test_a_conflict_on_one_side_names_the_side():
    row = look({"codes": "12D+L15D"})["trace"][0]
    lost = {(u["key"], u["side"]): u["raw"] - u["alone"] for u in row["units"]}
    assert lost["AU12", "left"] > 0
    assert lost["AU12", "right"] == 0


def test_what_one_pair_takes_is_told_from_what_all_take():
    rows = look({"codes": "1C+2C+4D"})["trace"]
    pair = next(r for r in rows if r["aus"] == ["AU1", "AU4"])
    four = next(u for u in pair["units"] if u["key"] == "AU4")
    assert four["raw"] > four["alone"] > four["seen"]


def test_units_that_cannot_be_together_go():
    row = look({"codes": "5C+43E"})["trace"][0]
    assert row["kind"] == "alternative"
    assert {u["key"]: u["alone"] for u in row["units"]}["AU5"] == 0.0


def test_what_was_not_understood_is_pointed_at():
    text = "The lip corners are drawn up. Purple bananas sing."
    view = look({"text": text})
    assert view["codes"] != "0"
    assert [text[s["start"] : s["end"]] for s in view["unread"]] == [
        s["text"] for s in view["unread"]
    ]
    assert "bananas" in view["unread"][0]["text"]


def test_the_copies_make_it_again():
    view = look({"codes": "R1D+12D"})
    assert json.loads(view["copy"]["json"])["codes"] == view["codes"]
    assert (
        f"'{view['codes']}'" in view["copy"]["command"] or view["codes"] in view["copy"]["command"]
    )
    compile(view["copy"]["python"].format(person=3, draw=0), "copied", "exec")
    assert view["copy"]["text"] == describe(resolve("R1D+12D")).text


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"codes": "12C", "text": "a smile"},
        {"codes": 12},
        {"codes": "12C", "detail": "poem"},
        {"codes": "12C", "seed": -1},
        {"codes": "12C", "seed": True},
        {"text": "x" * 20_001},
        {"actions": "12C"},
        {"actions": [["12"]]},
        {"actions": [[12, "left", 3]]},
        {"actions": [["12", "left", 9]]},
        {"actions": [["12", "left", 3]] * 500},
        {"codes": "999Z"},
    ],
)
def test_wrong_requests_are_refused_with_a_sentence(asked):
    with pytest.raises((StudioError, FacsTextError)) as wrong:
        look(asked)
    assert str(wrong.value)


def test_every_unit_that_can_be_shown_has_a_slider():
    found = catalogue()
    assert {u["code"] for u in found["units"]} == set(UNITS)
    assert all(look({"codes": p["drawn"]})["actions"] for p in found["presets"])
    assert not any(
        level == 0
        for p in found["presets"]
        for _, _, level, _ in look({"codes": p["drawn"]})["actions"]
    )


def test_what_english_says_is_absent_is_not_implied():
    view = look({"text": "The jaw is dropped slightly open, but the lips are not parted."})
    assert (view["codes"], view["absent"], view["resolved"]) == ("26B", ["25"], "26B")
    assert "apart" not in view["text"]
    assert view["seen"].keys() == {"AU26"}
    assert look({"codes": "26B"})["resolved"] == "25B+26B"
    again = look({"text": view["text"]})
    assert (again["codes"], again["absent"], again["text"]) == ("26B", ["25"], view["text"])
