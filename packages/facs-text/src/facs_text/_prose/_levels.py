"""Levels said by a letter or a number: "at level C", "intensity: 3", "(B)", "C intensity"."""

from __future__ import annotations

from facs_text._coding import LETTERS
from facs_text._prose._words import Word

__all__ = ["settle_levels"]

_AT = frozenset(("at", "to", "of", "a", "the", "is", ":", "=", "as"))
_BEFORE = frozenset(
    ("at", "as", "(", "[", "scored", "coded", "rated", "graded", "reaches", "reached")
)
_WHICH = frozenset(
    ("left", "right", "first", "second", "latter", "other", "the", "upper", "lower", "each")
)
_ANY_SCALE = frozenset(("score", "scored", "scored at", "rating", "rated", "value"))
_WORDS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5}


def settle_levels(words: list[Word]) -> list[Word]:
    """The words with letters and numbers that are levels put as level words."""
    drop: set[int] = set()
    coded = any(w.kind == "code" for w in words)
    for n, word in enumerate(words):
        if word.low == "way" and n and words[n - 1].kind in ("article", "skip"):
            word.kind = "unknown"  # "a way of"
        if word.low == "half" and word.kind == "level" and _is_a_part(words, n):
            word.kind = "unknown"  # "in the first half"
        if word.kind == "number" and word.text in ("0", "0.0", "0/5") and n:
            before = words[n - 2] if words[n - 1].low in _AT and n > 1 else words[n - 1]
            if before.kind == "level noun":
                word.kind, word.value = "absent", "0"
        level = _level(word)
        if not level or word.kind == "code":
            continue
        at = n - 1
        while at >= 0 and n - at < 5 and (words[at].low in _AT or words[at].kind == "code"):
            at -= 1
        noun = at >= 0 and words[at].kind == "level noun" and (coded or _of_facs(words, at))
        after = words[n + 1] if n + 1 < len(words) else None
        noun_after = after is not None and after.kind == "level noun"
        letter = word.text in LETTERS[1:]
        ends = after is None or after.kind in ("mark", "conj", "prep")
        closed = letter and after is not None and after.low in (")", "]")
        placed = closed or (
            letter and n > 0 and words[n - 1].low in _BEFORE and (ends or noun_after)
        )
        beside = words[n - 2] if n > 1 and words[n - 1].low in (":", "=") else words[n - 1]
        sided = n > 0 and beside.kind == "side" and beside.value in ("left", "right")
        named = sided or (n > 0 and words[n - 1].kind in ("noun", "motion", "code", "muscle"))
        stops = after is None or (after.kind == "mark" and after.low in ".;,)")
        placed = placed or (letter and named and stops and (sided or word.text != "A"))
        last = after is None or after.low in (".", ")", ";")
        listed = n > 1 and len(words[n - 2].text) == 1
        goes_on = after is not None and after.kind == "prep"
        risen = coded and n > 0 and words[n - 1].low == "to" and (last or goes_on)
        placed = placed or (letter and risen)
        alone = coded and last and n > 0 and words[n - 1].low == "," and not listed
        alone = alone or (coded and last and n > 0 and words[n - 1].low in ("all", "both", "each"))
        placed = placed or (letter and alone)
        if letter and word.text == "A" and not ends and not noun_after:
            continue
        if letter and word.kind != "unknown":
            word.kind, word.value = "unknown", word.low  # an "A" before a mark is no article
        if noun or noun_after or placed:
            word.kind, word.value, word.how = "level", str(level), "after"
            if noun:
                drop.update(m for m in range(at, n) if words[m].kind != "code")
    return [w for n, w in enumerate(words) if n not in drop]


def _of_facs(words: list[Word], n: int) -> bool:
    """Whether a level noun can be FACS' where no code stands: a "score" may be of any scale."""
    return words[n].low not in _ANY_SCALE or any(w.kind in ("noun", "muscle") for w in words[:n])


def _is_a_part(words: list[Word], n: int) -> bool:
    """Whether "half" says which part of something, not how much."""
    before = words[n - 1].low if n else ""
    after = words[n + 1] if n + 1 < len(words) else None
    ordinal = before in (
        "left",
        "right",
        "first",
        "second",
        "latter",
        "other",
        "the",
        "upper",
        "lower",
        "each",
    )
    return ordinal or (after is not None and after.kind == "unknown")


def _level(word: Word) -> int:
    if len(word.text) == 1 and word.text in LETTERS[1:]:
        return LETTERS.index(word.text)
    if word.kind == "number":
        top, _, bottom = word.text.partition("/")
        if bottom.strip() in ("", "5") and top.strip() in ("1", "2", "3", "4", "5"):
            return int(top)
    return _WORDS.get(word.low, 0) if word.kind == "unknown" else 0
