"""Clauses that name no unit and speak of the ones named before: their side, level or absence."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from facs_text._prose._clauses import CONTENT, Clause
from facs_text._prose._found import Scan
from facs_text._prose._same_side import LOST
from facs_text._prose._scope import Scope
from facs_text._prose._state import Said, State
from facs_text._prose._words import Word
from facs_text._units import unit

__all__ = ["LABELS", "comment", "heading"]

LABELS = frozenset((":", "(", ")", "—", "–", "-", "=", "with", "→"))
_VERDICT = frozenset(("neg", "present", "absent", "skip", "aux"))
_BESIDE = _VERDICT | {"level", "level noun", "number", "mark", "prep", "article", "hedge", "side"}
_GOES_ON = frozenset(("but", "and", ",", "then", "relative", "yet", "", "sub"))
_CONTRARY = frozenset(("otherwise", "opposite", "contrary", "reverse"))
_NO_LONGER = frozenset(("now", "anymore", "any more", "any longer", "afterwards"))
_HARDLY = frozenset(("hardly", "scarcely", "barely"))
_OTHER = {"left": "right", "right": "left"}


def heading(state: State, clause: Clause, found: Scan, scope: Scope) -> bool:
    """ "Absent: AU1, AU2": holds for all that follows in the sentence."""
    if not clause.words or clause.words[-1].low != ":" or found.targets or found.parts:
        return False
    thing = bool(found.unknown) and scope.deny >= 0 and clause.words[scope.deny].low == "no"
    if thing:
        return False  # "no Duchenne marker: the corners go up"
    if scope.deny >= 0 and any(w.low == "what" for w in clause.words):
        state.header = "unsure"  # "what the hero does not have: a curled lip"
        return True
    if scope.deny >= 0 or clause.has("absent"):
        state.header = "absent"
    elif clause.has("unsure") or _only_doubts(clause) or _wished(clause):
        state.header = "unsure"  # "Excluded: AU45"
    elif clause.has("present"):
        state.header = "present"
    else:
        return False
    return True


def _wished(clause: Clause) -> bool:
    """ "Expected: 6+12"."""
    return clause.has("unreal") and len(clause.words) <= 3


def _only_doubts(clause: Clause) -> bool:
    """ "Uncertain: AU24"."""
    return clause.has("hedge") and {w.kind for w in clause.words} <= {"hedge", "mark", "skip"}


@dataclass(slots=True)
class _Comment:
    """A clause without a name, and what of it may say something of the names before it."""

    clause: Clause
    scope: Scope
    levels: list[Word]
    sides: list[Word]
    absent: bool

    @property
    def beside(self) -> bool:
        """Whether it stands as a label does: behind a mark, in brackets."""
        return self.clause.joint in LABELS or self.clause.joint == ","


def comment(state: State, clause: Clause, found: Scan, scope: Scope) -> bool:
    """ "AU12: strong", "AU4 (absent)", "a smile, more so on the right". True when it was one."""
    if found.targets or found.parts or found.motions or clause.has("vague", "calm"):
        return False
    if clause.joint == ")" and clause.words[0].text[:1].isupper():
        state.spoken = True  # "(smiling) Oh, great."
    if state.spoken:
        return False
    kinds = {w.kind for w in clause.words}
    if clause.joint == ")" and not kinds <= _BESIDE:
        return False  # what follows a bracket is mostly of something else
    levels = [w for w in clause.words if w.kind == "level" and not w.low.endswith(" of")]
    sides = [w for w in clause.words if w.kind == "side" and w.value in _OTHER]
    absent = scope.deny >= 0 or clause.has("absent")
    about = _Comment(clause, scope, levels, sides, absent)
    return any(rule(state, about) for rule in _RULES)


def _of_others(state: State, about: _Comment) -> bool:
    """ "No other movement": says nothing of what was named."""
    lows = {w.low for w in about.clause.words}
    return about.absent and bool(lows & {"other", "else", "further", "additional"})


def _of_the_other(state: State, about: _Comment) -> bool:
    """ "One eye is closed, the other only half": the level is of what was not named."""
    words = about.clause.words
    other = bool(words) and (words[0].kind == "other" or words[0].value == "other")
    if not other or about.sides or about.absent:
        return False
    if about.levels:
        state.report(words)
        return True
    ones = [one for one in state.latest if one.action.side == "one"]
    joined = about.clause.joint in (",", "then", "and")
    if joined and {w.kind for w in words} <= {"article", "other", "skip"} and ones:
        state.take_back(ones)  # "puff out one cheek, then the other"
        state.report(words)
        return True
    return False


def _denied(state: State, about: _Comment) -> bool:
    """ "AU4 (absent)", "AU6 inferred, not seen", "AU12 was active but is now absent"."""
    clause, words = about.clause, about.clause.words
    label = clause.joint in LABELS or (clause.joint == "," and state.pending)
    if clause.joint == "but" and clause.has("absent") and not clause.has("side", "neg"):
        label = True
    if clause.joint == "," and {w.kind for w in words} <= _VERDICT:
        seen = clause.has("present", "absent")
        label = label or (seen and not words[-1].value.startswith(("movement", "activ")))
    if not (label and about.absent and state.latest):
        return False
    if clause.has("person", "unknown", "number"):
        return False
    for one in state.latest:
        one.denied = True
    for one in [p for p in state.pending if not p.denied]:  # "AU18 and AU23: none"
        one.denied = True
        if clause.joint == ",":
            state.unknown.append((one.start, one.end))
    state.report_unknown(clause)
    state.latest, state.pending = [], []
    return True


def _over(state: State, about: _Comment) -> bool:
    """ "He smiled, then stopped", "a grin, which vanished", "but not any more"."""
    clause, words = about.clause, about.clause.words
    if clause.joint not in _GOES_ON or not state.latest or clause.has("side", "person", "level"):
        return False
    if any(w.kind == "pronoun" and not _may_be(state, w) for w in words):
        return False
    ends = next((n for n, w in enumerate(words) if w.kind in ("stop", "vanish")), -1)
    if ends >= 0:
        over = all(w.kind in _VERDICT or w.low.endswith("ly") for w in words[ends + 1 :])
        over = over and not any(w.kind == "neg" for w in words[:ends])
    else:
        ended = bool({w.low for w in words} & _NO_LONGER)
        plain = all(w.kind in _VERDICT | {"pronoun", "relative", "conj"} or w.low in _NO_LONGER
                    for w in words)  # fmt: skip
        over = about.scope.deny >= 0 and plain and (ended or words[-1].kind == "neg")
        over = over and (ended or clause.has("aux"))
    if over:
        state.take_back(state.latest)
        state.report(w for w in words if w.kind in ("unknown", "stop", "vanish", "neg"))
    return over


def _told_otherwise(state: State, about: _Comment) -> bool:
    """ "She said he smiled, but the tape shows otherwise"."""
    clause = about.clause
    if not {w.low for w in clause.words} & _CONTRARY or clause.joint not in _GOES_ON:
        return False
    state.take_back(state.group)
    state.report(clause.words)
    return bool(state.group)


def _may_be(state: State, pronoun: Word) -> bool:
    """Whether a pronoun can be the person that is described."""
    person = state.people.described or state.people.subject
    gender = pronoun.value[:1]
    return person is None or gender == "t" or person.gender in ("", gender)


def _one_side_more(state: State, about: _Comment) -> bool:
    """ "AU12: left C, right A", "ptosis: 2 mm on the right, none on the left"."""
    clause = about.clause
    if len(about.sides) != 1 or not state.latest or not about.beside:
        return False
    if clause.has(*CONTENT, "person", "pronoun", "comparative"):
        return False
    faint = any(w.low in _HARDLY for w in clause.words)
    if (
        state.under or faint
    ):  # "one cheek lifts when he smiles, the other hardly": which, is not said
        state.report(clause.words)
        return True
    side = about.sides[0].value
    sided = {one.action.side for one in state.latest}
    if about.absent:
        if sided != {_OTHER[side]}:  # nothing is said of the other side
            state.take_back(state.latest)
            state.report(clause.words)
        return True
    level = int(about.levels[-1].value) if about.levels else 0
    numbers = [w for w in clause.words if w.kind == "number"]
    if not (level or numbers) or not all(_splits(one) for one in state.latest):
        return False
    coded = all(one.named for one in state.latest)
    if coded and numbers and not level and numbers[0].text in "12345":
        level, numbers[0].kind = int(numbers[0].text), "skip"  # "AU12: right 3, left 1"
    if sided <= {"both", "one"}:
        for one in state.latest:
            one.action = one.action._replace(side=side, level=one.action.level or level)
    elif sided == {_OTHER[side]} and level:
        more = [one.action._replace(side=side, level=level) for one in state.latest]
        state.said += [Said(action, False, named=True) for action in more]
    else:
        return False
    state.report_unknown(clause)
    return True


def _side(state: State, about: _Comment) -> bool:
    """ "A smile, on the left", "her brow, the left one, is raised", "on the left: ..."."""
    clause = about.clause
    if not about.sides or clause.has(
        "person", "pronoun", "comparative", "unknown", "number", *CONTENT
    ):
        return False
    value = about.sides[0].value
    if len(about.sides) == 1 and about.beside and state.latest:
        _put_side(state.latest, value)
        _beside_too(state, value)
        return True
    if len(about.sides) == 1 and clause.joint == "," and state.waiting and about.scope.deny < 0:
        state.waiting[-1].side = value
        return True
    if len(about.sides) == 1 and clause.joint == "":
        state.side_ahead = value
        state.side_held = clause.words[-1].low == ":"
        return True
    return bool(state.side_ahead) and about.scope.deny >= 0  # "the left, but not the right, brow"


def _both_sides(state: State, about: _Comment) -> bool:
    """ "The corner is pulled up, on both sides equally"."""
    clause = about.clause
    both = any(w.kind == "side" and w.value == "both" for w in clause.words)
    if not (both and about.beside and state.latest) or about.absent or about.levels:
        return False
    if clause.has("person", "pronoun", "number", *CONTENT):
        return False
    for one in state.latest:
        if one.action.side == "one" and _splits(one):
            one.action = one.action._replace(side="both")
    state.report_unknown(clause)
    return True


def _beside_too(state: State, side: str) -> None:
    """ "Lip corner tightened and raised, right side only": both, where they are of one part; of
    another part it is not said.
    """
    parts = {one.part for one in state.latest}
    for one in state.beside:
        if one.action.side in ("both", "one") and _splits(one) and not one.void:
            if one.part and one.part in parts:
                one.action = one.action._replace(side=side)
            else:
                state.take_back([one])


def _so_is(state: State, about: _Comment) -> bool:
    """ "The left brow is raised, and so is the right": of it the same is said."""
    clause, words = about.clause, about.clause.words
    lows = [w.low for w in words[:2]]
    so = bool(lows) and lows[0] in ("so", "as") and any(w.kind == "aux" for w in words[1:3])
    if not so or len(about.sides) != 1 or clause.has("unknown", "person", *CONTENT):
        return False
    latest = state.latest or state.before
    side = about.sides[0].value
    known = [one for one in latest if one.action.side == _OTHER[side]]
    if known:
        state.said += [
            replace(one, action=one.action._replace(side=side)) for one in known if not one.void
        ]
    else:
        state.report(words)
    return True


def _lost_side(state: State, about: _Comment) -> bool:
    """ "A smile, only on the affected side": which one that is, is not said."""
    told = [w for w in about.clause.words if w.kind == "side" and w.value == LOST]
    if not told or not state.latest or not about.beside:
        return False
    state.take_back(one for one in state.latest if _splits(one) and one.action.side == "both")
    state.report(told)
    return True


def _with_side(state: State, about: _Comment) -> bool:
    """ "He smiled with one side"."""
    words = about.clause.words
    sides = [w.value for w in words if w.kind == "side" and w.value in ("one", *_OTHER)]
    only = {w.kind for w in words} <= {"side", "skip"}
    if about.clause.joint != "with" or not (only and sides and state.latest):
        return False
    _put_side([one for one in state.latest if one.action.side == "both"], sides[0])
    return True


def _elsewhere(state: State, about: _Comment) -> bool:
    """ "Absent on the left and present on the right": of what, was not kept."""
    clause = about.clause
    joined = clause.joint in ("and", "but", ",")
    if not (about.sides and clause.has("present") and joined) or about.absent or state.latest:
        return False
    state.report(clause.words)
    return True


def _more_on_one(state: State, about: _Comment) -> bool:
    """ "A smile, more so on the right"."""
    more = [w for w in about.clause.words if w.kind == "comparative"]
    joined = about.beside or about.clause.joint in ("and", "but")
    if not (more and about.sides and state.latest and joined):
        return False
    _put_side([one for one in state.latest if one.action.side == "both"], "unequal")
    state.report([*more, *about.sides])
    return True


def _level(state: State, about: _Comment) -> bool:
    """ "AU12: strong", "AU6+AU12, both D", "present but weak"."""
    clause = about.clause
    levels = about.levels
    if clause.joint == ")":
        levels = [w for w in levels if w.how == "after"]
    busy = any(w.kind == "unknown" and not w.low.endswith("ly") for w in clause.words)
    sure = not busy or all(w.how == "after" for w in levels)
    if not levels or about.scope.deny >= 0 or not (sure and state.latest):
        return False
    if state.broken and clause.joint == ",":
        return False  # "the brows are low and the mouth forms a straight, firm line"
    level = int(levels[-1].value)
    if clause.joint in ("but", "and", "yet") and not (clause.has("side", "prep") or busy):
        if not any(one.action.level for one in state.group):
            _put_level(state.group, level)
    elif about.beside:
        every = {w.low for w in clause.words} & {"both", "all", "each"}
        _put_level(state.group if every else state.latest, level)
        state.pending = []  # "AU6: weak, AU12: none" denies the second alone
    else:
        return False
    state.report_unknown(clause)
    return True


def _splits(one: Said) -> bool:
    return "left" in unit(one.action.code).sides


def _put_side(said: Iterable[Said], side: str) -> None:
    for one in said:
        if _splits(one) and one.action.side in ("both", "one"):
            one.action = one.action._replace(side=side)


def _put_level(said: Iterable[Said], level: int) -> None:
    for one in said:
        if not one.action.level and unit(one.action.code).graded:
            one.action = one.action._replace(level=level)


_RULES: tuple[Callable[[State, _Comment], bool], ...] = (
    _of_others, _of_the_other, _so_is, _lost_side, _told_otherwise, _over, _one_side_more, _denied,
    _side, _both_sides, _with_side, _elsewhere, _more_on_one, _level,
)  # fmt: skip
