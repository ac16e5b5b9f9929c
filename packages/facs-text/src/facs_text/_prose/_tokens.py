"""A text cut into words, codes, numbers and marks, each with its place.

Contractions come apart ("isn't" is "is" and "not", "she's" is "she" and "is") and keep one place.
Quoted speech is one token: what somebody says is no description of a face.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Token", "tokenise"]

_ITEM = (
    r"(?:[LRTBUA]?(?:A[UD])?|A[UD][LRTBU])\s?[0-9]{1,2}[LR]?[A-Ea-e]?"
    r"(?!\w|[./][0-9]|/[A-Za-z]|%)\??"
)
_BARE = r"[LRTBUA]?[0-9]{1,2}[LR]?[A-E]?(?!\w|[./][0-9]|/[A-Za-z]|%)\??"
_PATTERN = re.compile(
    rf"(?P<code>(?<!\w)(?:(?i:action\s{{1,3}}units?|AUs?|ADs?)\s?{_ITEM}"
    rf"(?:\s{{0,3}}(?:\+\s{{0,3}}{_ITEM}"
    rf"|(?:,\s{{0,3}}and\s{{1,3}}|[,&]\s{{0,3}}|(?<=\s)and\s{{1,3}}){_BARE}))*"
    rf"|{_BARE}(?:\+{_BARE})+"
    r"|(?:[LRTBUA]A[UD][0-9]{1,2}[A-E]?|[LRTB][0-9]{1,2}[A-E]?|[0-9]{1,2}[A-E]|M[0-9]{2})"
    r"(?!\w|[./][0-9])\??))"
    r"|(?P<number>[0-9]+(?:\.[0-9]+)?(?:\s?/\s?[0-9]+)?%?(?![^\W_]))"
    r"|(?P<word>[^\W\d_]+(?:['’][^\W\d_]+)*['’]?)"
    r"|(?P<mark>\n|[^\w\s]|_)|(?P<rest>\d+)"
)
_SPLIT = {"can't": "can", "cannot": "can", "won't": "will", "shan't": "shall", "ain't": "is"}
_TAILS = {"'s": "is", "'re": "are", "'ll": "will", "'ve": "have", "'m": "am", "'d": "would"}
_NAMED = {"crow's": "crow"}  # names of what is no possession: "crow's feet"
_BEFORE_IS = frozenset(
    [
        "he",
        "she",
        "it",
        "that",
        "there",
        "who",
        "what",
        "here",
        "one",
        "this",
        "everyone",
        "nobody",
        "someone",
    ]
)
_DIMENSIONS = frozenset(("2D", "3D", "4D"))
_SAYING = frozenset(
    ("say", "says", "said", "saying", "read", "reads", "whisper", "whispers", "whispered", "mouths",
     "mouthed", "mouthing", "shouts", "shouted", "asks", "asked", "called", "titled", "word",
     "phrase", "answers", "answered")
)  # fmt: skip
_QUOTES, _LAST = "'‘’", ",.!?…—"
_OPEN, _CLOSE = '"“«', '"”»'


@dataclass(slots=True)
class Token:
    """A stretch of the text. low: in lower case, with straight apostrophes."""

    kind: str  # "code", "number", "word", "mark" or "speech"
    text: str
    low: str
    start: int
    end: int
    owner: bool = False  # a possessive: "viewer's"


_TITLES = frozenset(
    ("mr", "mrs", "ms", "dr", "prof", "st", "no", "fig", "vs", "approx", "e.g", "i.e")
)


def tokenise(text: str) -> list[Token]:
    """The tokens of a text, in order."""
    found: list[Token] = []
    for match in _PATTERN.finditer(text):
        kind = match.lastgroup or "mark"
        if kind == "rest":
            kind = "number"
        raw = match[0]
        if kind == "word":
            found += _words(raw, match.start())
        else:
            found.append(Token(kind, raw, raw.lower(), match.start(), match.end()))
    found = [
        t for n, t in enumerate(found)
        if t.text != "." or not n or found[n - 1].low not in _TITLES
        or found[n - 1].end != t.start or not found[n - 1].text[:1].isupper()
    ]  # fmt: skip
    found = _channels(found)
    codes = sum(t.kind == "code" for t in found)
    for token in found:  # "a 3D render" is no code
        if token.text in _DIMENSIONS and codes == 1:
            token.kind = "word"
    return _speech(found, text)


def _channels(tokens: list[Token]) -> list[Token]:
    """ "smile_L 0.8": the name of a channel is one word, and no word of English."""
    found: list[Token] = []
    n = 0
    while n < len(tokens):
        end = n
        while (
            end + 2 < len(tokens)
            and tokens[end].kind == tokens[end + 2].kind == "word"
            and tokens[end + 1].text == "_"
            and tokens[end].end == tokens[end + 1].start
            and tokens[end + 1].end == tokens[end + 2].start
        ):
            end += 2
        after = tokens[end + 1] if end + 1 < len(tokens) else None
        if end > n and after is not None and (after.kind == "number" or after.text in "=:"):
            name = "_".join(t.low for t in tokens[n : end + 1 : 2])
            found.append(Token("word", name, name, tokens[n].start, tokens[end].end))
        else:
            found += tokens[n : end + 1]
        n = end + 1
    return found


def _words(raw: str, start: int) -> list[Token]:
    low = raw.lower().replace("’", "'")
    end = start + len(raw)
    if low in _NAMED:
        return [Token("word", raw, _NAMED[low], start, end)]
    if low.endswith("'"):
        plain = low[:-1]
        return [Token("word", raw[:-1], plain, start, end - 1, owner=plain.endswith("s"))]
    if low in _SPLIT or low.endswith("n't"):
        first = _SPLIT.get(low, low[:-3])
        return [Token("word", raw, first, start, end), Token("word", raw, "not", start, end)]
    cut = low.rfind("'")
    if cut > 0 and low[cut:] in _TAILS:
        stem = low[:cut]
        if low[cut:] != "'s" or stem in _BEFORE_IS:
            tail = _TAILS[low[cut:]]
            return [Token("word", raw, stem, start, end), Token("word", raw, tail, start, end)]
        return [Token("word", raw, stem, start, end, owner=True)]
    return [Token("word", raw, low, start, end)]


def _speech(tokens: list[Token], text: str) -> list[Token]:
    """Put each quotation that ends like a sentence into one token."""
    found: list[Token] = []
    n = 0
    closing = _closings(tokens)
    while n < len(tokens):
        token = tokens[n]
        end = closing.get(n, 0)
        inside = tokens[n + 1 : end]
        if (
            inside
            and (inside[-1].text in _LAST or (found and found[-1].low in _SAYING))
            and end - n < len(tokens) - 1  # the text as a whole may stand in quotes
            and not any(t.kind == "code" for t in inside)
        ):
            stop = tokens[end].end
            found.append(Token("speech", text[token.start : stop], "", token.start, stop))
            n = end + 1
            continue
        found.append(token)
        n += 1
    return found


def _closings(tokens: list[Token]) -> dict[int, int]:
    """Place of the closing quote of each opening one."""
    pairs: dict[int, int] = {}
    start = single = -1
    for n, token in enumerate(tokens):
        if token.kind != "mark":
            continue
        if token.text in _QUOTES:
            beside = n > 0 and tokens[n - 1].end == token.start
            if not beside or (single < 0 and tokens[n - 1].text in "(["):
                single = n
            elif single >= 0 and tokens[n - 1].text in _LAST:
                pairs[single], single = n, -1
        elif start < 0 and token.text in _OPEN:
            start = n
        elif start >= 0 and token.text in _CLOSE:
            pairs[start] = n
            start = -1
    return pairs
