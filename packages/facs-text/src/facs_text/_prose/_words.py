"""Tokens to words: what each known phrase is, by the lists of ``data/lexicon.json``.

The longest known phrase wins. Regular inflections are made from the lists; articles inside a
phrase ("corner of *the* mouth") do not part it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

from facs_text._coding import Action
from facs_text._prose._tokens import Token
from facs_text._units import load_data, units

__all__ = ["Word", "bases", "claims", "lexicon", "to_words"]

_LONGEST = 8
# Lists of phrases that all mean the same kind of thing, in order of precedence.
_FLAT = (
    ("unseen", "unseen"),
    ("idiom", "idioms"), ("calm", "calm"), ("time", "other times"), ("stop", "stops"),
    ("unsure", "unsure stops"),
    ("assertive", "assertives"), ("as if", "as if"), ("except", "except"), ("than", "than"),
    ("hedge", "hedges"), ("neg", "negations"), ("neg", "without"), ("vague", "vague"),
    ("relative", "relatives"), ("conj", "conjunctions"), ("other", "others"),
)  # fmt: skip
_INFLECTED = frozenset(("vague", "idiom", "stop", "unsure", "assertive", "hedge"))
_KEYED = (
    ("act", "acts", True), ("noun", "nouns", False), ("part", "parts", True),
    ("level", "degrees", False), ("motion", "motions", True),
    ("direction", "directions", False), ("side", "sides", False),
    ("person", "persons", True), ("pronoun", "pronouns", False), ("owner", "owners", False),
    ("article", "articles", False), ("comparative", "comparatives", False),
)  # fmt: skip
_LATE = (
    ("unreal", "unreal", True), ("sub", "subordinators", False), ("gaze", "gazes", True),
    ("absent", "absent", False), ("vanish", "vanish", True), ("level noun", "level nouns", True),
    ("viewer", "viewer", True), ("aux", "auxiliaries", False), ("present", "present", True),
    ("light", "light", True), ("prep", "prepositions", False), ("skip", "skip", False),
)  # fmt: skip
_Phrases = dict[str, tuple[str, str]]
_SMALL = frozenset(("the", "her", "his", "their", "its", "my", "your", "a"))
_TO_PLACES = frozenset(("the", "left", "right", "one", "either", "his", "her", "their"))
_NOT_QUITE = frozenset(("almost", "nearly", "mostly", "barely", "hardly", "scarcely"))
_PULLED_IN = frozenset(("level", "part", "side", "wide", "motion"))
_LINES = frozenset(("crease", "creases", "line", "lines", "fold", "folds"))
_ALONG = frozenset(("from", "to", "between", "beside", "and", "nose"))
_ENDINGS = (("ing", "ing"), ("ed", "ed"), ("s", "s"))


@dataclass(slots=True)
class Word:
    """A known phrase or an unknown word. value: what it means within its kind."""

    kind: str
    value: str
    start: int
    end: int
    low: str
    text: str
    owner: bool = False
    actions: tuple[Action, ...] = ()
    how: str = ""  # of a side: "adj", "on", "to", "adv", "name"; of a mark: what it does

    @property
    def form(self) -> str:
        """Form of a verb by its ending: "ing", "ed", "s" or "base"."""
        first, *more = self.low.split(" ")
        if first in _NOT_QUITE and more:
            first = more[0]
        if first in lexicon()["past forms"]:
            return "ed"
        if bases().get(first) == first:  # "press" is no third person
            return "base"
        return next((form for ending, form in _ENDINGS if first.endswith(ending)), "base")

    @property
    def plural(self) -> bool:
        return self.low.split(" of ", 1)[0].endswith(("s", "teeth"))


@lru_cache(maxsize=1)
def lexicon() -> dict[str, Any]:
    """The lists of words."""
    data: dict[str, Any] = load_data("lexicon.json")
    return data


def _forms(word: str) -> Iterator[str]:
    """Inflections of a regular verb or noun."""
    stem = word[:-1] if word.endswith("e") else word
    yield from (word, f"{word}s", f"{word}es", f"{stem}ed", f"{stem}ing", f"{word}ing")
    if word.endswith("y"):
        yield from (f"{word[:-1]}ies", f"{word[:-1]}ied")
    if (
        len(word) > 2
        and word[-1] in "bdgkmnprt"
        and word[-2] in "aeiou"
        and word[-3] not in "aeiou"
    ):
        yield from (f"{word}{word[-1]}ed", f"{word}{word[-1]}ing")


def _plurals(phrase: str) -> Iterator[str]:
    """A noun of more than one word, with its last word or its parts of the face as plurals."""
    yield f"{phrase}s"
    if " of " in phrase or phrase.endswith(("ing", "ion")):  # "brows raise" has a verb
        yield " ".join(f"{w}s" if w in lexicon()["paired"] else w for w in phrase.split())


@lru_cache(maxsize=1)
def _tables() -> tuple[dict[str, str], _Phrases, _Phrases]:
    """(base of each inflection, kind and value of each phrase, of those that inflect by bases)."""
    data = lexicon()
    bases = {"eyed": "eyed"}  # "wide-eyed" is not "wide eyes"
    phrases: _Phrases = {}
    inflecting: _Phrases = {}

    entries: list[tuple[str, str, str, bool]] = []

    def add(phrase: str, kind: str, value: str, inflect: bool) -> None:
        entries.append((phrase, kind, value, inflect))

    add("wide", "wide", "wide", False)
    for kind, key in _FLAT:
        for phrase in data[key]:
            add(phrase, kind, phrase, kind in _INFLECTED)
    for kind, key, inflect in _KEYED:
        for value, options in data[key].items():
            for phrase in options:
                add(phrase, kind, value, inflect)
                if kind == "noun":
                    for plural in _plurals(phrase):
                        add(plural, kind, value, False)
    for phrase, value in data["muscles"].items():
        add(phrase, "muscle", value, False)
    for au in units():
        if au.graded and au.kind == "AU" and au.code not in ("25", "43"):
            add(au.name.lower(), "noun", au.code, False)
    for phrase in data["sentence unreal"]:
        add(phrase, "unreal", phrase, False)
    for kind, key, inflect in _LATE:
        for phrase in data[key]:
            add(phrase, kind, phrase, inflect)
    # words of their own before the words of phrases, so that "downturned" is "downturn"
    for phrase, _, _, inflect in sorted(entries, key=lambda e: e[0].count(" ")):
        if inflect:
            for word in phrase.split():
                for other in _forms(word):
                    bases.setdefault(other, word)
    for phrase, kind, value, _ in entries:
        phrases.setdefault(phrase, (kind, value))
        first, *inside = phrase.split()  # articles inside are passed over where a text is read
        if any(w in _SMALL for w in inside[:-1]):
            bare = [w for w in inside[:-1] if w not in _SMALL]
            phrases.setdefault(" ".join([first, *bare, inside[-1]]), (kind, value))
    for phrase, kind, value, inflect in entries:
        if inflect and not (kind == "act" and phrase.endswith("ed")):  # "open mouthed" as it is
            base = " ".join(bases.get(w, w) for w in phrase.split())
            inflecting.setdefault(base, (kind, value))
    return bases, phrases, inflecting


@lru_cache(maxsize=1)
def claims() -> frozenset[str]:
    """Verbs of saying what may not be so, in every form."""
    return frozenset(form for verb in lexicon()["claims"] for form in _forms(verb))


def bases() -> dict[str, str]:
    """The base form of each inflection that is known."""
    return _tables()[0]


def to_words(tokens: list[Token]) -> list[Word]:
    """The words of a text."""
    found: list[Word] = []
    tokens, joined = _hyphens(tokens)
    n = 0
    while n < len(tokens):
        token = tokens[n]
        if token.kind != "word":
            found.append(Word(token.kind, token.low, token.start, token.end, token.low, token.text))
            n += 1
            continue
        count, kind, value = _match(tokens, n)
        if _cut_short(tokens, n, count, kind):
            count, kind, value = _match(tokens[: n + count - 1], n)
        last = tokens[n + max(count, 1) - 1]
        low = " ".join(t.low for t in tokens[n : n + max(count, 1)])
        found.append(
            Word(kind or "unknown", value or low, token.start, last.end, low, token.text,
                 owner=last.owner)
        )  # fmt: skip
        n += max(count, 1)
    for before, word in pairwise(found):
        if word.kind == "unknown" and before.kind == "level" and word.start in joined:
            before.kind = "unknown"  # "a tight-lipped smile" is no tight smile
    return found


def _cut_short(tokens: list[Token], n: int, count: int, kind: str) -> bool:
    """Whether a phrase takes the start of a longer one: "tightening of the lip" of "the lip
    corners", "inclined to" of "inclined to the right".
    """
    if count < 2:
        return False
    last = n + count - 1
    if kind == "motion" and tokens[last].low == "in":
        return _opens_a_place(tokens, last + 1)
    if kind == "noun" and tokens[last].low.endswith("s"):
        longer, what, _ = _match(tokens, last)
        if longer > 1 and what == "motion":
            return True  # "the upper lip *curls in*"
    if kind == "unreal" and tokens[last].low == "to" and last + 1 < len(tokens):
        return tokens[last + 1].low in _TO_PLACES
    if kind == "side" and any(t.low in _SMALL for t in tokens[n:last]):
        return _match(tokens, last + 1)[1] == "part"  # "on the right and the left brow"
    if kind != "noun" or not any(t.low == "of" for t in tokens[n:last]):
        return False
    longer, what, _ = _match(tokens, last)
    return longer > 1 and what == "part"


def _opens_a_place(tokens: list[Token], n: int) -> bool:
    """Whether an "in" before token n is no direction: "curled in a sneer", but not "in a bit"."""
    if n < len(tokens) and tokens[n].kind == "word" and not _match(tokens, n)[0]:
        return not tokens[n].low.endswith("ly")  # "curled in disgust"
    if n + 1 >= len(tokens) or tokens[n].low not in ("a", "an", "the"):
        return False
    after = _match(tokens, n + 1)[1]
    return _match(tokens, n)[1] in ("article", "skip") and after not in _PULLED_IN


def _hyphens(tokens: list[Token]) -> tuple[list[Token], set[int]]:
    """(without the hyphens inside words, and "lower left lid" as "left lower lid"; where what
    followed a hyphen starts).
    """
    kept: list[Token] = []
    joined: set[int] = set()
    for n, token in enumerate(tokens):
        if (
            token.low == "up"
            and n > 1
            and (tokens[n - 2].low, tokens[n - 1].text) == ("close", "-")
        ):
            kept[-1].low, kept[-1].end = "closeup", token.end
            continue
        inside = token.text in "-‐‑" and 0 < n < len(tokens) - 1
        if inside and tokens[n - 1].end == token.start and token.end == tokens[n + 1].start:
            joined.add(token.end)
            continue
        kept.append(token)
    return _sides_first(kept), joined


def _sides_first(tokens: list[Token]) -> list[Token]:
    """ "The lower left lid" as "the left lower lid", "the end of the left brow" likewise."""
    ends = lexicon()["ends"]
    for n in range(1, len(tokens)):
        if tokens[n].low not in ("left", "right"):
            continue
        at = n
        if tokens[n - 1].low in ends:  # "lower left lid"
            if n + 1 < len(tokens) and tokens[n + 1].kind == "word":
                at = n - 1
        elif n > 2 and tokens[n - 2].low == "of" and tokens[n - 1].low in _SMALL:
            at = n - 2
        elif tokens[n - 1].low == "of":
            at = n - 1
        else:
            at = _line_before(tokens, n)
        if at < n and tokens[at].low == "of":
            if tokens[at - 1].low not in ends:
                continue
            at -= 1
        if at < n:
            while at and n - at < _LONGEST and tokens[at - 1].low in ends:
                at -= 1
            tokens[at : n + 1] = [tokens[n], *tokens[at:n]]
    return tokens


def _line_before(tokens: list[Token], n: int) -> int:
    """Where a line of the face starts that a side stands inside of, or n: "the crease from the nose
    to the *left* mouth corner".
    """
    at = n - 1
    while at >= 0 and n - at < _LONGEST and (tokens[at].low in _ALONG or tokens[at].low in _SMALL):
        at -= 1
    return at if at >= 0 and at < n - 1 and tokens[at].low in _LINES else n


def _only_plural(plain: list[str], base: list[str]) -> bool:
    """Whether words differ from their bases by a plural at most."""
    return all(
        a == b
        or (a in (f"{b}s", f"{b}es") and b not in lexicon()["ends"][:6])
        or (a[:3] == b[:3] and a.endswith(("eeth", "ies")))
        for a, b in zip(plain, base, strict=True)
    )


def _match(tokens: list[Token], n: int) -> tuple[int, str, str]:
    """The longest known phrase from token n: (tokens, kind, value), or (0, "", "")."""
    bases, phrases, inflecting = _tables()
    plain: list[str] = []
    base: list[str] = []
    best = (0, "", "")
    for count, token in enumerate(tokens[n : n + _LONGEST], 1):
        if token.kind != "word":
            break
        if plain and token.low in _SMALL and count < _LONGEST:
            with_article = " ".join([*plain, token.low])
            if with_article in phrases:
                best = (count, *phrases[with_article])
            continue
        plain.append(token.low)
        base.append(bases.get(token.low, token.low))
        found = phrases.get(" ".join(plain)) or inflecting.get(" ".join(base))
        across = bool(
            count > len(plain) and plain[0] in lexicon()["ends"] and tokens[n + 1].low in _SMALL
        )
        if found and found[0] == "part" and (across or not _only_plural(plain, base)):
            found = None  # "lowered lip" is no lower lip
        if found:
            best = (count, *found)
        if token.owner:
            break
    return best
