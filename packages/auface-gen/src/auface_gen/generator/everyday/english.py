"""The little of English grammar that phrases need: verbs in the third person on -ing, articles.

The first word of a phrase is its verb, or the second after "nearly" and the like; `&` stands before
each further one, as in "smile and &part ~ lips".
"""

from __future__ import annotations

import re
from functools import lru_cache

__all__ = ["article", "base", "ing", "third"]

_BEFORE = ("almost ", "nearly ")
_FURTHER = re.compile(r"&(\w+)")
_DOUBLED = frozenset(
    [
        "begin",
        "drag",
        "drop",
        "get",
        "grin",
        "jut",
        "knit",
        "let",
        "pin",
        "sag",
        "set",
        "shut",
        "slip",
        "thin",
        "tip",
        "tug",
    ]
)
_KEPT = {"funnel": "funneling", "lie": "lying", "be": "being", "have": "having"}
_IRREGULAR = {"be": "is", "have": "has"}


def _s(verb: str) -> str:
    if verb in _IRREGULAR:
        return _IRREGULAR[verb]
    if verb.endswith(("s", "sh", "ch", "x", "z", "o")):
        return verb + "es"
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return verb[:-1] + "ies"
    return verb + "s"


def _ing(verb: str) -> str:
    if verb in _KEPT:
        return _KEPT[verb]
    if verb in _DOUBLED:
        return verb + verb[-1] + "ing"
    if verb.endswith("e") and not verb.endswith(("ee", "ye", "oe")):
        return verb[:-1] + "ing"
    return verb + "ing"


@lru_cache(maxsize=8192)
def third(phrase: str) -> str:
    """ "smile and &part ~ lips" as "smiles and parts ~ lips"."""
    before, first, rest = _parted(phrase)
    return before + _s(first) + _FURTHER.sub(lambda m: _s(m[1]), rest)


@lru_cache(maxsize=8192)
def ing(phrase: str) -> str:
    """ "smile and &part ~ lips" as "smiling and parting ~ lips"."""
    before, first, rest = _parted(phrase)
    return before + _ing(first) + _FURTHER.sub(lambda m: _ing(m[1]), rest)


def _parted(phrase: str) -> tuple[str, str, str]:
    """What stands before its verb, the verb, and the rest."""
    before = next((word for word in _BEFORE if phrase.startswith(word)), "")
    first, space, rest = phrase.removeprefix(before).partition(" ")
    return before, first, space + rest


@lru_cache(maxsize=8192)
def base(phrase: str) -> str:
    """A phrase as it stands in an order, or of several."""
    return phrase.replace("&", "")


def article(words: str) -> str:
    """Words with "a" or "an" before them."""
    return f"an {words}" if words[0] in "aeiou" else f"a {words}"
