"""Codes that only are talked about, and what is said of a reading that makes it void.

"The model confuses AU23 with AU24", "her jaw dropped - not literally". What a verb that is not
known does to a code, or what a clause without a unit says against the one before it, is not
guessed at: what was read is reported.
"""

from __future__ import annotations

from itertools import pairwise

from facs_text._prose._clauses import CONTENT, Clause
from facs_text._prose._found import Target
from facs_text._prose._state import State
from facs_text._prose._words import Word, lexicon

__all__ = [
    "beside_one",
    "gone_or_called",
    "object_of_unknown",
    "other_owner",
    "replaced",
    "retracted",
    "uneven",
]

_NEAR = frozenset(("code", "article", "skip", "prep", "level", "letter", "conj"))
_SUBJECTS = frozenset(("person", "pronoun", "aux", "unreal", "hedge"))
# Verbs that say that a code is there; of all others it is not known what they say.
_GIVES = frozenset((
    "involves", "involving", "includes", "including", "comprises", "comprising", "combines",
    "combining", "uses", "using", "produces", "producing", "displays", "displaying",
    "rates", "rated", "assigned", "logged", "marks", "marked", "labelled", "labeled", "tagged",
    "annotated", "contains", "containing", "resulting", "based", "precedes", "preceded",
    "follows", "followed",
))  # fmt: skip
_EXPECTED = frozenset(("prediction", "predictions", "expected", "predicted", "truth", "target",
                       "forecast", "planned", "wanted"))  # fmt: skip
_AWAY = frozenset(("away", "off", "out"))
_NO_MORE = frozenset(("had been", "once was", "used to be", "once were"))
_ALONE = frozenset(("hers", "mine", "yours", "theirs", "ours"))
_LATER = frozenset(("now", "today", "nowadays"))
_IT = frozenset(("it", "they", "that", "this"))
_AGAINST = frozenset((",", "—", "–", "-", "(", "or", "but", "yet", ""))
_REST = frozenset(("neg", "skip", "aux", "pronoun", "article", "level", "hedge", "mark", "calm"))


def object_of_unknown(clause: Clause, target: Target) -> bool:
    """ "Confuses AU23", "we looked for AU9", "AU9 is masked": what becomes of it is not known."""
    if not target.code:
        return False
    words = clause.words
    if target.first > 1 and words[target.first - 1].low == "for":
        sought = words[target.first - 2]
        if sought.kind == "gaze" or sought.low.startswith(("watch", "check", "search")):
            return True  # "we looked for AU9"
    return _acted_upon(words, target.first) or _undergoes(words, target.last)


def _acted_upon(words: list[Word], first: int) -> bool:
    n = first - 1
    while n >= 0 and words[n].kind in _NEAR:
        n -= 1
    if n >= 0 and words[n].low in _EXPECTED:
        return True
    if n < 0 or words[n].kind != "unknown" or words[n].low in _GIVES:
        return False
    if words[n].low.endswith("ly") or not words[n].low.isalpha():
        return False
    if words[n].low.endswith("ed") or (words[n].low.endswith("s") and n > 0):
        return not words[n].low.endswith("ss")
    return n > 0 and words[n - 1].kind in _SUBJECTS  # "we want AU9"


def _undergoes(words: list[Word], last: int) -> bool:
    n = last + 1
    while n < len(words) and (words[n].kind == "aux" or words[n].low.endswith("ly")):
        n += 1
    passive = n > last + 1 and words[n - 1].kind in ("aux", "unknown")
    if not passive or n == len(words) or words[n].low in lexicon()["kinds of smiles"]:
        return False
    return words[n].kind == "unknown" and words[n].low.endswith("ed")


def gone_or_called(clause: Clause, target: Target) -> bool:
    """ "His smile was wiped away", "where the smile had been", "I would call it a smile", "smiled
    on the inside".
    """
    words = clause.words
    if target.code or target.motion or words[target.first].kind not in ("act", "noun"):
        return False
    ahead = words[max(0, target.first - 6) : target.first]
    if any(
        a.low.startswith("call") and b.low in ("it", "that", "this") for a, b in pairwise(ahead)
    ):
        return True
    behind = words[target.last + 1 :]
    lows = [w.low for w in behind[:3]]
    if lows == ["on", "the", "inside"] or lows[:1] in (["inside"], ["inwardly"], ["internally"]):
        return True
    if lows[:2] in (["on", "it"], ["on", "them"]):
        return True  # "the mask had a smile on it"
    if behind and " ".join(w.low for w in behind) in _NO_MORE:
        return True
    n = 0
    while n < len(behind) and (behind[n].kind == "aux" or behind[n].low.endswith("ly")):
        n += 1
    if not 0 < n < len(behind) or behind[n].kind not in ("unknown", "motion"):
        return False
    return n + 1 < len(behind) and behind[n + 1].low in _AWAY


def beside_one(clause: Clause, state: State) -> bool:
    """ "(Confuses AU23) with AU24": as that one is talked about, so is this."""
    return state.talked and clause.joint in ("with", "and", "or", "for", "nor", "/") and clause.bare


def replaced(clause: Clause, target: Target) -> bool:
    """ "From AU4 to AU1+2": what it came from is over."""
    words = clause.words
    if not target.code or not target.first or words[target.first - 1].low != "from":
        return False
    after = words[target.last + 1 : target.last + 3]
    return len(after) == 2 and after[0].low in ("to", "into") and after[1].kind == "code"


def other_owner(clause: Clause) -> bool:
    """ "Hers lifts just the right": the face before it was another one."""
    words = clause.words
    return any(
        word.low in _ALONE and after.kind in ("motion", "act", "aux", "light", "unknown")
        for word, after in pairwise(words)
    )


def uneven(words: list[Word], at: int) -> bool:
    """ "(Both eyes are open,) one wider than the other": of which of two is not said."""
    other = any(w.low in ("other", "the other", "another") for w in words[at + 1 : at + 4])
    first = next((w for w in words if w.kind not in ("skip", "prep")), None)
    return (
        other
        and first is not None
        and first.low == "one"
        and not any(w.kind == "part" for w in words[:at])
    )


def retracted(state: State, clause: Clause) -> bool:
    """ "- not literally", "or not"; "now it is level": takes back what came before, and reports."""
    words = clause.words
    if not words or clause.joint not in _AGAINST or clause.has(*CONTENT):
        return False
    before = state.latest or state.before
    first = words[0].low
    if first in _LATER and any(w.low in _IT for w in words[1:3]):
        state.take_back(before)
        state.report(words)
        return bool(before)
    if not state.latest or words[0].kind != "neg" or len(words) > 3 or clause.has("side"):
        return False
    adverbs = all(w.kind in _REST or w.low.endswith("ly") for w in words)
    if adverbs and any(w.kind == "unknown" for w in words):
        state.take_back(state.latest)
        state.report(words)
        return True
    return False
