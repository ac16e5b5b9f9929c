"""Sides told by another one: "on that side", "on the opposite side", "on the affected side"."""

from __future__ import annotations

from facs_text._prose._words import Word, lexicon

__all__ = ["LOST", "settle_same_sides"]

LOST = "lost"  # the value of a side that is told and not known
_OTHER = {"left": "right", "right": "left"}
_SAME = frozenset(("that", "this", "same", "ipsilateral", "ipsilaterally"))
_ACROSS = frozenset(("opposite", "other", "contralateral", "contralaterally"))
_ALONE = frozenset(("ipsilaterally", "contralaterally"))
_STOPS = frozenset((".", ";", "!", "?", "\n"))


def settle_same_sides(words: list[Word]) -> list[Word]:
    """The words with each of these put as the side that it is, by the last one named before it in
    the sentence; as LOST where none was.
    """
    found: list[Word] = []
    named = ""  # the last side of the sentence so far
    for word in words:
        if word.kind == "mark" and word.low in _STOPS:
            named = ""
        elif word.kind == "side" and word.value in _OTHER:
            named = word.value
        which = _which(found, word)
        if which and (named or which != "other"):
            word.kind, word.how = "side", "on"
            word.value = named or LOST
            if which in _ACROSS:
                word.value = _OTHER.get(named, LOST)
            elif which not in _SAME:
                word.value = LOST
            while word.low not in _ALONE and found.pop().low != "on":
                pass
        found.append(word)
    return found


def _which(before: list[Word], word: Word) -> str:
    """The word that says which side this one is: "same" of "on the same side", or ""."""
    if word.low in _ALONE:
        return word.low
    if word.low not in ("side", "half") or len(before) < 2:
        return ""
    which = before[-1].low
    known = which in _SAME or which in _ACROSS or which in lexicon()["which sides"]
    at = -3 if before[-2].kind == "article" and len(before) > 2 else -2
    return which if known and before[at].low == "on" else ""
