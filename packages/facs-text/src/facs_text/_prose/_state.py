"""What the reader carries from clause to clause."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from facs_text._coding import Action
from facs_text._prose._clauses import CONTENT, Clause
from facs_text._prose._found import Motion, Part
from facs_text._prose._people import People, Person
from facs_text._prose._words import Word

__all__ = ["KEPT", "LISTS", "Said", "State"]

KEPT = 24  # names that a later clause may still be about, so that time is linear
LISTS = frozenset((",", "and", "or", "nor"))


# Motions that one part does not do at once.
_AGAINST = {"raise": ("lower",), "push up": ("lower",), "cock": ("lower",), "widen": ("close",)}

# Parts of which two such motions are hardly told as a sequence, as of a gaze or a head they are.
_GAZES = ("63", "64")
_STEADY = frozenset(("brow", "inner brow", "outer brow", "corner", "cheek", "eye", "lid"))


@dataclass(slots=True)
class Said:
    """One action that the prose asserts, or denies."""

    action: Action
    denied: bool
    start: int = 0
    end: int = 0
    named: bool = False
    void: bool = False  # taken back, and reported
    base: str = ""  # of the word that it is said with
    part: str = ""  # of the face, that it is said of
    motion: str = ""  # what that part does
    loose: bool = False  # a word that does not say whether both sides act: "sneer"


def _sides_of(said: list[Said]) -> set[str]:
    return {one.action.side for one in said}


def _meets(side: str, others: set[str]) -> bool:
    """Whether something of a side is of one of the others too, as far as that is told."""
    if side in ("left", "right"):
        return bool(others & {side, "both"})
    return side == "both" and bool(others & {"both", "left", "right"})


class State:
    """What was said so far, what was not understood, and what the next clause may inherit."""

    def __init__(self) -> None:
        self.said: list[Said] = []
        self.unknown: list[tuple[int, int]] = []
        self.people = People()
        self.latest: list[Said] = []  # of the last clause that said something
        self.begin()

    def begin(self) -> None:
        """Forget what a sentence left behind."""
        self.parts: list[Part] = []  # of the last clause that had some
        self.motions: list[Motion] = []
        self.verb_first = False
        self.waiting: list[Part] = []
        self.pending: list[Said] = []  # bare names that may still be denied
        self.bare: list[Said] = []  # of the last clause, where it had no subject
        self.group: list[Said] = []  # of the last clause and those that it is listed with
        self.before = self.latest  # of the sentence before
        self.latest = []
        self.side_lost = False  # a side of the clause before went with nothing that was read
        self.set_against = False  # the clause before only is what this one is compared with
        self.under = False  # that was a clause with "when" or "which" before it
        self.elsewhen = False  # the sentence begins with another time: "yesterday, ..."
        self.beside: list[Said] = []  # what the last of them is joined to by "and"
        self.broken = False  # something else was spoken of since
        self.denied = self.stopped = False
        self.form = ""
        self.unreal = False
        self.as_if = False
        self.spoken = False  # what follows a stage direction is said by somebody
        self.unscored = False  # the clause before says that something cannot be scored
        self.unreal_ing = False  # and it was said of gerunds: "a habit of blinking and"
        self.header = ""
        self.doubted = self.doubted_that = False
        self.side_ahead = ""
        self.side_of_codes = ""
        self.side_held = False  # it heads the sentence: "on the left: ..."
        self.named_denied = False  # "none of the units", which are named next
        self.feature = False  # the clause before says only what a face is like: "thin, ..."
        self.told = False  # somebody tells or shows what follows
        self.respective = False
        self.talked = False  # a code of the clause before only is what something is about
        self.owners: dict[int, Person | None] = {}  # whose the words of this clause are

    def report(self, words: Iterable[Word]) -> None:
        self.unknown += [(w.start, w.end) for w in words if w.kind != "mark"]

    def take_back(self, said: Iterable[Said]) -> None:
        """Report what was said instead of saying it."""
        for one in said:
            one.void = True
            self.unknown.append((one.start, one.end))

    def unsay(self) -> None:
        """Take back what is said first and denied later by the same word: it may be of two times.
        So are eyes that are closed and then half open on one side.
        """
        standing: dict[tuple[str, str], list[Said]] = {}
        closed: list[Said] = []  # of both eyes
        for one in self.said:
            action = one.action
            if one.denied and one.named:  # "the lips are apart, hence no 25 is given"
                for key in [key for key in standing if key[0] == action.code]:
                    self.take_back(standing.pop(key))
            elif one.denied:
                self.take_back(standing.pop((action.code, one.base), ()))
            elif not one.void:
                standing.setdefault((action.code, one.base), []).append(one)
                if action.code == "43" and action.side == "both" and not action.level:
                    closed.append(one)
                elif action.code == "43" and action.side in ("left", "right") and action.level:
                    self.take_back([*closed, one] if closed else ())
                    closed = []

    def two_levels(self) -> None:
        """Take back the levels of what is named at two, "12B, but coder 2 gives 12D"."""
        told: dict[tuple[str, str], list[Said]] = {}
        for one in self.said:
            if one.named and one.action.level and not (one.denied or one.void):
                told.setdefault((one.action.code, one.action.side), []).append(one)
        for all_of in told.values():
            if len({one.action.level for one in all_of}) > 1:
                for one in all_of:
                    one.action = one.action._replace(level=0)
                    self.unknown.append((one.start, one.end))

    def contradicted(self) -> None:
        """Take back what cannot be of one face: "A with the brows up, B with the brows down"."""
        moved: dict[tuple[str, str], list[Said]] = {}
        for one in self.said:
            steady = one.part in _STEADY and one.action.code not in _GAZES
            if steady and not (one.denied or one.void):
                moved.setdefault((one.part, one.motion), []).append(one)
        for (part, motion), ups in moved.items():
            for against in _AGAINST.get(motion, ()):
                downs = moved.get((part, against), [])
                of_ups, of_downs = _sides_of(ups), _sides_of(downs)
                self.take_back(one for one in ups if _meets(one.action.side, of_downs))
                self.take_back(one for one in downs if _meets(one.action.side, of_ups))

    def drop_waiting(self) -> None:
        self.report(p.word for p in self.waiting if not p.used)
        self.waiting = []

    def report_unknown(self, clause: Clause) -> None:
        content = clause.has(*CONTENT)
        self.report(
            [w for w in clause.words
             if w.kind in ("unknown", "number", "speech", "vague")
             or (w.kind in ("unreal", "unsure", "unseen", "as if") and content)]
        )  # fmt: skip
