"""Plain prose: every kind of sentence that is known, right or reported; and in linear time."""

import sys
from collections import Counter
from types import FrameType
from typing import Any

import pytest
from prose_cases import HOSTILE, Case, cases, grade

from facs_text import parse, understand
from facs_text._prose._words import lexicon
from facs_text._units import unit

FILES = ("prose_known.tsv", "prose_voices_1.tsv", "prose_voices_2.tsv", "prose_voices_3.tsv")
LATER = [c for n in (4, 5, 6) for c in cases(f"prose_voices_{n}.tsv")]


@pytest.mark.parametrize("case", [c for name in FILES for c in cases(name)], ids=lambda c: c.text)
def test_sentences(case: Case) -> None:
    heard = understand(case.text)
    assert grade(case, heard) == "right", f"{heard.coding}, not {' or '.join(case.answers)}"


@pytest.mark.parametrize("voice", sorted({case.source for case in LATER}))
def test_a_voice(voice: str) -> None:
    wrong = [
        f"{case.text}: {heard.coding}, not {' or '.join(case.answers)}"
        for case, heard in ((c, understand(c.text)) for c in LATER if c.source == voice)
        if grade(case, heard) != "right"
    ]
    assert wrong == []


@pytest.mark.parametrize("case", cases("prose_not_yet.tsv"), ids=lambda c: c.text)
def test_what_is_not_read_yet_is_reported(case: Case) -> None:
    assert grade(case, understand(case.text)) != "wrong", understand(case.text).coding


@pytest.mark.parametrize(
    ("text", "codes", "left"),
    [
        # what is not certain is reported
        ("He grimaced.", "0", ["grimaced"]),
        ("He will smile.", "0", ["will smile"]),
        ("Is she smiling?", "0", ["smiling"]),
        ("The eyes are not fully closed.", "0", ["eyes are not fully closed"]),
        ("She suppressed a smile.", "0", ["suppressed", "smile"]),
        ("AU12 (85%)", "0", ["AU12"]),
        ("The man smiles and the woman frowns.", "12", ["frowns"]),
        ("She raised her hand and frowned.", "4", ["raised", "hand"]),
        ("The mouth is pulled to the right.", "0", ["mouth"]),
        ('"I am frowning," she said, smiling.', "12", ['"I am frowning,"']),
        ("Smile 0.02, brows raised.", "1+2", ["Smile 0.02"]),
        ("smile_L 0.8", "0", ["smile_L 0.8"]),
        ("AU5 excluded.", "0", ["AU5 excluded"]),
        ("AU12B, but coder 2 gives 12D.", "12", ["AU12B", "coder 2", "12D"]),
        ("A: brows up, mouth open. B: brows down.", "25+26", ["A", "brows up", "B", "brows down"]),
        ("One eye is closed, the other only half.", "U43", ["the other only half"]),
        ("Puff out one cheek, then the other.", "0", ["Puff out one cheek", "the other"]),
        ("Behind the raised newspaper his eyebrows drew together.", "4", ["newspaper"]),
        ("She looks happy.", "0", ["happy"]),
        ("An angry frown and a sad look.", "4", ["angry", "sad"]),
        # what is denied is not reported
        ("He could not smile.", "0", []),
        ("No smile, frown or wink.", "0", []),
        ("AU1, AU2 and AU4 are absent.", "0", []),
        ("Absent: AU1, AU2.", "0", []),
    ],
)
def test_what_is_reported(text: str, codes: str, left: list[str]) -> None:
    heard = understand(text)
    assert heard.coding == parse(codes)
    assert [s.text for s in heard.unparsed] == left


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("AU6 and AU12 present, AU25 absent", "6+12"),
        ("AU6, AU12 and AU4 are absent", "0"),
        ("AU12: 2, AU4: 0, AU1: 0.4, AU2: 2.5", "2C+12B"),
        ("AU6=1, AU12=1, AU4=0", "6+12"),
        ("AUs present: 6, 12 and 25.", "6+12+25"),
        ("AU12 or AU13", "12?+13?"),
        ("a 3D render of a smiling woman", "12"),
        ("one smiles, the other frowns", "12"),
        ("Left brow up, the other down.", "L1+L2+R4"),
        ("On the left side of the face, the brow is raised.", "L1+L2"),
        ("the left brow as seen by the viewer is raised", "R1+R2"),
        ("His frown turned into a smile.", "12"),
        ("The brows rise in the middle.", "1"),
        ("The lips tighten at the corners.", "14"),
        ("AU4 intensity: 0", "0"),
        ("AU12 was active earlier but is now absent.", "0"),
        ("AU12 (lip corners pulled up): absent", "0"),
        ("Her mouth was agape and her eyes were wide.", "5+25+26"),
        ("Her raised eyebrows fell.", "0"),
        ("The upper eyelid droops over the right eye.", "R43B"),
        ("She opens the eye on the left wider.", "L5"),
        ("AU1+2 only on R; L brow static.", "R1+R2"),
        ("Brow raised (L)", "L1+L2"),
        ("The left and the right brow are raised.", "1+2"),
        ("The left brow is raised; so is the right.", "1+2"),
        ("Half his mouth smiled.", "U12"),
        ("[raises eyebrow]", "U1+U2"),
        ("Lip corner tightened and raised, right side only.", "R12+R14"),
        ("Right brow only: AU1 and AU2.", "R1+R2"),
        ("Brow lowering was scored as severe, upper lip raising as absent.", "4D"),
        ("1+2 at C, 5 at B, 26 at B", "1C+2C+5B+26B"),
        ("The corner of the lips is pulled up, on both sides equally.", "12"),
        ("The left corner is pulled up in a subtle smirk.", "L12"),
        ("The man has his tongue sticking out of the left side of his mouth.", "19"),
        ("Asymmetric brow: left up, right slightly down.", "L1+L2+R4B"),
        ("It wiped the smile off his face.", "0"),
    ],
)
def test_kinds(text: str, codes: str) -> None:
    assert understand(text).coding == parse(codes)


