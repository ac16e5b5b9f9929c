"""Words around a name or a motion that leave open whether it is there at all.

"She denied frowning", "a smile was out of the question", "there was a smile in her voice".
"""

from __future__ import annotations

from facs_text._prose._clauses import CONTENT, Clause
from facs_text._prose._found import Target
from facs_text._prose._words import Word, claims, lexicon

__all__ = ["elsewhere", "governed", "supposed"]

_SUBJECTS = frozenset(("person", "pronoun", "aux", "relative", "viewer"))
_BETWEEN = frozenset(("article", "owner", "level", "side", "skip", "prep"))
_ABOUT = frozenset(
    ("between", "of", "for", "about", "from", "against", "at", "to", "toward", "towards")
)
_THINKS = frozenset(("thinks", "thought", "believes", "believed", "predicts", "predicted",
                     "guesses", "guessed", "supposes", "supposed", "expects"))  # fmt: skip
_MODALS = frozenset(("would", "might", "could", "may", "can", "should", "will", "must"))
_COPULAS = frozenset(("is", "was", "are", "were", "be", "been"))


def governed(clause: Clause, target: Target) -> bool:
    """Whether an unknown verb decides what becomes of the target: "she denied frowning", "he
    mocked her smile". So does a word before "of frowning", "about frowning".
    """
    words = clause.words
    if words and _thought(words, target.first):
        return True
    if target.code and _topic(words, target.first - 1):
        return True
    if target.code or not words:
        return False
    n = target.first - 1
    named = words[target.first].kind in ("act", "noun")
    if n > 0 and words[n].kind == "pronoun" and words[n - 1].low in claims():
        return True  # "he claims she smiles"
    gerund = words[target.first].form == "ing" and words[target.first].kind in ("act", "motion")
    if gerund and n >= 0 and words[n].kind == "prep" and words[n].low in _ABOUT:
        return True
    about = n > 0 and words[n].kind == "prep" and words[n].low in _ABOUT
    if named and about and words[target.first].form == "ing" and words[n - 1].kind == "unknown":
        return True
    told = n
    while told > 0 and (words[told].kind == "aux" or words[told].low.endswith("ly")):
        told -= 1
    if 0 < told < n and words[told].kind == "pronoun" and words[told - 1].low in claims():
        return True  # "he feared she had smiled"
    while n >= 0 and words[n].kind in _BETWEEN:
        n -= 1
    if n < 0 or words[n].kind != "unknown" or words[n].low.endswith("ly"):
        return False
    if words[n + 1 : target.first] and any(w.kind == "prep" for w in words[n + 1 : target.first]):
        return False  # "she gestured with her raised brow": what is done to it is not said
    before = n - 1
    while before >= 0 and (words[before].kind == "skip" or words[before].low.endswith("ly")):
        before -= 1
    return before >= 0 and words[before].kind in _SUBJECTS and not words[before].owner


def _topic(words: list[Word], n: int) -> bool:
    """Whether a code only is what something is about: "changed my mind *on* AU20"."""
    if n < 1 or words[n].low not in ("on", "about", "over", "regarding", "concerning"):
        return False
    measured = any(w.kind in ("level", "number", "level noun", "present") for w in words)
    return words[n - 1].kind == "unknown" and not measured


def _thought(words: list[Word], first: int) -> bool:
    """ "Our model thinks AU12 is active", but not "I think that"."""
    for n, word in enumerate(words[:first]):
        if n and word.low in _THINKS and words[n - 1].value != "i":
            return True
    return False


def elsewhere(clause: Clause, target: Target) -> bool:
    """ "There was a smile in her voice", "a smile painted on": a name that is no move of a face."""
    words = clause.words
    if target.code or target.motion or words[target.first].kind not in ("act", "noun"):
        return False
    if words[target.first].form != "base":
        return False
    if target.last + 1 < len(words) and words[target.last + 1].low == "painted":
        return True
    behind = words[target.last + 1 : target.last + 4]
    if not behind or behind[0].low not in ("in", "behind", "of", "into"):
        return False
    if any(w.kind in ("part", "person") or w.low in ("face", "expression") for w in behind):
        return False
    return any(w.kind == "unknown" for w in behind)


def _adds_how(word: Word) -> bool:
    return word.kind in ("direction", "level") or word.low.endswith("ly")


def _object_ends(words: list[Word], n: int) -> int:
    """Place behind what a gerund is done with: "turning *her head to the left* would help"."""
    while n < len(words) and words[n].kind in ("article", "owner", "side", "part", "prep"):
        n += 1
    return n


def supposed(clause: Clause, target: Target) -> bool:
    """Whether a name is the subject of something unknown: "a smile was out of the question",
    "frowning is intact".
    """
    words = clause.words
    gerund = words[target.first].form == "ing" or words[target.last].low.endswith("ing")
    if not target.name and not gerund:
        return False
    if words[target.first].kind not in ("act", "noun", "code", "muscle", "motion"):
        return False
    ahead = words[: target.first] if not gerund else words[max(0, target.first - 1) : target.first]
    if any(w.kind in (*_SUBJECTS, "owner") for w in ahead if not w.owner):
        return False
    n = target.last + 1
    while gerund and n < len(words) and _adds_how(words[n]):
        n += 1
    if gerund and not any(w.kind in CONTENT for w in words[: target.first]):
        end = _object_ends(words, n)
        if end < len(words) and words[end].low in _MODALS:
            return True  # "smiling would help"
        if end + 1 < len(words) and words[end].low in _COPULAS and words[end + 1].low == "what":
            return True  # "smiling is what she does best"
    if gerund and n < len(words) and words[n].kind == "light" and words[n].form == "s":
        return True  # "frowning gives you wrinkles"
    if gerund and n < len(words) and words[n].kind == "unknown":
        return words[n].low.endswith("s") and not words[n].low.endswith("ss")  # "smiling hurts"
    while n < len(words) and words[n].kind == "side":
        n += 1
    if n >= len(words) or words[n].kind != "aux" or words[n].low not in _COPULAS:
        return False
    while n < len(words) and words[n].kind in ("aux", "skip", "article", "side", "hedge"):
        n += 1
    if n < len(words) and words[n].low in ("out", "off", "down"):
        return True  # "the lower lip depressor on the left is out"
    if n == len(words) or words[n].kind not in ("unknown", "prep"):
        return False
    low = words[n].low
    return not low.endswith("ly") and low not in lexicon()["kinds of smiles"]
