"""Who does what a clause says: its subject, its owners, the persons it only mentions."""

from __future__ import annotations

from facs_text._prose._clauses import CONTENT, Clause
from facs_text._prose._found import Target
from facs_text._prose._people import Person
from facs_text._prose._state import State
from facs_text._prose._words import Word, lexicon

__all__ = ["owner_of", "relative", "who"]


_ORDINALS = frozenset(("first", "second", "third", "fourth", "fifth", "last", "latter", "former"))


def who(state: State, clause: Clause) -> None:
    """Settle the subject of the clause."""
    verb = False
    words = clause.words
    state.told = state.told or clause.has("viewer")
    state.owners = {}
    current: Person | None = None
    earlier = state.people.subject
    for n, word in enumerate(words):
        before = words[n - 1] if n else None
        after = words[n + 1] if n + 1 < len(words) else None
        if word.kind in ("person", "other"):
            hung = before is not None and hangs(state, words, n)
            other = _is_another(state, clause, n)
            place = words[n + 1].value if after is not None and after.kind == "place" else ""
            subject = (not verb and not hung) or (state.told and not hung)
            of = before.value if before is not None and before.kind == "owner" else ""
            person = state.people.noun(
                word, place, subject=subject or state.told, other=other, of=of
            )
            state.people.last = person
            if before is not None and before.kind == "owner" and before.value == word.value:
                state.people.rival = word.value  # who "she" is after "her mother" is not sure
            if word.owner:
                state.owners[n] = person
            elif subject:
                state.people.act(person, other=other)
            elif not hung:
                current = person
            if before is not None and before.kind == "act":  # "the frowning man"
                state.owners[n - 1] = person
            if hung and after is not None and after.form == "ing":  # "smiles at a man frowning"
                state.owners[n + 1] = person
        elif word.low in _ORDINALS and before is not None and before.kind == "article":
            if after is not None and after.kind in ("act", "light", "motion", "aux", "gaze"):
                person = state.people.noun(word, "", subject=True, other=True)
                state.people.act(person, other=True)  # "the first kept his lips pressed"
        elif word.kind == "pronoun":
            if word.low in ("it", "itself", "each other", "one another"):
                continue
            if word.low in ("him", "them", "me", "us", "her"):
                if not hangs(state, words, n):
                    current = state.people.pronoun(word.value)
                continue
            if word.value == "i" and state.people.described is None and _tells(clause, n):
                state.told = True
                state.people.narrator = Person("i")
                state.people.subject = state.people.narrator if clause.joint == "sub" else None
                continue
            meant = state.people.pronoun(word.value) or state.people.subject
            if not verb or state.told:
                state.people.act(meant)
            state.people.last = meant
        elif word.kind == "owner":
            state.owners[n] = possessor(state, word)
            current = None
        elif word.kind == "article":
            current = None
            doer = next((w for w in words[n + 1 : n + 3] if not w.low.endswith("ly")), None)
            does = doer is not None and (
                doer.kind in ("act", "gaze", "light", "aux")
                or (doer.kind == "motion" and doer.form in ("s", "ed"))
            )
            if word.value == "other" and does and not clause.has("relative"):
                person = state.people.noun(word, "", subject=True, other=True)
                state.people.act(person, other=True)
        if word.kind == "present" and after is None and clause.has("person", "pronoun"):
            state.told = state.told or word.low in ("noted", "observed", "noticed", "recorded")
        if word.kind in ("motion", "act", "aux", "light", "gaze"):
            verb = True
            if word.kind == "light" and word.value in lexicon()["observers"]:
                state.told = True
        if current is not None and word.kind in ("act", "motion"):
            state.owners[n] = current
    if clause.joint == "sub" and not clause.has(*CONTENT) and state.people.subject is not None:
        state.people.subject = earlier  # "as the officer approached, ..."


def _is_another(state: State, clause: Clause, n: int) -> bool:
    """Whether a person is none of those before: "another man", "and its rider" where it is not
    known yet whose face it was.
    """
    words = clause.words
    if words[n].kind == "other" or words[n].low == "others":
        return True
    if any(w.low in ("other", "another", "second") for w in words[max(0, n - 2) : n]):
        return True
    if not (n and state.people.unclaimed and words[n - 1].kind == "owner"):
        return False
    return words[n - 1].low == "its" or clause.joint in ("and", "but", "sub")


def _tells(clause: Clause, n: int) -> bool:
    """ "I noted that", "as I spoke": who tells is not who is described."""
    if clause.joint == "sub" and n == 1:
        return True
    after = [w for w in clause.words[n + 1 : n + 4] if w.kind != "aux"]
    return bool(after) and (
        after[0].kind in ("light", "present") and (after[0].value in lexicon()["observers"]
        or after[0].low in ("noted", "observed", "asked", "told", "noticed"))
    )  # fmt: skip


def possessor(state: State, word: Word) -> Person | None:
    person = state.people.subject
    if state.told and state.people.described is not None:
        person = state.people.described  # "the officer observed that his brow lowered"
    if word.low == "its" and person is not None and person.gender in ("m", "f"):
        return Person("t")  # "she raises her brows, it opens its mouth"
    if word.value in ("m", "f"):
        if person is not None and person.gender in ("", word.value):
            person.gender = word.value
            return person
        return state.people.pronoun(word.value)
    return person


def hangs(state: State, words: list[Word], n: int) -> bool:
    """Whether a person stands after a preposition."""
    m = n - 1
    while m >= 0 and words[m].kind in ("article", "owner", "unknown", "side", "act", "level"):
        m -= 1
    return m >= 0 and words[m].kind == "prep" and not (words[m].low == "of" and state.told)


def relative(state: State, clause: Clause) -> bool:
    """Settle who a relative clause is about; True when it is not read."""
    word = clause.words[0] if clause.words and clause.words[0].kind == "relative" else None
    if word is None or word.low not in ("who", "whose", "whom"):
        return False
    person = state.people.last
    if person is not None and person is state.people.compared:
        state.report(clause.words)  # "unlike Anna, who frowns, ..."
        return True
    if state.people.unclaimed and state.people.subject is None:
        state.report(clause.words)  # "raises her brows at Carol, who smiles"
        return True
    if person is not None:
        state.people.subject = person if state.people.subject is None else state.people.subject
        if not state.people.is_described(person, told=state.told):
            state.report(clause.words)
            return True
    return False


def owner_of(state: State, target: Target, clause: Clause) -> Person | None:
    for n in range(target.first, target.last + 1):
        if n in state.owners and clause.words[n].kind in ("act", "motion"):
            return state.owners[n]
    if target.owner is not None:
        for n, word in enumerate(clause.words):
            if word is target.owner:
                return state.owners.get(n, state.people.subject)
    return state.people.subject
