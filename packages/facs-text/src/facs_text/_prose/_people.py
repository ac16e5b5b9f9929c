"""Whose face a text is about, when it speaks of more than one person.

The face that is described is that of the first person who is said to do something. What
others do is not read. Persons are told apart by gender ("she ... he"), by noun, by where they
stand ("the girl on the left"), by words such as "another", and by their place in a clause:
who is looked at is not who looks.
"""

from __future__ import annotations

from dataclasses import dataclass

from facs_text._prose._words import Word, lexicon

__all__ = ["People", "Person"]

_KEPT = 6  # persons remembered


@dataclass(slots=True, eq=False)
class Person:
    """gender: "m", "f", "i" (I), "y" (you) or "" where it is not said."""

    gender: str
    noun: str = ""
    place: str = ""
    role: bool = False


class People:
    """The persons of a text so far."""

    def __init__(self) -> None:
        self._known: list[Person] = []
        self.subject: Person | None = None
        self.described: Person | None = None
        self.last: Person | None = None
        self.compared: Person | None = None  # who the one described is only compared with
        self.unclaimed = False  # something was said of a face, and not yet whose
        self.narrator: Person | None = None  # who tells, and is not described
        self.rival = ""  # gender of somebody who is only there as "her" in "her mother"

    def pronoun(self, gender: str) -> Person | None:
        """Who "he", "her", "my" is."""
        gender = gender[:1]
        if gender == "t":
            return self.subject or self._add(Person("t"))
        if self.rival == gender:
            return self._add(Person(gender))
        for person in [self.subject, self.described, *reversed(self._known)]:
            if person is not None and _fits(person, gender):
                person.gender = person.gender or gender
                return person
        return self._add(Person(gender))

    def noun(
        self, word: Word, place: str, *, subject: bool, other: bool = False, of: str = ""
    ) -> Person:
        """Who "the man" is. Someone in the role of an object is not the subject. of: the gender of
        whose he is, in "her brother": nobody is one's own.
        """
        gender = word.value if word.value in ("m", "f") else ""
        name = word.low.split(" ", 1)[0]
        anyone = lexicon()["anyone"]
        for person in reversed(self._known):
            if other or (not subject and person is self.subject):
                continue
            if place and person.place and place != person.place:
                continue
            if gender and person.gender and gender != person.gender:
                continue
            if person.gender in ("i", "y"):
                continue
            if of and person.gender == of and person.noun != name:
                continue
            known = person.noun == name
            vague = subject and (not person.noun or name in anyone or person.noun in anyone)
            vague = vague and not person.role  # an officer is not the suspect
            if known or (vague and word.value not in ("role", "name")):
                person.noun = person.noun or name
                person.gender = person.gender or gender
                person.place = person.place or place
                return person
        return self._add(Person(gender, name, place, word.value == "role"))

    def act(self, person: Person | None, *, other: bool = False) -> None:
        """Make somebody the subject. other: somebody else than what was said so far is of."""
        self.subject = person
        if self.unclaimed and other and self.described is None:
            self.described, self.unclaimed = self._add(Person("")), False
        elif self.unclaimed and person is not None:
            self.described, self.unclaimed = self.described or person, False

    def _add(self, person: Person) -> Person:
        self._known = [*self._known[-_KEPT + 1 :], person]
        return person

    def is_described(self, who: Person | None, *, told: bool) -> bool:
        """Whether what ``who`` does is to be read. told: somebody tells or shows it."""
        if who is None:
            self.unclaimed = self.described is None
            return True
        if who is self.narrator:
            return False
        if self.described is None:
            if self.subject is not None and who is not self.subject and not told:
                return False
            self.described = who
        return who is self.described


def _fits(person: Person, gender: str) -> bool:
    return person.gender == gender or (not person.gender and gender in ("m", "f"))
