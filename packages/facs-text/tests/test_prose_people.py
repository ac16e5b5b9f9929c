"""Of two persons the first who does something is read, whatever the other is called: by grid."""

from __future__ import annotations

import pytest

from facs_text import understand

FIRST = ("the man", "a girl", "the plumber", "Anna", "the horse", "my uncle", "the old miner")
SECOND = ("the skipper", "Tomas", "her brother", "the one in red", "the tall guy", "player 9")

# A sentence about two persons, and the unit of the second one, which is not to be read.
FRAMES = (
    ("{a} smiles; {b} frowns.", "4"),
    ("{a} smiles and {b} frowns.", "4"),
    ("{a} smiles while {b} frowns.", "4"),
    ("{a} smiles at {b}. {b} frowns.", "4"),
    ("{a} smiled, {b} lowered his brows.", "4"),
    ("{a} smiles, with {b} frowning beside him.", "4"),
    ("{a} smiles. Next to him {b} has closed eyes.", "43"),
    ("{a} winks and {b}, eyes closed, smiles.", "12"),
    ("One of them smiles, {b} frowns.", "4"),
    ("Both are smiling, but only {b} shows his teeth.", "25"),
)


@pytest.mark.parametrize(("frame", "code"), FRAMES)
def test_what_the_second_does_is_reported(frame: str, code: str) -> None:
    for first in FIRST:
        for second in SECOND:
            text = frame.format(a=first, b=second)
            heard = understand(text[0].upper() + text[1:])
            assert code not in {action.code for action in heard.coding}, text
            assert heard.unparsed, text


@pytest.mark.parametrize("who", [*FIRST, *SECOND])
def test_what_somebody_unknown_does_is_read(who: str) -> None:
    text = f"{who} smiles and frowns."
    assert str(understand(text[0].upper() + text[1:]).coding) == "4+12"


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("Her sister, who smiles, raised her brows.", "1+2+12"),
        ("The brows are raised; the light falls on his nose.", "1+2"),
        ("The lips part and the tongue sticks out.", "19+25"),
        ("Unlike Anna, who frowns, the skipper smiles.", "12"),
        ("The man frowns, the other one smiles.", "4"),
        ("She raises her brows, it opens its mouth.", "1+2"),
    ],
)
def test_whose_face_it_is(text: str, codes: str) -> None:
    assert str(understand(text).coding) == codes
