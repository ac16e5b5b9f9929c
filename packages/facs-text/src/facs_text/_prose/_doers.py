"""Unknown nouns that do what only somebody with a face does: "the plumber frowns".

They are persons, so that what they do is not read as done by whom the text is about.
"""

from __future__ import annotations

from facs_text._prose._words import Word

__all__ = ["settle_doers"]

_LONGEST = 4  # words between an article and its noun
_AHEAD = 10  # words that may stand between commas behind a noun: "the groom, eyes shut, smiles"
_STARTS = frozenset(("mark", "conj", "sub", "relative", "than"))
_PASSED = frozenset(("skip", "place", "number"))
_FINITE = frozenset(("s", "ed"))
_BESIDE = frozenset(("in", "with", "wearing", "behind", "beside", "near", "next to", "holding"))
_OF_THINGS = frozenset(
    ("first", "second", "third", "fourth", "fifth", "side", "half", "part", "corner", "end",
     "muscle", "thing", "pair")
)  # fmt: skip
_BETWEEN = frozenset(("side", "motion", "level"))


def settle_doers(words: list[Word]) -> list[Word]:
    """Make persons of unknown nouns that do something with a face."""
    for n, word in enumerate(words):
        which = n and (words[n - 1].low in ("the", ",") or words[n - 1].kind == "conj")
        if word.low == "one" and which and n + 1 < len(words):
            if words[n + 1].low in _BESIDE:
                word.kind, word.value = (
                    "other",
                    "other",
                )  # "the one in red frowns", "one with her mouth open"
            continue
        if word.kind != "unknown" or word.low.endswith("ly") or word.low in _OF_THINGS:
            continue
        first = _phrase(words, n)
        if first >= 0 and _goes_on_with_who(words, n + 1):
            word.kind, word.value = "person", "role"  # "smiles at a plumber, who frowns"
            continue
        if first < 0 or not _begins(words, first):
            continue
        if _has_a_face(words, n) or _acts(words, n + 1) or _acts_later(words, n + 1):
            word.kind, word.value = "person", "role"
    return words


def _goes_on_with_who(words: list[Word], n: int) -> bool:
    n += n < len(words) and words[n].low == ","
    return n < len(words) and words[n].low in ("who", "whose")


def _phrase(words: list[Word], n: int) -> int:
    """Where the noun phrase starts that ends at n, or -1."""
    numbered = n + 1 < len(words) and words[n + 1].kind == "number"
    if numbered or words[n].text[:1].isupper():
        return n  # "player 9 frowns", "Anna, eyes closed, smiles"
    for m in range(n - 1, max(-1, n - 1 - _LONGEST), -1):
        if words[m].kind in ("article", "owner"):
            return m
        if words[m].kind not in ("unknown", "level", "number", "motion", "wide"):
            return -1
    return -1


def _begins(words: list[Word], first: int) -> bool:
    """Whether a clause begins at a noun phrase: "while *the plumber*", "beside him *a plumber*"."""
    if first == 0 or words[first - 1].kind in _STARTS or words[first - 1].low == "with":
        return True
    before = words[first - 1]
    return first > 1 and before.kind in ("pronoun", "person") and words[first - 2].kind == "prep"


def _has_a_face(words: list[Word], n: int) -> bool:
    """ "The plumber's eyes"."""
    if not words[n].owner:
        return False
    after = next((w for w in words[n + 1 : n + 4] if w.kind not in _BETWEEN), None)
    return after is not None and after.kind in ("part", "act", "gaze")


def _acts(words: list[Word], n: int) -> bool:
    """Whether a verb at n is one of a face, or has an own part of it as its object."""
    while n < len(words) and (words[n].kind in _PASSED or words[n].low.endswith("ly")):
        n += 1
    if n >= len(words):
        return False
    verb, after = words[n], words[n + 1 : n + 4]
    if verb.kind == "act" and " " not in verb.low:
        if verb.form == "base":
            return words[n - 1].low.endswith("s")
        return verb.form in _FINITE or words[n - 1].kind != "level"
    if verb.kind == "gaze":
        return verb.form in _FINITE
    own = bool(after) and after[0].kind == "owner" and after[0].value in ("m", "f", "t")
    if verb.kind in ("motion", "light") and verb.form in ("s", "ed", "ing"):
        return own and any(w.kind == "part" for w in after[1:])
    if verb.low in ("does", "did") and after:
        return after[0].kind == "neg"
    if verb.low in ("has", "had"):
        return own or any(w.kind in ("part", "act") for w in after)
    if verb.low in ("is", "was", "are", "were") and after:
        return after[0].kind in ("act", "gaze") and after[0].form == "ing"
    return False


def _acts_later(words: list[Word], n: int) -> bool:
    """ "The groom, eyes shut, smiles"."""
    if n >= len(words) or words[n].low != ",":
        return False
    for m in range(n + 1, min(n + _AHEAD, len(words))):
        if words[m].kind == "mark" and words[m].low != ",":
            return False
        if words[m].low == "," and m + 1 < len(words):
            return words[m + 1].kind in ("act", "gaze", "motion") and words[m + 1].form in _FINITE
    return False
