"""Description: order, words, mirrors, paraphrases, neutral, tags."""

import re

import pytest
from facial_points import contradictions
from hypothesis import given
from hypothesis import strategies as st
from strategies import COMMON, codings

from facs_text import (
    Clause,
    Coding,
    Description,
    FacsTextError,
    describe,
    parse,
    resolve,
    understand,
    unit,
)
from facs_text._wording import wording

DETAILS = ("full", "brief", "clinical")


def swap(text: str) -> str:
    table = {"left": "right", "right": "left", "Left": "Right", "Right": "Left"}
    return re.sub("[Ll]eft|[Rr]ight", lambda m: table[m[0]], text)


def test_golden() -> None:
    assert describe("1C").text == "The inner ends of the brows are markedly lifted."
    said = {describe("12D+15B", seed=s).text for s in range(60)}
    assert any("overcoming the slight downward pull on the lip corners" in t for t in said)
    said = {describe("12C+15C", seed=s).text for s in range(60)}
    assert any("but held back by the marked downward pull on the lip corners" in t for t in said)
    said = {describe("L12B+R12D+6C", seed=s).text for s in range(60)}
    assert all(t.index("right") < t.index("left") for t in said)


def test_one_seed_one_text() -> None:
    assert describe("1C+4D", seed=5) == describe("1C+4D", seed=5)
    assert describe(resolve("1C+4D")).text == describe("1C+4D").text == str(describe("1C+4D"))


def test_top_to_bottom() -> None:
    regions = [c.region for c in describe("51B+29+12B+9C+5B+1C").clauses]
    assert regions == ["brows", "eyes", "lip corners", "jaw", "head"]
    assert [c.region for c in describe("55A+17B+63C+1C+20D").clauses] == [
        "brows", "gaze", "lip corners", "chin", "head",
    ]  # fmt: skip


def test_neutral_has_its_own_text() -> None:
    for detail in DETAILS:
        neutral = describe("0", detail=detail)
        assert len(neutral.clauses) == 1
        assert neutral.clauses[0].aus == ()
    assert "rest" in describe("0").text or "neutral" in describe("0").text


def test_clauses_carry_units() -> None:
    clauses = describe("1C+4D+L12B").clauses
    assert [c.aus for c in clauses] == [("AU1", "AU4"), ("AU12",)]
    assert [c.codes for c in clauses] == ["1C+4D", "L12B"]
    assert describe("18B+12D").clauses[0].aus == ("AU12", "AU18")


def test_clinical_names_muscles() -> None:
    for code in COMMON:
        if unit(code).kind == "eye":
            continue
        text = describe(Coding.from_actions([(code, "both", 3)]), detail="clinical").text.lower()
        words = {w for m in unit(code).muscles for w in re.findall(r"[a-z]{5,}", m)}
        assert any(w in text for w in words) or "incisivi" in text, (code, text)


def test_tags() -> None:
    assert "(LAU12B)" in describe("L12B", tags=True).text
    assert "(AU26C)" in describe("26C", tags=True).text
    assert "(M61)" in describe("M61", tags=True).text


@pytest.mark.parametrize("wrong", [{"detail": "long"}, {"seed": 1.5}, {"seed": True}])
def test_wrong_calls(wrong: dict[str, object]) -> None:
    with pytest.raises(FacsTextError):
        describe("1", **wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "codes", ["1+2+4", "25+26+20", "29+51+53", "6A+12A+25A", "1C+4D+15E", "L6+L12+L25", "45+46+50",
              "40+50+80", "70+12+25"],
)  # fmt: skip
def test_twenty_paraphrases(codes: str) -> None:
    if len(resolve(codes).coding) >= 3:
        assert len({describe(codes, seed=s).text for s in range(200)}) >= 20


@pytest.mark.slow
@given(st.sets(st.sampled_from(COMMON), min_size=3, max_size=5), st.sampled_from([0, 1, 3, 5]))
def test_many_paraphrases(codes: set[str], level: int) -> None:
    coding = resolve(Coding.from_actions((c, "both", level) for c in codes)).coding
    if len(coding) >= 3:
        assert len({describe(coding, seed=s).text for s in range(120)}) >= 20


