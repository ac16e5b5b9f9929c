"""ask: questions whose answers are true of the resolution; yes and no in balance."""

import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import ALL, codings

from facs_text import (
    QUESTIONS,
    Coding,
    FacsTextError,
    Question,
    ask,
    parse,
    resolve,
    understand,
    unit,
    units,
)
from facs_text._change import noun_of
from facs_text._resolve import Resolution, expand
from facs_text._understand import sides_of
from facs_text._wording import adjectives

# Without the codes that say that a part of the face is hidden: those leave little to ask.
SEEN = tuple(c for c in ALL if unit(c).kind != "visibility")


def names() -> dict[str, tuple[str, str]]:
    """What a noun in a question is about, from the wording and not from ask."""
    table = {}
    for au in units():
        unequal = ("unequal",) if "left" in au.sides and au.whole else ()
        for side in (*sides_of(au.code), *unequal):
            noun = noun_of(au.code, side)
            table[noun] = (au.code, side)
            if side == "one" and not au.whole and noun.startswith("one "):
                table[noun.removeprefix("one ")] = (au.code, "both")
    return table


NAMES = names()


def asked_about(question: Question) -> tuple[str, str]:
    for noun in sorted(NAMES, key=len, reverse=True):
        pattern = rf"\b(?:the|any) {re.escape(noun)}(?: absent| missing)?\?"
        if re.search(pattern, question.question):
            return NAMES[noun]
    raise AssertionError(question)


def levels(resolution: Resolution, code: str) -> dict[str, int]:
    return {p: level for (c, p), (level, _) in expand(resolution.coding).items() if c == code}


def check(question: Question, resolution: Resolution) -> None:
    """The answer, worked out anew from the resolution."""
    if question.kind == "what":
        heard = understand(question.answer)
        assert heard.unparsed == ()
        (region,) = {unit(a.code).region for a in heard.coding}
        assert region in question.question
        want = [a for a in resolution.coding if unit(a.code).region == region]
        assert heard.coding == Coding(want)
        assert set(question.aus) == {unit(a.code).key for a in want}
        return
    code, side = asked_about(question)
    assert question.aus == (unit(code).key,)
    found = levels(resolution, code)
    assert not any(a.doubt for a in resolution.coding if a.code == code)
    if question.kind == "presence":
        negative = re.search("absent|missing", question.question) is not None
        assert question.answer == ("Yes." if bool(found) != negative else "No.")
        if not found:
            assert unit(code).key not in resolution.activations
    elif question.kind == "strength":
        word, letter = re.fullmatch(r"(\w+) \(([A-E])\)\.", question.answer).groups()
        places = unit(code).sides if side == "both" else (side,)
        assert {found[p] for p in places} == {"ABCDE".index(letter) + 1}
        assert word.lower() in adjectives("ABCDE".index(letter) + 1)
    else:
        answer = question.answer.lower()
        if set(found) in ({"left", "right"}, {"top", "bottom"}):
            assert answer.startswith("both")
            more = [p for p in found if {"top": "upper", "bottom": "lower"}.get(p, p) in answer]
            assert len(more) == (len(set(found.values())) > 1)
            assert all(found[p] == max(found.values()) for p in more)
        else:
            (place,) = found
            word = {"top": "upper", "bottom": "lower", "one": "not said", "unequal": "unequally"}
            assert word.get(place, place) in answer


@given(codings(codes=SEEN), st.integers(1, 12), st.integers(0, 10**6))
def test_every_answer_is_true(coding: Coding, n: int, seed: int) -> None:
    resolution = resolve(coding)
    found = ask(resolution, n, seed=seed)
    assert len(found) == n == len({q.question for q in found})
    assert found == ask(coding, n, seed=seed)
    for question in found:
        assert question.kind in QUESTIONS
        check(question, resolution)


@given(codings(codes=SEEN), st.integers(1, 20), st.integers(0, 10**6))
def test_yes_and_no_in_one_face(coding: Coding, n: int, seed: int) -> None:
    answers = Counter(q.answer for q in ask(coding, n, seed=seed) if q.kind == "presence")
    assert abs(answers["Yes."] - answers["No."]) <= 1


def test_neither_answer_nor_wording_gives_it_away() -> None:
    """Over many faces: yes as often as no, in either way of asking."""
    counts: Counter[tuple[bool, str]] = Counter()
    for seed in range(3000):
        for q in ask("1+2+4C+L12B+25+26C", 8, seed=seed):
            if q.kind == "presence":
                counts["absent" in q.question or "missing" in q.question, q.answer] += 1
    for negative in (False, True):
        yes, no = counts[negative, "Yes."], counts[negative, "No."]
        assert abs(yes - no) < 4 * (yes + no) ** 0.5


def test_only_what_was_looked_for_is_said_to_be_absent() -> None:
    for seed in range(50):
        for q in ask("12C", 6, seed=seed, scored=("AU6", "12", "4")):
            assert set(q.aus) <= {"AU6", "AU12", "AU4"}
    hidden = {au for s in range(50) for q in ask("12+70", 20, seed=s) for au in q.aus}
    assert not hidden & {"AU1", "AU2", "AU4", "AU70"}
    assert "AU43" not in {au for s in range(50) for q in ask("45+12", 20, seed=s) for au in q.aus}


def test_kinds_take_turns() -> None:
    assert Counter(q.kind for q in ask("6C+12D", 8)) == dict.fromkeys(QUESTIONS, 2)


@pytest.mark.parametrize(("n", "seed"), [(0, 0), (True, 0), (1.0, 0), (1, None), (1, True)])
def test_wrong_calls(n: object, seed: object) -> None:
    with pytest.raises(FacsTextError):
        ask("12C", n, seed=seed)  # type: ignore[arg-type]


def test_more_than_there_are() -> None:
    with pytest.raises(FacsTextError, match="answers 0 questions, not 1; ask for fewer"):
        ask(parse("0"), 1, scored=())
    assert len(ask("12C", 4)) == 4
