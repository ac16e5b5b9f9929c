"""Understanding: the exact inverse of describe, and plain prose."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import ALL, COMMON, codings

from facs_text import Coding, FacsTextError, describe, parse, resolve, understand, unit
from facs_text._understand import sides_of

DETAILS = ("full", "brief", "clinical")


def check(coding: Coding, detail: str, seed: int, tags: bool = False) -> None:
    resolution = resolve(coding)
    text = describe(resolution, detail=detail, seed=seed, tags=tags).text
    understood = understand(text)
    assert understood.coding == resolution.coding, text
    assert understood.unparsed == (), text


@given(codings(), st.sampled_from(DETAILS), st.integers(0, 10**9), st.booleans())
def test_round_trip(coding: Coding, detail: str, seed: int, tags: bool) -> None:
    check(coding, detail, seed, tags)


@pytest.mark.parametrize("detail", DETAILS)
def test_round_trip_of_every_unit_side_and_level(detail: str) -> None:
    for code in ALL:
        for side in sides_of(code):
            for level in range(6) if unit(code).graded else (0,):
                for seed in range(5):
                    check(Coding.from_actions([(code, side, level)]), detail, seed)


def test_round_trip_of_pairs() -> None:
    for n, (a, b) in enumerate(combinations(COMMON, 2)):
        levels = (n % 6, n // 6 % 6)
        coding = Coding.from_actions([(a, "both", levels[0]), (b, "both", levels[1])])
        check(coding, DETAILS[n % 3], n)


PROSE = [
    ("she raises her inner brows and presses her lips", "1+24"),
    ("he frowns with his mouth", "15"),
    ("she frowns", "4"),
    ("smiles broadly with the left corner", "L12D"),
    ("raises the inner brows a little and smiles broadly with the left corner", "1B+L12D"),
    ("no sign of a smile", "0"),
    ("The brows are not raised, but the jaw drops.", "26"),
    ("neither smiles nor frowns", "0"),
    ("no smile, frown or wink", "0"),
    ("doesn't smile", "0"),
    ("without raising the brows or smiling, she parts her lips", "25"),
    ("no AU12", "0"),
    ("perhaps a slight smile", "12B?"),
    ("He smiles slightly (AU12B) and frowns", "4+12B"),
    ("AU4 at C and AU 12D", "4C+12D"),
    ("action units 1, 2 and 4", "1+2+4"),
    ("6C+12D", "6C+12D"),
    ("Zygomaticus major contracts strongly", "12D"),
    ("corrugator supercilii", "4"),
    ("Her eyebrows are raised and drawn together, eyes wide, mouth open", "1+2+4+5+25+26"),
    ("The inner brows and cheeks are strongly raised", "1D+6D"),
    ("looks left and up, head tilted to the right", "56+61+63"),
    ("turns her head to the left and looks down", "51+64"),
    ("The left eye is closed", "L43"),
    ("opens her mouth wide", "25D+26D"),
    ("pulls the corners of his mouth down", "15"),
    ("draws the brows down and together", "4"),
    ("his lips are pressed tightly together", "24D"),
    ("winks with the right eye", "R46"),
    ("bites her lower lip", "B32"),
    ("wrinkles her nose and raises the upper lip on the left", "9+L10"),
    ("sticks out her tongue", "19"),
    ("puffs out her cheeks", "34"),
    ("raises her left eyebrow", "L1+L2"),
    ("raises one eyebrow", "U1+U2"),
    ("jaw clenched, nostrils flared", "31+38"),
    ("wide-eyed, mouth hanging open", "5+25+26"),
    ("squints", "7"),
    ("eyes are wide open", "5"),
    ("stares to the right", "62"),
    ("AU0", "0"),
    ("neutral face", "0"),
    ("the corner of the left lip is raised", "L12"),
    ("lips stretched sideways", "20"),
]


@pytest.mark.parametrize(("text", "codes"), PROSE)
def test_prose(text: str, codes: str) -> None:
    understood = understand(text)
    assert understood.coding == parse(codes)
    assert understood.unparsed == ()


@pytest.mark.parametrize(
    ("text", "codes", "left"),
    [
        ("purple monkey dishwasher", "0", ["purple monkey dishwasher"]),
        ("she looks happy and raises her brows", "1+2", ["happy"]),
        ("AU99", "0", ["AU99"]),
        ("The inner brows are raised; she hums.", "1", ["hums"]),
        ("her brows", "0", ["brows"]),
    ],
)
def test_what_is_not_understood_is_reported(text: str, codes: str, left: list[str]) -> None:
    understood = understand(text)
    assert understood.coding == parse(codes)
    assert [s.text for s in understood.unparsed] == left
    for span in understood.unparsed:
        assert text[span.start : span.end] == span.text


@pytest.mark.parametrize(
    ("text", "codes", "absent"),
    [
        ("no AU12", "0", "12"),
        ("AU4 is absent; AU12 is present at intensity D", "12D", "4"),
        ("AU12=0", "0", "12"),
        ("AU12: 0, AU4: 3, AU6: 0.3", "4C", "12"),  # 0.3 is a trace, and not said to be absent
        ("He raised his brows with no smile.", "1+2", "12"),
        ("AU1, AU2 and AU4 are absent.", "0", "1 2 4"),
        ("neither AU1 nor AU2", "0", "1 2"),
        ("The jaw drops, but the lips are not parted.", "26", "25"),
        ("She smiles without opening her mouth.", "12", "25"),
        ("She did not raise her brows.", "0", "1 2"),
        # nothing of the unit as a whole is said
        ("no L12", "0", ""),
        ("no smile on the left", "0", ""),
        ("perhaps no smile", "0", ""),
        ("not strongly smiling", "0", ""),
        ("Is AU12 absent?", "0", ""),
        ("If AU12 is absent, she is calm.", "0", ""),
        ("No AU12 at first, then AU12B.", "12B", ""),
        ("The man smiles, the woman does not frown.", "12", ""),
    ],
)
def test_what_is_said_to_be_absent(text: str, codes: str, absent: str) -> None:
    understood = understand(text)
    assert understood.coding == parse(codes)
    assert understood.absent == set(absent.split())


@given(codings(), st.sampled_from(DETAILS), st.integers(0, 10**9))
def test_an_observed_absence_comes_back(coding: Coding, detail: str, seed: int) -> None:
    absent = {"25", "26"} - {action.code for action in coding}
    resolution = resolve(coding, absent=absent)
    understood = understand(describe(resolution, detail=detail, seed=seed).text)
    assert (understood.coding, understood.absent) == (resolution.coding, resolution.absent)
    again = resolve(understood.coding, absent=understood.absent)
    assert again.coding == resolution.coding


def test_what_is_seen_to_be_absent_is_not_implied() -> None:
    heard = understand("The jaw drops strongly, but there is no parting of the lips.")
    assert str(resolve(heard.coding, absent=heard.absent).coding) == "26D"
    assert "closed" in describe("17C+26C", absent={"25"}).text
    assert "open mouth" not in describe("17C+27D", absent={"25"}).text


def test_prose_and_described_text_mix() -> None:
    text = describe("12D+15B").text + " She also raises her brows."
    assert understand(text).coding == parse("1+2+12D+15B")


@pytest.mark.parametrize("value", [None, 3, b"smile"])
def test_only_text(value: object) -> None:
    with pytest.raises(FacsTextError):
        understand(value)  # type: ignore[arg-type]


def test_endless_text_is_refused() -> None:
    with pytest.raises(FacsTextError, match="characters"):
        understand("a" * 200_000)


@given(st.text(max_size=200))
def test_any_text(text: str) -> None:
    for span in understand(text).unparsed:
        assert text[span.start : span.end] == span.text


@given(st.binary(max_size=120))
def test_any_bytes(raw: bytes) -> None:
    understand(raw.decode("utf-8", "surrogateescape"))
    understand(raw.decode("latin-1"))


WORDS = st.sampled_from(
    [
        "the",
        "left",
        "right",
        "brow",
        "brows",
        "lip",
        "lips",
        "corner",
        "of",
        "her",
        "not",
        "no",
        "smile",
        "smiles",
        "raise",
        "raised",
        ",",
        ".",
        ";",
        "and",
        "or",
        "while",
        "with",
        "AU12C",
        "1C+2D",
        "strongly",
        "slightly",
        "perhaps",
        "one",
        "jaw",
        "eyes",
        "wide",
        "open",
        "close",
        "head",
        "turned",
        "up",
        "pressed",
        "(AU4)",
        "(",
        ")",
        ":",
        "uncertain",
        "is",
        "unequal",
        "against",
        "AU",
        "B",
        "neither",
        "nor",
        "without",
        "in",
        "this",
        "face",
    ]
)


@given(st.lists(WORDS, max_size=25))
def test_word_salad(words: list[str]) -> None:
    text = " ".join(words)
    understood = understand(text)
    assert parse(str(understood.coding)) == understood.coding


def test_words_that_were_said_earlier_are_read() -> None:
    for text in (
        "The cheeks are greatly lifted. The lip corners are drawn greatly up and back.",
        "The lip corners are drawn strongly up and back; cheeks greatly lifted.",
    ):
        heard = understand(text)
        assert (heard.coding, heard.unparsed) == (parse("6D+12D"), ())