@given(codings(), st.sampled_from(DETAILS), st.integers(-(10**6), 10**20))
def test_mirror_of_text(coding: Coding, detail: str, seed: int) -> None:
    mirrored = describe(coding.mirror(), detail=detail, seed=seed).text
    assert swap(describe(coding, detail=detail, seed=seed).text) == mirrored


@given(codings(), st.sampled_from(DETAILS), st.integers(0, 99))
def test_no_contradictions(coding: Coding, detail: str, seed: int) -> None:
    assert contradictions(describe(coding, detail=detail, seed=seed)) == []


def test_the_checker_finds_contradictions() -> None:
    apart = (Clause("The lip corners are drawn strongly up and back", ("AU12",), "lip corners"),
             Clause("The lip corners are pulled slightly down", ("AU15",), ""))  # fmt: skip
    assert contradictions(Description("", apart, resolve("12D+15B")))
    sides = (Clause("The left lip corner is drawn strongly up and back", ("AU12",), ""),
             Clause("The right lip corner is pulled slightly down", ("AU15",), ""))  # fmt: skip
    assert not contradictions(Description("", sides, resolve("L12D+R15B")))


@given(codings())
def test_text_is_prose(coding: Coding) -> None:
    text = describe(coding).text
    assert text[0].isupper()
    assert text.endswith(".")
    assert "  " not in text
    assert not re.search(r"[{}*#]|\bNone\b|,,|\.\.", text)


AGAINST = {w.strip(", ") for kinds in wording()["against"].values() for ws in kinds.values()
           for w in ws}  # fmt: skip


@given(codings(), st.sampled_from((*DETAILS, "prompt")), st.integers(0, 99))
def test_mode_off_says_a_coding_as_written(coding: Coding, detail: str, seed: int) -> None:
    budget = 10_000 if detail == "prompt" else None
    said = describe(coding, detail=detail, seed=seed, mode="off", budget=budget)
    heard = understand(said.text)
    assert (heard.coding, heard.unparsed) == (coding, ())
    assert all(len(parse(clause.codes)) == 1 for clause in said.clauses if clause.codes)
    assert not any(f", {word} " in said.text for word in AGAINST)
    assert ", so that " not in said.text


def test_a_resolution_is_said_in_its_own_mode() -> None:
    off = resolve("12D+15B", mode="off")
    assert describe(off).text == describe("12D+15B", mode="off").text
    assert describe(off).text != describe("12D+15B").text


@pytest.mark.parametrize("codes", ["51C+52C", "61C+62C", "30LC+30RC"])
def test_what_cancels_is_not_called_rest(codes: str) -> None:
    for detail in (*DETAILS, "prompt"):
        for seed in range(9):
            said = describe(codes, detail=detail, seed=seed)
            assert "cancel" in said.text or "nothing of it remains" in said.text
            assert understand(said.text).coding == Coding()
    assert "cancel" not in describe("0").text


FITTED = ("ever so slightly", "as far as possible", "far", "wide", "half", "nearly")


@given(codings(), st.integers(0, 99), st.sampled_from(("full", "clinical", "brief")))
def test_one_word_a_level(coding: Coding, seed: int, detail: str) -> None:
    text = describe(coding, seed=seed, detail=detail).text
    for word in FITTED:  # these belong to a verb
        text = re.sub(rf"\b{word}\b", "", text)
    for level in range(1, 6):
        words = {w for table in wording()["adverbs"].values() for w in table[level]}
        found = [w for w in words if re.search(rf"\b{w}\b", text)]
        assert len(found) < 2, text


def test_text_of_the_issue() -> None:
    for codes in ("1C+4D+12B+15B", "12D+15B", "12B+15D", "24C+25B+26C", "5C+43E", "18C+20C",
                  "1B+2B+4C+5D+7C+20C+26C"):  # fmt: skip
        description = describe(parse(codes))
        assert description.text
        assert not contradictions(description)


def test_a_second_opponent_has_its_own_joint() -> None:
    said = {describe("2+4+6", seed=n).text for n in range(60)}
    assert any(
        "the knitting of the brows, and lessened by the lift of the cheeks" in t for t in said
    )
    said = {describe("10+12+15+23", seed=n, detail=d).text for n in range(60) for d in DETAILS}
    assert any("on the lip corners, and by the tightening of the lips" in t for t in said)
    assert any(", against mouth corners down, and against lips tightened" in t for t in said)
    assert not any(re.search(r"by the [^,;.:]*, and the ", t) for t in said)