@pytest.mark.parametrize(
    "word", ["happy", "bored", "depressed", "moved", "frozen", "doubtful", "uncertain", "tense"]
)
@pytest.mark.parametrize("frame", ["She looks {}.", "A {} face.", "He is {}."])
def test_a_feeling_names_no_unit_and_is_reported(frame: str, word: str) -> None:
    heard = understand(frame.format(word))
    assert not heard.coding
    assert any(word in span.text for span in heard.unparsed)


@pytest.mark.parametrize("pattern", HOSTILE)
def test_work_is_linear(pattern: str) -> None:
    """Calls made for a text of twice the length are about twice as many, never four times."""

    def calls(length: int) -> int:
        text = (pattern * (length // len(pattern) + 1))[:length]
        count = 0

        def step(frame: object, event: str, argument: object) -> None:
            nonlocal count
            count += event == "call"

        understand("she smiles")
        sys.setprofile(step)
        try:
            understand(text)
        finally:
            sys.setprofile(None)
        return count

    assert calls(8000) < 3 * calls(4000) + 2000


@pytest.mark.parametrize("pattern", ["she smiles, ", "no smile, a smile, ", "AU4 or "])
def test_lists_are_read_in_linear_time_within_a_call_too(pattern: str) -> None:
    """Lines that are run, which see a loop inside one function, where calls do not."""

    def lines(repeats: int) -> int:
        count = 0

        def step(frame: FrameType, event: str, argument: object) -> Any:
            nonlocal count
            count += event == "line"
            return step if "_prose" in frame.f_code.co_filename else None

        understand("she smiles")
        before = sys.gettrace()
        sys.settrace(step)
        try:
            understand(pattern * repeats)
        finally:
            sys.settrace(before)
        return count

    assert lines(600) < 2.5 * lines(300)


@pytest.mark.parametrize("pattern", HOSTILE)
def test_long_texts_come_to_an_end(pattern: str) -> None:
    text = (pattern * (20_000 // len(pattern) + 1))[:20_000]
    for span in understand(text).unparsed:
        assert text[span.start : span.end] == span.text


def test_the_words_name_units_that_exist() -> None:
    data = lexicon()
    for value in [
        *data["table"].values(),
        *data["acts"],
        *data["nouns"],
        *data["muscles"].values(),
    ]:
        for action in parse(value) if value else ():
            assert unit(action.code).code == action.code
    for left, right in data["directed"].values():
        assert parse(left).mirror() == parse(right)


def test_every_pair_of_the_table_can_be_said() -> None:
    """A part and a motion in the table are both in the lists of words."""
    data = lexicon()
    motions = {*data["motions"], *data["directions"], *data["phrasal"].values(), "lift", "widen"}
    motions |= {"push up", "squeeze shut"}
    for key in [*data["table"], *data["directed"]]:
        part, motion = key.split("|")
        assert part in data["parts"], key
        assert motion in motions or not motion, key


def test_no_phrase_stands_under_two_parts() -> None:
    counted = Counter(p for options in lexicon()["parts"].values() for p in options)
    assert [p for p, n in counted.items() if n > 1] == []
