"""Codes in prose: "AU12 (lip corner puller): 3", "AU4 D", "AU12 4/5".

A code takes the number or the letter that stands beside it, over its own name and a colon. What
numbers mean depends on the text: above 1 they are the scale of 0 to 5, rounded half up; nothing
but 0 and 1 is absent and present; fractions up to 1 may be probabilities, which say no level.
"""

from __future__ import annotations

import math
import re

from facs_text._coding import LETTERS, Action
from facs_text._errors import FacsTextError
from facs_text._notation import parse
from facs_text._prose._words import Word
from facs_text._units import unit

__all__ = ["settle_codes"]

_HEAD = re.compile(r"^(?:action\s+units?|AUs|ADs)\s*", re.IGNORECASE)
_JOINTS = re.compile(r"\s*,?\s*\band\b\s*|\s*[&,]\s*|\s+(?=\+)|(?<=\+)\s+", re.I)
_HEADINGS = frozenset(("aus", "au", "action units", "action unit", "units", "au codes", "codes"))
_PLACES = frozenset(
    (
        "coded",
        "scored",
        "coding",
        "present",
        "absent",
        "active",
        "activated",
        "head",
        "gaze",
        "eyes",
        "brow",
        "lids",
        "lips",
        "jaw",
        "nose",
        "cheeks",
        "chin",
        "forehead",
        "eyelids",
        "upper face",
        "lower face",
        "mouth",
        "brows",
    )
)
_CODED = frozenset(("coded", "scored", "coding", "present", "absent", "active", "activated"))
_LED = frozenset(("present", "skip", "prep", "article", "viewer", "side", "direction"))
_GLOSS = 16  # words in brackets behind a code that may be its name
_NAMING = frozenset(("part", "motion", "direction", "noun", "act", "muscle", "vague"))
_STATING = frozenset(("code", "neg", "absent", "present", "number", "stop", "unreal"))
_KEPT = frozenset(("level", "hedge", "side"))
_SHAPES = frozenset(("tight", "wide", "high", "low", "big", "large", "deep", "small", "little"))
_DECOR = frozenset('"*`|_{}#“”')
_GLUE = frozenset((":", "=", "-", "–", "—", "→", "("))


def settle_codes(words: list[Word]) -> list[Word]:
    """The words with every code read, its level in it, and its name and number left out."""
    for word in words:
        if word.kind == "code":
            _read(word)
    words = [w for w in words if w.text not in _DECOR or w.kind == "speech"]
    _numbers_after_heading(words)
    drop: set[int] = set()
    beside: list[tuple[Word, str]] = []
    for n, word in enumerate(words):
        if word.kind == "code":
            _beside(words, n, drop, beside)
        elif word.kind in ("noun", "muscle", "act") and _named_after(words, n, drop):
            pass
    scale = _scale([said for _, said in beside])
    for word, said in beside:
        _grade(word, said, scale)
    return [w for n, w in enumerate(words) if n not in drop]


def _numbers_after_heading(words: list[Word]) -> None:
    """ "AUs present: 6, 12 and 25": the numbers are codes."""
    coded = any(w.kind == "code" for w in words)
    for n, word in enumerate(words):
        denied = bool(n) and words[n - 1].low in ("no", "not", "without", "nor", "minus")
        if coded and denied and _is_unit(word) and _ends(words, n):  # "6+12, no 25"
            word.kind = "code"
            _read(word)
        traced = bool(n) and words[n - 1].kind == "level" and words[n - 1].low.endswith(" of")
        if coded and traced and _is_unit(word):  # "1 and 4 with a trace of 17"
            word.kind = "code"
            _read(word)
        graded = (
            n + 2 < len(words) and words[n + 1].low == "at" and words[n + 2].text in LETTERS[1:]
        )
        if coded and graded and _is_unit(word):  # "1+2 at C, 5 at B"
            word.kind = "code"
            _read(word)
        if word.low in _CODED and _lists_units(words, n + 1):
            coded = True
        places = coded and word.low in _PLACES and n + 1 < len(words) and words[n + 1].low == ":"
        if word.low not in _HEADINGS and not places:
            continue
        at = n + 1
        while at < len(words) and at - n < 4 and words[at].kind in ("present", "skip", "absent"):
            at += 1
        far = at
        while far < len(words) and far - n < 8 and words[far].kind in _LED:
            far += 1
        if far < len(words) and words[far].low == ":":
            at = far  # "action units present in this frame: 1 and 4"
        if at < len(words) and words[at].low == ":":
            at += 1
        while at < len(words):
            item = words[at]
            if _is_unit(item):
                item.kind = "code"
                _read(item)
            elif item.low != "," and item.kind != "conj":
                break
            at += 1


def _lists_units(words: list[Word], at: int) -> bool:
    """Whether a colon and nothing but numbers of units follow, to the end of the sentence."""
    if at >= len(words) or words[at].low != ":":
        return False
    at += 1
    units = 0
    while at < len(words) and (
        _is_unit(words[at]) or words[at].low == "," or words[at].kind == "conj"
    ):
        units += words[at].kind == "number"
        at += 1
    return units > 1 and (at == len(words) or words[at].kind == "mark")


def _ends(words: list[Word], n: int) -> bool:
    return n + 1 == len(words) or words[n + 1].kind in ("mark", "conj")


