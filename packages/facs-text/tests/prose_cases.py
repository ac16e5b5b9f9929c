"""Sentences with their right answers, and how an understanding of them is graded.

A file has one sentence a line: where it is from, the sentence (``\\n`` for a line end), and the
codings that are right, joined by " or ". "unread" there allows nothing to be read, as long as
something is reported.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from facs_text import Coding, Understanding, parse

DATA = Path(__file__).parent / "data"
GRADES = ("right", "partial", "unread", "wrong")


class Case(NamedTuple):
    """A sentence, where it is from, and the answers that are right."""

    source: str
    text: str
    answers: tuple[str, ...]


def cases(name: str) -> list[Case]:
    """The sentences of a file in tests/data."""
    found = []
    for line in (DATA / name).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("# "):
            source, text, answers = line.split("\t")
            found.append(Case(source, text.replace("\\n", "\n"), tuple(answers.split(" or "))))
    return found


def grade(case: Case, heard: Understanding) -> str:
    """right: one of the answers. partial: less than an answer, nothing else, and something is
    reported. unread: nothing read, and something is reported. wrong: all else, so also what is
    lost without a report.
    """
    codings = [parse(a) for a in case.answers if a != "unread"]
    if heard.coding in codings or ("unread" in case.answers and not heard.coding):
        return "right" if heard.coding in codings or heard.unparsed else "wrong"
    if not heard.unparsed:
        return "wrong"
    if not heard.coding:
        return "unread"
    return "partial" if any(_within(heard.coding, c) for c in codings) else "wrong"


def _within(less: Coding, more: Coding) -> bool:
    """Whether every action of one stands in the other, its level perhaps left out."""
    have = {(a.code, a.side): a.level for a in more}
    return all((a.code, a.side) in have and a.level in (0, have[a.code, a.side]) for a in less)


# Texts that go on for ever, each a way to make a reader slow.
HOSTILE = (
    "with brow with ",
    "she smiles, ",
    "and ",
    "inner brow ",
    "raised ",
    "not ",
    ",",
    ". ",
    "....x",
    "AU12+",
    "AU12 and ",
    "AU12, ",
    "12 ",
    " ",
    "\n",
    "it's'",
    "(AU12C) ",
    "(",
    "(left ",
    ", while ",
    ": ",
    "a",
    "at C ",
    "action units ",
    "L12B ",
    "the inner brows and cheeks and ",
    "brow or ",
    "the brow raised with x ",
    "AU1 & ",
    "left ",
    "the left of the ",
    "_",
    "1",
    '"',
    '"x ',
    "the man and the woman ",
    "her his ",
    "than ",
    "if ",
    "x ",
    "of the left ",
    "corner of the corner of ",
    "brow raised lowered ",
    "AU4: 3 ",
    "no AU4 or ",
    "1+",
    "-",
    "é'",
    "very slightly ",
    "to smile to ",
    "he who she who ",
    "wide eyes wide mouth ",
    "AU12 (x) ",
    "slightly raised brows ",
    "head left ",
    "viewer's left of the picture ",
    "the ",
    "he is ",
    "stopped smiling, ",
    "coded: 4, ",
    "AU4 and AU5 but weak, ",
    "the left hand ",
    "from the viewer's perspective the left ",
    "to smile ",
    "frowning hurts ",
    "she said that she ",
    "half of the half ",
    "at the door on the left ",
    "none of the units (",
    "AU12: left C, right A, ",
    "thin, heavy, ",
    "as wide as ",
    "she smiles, then stopped, ",
    "no smile, a smile, ",
    "he closed his eyes, left eye half open, ",
    "AU1, AU2 and AU4 cannot be told apart, ",
    "action units present in this ",
    "tight-lipped ",
    "on that side ",
    "on the affected side, ",
    "tongue between the teeth ",
    "tongue pushes the cheek ",
    "yes/no ",
    "turned her face ",
    "curled in a ",
    "crease from the nose to the left ",
    "crow's feet ",
    "by her left eye ",
    "pulls the mouth open ",
    "brows with the inner ends up ",
    "brow raised, brow lowered. ",
    "AU12B, AU12C, ",
    "smile_L 0.8, ",
    "puff out one cheek, then the other, ",
    "the plumber, x, smiles ",
    "lips apart, no AU25. ",
)
