"""FACS notation in and out."""

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import codings

from facs_text import Action, Coding, FacsTextError, parse


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("1C+2D", "1C+2D"),
        ("2d, 1c", "1C+2D"),
        ("1C 2D;4", "1C+2D+4"),
        ("L12B+R12D", "L12B+R12D"),
        ("L12C+R12C", "12C"),
        ("T23B+B23B", "23B"),
        ("T23+B28", "T23+B28"),
        ("U14", "U14"),
        ("A12", "A12"),
        ("A12A", "A12A"),
        ("B28B", "B28B"),
        ("b28b", "B28B"),
        ("AD19", "19"),
        ("AU01 AU12C", "1+12C"),
        ("AUL1", "L1"),
        ("LAU1", "L1"),
        ("30L", "30L"),
        ("L30C", "30LC"),
        ("30RC", "30RC"),
        ("30", "U30"),
        ("46", "U46"),
        ("12E?", "12E?"),
        ("L12C?+R12C", "L12C?+R12C"),
        ("12x+4y+6z", "4C+6E+12B"),
        ("12:3+4=5", "4E+12C"),
        ("12:0+4", "4"),
        ("M61+12", "12+M61"),
        ("V12+W14B", "V12+W14B"),
        ("0", "0"),
        ("12+12", "12"),
        ("51B+61C", "51B+61C"),
    ],
)
def test_canonical(text: str, canonical: str) -> None:
    assert str(parse(text)) == canonical
    assert parse(canonical) == parse(text)


@pytest.mark.parametrize(
    ("text", "position", "words"),
    [
        ("", 0, "empty"),
        ("  ", 0, "empty"),
        ("1+AU99", 2, "99"),
        ("AU00", 0, "00"),
        ("47", 0, "47"),
        ("12F", 2, "expected"),
        ("1C2D", 2, "expected"),
        ("12C+hello", 4, "expected a unit"),
        ("12:7", 0, "0 to 5"),
        ("L17", 0, "AU17"),
        ("B12", 0, "cannot be coded"),
        ("T12", 0, "cannot be coded"),
        ("L30R", 0, "twice"),
        ("12B+12D", 4, "twice"),
        ("12B+L12D", 0, "twice"),
        ("40C", 0, "no intensity"),
        ("12.5", 2, "expected"),
        ("M12", 0, "12"),
    ],
)
def test_errors_name_position(text: str, position: int, words: str) -> None:
    with pytest.raises(FacsTextError, match=words) as caught:
        parse(text)
    assert caught.value.position == position


@pytest.mark.parametrize("value", [None, 12, b"12", ["12"]])
def test_only_text(value: object) -> None:
    with pytest.raises(FacsTextError):
        parse(value)  # type: ignore[arg-type]


def test_coding_is_a_value() -> None:
    coding = parse("L12B+R12D+6C")
    assert coding == Coding.from_actions([("6", "both", 3), ("12", "right", 4), ("12", "left", 2)])
    assert hash(coding) == hash(parse(str(coding)))
    assert len({coding, parse("6C+R12D+L12B")}) == 1
    assert next(iter(coding)) == Action("6", "both", 3)
    assert pickle.loads(pickle.dumps(coding)) == coding == copy.deepcopy(coding)
    assert coding != "6C+L12B+R12D"
    assert "12" in coding
    assert "4" not in coding
    with pytest.raises(AttributeError):
        coding.x = 1  # type: ignore[attr-defined]
    with pytest.raises(AttributeError):
        del coding._actions


def test_levels() -> None:
    coding = parse("L12B+R12D+6+A14C")
    assert coding.level("12") == 4
    assert coding.level("12", "left") == 2
    assert coding.level("6", "left") == 0
    assert coding.level("14", "right") == 3
    assert coding.level("1") is None
    assert not parse("0")
    assert parse("6")


def test_neutral_beside_others_is_kept_for_resolution() -> None:
    assert str(parse("0+12")) == "0+12"


@pytest.mark.parametrize(
    "action", [("12", "both", 6), ("12", "both", -1), ("12", "both", True), ("12", "up", 1),
               ("99", "both", 1), ("12", "top", 1)],
)  # fmt: skip
def test_bad_actions(action: tuple[str, str, int]) -> None:
    with pytest.raises(FacsTextError):
        Coding.from_actions([action])


def test_mirror_examples() -> None:
    assert str(parse("L12B+R12D+51C+61").mirror()) == "L12D+R12B+52C+62"
    assert str(parse("30LC+M55").mirror()) == "30RC+M56"


@given(codings())
def test_prints_and_parses(coding: Coding) -> None:
    assert parse(str(coding)) == coding
    assert parse(str(coding).lower()) == coding or "V" in str(coding) or "W" in str(coding)
    assert coding.mirror().mirror() == coding


@given(st.text(max_size=40))
def test_any_text_parses_or_fails_cleanly(text: str) -> None:
    try:
        coding = parse(text)
    except FacsTextError:
        return
    assert parse(str(coding)) == coding


@given(st.text(alphabet="LRUATBVWMabcdeACDE0123456789+?:,. ", max_size=16))
def test_near_notation(text: str) -> None:
    try:
        coding = parse(text)
    except FacsTextError:
        return
    assert parse(str(coding)) == coding