def _is_unit(word: Word) -> bool:
    """Whether a number can be one of a unit."""
    if word.kind != "number" or not word.text.isdigit() or len(word.text) > 2:
        return False
    try:
        return bool(parse(word.text))
    except FacsTextError:
        return False


def _read(word: Word) -> None:
    text = _JOINTS.sub("+", _HEAD.sub("", word.text)).replace("++", "+")
    text = re.sub(r"(?<=[A-Za-z])\s+(?=[0-9])", "", text)
    try:
        coding = parse(text)
    except FacsTextError:
        word.kind = "unknown"
        return
    word.actions = tuple(a for a in coding if a.code != "0")
    word.how = "" if word.actions else "nothing"


def _beside(words: list[Word], n: int, drop: set[int], beside: list[tuple[Word, str]]) -> None:
    """Find what stands beside the code at n, and drop what only says it again."""
    at = _own_name(words, n, n + 1, drop)
    bracket = False
    start = at
    while at < len(words) and words[at].text in _GLUE and at - start < 2:
        bracket = bracket or words[at].text == "("
        at += 1
    if at >= len(words):
        return
    value = words[at]
    if value.low == "n" and [w.low for w in words[at + 1 : at + 3]] == ["/", "a"]:
        words[n].how = "nothing"  # "AU2: n/a" was not scored
        drop.update(range(start, at + 3))
        return
    letter = value.text if value.text in LETTERS[1:] and len(value.text) == 1 else ""
    if letter == "A" and at + 1 < len(words) and words[at + 1].kind not in ("mark", "code", "conj"):
        letter = ""  # an article
    if value.kind == "number" or letter:
        if bracket and not (at + 1 < len(words) and words[at + 1].text == ")"):
            return
        beside.append((words[n], letter or value.text))
        if at + 1 < len(words) and words[at + 1].low in ("each", "both"):
            beside.extend((word, letter or value.text) for word in _listed_before(words, n))
        drop.update(range(start, at + 1 + bracket))


def _listed_before(words: list[Word], n: int) -> list[Word]:
    """The codes of the list that ends with the one at n: "AU15 and AU20: C each"."""
    found = []
    for word in reversed(words[max(0, n - _GLOSS) : n]):
        if word.kind == "code":
            found.append(word)
        elif word.kind != "conj" and word.low != ",":
            break
    return found


def _own_name(words: list[Word], n: int, at: int, drop: set[int]) -> int:
    """Place after what only says again what the code at n is, in brackets or bare."""
    if at < len(words) and words[at].text == "(":
        end = next((m for m in range(at, min(at + _GLOSS, len(words))) if words[m].text == ")"), 0)
        kinds = {w.kind for w in words[at:end]}
        if end and kinds & _NAMING and not kinds & _STATING:
            drop.update(
                m for m in range(at, end + 1)
                if words[m].kind not in _KEPT or words[m].low in _SHAPES
            )  # fmt: skip
            return end + 1
    place = at
    while place < len(words) and words[place].text in ("(", "-", "–", "—", ":") and place - at < 2:
        place += 1
    if place >= len(words) or words[place].kind not in ("noun", "muscle", "act"):
        return at
    codes = {a.code for a in words[n].actions}
    if not {a.code for a in parse(words[place].value)} & codes:
        return at
    if words[at].text == "(":
        drop.add(place)
        return at
    drop.update(range(at, place + 1))
    return place + 1


def _named_after(words: list[Word], n: int, drop: set[int]) -> bool:
    """Whether the name at n stands before its own code in brackets: "Lip Corner Puller (AU12)"."""
    if n in drop or n + 1 >= len(words) or words[n].kind != "noun":
        return False
    at = n + 1
    if words[at].text in ("(", "[", "-", ":") and at + 1 < len(words):
        at += 1
    if words[at].kind == "code" and {a.code for a in words[at].actions} & {
        a.code for a in parse(words[n].value)
    }:
        drop.add(n)
        return True
    return False


def _scale(values: list[str]) -> str:
    numbers = [float(v) for v in values if re.fullmatch(r"[0-9]+(?:\.[0-9]+)?", v)]
    if any(1 < v <= 5 for v in numbers):
        return "levels"
    return "presence" if all(v in (0.0, 1.0) for v in numbers) else "unknown"


def _grade(word: Word, said: str, scale: str) -> None:
    """Put the level beside a code into its actions; absent ones get ``how`` "absent", traces
    "nothing"."""
    if said in LETTERS[1:]:
        _put(word, LETTERS.index(said))
        return
    if "/" in said:
        top, _, bottom = said.partition("/")
        level = (
            int(top) if bottom.strip() == "5" and "." not in top and len(top.strip()) == 1 else -1
        )
    elif said.endswith("%"):
        level = -1
    elif float(said) == 0:
        level = 0
    elif scale == "levels":
        level = math.floor(float(said) + 0.5)
    else:
        level = -2 if scale == "presence" else -1
    if level == -1 or level > 5:
        word.kind, word.how = "unknown", "number"
    elif level == 0:  # a trace below A is neither there nor seen to be absent
        word.how = "absent" if said.partition("/")[0].strip(" 0.") == "" else "nothing"
    elif level > 0:
        _put(word, level)


def _put(word: Word, level: int) -> None:
    word.actions = tuple(
        a._replace(level=level) if unit(a.code).graded and not a.level else a for a in word.actions
    )


def actions_of(codes: str) -> tuple[Action, ...]:
    """Actions of a value of the lexicon, such as "1+2" or "43B"."""
    return tuple(parse(codes))
