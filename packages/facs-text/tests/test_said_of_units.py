"""What texts say of units: held by true opponents only, as the numbers have it, looks by level."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from said_of_units import faults, held_wrongly, looks_wrongly, opposes, said
from strategies import COMMON, codings

from facs_text import Clause, Coding, Description, describe, resolve
from facs_text._trace import rules

DETAILS = ("full", "brief", "clinical", "prompt")


@given(codings(), st.sampled_from(DETAILS), st.integers(0, 99))
def test_of_any_coding(coding: Coding, detail: str, seed: int) -> None:
    budget = 10_000 if detail == "prompt" else None
    assert faults(describe(coding, detail=detail, seed=seed, budget=budget)) == []


@given(codings(codes=COMMON, most=10), st.integers(0, 99))
def test_of_what_the_rig_shows(coding: Coding, seed: int) -> None:
    assert faults(describe(coding, seed=seed)) == []


@given(codings(codes=COMMON, most=6), st.sampled_from(DETAILS), st.integers(0, 99))
def test_of_lips_that_were_seen_closed(coding: Coding, detail: str, seed: int) -> None:
    absent = {"25", "26"} - {action.code for action in coding}
    budget = 10_000 if detail == "prompt" else None
    resolution = resolve(coding, absent=absent)
    assert faults(describe(resolution, detail=detail, seed=seed, budget=budget)) == []


def test_the_checker_sees_open_lips_that_were_seen_closed() -> None:
    resolution = resolve("17C+27D", absent={"25"})
    text = "The mouth stretches wide open, so that the chin puckers under the open mouth"
    found = faults(Description(text, (Clause(text, ("AU27",), "jaw", "27D"),), resolution))
    assert any("25 is absent" in fault for fault in found)


def test_the_rules_and_the_second_list_agree() -> None:
    for rule in rules()["antagonists"]:
        for own, other, hold in zip("ab", "ba", rule["hold"], strict=True):
            if hold:
                assert opposes(rule[own], rule[other]), rule["id"]


def one(codes: str, text: str) -> Description:
    resolution = resolve(codes)
    return Description(text, (Clause(text, (), "", codes),), resolution)


@pytest.mark.parametrize(
    ("codes", "text"),
    [
        # a helper named as an opponent, with whoever heads the sentence
        ("10+12+17+24", "The lip corners are drawn up and back, but held back by the press of the "
         "lips, and the lift of the upper lip, and the upward push of the chin boss"),
        ("6+12+15", "The lip corners are drawn up and back, checked by the downturn of the mouth "
         "corners, and the lift of the cheeks"),
        ("10B+17B+27D", "The jaw is pulled wide open, stretching the mouth tall, but held back by "
         "the slight push from below the lip, and the wide parting of the lips"),
        ("1B+17E", "The chin boss is pushed fully up, overcoming the slight upward pull on the "
         "inner brows"),
        # a unit said to be held of which the numbers take nothing
        ("2E+6E", "The cheeks are raised maximally, but held back by the maximal lift of the outer "
         "ends of the brows"),
        ("4C+5C", "The brows are drawn markedly down and inward, checked by the marked lifting of "
         "the upper lids"),
        ("12E+15B", "The lip corners are drawn maximally up and back, checked by the slight "
         "downturn of the mouth corners"),
    ],
)  # fmt: skip
def test_the_checker_sees_who_does_not_hold_whom(codes: str, text: str) -> None:
    assert held_wrongly(one(codes, text))


@pytest.mark.parametrize(
    ("codes", "look"),
    [
        ("4A+7A+43A", "the lids of the eyes are squeezed shut"),
        ("6A+43A", "wrinkles ring the closed eyes"),
        ("9A+10E", "the nose leads in lifting the lip"),
        ("1E+2A", "lines cross the whole forehead"),
        ("1C+2C+4E", "the brows rise less than by the lift alone and straighten"),
        ("1A+2A+5A", "the eyes open wide under a high arch"),
        ("5A+7A", "the eyes are wide yet tense"),
        ("5A+7A", "the white shows above the iris over a straight lower lid"),
        ("10A+25A", "the upper teeth and gum are bared"),
        ("12A+25A", "the upper teeth show between wide corners"),
        ("16A+25A", "the lower teeth are bared"),
        ("9A+16A+25A", "both rows of teeth show in a square mouth"),
        ("23A+24A", "the red of the lips all but disappears"),
        ("25A+26A", "the mouth hangs open"),
        ("27A", "the open mouth forms a tall oval"),
        ("17A+24E", "the bunched chin seals the lips"),
        ("24A+34A", "the seal of the lips keeps the cheeks full"),
        ("6A+12A", "the eyes narrow with crow's-feet at the outer corners"),
        ("18A+25E", "a round gap opens in the pucker"),
        ("51A+61E", "head and gaze go the same way"),
    ],
)  # fmt: skip
def test_the_checker_sees_looks_below_their_level(codes: str, look: str) -> None:
    assert looks_wrongly(one(codes, f"The face moves, so that {look}"))


def test_the_checker_reads_sentences() -> None:
    held, looks = said(
        "The lip corners drop markedly, overcoming the slight lift of the cheeks, and the chin "
        "boss is pushed up, checked by the drop of the jaw: the mouth bows"
    )
    assert held == [
        ("The lip corners drop markedly", "overcoming", "the slight lift of the cheeks"),
        ("the chin boss is pushed up", "checked by", "the drop of the jaw"),
    ]
    assert looks == ["the mouth bows"]
