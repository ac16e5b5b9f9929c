"""Plain prose to actions: body parts, what they do, how much, on which side, or not at all.

The words stand in ``data/lexicon.json``. A text is cut into segments at punctuation and
conjunctions; in each segment a part and a motion that the table joins make a unit. A part
without a motion waits for one ("the inner brows and cheeks are raised"), a motion without a part
takes the last one ("... raised and drawn together"). Words that are not known are reported
with their place, and what they might mean is not guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from facs_text._errors import FacsTextError
from facs_text._notation import Action, parse
from facs_text._units import load_data, unit, units

__all__ = ["Said", "read_prose"]

_TOKEN = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*|[\d]+|[^\w\s]|_", re.UNICODE)
_CODE = r"(?:[LRTBUA]{0,1}(?:AU|AD)?\s?\d{1,2}[LR]?[A-E]?\??(?![\w.]))"
_CODES = re.compile(
    rf"\b(?:action\s+units?|AUs?|ADs?)\s?{_CODE}(?:(?:\s*[+,&]\s*|\s+and\s+){_CODE})*"
    rf"|\b[LRTBUA]?\d{{1,2}}[LR]?[A-E]?\??(?:\+[LRTBUA]?\d{{1,2}}[LR]?[A-E]?\??)+(?!\w)"
    r"|\b(?:[LRTBUA]AU?\d{1,2}[A-E]?|[LRTB]\d{1,2}[A-E]?|\d{1,2}[A-E]|M\d\d)\b\??"
)
_LEAD = re.compile(r"^(?:action\s+units?|AUs?|ADs?)\s?")
_ARTICLES = frozenset(["a", "an", "the", "her", "his", "their", "its", "my", "your", "our"])
_BREAK = frozenset(",;:.!?()")
# Motions that are at ease as mere directions once something else in the segment made sense.
_DIRECTIONS = frozenset(("raise", "lower", "knit", "sideways", "part", "turn", "thrust"))
_FLAT = frozenset(("head", "gaze", "jaw"))
_LETTERS = "ABCDE"
_BEFORE_LETTER = frozenset(("at", "level", "intensity", "grade"))
_LONGEST = 6


@dataclass(frozen=True, slots=True)
class Said:
    """One action that the prose asserts, or denies."""

    action: Action
    denied: bool


@dataclass(slots=True)
class _Segment:
    """Words between two breaks, sorted by what they are; each with its place among the words."""

    joint: str
    parts: list[tuple[int, str]] = field(default_factory=list)
    motions: list[tuple[int, str]] = field(default_factory=list)
    acts: list[str | Action] = field(default_factory=list)
    level: int = 0
    wide: bool = False
    side: str = ""
    denied: bool = False
    doubt: bool = False
    unknown: bool = False
    spans: dict[int, tuple[int, int]] = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        return not (self.parts or self.motions or self.acts)


@lru_cache(maxsize=1)
def _lexicon() -> dict[str, Any]:
    data: dict[str, Any] = load_data("lexicon.json")
    return data


def _forms(word: str) -> Iterator[str]:
    """Inflections of a regular verb or noun."""
    yield word
    stem = word[:-1] if word.endswith("e") else word
    yield from (f"{word}s", f"{word}es", f"{stem}ed", f"{stem}ing", f"{word}ing")
    if word.endswith("y"):
        yield from (f"{word[:-1]}ies", f"{word[:-1]}ied")
    if re.fullmatch(r".*[^aeiou][aeiou][bdgkmnprt]", word):
        yield from (f"{word}{word[-1]}ed", f"{word}{word[-1]}ing")


@lru_cache(maxsize=1)
def _words() -> tuple[dict[str, str], dict[str, tuple[str, str]]]:
    """(lemma of each known inflection, meaning of each known phrase)."""
    lexicon = _lexicon()
    lemma: dict[str, str] = {}
    phrases: dict[str, tuple[str, str]] = {}

    def add(phrase: str, kind: str, value: str, inflect: bool) -> None:
        phrases.setdefault(phrase, (kind, value))
        if inflect:
            for word in phrase.split():
                for other in _forms(word):
                    lemma.setdefault(other, word)

    for value, options in lexicon["degrees"].items():
        for phrase in options:
            add(phrase, "level", value, False)
    for value, options in lexicon["sides"].items():
        for phrase in options:
            add(phrase, "side", value, False)
    for kind, key in (("deny", "negations"), ("doubt", "hedges"), ("break", "breaks"),
                      ("skip", "nothing")):  # fmt: skip
        for phrase in lexicon[key]:
            add(phrase, kind, phrase, False)
    for value, options in lexicon["acts"].items():
        for phrase in options:
            add(phrase, "act", value, True)
    for phrase, value in lexicon["muscles"].items():
        add(phrase, "act", value, False)
    for au in units():
        if au.graded and au.code not in ("25", "43"):
            add(au.name.lower(), "act", au.code, False)
    for kind, key in (("part", "parts"), ("motion", "motions")):
        for value, options in lexicon[key].items():
            for phrase in options:
                add(phrase, kind, value, True)
    for word in lexicon["ignore"]:
        phrases.setdefault(word, ("skip", word))
    add("wide", "wide", "wide", False)
    phrases["wide"] = ("wide", "wide")
    return lemma, phrases


@dataclass(slots=True)
class _Token:
    text: str
    start: int
    end: int
    kind: str = "word"


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    at = 0
    for match in _CODES.finditer(text):
        found += [
            _Token(m[0], m.start(), m.end()) for m in _TOKEN.finditer(text, at, match.start())
        ]
        found.append(_Token(match[0], match.start(), match.end(), "code"))
        at = match.end()
    found += [_Token(m[0], m.start(), m.end()) for m in _TOKEN.finditer(text, at)]
    return found


def read_prose(text: str) -> tuple[list[Said], list[tuple[int, int]]]:
    """(what is said, (start, end) of each stretch that was not understood)."""
    said: list[Said] = []
    unknown: list[tuple[int, int]] = []
    segments = _segments(_tokens(text), unknown, said)
    _join(segments, said, unknown)
    return said, _merge(sorted(unknown), text)


def _merge(spans: list[tuple[int, int]], text: str) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in spans:
        if merged and not text[merged[-1][1] : start].strip():
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _segments(
    tokens: list[_Token], unknown: list[tuple[int, int]], said: list[Said]
) -> list[_Segment]:
    lemma, phrases = _words()
    words = [t for t in tokens if t.text.lower() not in _ARTICLES and t.text != "-"]
    segments = [_Segment("")]
    n = 0
    while n < len(words):
        token, here = words[n], segments[-1]
        if token.kind == "code":
            if not _code(token, here):
                unknown.append((token.start, token.end))
                here.unknown = True
            n += 1
            continue
        if token.text in _BREAK:
            segments.append(_Segment(token.text))
            n += 1
            continue
        count, kind, value = _match(words, n, lemma, phrases)
        if token.text in _LETTERS and n and words[n - 1].text.lower() in _BEFORE_LETTER:
            here.level = here.level or _LETTERS.index(token.text) + 1
            here.acts = [_graded(act, here.level) for act in here.acts]
            n += 1
            continue
        if token.text.lower() == "with" and not here.empty and _moves(words, n + 1):
            segments.append(_Segment("with"))
            n += 1
            continue
        span = (token.start, words[n + max(count, 1) - 1].end)
        if not count:
            if token.text not in "-–—\"'’“”/…":
                unknown.append(span)
                here.unknown = True
            count = 1
        elif kind == "break":
            segments.append(_Segment(value))
        else:
            _put(here, n, kind, value, span)
        n += count
    return segments


def _match(
    words: list[_Token], n: int, lemma: dict[str, str], phrases: dict[str, tuple[str, str]]
) -> tuple[int, str, str]:
    """The longest known phrase from word n: (words, kind, value), or (0, "", "")."""
    run: list[tuple[str, str]] = []
    for token in words[n : n + _LONGEST]:
        if token.kind == "code" or token.text in _BREAK:
            break
        low = token.text.lower().replace("’", "'")
        run.append((low, lemma.get(low, low)))
    for count in range(len(run), 0, -1):
        plain = " ".join(w for w, _ in run[:count])
        base = " ".join(b for _, b in run[:count])
        found = phrases.get(plain) or phrases.get(base)
        if found:
            return count, *found
    return 0, "", ""


def _moves(words: list[_Token], n: int) -> bool:
    """Whether a motion comes before the next break."""
    lemma, phrases = _words()
    while n < len(words) and words[n].text not in _BREAK:
        count, kind, _ = _match(words, n, lemma, phrases)
        if kind == "break":
            return False
        if kind == "motion":
            return True
        n += max(count, 1)
    return False


def _graded(act: str | Action, level: int) -> str | Action:
    """A code without an intensity, given the one that follows it ("AU4 at C")."""
    if isinstance(act, str) or act.level or not unit(act.code).graded:
        return act
    return act._replace(level=level)


def _put(here: _Segment, n: int, kind: str, value: str, span: tuple[int, int]) -> None:
    if kind == "part":
        here.parts.append((n, value))
        here.spans[n] = span
    elif kind == "motion":
        here.motions.append((n, value))
        here.spans[n] = span
    elif kind == "act":
        here.acts.append(value)
    elif kind == "level":
        here.level = here.level or int(value)
    elif kind == "wide":
        here.wide = True
    elif kind == "side":
        here.side = value if not here.side or here.side == value else "both"
    elif kind == "deny":
        here.denied = True
    elif kind == "doubt":
        here.doubt = True


def _code(token: _Token, here: _Segment) -> bool:
    text = _LEAD.sub("", token.text)
    text = re.sub(r"\s+and\s+|&", "+", text)
    text = re.sub(r"(?<=AU)\s+|(?<=AD)\s+", "", text)
    try:
        coding = parse(text)
    except FacsTextError:
        return False
    here.acts.extend(action for action in coding if action.code != "0")
    return True


def _join(segments: list[_Segment], said: list[Said], unknown: list[tuple[int, int]]) -> None:
    """Give parts their motions and motions their parts, and say what comes out."""
    waiting: list[_Segment] = []
    last: _Segment | None = None
    denied = False
    for i, here in enumerate(segments):
        listed = here.joint == "," and any(
            s.joint in ("or", "nor") for s in segments[i + 1 : i + 3]
        )
        if here.joint in ("or", "nor") or listed:
            here.denied = here.denied or denied
        elif here.joint in (".", ";", "!", "?"):
            _drop(waiting, unknown)
            waiting, last = [], None
        if here.wide:
            if {p for _, p in here.parts} & {
                "eye",
                "lid",
                "upper lid",
            }:  # wide eyes are raised lids
                here.motions = [x for x in here.motions if x[1] != "open"]
            else:
                here.level = here.level or 4
            if not here.motions and here.parts:
                here.motions.append((here.parts[0][0] - 1, "widen"))
        if here.empty:
            denied = here.denied or (denied and here.joint in ("or", "nor"))
            continue
        denied = here.denied
        if here.parts and not here.motions and not here.acts and not _directed(here):
            if last is not None and here.joint in ("and", ",", "or", "nor") and _verb_first(last):
                borrowed = _Segment(
                    here.joint, here.parts, last.motions, [], here.level, side=here.side,
                    denied=here.denied or last.denied, doubt=here.doubt or last.doubt,
                    spans=here.spans,
                )  # fmt: skip
                if not here.unknown and _pairs(borrowed):
                    _say(borrowed, said, unknown)
                    continue
            if here.unknown:
                _drop([here], unknown)
            else:
                waiting.append(here)
            continue
        if here.motions and not here.parts and last is not None and last.parts:
            _say(
                _Segment(here.joint, last.parts, here.motions, here.acts, here.level,
                         side=here.side or last.side, denied=here.denied, doubt=here.doubt,
                         spans=here.spans),
                said, unknown,
            )  # fmt: skip
            continue
        for other in waiting:
            if any(part == "gaze" for _, part in other.parts):
                continue
            shared = _Segment(
                "", other.parts, here.motions, [], other.level or here.level, side=other.side,
                denied=other.denied or here.denied, doubt=other.doubt or here.doubt,
                spans=other.spans,
            )  # fmt: skip
            if here.joint == "." or not _pairs(shared):
                _drop([other], unknown)
            else:
                _say(shared, said, unknown)
        waiting = []
        _say(here, said, unknown)
        last = here
    _drop(waiting, unknown)


def _drop(waiting: list[_Segment], unknown: list[tuple[int, int]]) -> None:
    for segment in waiting:
        unknown.extend(segment.spans[n] for n, p in segment.parts if p != "gaze")


def _verb_first(segment: _Segment) -> bool:
    return bool(segment.motions and segment.parts) and segment.motions[0][0] < segment.parts[0][0]


def _directed(segment: _Segment) -> list[str]:
    """Codes of a turn or shift that the side word is the direction of."""
    if segment.side not in ("left", "right"):
        return []
    table = _lexicon()["directed"]
    which = 0 if segment.side == "left" else 1
    found = []
    for _, part in segment.parts:
        motions = [m for _, m in segment.motions] or [""]
        found += [table[f"{part}|{m}"][which] for m in motions if f"{part}|{m}" in table]
        if part in _FLAT and not found and f"{part}|" in table:
            found.append(table[f"{part}|"][which])
    return found


def _pairs(segment: _Segment) -> list[tuple[int, int, str]]:
    """(place of the part, place of the motion, units) of every pair that the table joins."""
    table = _lexicon()["table"]
    found = []
    for n, part in segment.parts:
        for m, motion in segment.motions:
            if f"{part}|{motion}" in table:
                found.append((n, m, table[f"{part}|{motion}"]))
    return found


def _say(segment: _Segment, said: list[Said], unknown: list[tuple[int, int]]) -> None:
    directed = _directed(segment)
    pairs = _pairs(segment)
    used = {n for n, _, _ in pairs} | {m for _, m, _ in pairs}
    for code in directed:
        said.extend(_actions(code, segment, "both"))
    for _, _, codes in pairs:
        if codes:
            side = "both" if directed else segment.side or "both"
            said.extend(_actions(codes, segment, side))
    for act in segment.acts:
        if isinstance(act, str):
            said.extend(_actions(act, segment, segment.side or "both"))
        else:
            doubt = act.doubt or segment.doubt
            said.append(Said(act._replace(doubt=doubt), segment.denied))
    done = bool(pairs or directed or segment.acts)
    particles = _DIRECTIONS.union(_lexicon()["particles"])
    for n, motion in segment.motions:
        if n in used or n not in segment.spans:
            continue
        if done and (directed or motion in particles):
            continue
        unknown.append(segment.spans[n])
    for n, _ in segment.parts:
        if n not in used and n in segment.spans and not done:
            unknown.append(segment.spans[n])


def _actions(codes: str, segment: _Segment, side: str) -> Iterator[Said]:
    for action in parse(codes):
        au = unit(action.code)
        place = action.side
        if side != "both" and "left" in au.sides:
            place = side
        level = segment.level if au.graded else 0
        yield Said(Action(action.code, place, level, segment.doubt), segment.denied)
