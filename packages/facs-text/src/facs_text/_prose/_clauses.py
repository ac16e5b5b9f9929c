"""Words to sentences and clauses, and what a clause inherits from the one before it.

A clause ends at a comma, a colon, a dash, a bracket, a conjunction, a relative, and before
"with" and "without". Brackets that hold a code, its level or whether it is present are part
of the clause they stand in.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from facs_text._prose._words import Word, lexicon

__all__ = ["CONTENT", "Clause", "sentences"]

CONTENT = frozenset(
    ("part", "motion", "direction", "act", "noun", "muscle", "code", "vague", "gaze", "wide")
)
_STOPS = frozenset((".", ";", "!", "?", "\n", "…"))
_PAUSES = frozenset((",", ":", "—", "–", "-", "(", ")", "[", "]", "/", "•", "→", "="))
_IN_BRACKETS = frozenset(
    ("code", "level", "level noun", "present", "absent", "neg", "hedge", "number", "noun",
     "muscle", "side", "prep", "aux", "skip", "letter", "conj", "article")
)  # fmt: skip
_SUBJECTS = frozenset(("he", "she", "they", "i", "we"))
_OTHER_TIMES = frozenset(("before", "until", "till", "after"))  # what they lead in is not now
_LISTED = 12  # clauses of one list
_LONGEST = 64  # words in a clause; nobody says more, and it keeps the time linear
_SAY_SOMETHING = frozenset(("code", "level", "present", "absent", "neg", "number", "side"))
_BRACKET = 16


@dataclass(slots=True)
class Clause:
    """Words with one predicate. joint: the mark or word that leads in."""

    joint: str
    words: list[Word] = field(default_factory=list)
    unreal: bool = False  # conditional, asked, of another time, or what somebody said
    listed: bool = False  # a comma in a list that ends in "or" or "nor"
    all_of: bool = False  # a bare name in a list whose last member has the predicate

    def has(self, *kinds: str) -> bool:
        return any(w.kind in kinds for w in self.words)

    @property
    def bare(self) -> bool:
        """Whether there is nothing but names of units or parts, and no verb."""
        kinds = {w.kind for w in self.words}
        return bool(kinds & {"code", "noun", "muscle", "act", "part"}) and kinds <= {
            "code", "noun", "muscle", "act", "part", "article", "owner", "side", "skip", "mark",
        }  # fmt: skip


def sentences(words: list[Word]) -> list[list[Clause]]:
    """The clauses of each sentence."""
    found: list[list[Clause]] = []
    current: list[Word] = []
    words = _open_brackets(words)
    for word in words:
        if word.kind == "mark" and word.low in _STOPS:
            if word.low == "\n" and current and current[-1].low == ":":
                word.kind = "skip"
                continue
            _end(found, current, asked=word.low == "?")
            current = []
        else:
            current.append(word)
    _end(found, current, asked=False)
    return found


def _open_brackets(words: list[Word]) -> list[Word]:
    """Without the brackets (and the commas in them) that do not part a clause."""
    drop: set[int] = set()
    for n, word in enumerate(words):
        if word.low not in ("(", "["):
            continue
        close = ")" if word.low == "(" else "]"
        end = next(
            (m for m in range(n + 1, min(n + _BRACKET, len(words))) if words[m].low == close), 0
        )
        inside = words[n + 1 : end]
        if (
            (n or any(w.kind == "code" for w in inside))
            and all(w.kind in _IN_BRACKETS or w.low in ",:=%" for w in inside)
            and any(w.kind in _SAY_SOMETHING for w in inside)
        ):
            drop.update(m for m in range(n, end + 1) if words[m].kind == "mark")
    return [w for n, w in enumerate(words) if n not in drop]


def _end(found: list[list[Clause]], words: list[Word], asked: bool) -> None:
    if not words:
        return
    clauses = _split(words)
    supposed = set(lexicon()["sentence unreal"])
    whole = any(w.kind in ("unreal", "sub") and w.value in supposed for w in words)
    asked = asked and not all(c.bare and c.has("code") for c in clauses)
    begun = False  # what stands in brackets before a question is no part of it
    for n, clause in enumerate(clauses):
        last = clause.words[-1]
        if clause.joint == "sub" and last.low in _OTHER_TIMES and len(clause.words) == 1 and n:
            clauses[n - 1].unreal = True  # "she had smiled before."
    for clause in clauses:
        begun = begun or (clause.joint not in ("(", "[") and clause.has(*CONTENT))
        clause.unreal = clause.unreal or whole or (asked and begun)
    listed = False
    for clause in reversed(clauses):
        clause.listed = listed and clause.joint in (",", "")
        listed = clause.joint in ("or", "nor") or (listed and clause.joint == ",")
    found.append(clauses)


def _split(words: list[Word]) -> list[Clause]:
    clauses = [Clause("")]
    for n, word in enumerate(words):
        here = clauses[-1]
        joint = _joint(words, n)
        upon = bool(here.words) and here.words[0].low == "upon" and here.has("unknown")
        if word.low in _SUBJECTS and (here.has(*CONTENT) or upon):
            if here.words[-1].kind == "act" and not _leads_in(clauses):
                here.unreal = True  # "the smile she had worn"
            clauses.append(Clause("", [word]))  # "without raising her brows she smiles"
            continue
        if not joint:
            if len(here.words) == _LONGEST or _main_verb(clauses, words, n):
                clauses.append(Clause("", [word]))
                continue
            here.words.append(word)
            continue
        if word.kind == "mark" and word.low == ":":
            here.words.append(word)  # so that a heading can be told
        if (
            (word.kind == "conj" or word.low == "with")
            and here.words
            and all(w.kind in ("hedge", "skip") for w in here.words)
        ):
            here.joint = "with" if word.low == "with" else here.joint
            continue  # "probably also AU6", "but only with the left side"
        if not here.words and here.joint not in ("with", "without"):
            here.joint = joint if here.joint in ("", ",", "(", ")") or joint != "," else here.joint
        else:
            clauses.append(Clause(joint))
        if word.kind in ("neg", "except", "as if", "relative", "sub"):
            clauses[-1].words.append(word)
        if joint == "sub" and word.low == "as" and _reads_as(words, n):
            clauses[-1].unreal = True
        alone = joint == "sub" and not here.has(*CONTENT)
        if alone and word.low == "when" and _habit(words, n):
            clauses[-1].unreal = True
        if joint == "sub" and word.low in _OTHER_TIMES and not _of_a_thing(words, n):
            clauses[-1].unreal = True
    return [c for c in clauses if c.words]


def _main_verb(clauses: list[Clause], words: list[Word], n: int) -> bool:
    """ "The woman with no teeth *beamed*", "a man with closed eyes *lifts his* brows": the phrase
    has ended.
    """
    word, here = words[n], clauses[-1]
    if not here.words or not _leads_in(clauses):
        return False
    own = n + 1 < len(words) and words[n + 1].kind == "owner" and words[n + 1].value in "mf"
    if word.kind in ("motion", "act", "light") and own and here.has("part"):
        return word.form == "s" or (word.form == "ed" and here.has("motion", "unknown"))
    if word.kind != "act" or here.joint not in ("with", "without"):
        return False
    noun = here.words[-1].kind in ("part", "unknown", "person", "motion")
    return noun and word.form == "ed"


def _reads_as(words: list[Word], n: int) -> bool:
    """ "Read it as a squint": what something passes for."""
    after = words[n + 1 : n + 5]
    if len(after) < 2 or after[0].kind != "article" or after[0].value != "indef":
        return False
    named = next((m for m, w in enumerate(after) if w.kind in ("act", "noun")), -1)
    if named < 1 or any(w.kind != "unknown" for w in after[1:named]):
        return False
    return named + 1 == len(after) or after[named + 1].kind in ("mark", "conj", "prep", "sub")


def _habit(words: list[Word], n: int) -> bool:
    """ "It hurts when she smiles": of any time, not of this one."""
    for word in words[n + 1 : n + 6]:
        if word.kind in ("motion", "act", "light", "gaze"):
            return word.form == "s"
        if word.kind in ("mark", "aux"):
            return False
    return False


def _of_a_thing(words: list[Word], n: int) -> bool:
    """ "After the interview the suspect winked": no clause of its own."""
    after = [w.kind for w in words[n + 1 : n + 3]]
    return after[:1] == ["unknown"] or after in (["article", "unknown"], ["owner", "unknown"])


def _leads_in(clauses: list[Clause]) -> bool:
    """Whether the last clause belongs to a phrase such as "with raised brows and a smile"; no list
    is that long, and to look back over all of a text would take its length squared.
    """
    for clause in reversed(clauses[-_LISTED:]):
        if clause.joint in ("with", "sub", "without"):
            return True
        if clause.joint not in (",", "and", "or"):
            return False
    return False


def _joint(words: list[Word], n: int) -> str:
    """What the word at n joins clauses by, or ""."""
    word = words[n]
    if word.kind == "mark":
        return "," if word.low == "+" else word.low if word.low in _PAUSES else ""
    if word.kind == "conj":
        return "and" if word.value in ("&", "plus", "also", "and then") else word.value
    if word.kind in ("sub", "relative"):
        return word.kind
    if word.kind == "neg" and word.value in lexicon()["without"]:
        return "without"
    if word.kind == "neg" and word.value in ("nor", "neither", "rather than", "instead of"):
        return word.value
    if word.kind in ("except", "as if"):
        return word.kind
    if word.low == "with":
        return "with"
    return ""
