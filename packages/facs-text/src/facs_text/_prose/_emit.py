"""What comes out of a clause: the targets that it asserts, those that it denies, the uncertain."""

from __future__ import annotations

from collections.abc import Iterable

from facs_text._coding import Action
from facs_text._prose._aside import another_act, anothers, points_back, the_one
from facs_text._prose._clauses import Clause
from facs_text._prose._codes import actions_of
from facs_text._prose._found import Scan, Target
from facs_text._prose._grade import is_trait
from facs_text._prose._lost import done_by_another
from facs_text._prose._people import Person
from facs_text._prose._scope import Scope, first_form
from facs_text._prose._state import KEPT, LISTS, Said, State
from facs_text._prose._supposed import elsewhere, governed, supposed
from facs_text._prose._talk import beside_one, gone_or_called, object_of_unknown, replaced
from facs_text._prose._whose import owner_of
from facs_text._prose._words import Word, bases
from facs_text._units import unit

__all__ = ["emit"]

_OPPOSITE = {"left": "right", "right": "left"}
_ARCH, _OPEN, _PARTED = actions_of("1+2"), actions_of("25+26"), actions_of("25")


def emit(state: State, clause: Clause, found: Scan, scope: Scope, *, less: bool) -> None:
    """Say, deny or report what was found in a clause. less: it is there less than elsewhere."""
    heard: list[Said] = []
    if not clause.unreal:
        state.said += _scored_absent(clause)
    carried = state.denied and (clause.joint in ("or", "nor", "/") or clause.listed)
    form = first_form(clause)
    unreal = state.unreal and clause.joint in LISTS
    unreal = unreal and (form == "base" or (form == "ing" and state.unreal_ing))
    unreal = unreal or beside_one(clause, state)
    state.talked = bool(found.targets) and (
        beside_one(clause, state) or object_of_unknown(clause, found.targets[-1])
    )
    uncertain = less or unreal or state.header == "unsure" or _doubtful_and(state, clause)
    for target in found.targets:
        words = clause.words[target.first : target.last + 1]
        person = owner_of(state, target, clause)
        blocked = uncertain or scope.blocks(target) or _blocked(state, target, clause)
        denied = state.header == "absent" or (
            scope.denies(target, found) or (carried and scope.deny < 0)
        )
        if denied and not blocked:
            _deny(state, target, person, scope, _base(clause, target))
        elif blocked or not state.people.is_described(person, told=state.told):
            state.report(words)
            if clause.joint == "and" and supposed(clause, target):
                state.take_back(state.bare)  # "smiling and frowning are both intact"
        else:
            for action in _actions(target, scope.doubts(target)):
                heard.append(Said(action, False, words[0].start, words[-1].end, target.name))
                heard[-1].base, heard[-1].part = _base(clause, target), target.part
                heard[-1].motion = target.motion
                sneers = action.code == "10" and not target.motion and not target.code
                heard[-1].loose = sneers or _of_a_corner(target, words)
    if clause.joint in ("or", "/") and heard and not carried:
        alike = {h.action.code for h in heard} == {one.action.code for one in state.latest}
        for one in [*state.latest, *heard]:  # one of them, and it is not said which
            if alike:
                one.action = one.action._replace(level=0)  # "AU12B/AU12C"
            else:
                one.action = one.action._replace(doubt=True)
    _only_there(state, clause, heard, found)
    if clause.joint == "and" and not found.parts:
        _on_that_side(state, heard)
    last = max((t.last for t in found.targets), default=0)
    trailing = any(w.kind == "side" and w.value in _OPPOSITE for w in clause.words[last + 1 :])
    if clause.joint == "and" and trailing and heard and all(t.code for t in found.targets):
        state.take_back(p for p in state.pending if p.action.side == "both")
        state.pending = []  # "AU6 and AU12 on the right": both of them, it may be
    _settle_pending(state, clause, heard, scope, found)
    state.said += heard
    if heard:
        state.under = clause.joint in ("sub", "relative")
        state.beside = state.latest if clause.joint == "and" else []
        state.group = [*state.group, *heard][-KEPT:] if clause.joint in LISTS else heard
        state.latest = heard
        state.broken = False
    elif found.motions or found.targets or (found.parts and clause.has("aux", "light")):
        state.broken = True
    state.bare = [] if clause.has("person", "pronoun", "aux") else heard


def _of_a_corner(target: Target, words: list[Word]) -> bool:
    """ "A tightening of the lip corner": which of them, may be said elsewhere."""
    bare = target.name and not target.code and not target.side
    return bare and any(w.low.endswith("corner") for w in words)


def _only_there(state: State, clause: Clause, heard: list[Said], found: Scan) -> None:
    """ "Her smile is subtle, and only the left corner rises": what came before is of that side."""
    first = min((t.first for t in found.targets), default=0)
    if not any(w.low == "only" for w in clause.words[max(0, first - 3) : first + 1]):
        return
    sided = {one.action.code: one.action.side for one in heard}
    for one in state.said[-KEPT:]:
        side = sided.get(one.action.code, "")
        if side in ("left", "right") and one.action.side == "both":
            one.action = one.action._replace(side=side)


def _on_that_side(state: State, heard: list[Said]) -> None:
    """ "The corners are tightened and pulled inward on the right": both are of that side."""
    sided = {one.action.code: one.action.side for one in heard}
    for one in state.latest:
        side = sided.get(one.action.code, "")
        if side in _OPPOSITE and one.action.side == "both":
            one.action = one.action._replace(side=side)


def _blocked(state: State, target: Target, clause: Clause) -> bool:
    """Whether the words around a target leave it open whether it is there."""
    return (
        target.blocked
        or governed(clause, target)
        or supposed(clause, target)
        or elsewhere(clause, target)
        or done_by_another(clause, target)
        or another_act(clause, target)
        or anothers(clause, target)
        or points_back(clause, target)
        or the_one(clause, target, any(s.action.side in _OPPOSITE for s in state.latest))
        or is_trait(state, target, clause)
        or object_of_unknown(clause, target)
        or replaced(clause, target)
        or gone_or_called(clause, target)
    )


def _scored_absent(clause: Clause) -> list[Said]:
    """Codes that were scored 0, "AU12=0"."""
    return [
        Said(action, True)
        for word in clause.words
        if word.kind == "code" and word.how == "absent"
        for action in word.actions
        if action.side == "both"
    ]


def _base(clause: Clause, target: Target) -> str:
    """What a target is said with: the base form of its verb or name."""
    words = clause.words[target.first : target.last + 1]
    kinds = ("motion", "act", "noun", "muscle", "direction", "code")
    low = next((w.low for w in words if w.kind in kinds), words[0].low)
    first = low.split(" ", 1)[0]
    return bases().get(first, first)


def _deny(state: State, target: Target, person: Person | None, scope: Scope, base: str) -> None:
    """Note what a denied target says is absent: nothing of one side, nor "not A and B" of two."""
    actions = target.actions
    if actions == _OPEN and not target.code:
        actions = _PARTED  # a mouth that does not open has its lips together, whatever the jaw
    whole = not target.side and all(a.side == "both" for a in actions)
    apart = target.code or len(actions) == 1 or actions == _ARCH
    if target.side in _OPPOSITE and not scope.doubt:
        codes = {action.code for action in actions}
        for one in state.latest:  # "a crooked smile, the right corner does not lift"
            if one.action.code in codes and one.action.side in ("both", "unequal"):
                one.action = one.action._replace(side=_OPPOSITE[target.side])
    if scope.doubt or not (whole and apart) or target.level:  # "no broad smile"
        return
    if not state.people.is_described(person, told=state.told):
        return
    if scope.stop >= 0 or scope.vanish >= 0:  # "he smiled, then stopped smiling"
        codes = {action.code for action in actions}
        for one in state.said[-KEPT:]:
            one.denied = one.denied or one.action.code in codes
    coded = target.code
    state.said += [Said(action, True, named=coded, base=base) for action in actions]


def _doubtful_and(state: State, clause: Clause) -> bool:
    """ "Did not smile and frown": whether the second is denied too is not said."""
    return (
        clause.joint == "and"
        and (state.denied or state.stopped)
        and bool(state.form)
        and first_form(clause) == state.form
        and not clause.has("pronoun", "person", "neg")
    )


def _actions(target: Target, doubt: bool) -> Iterable[Action]:
    """The actions of a target with its side and its level."""
    for action in target.actions:
        au = unit(action.code)
        side, level = action.side, action.level
        sided = target.code and side not in ("both", "one")  # "unilateral R14"
        if target.side and target.side != "both" and "left" in au.sides and not sided:
            side = target.side.replace("?", "")
        if target.side in au.sides and target.side in ("top", "bottom"):
            side = target.side
        blinks = not au.scored and au.region == "eyes" and not target.code  # however big
        opened = action.code == "25" and target.actions[0].code == "12"  # by how big a grin
        if target.level and au.graded and not (target.code and level) and not (blinks or opened):
            level = target.level
        yield Action(action.code, side, 0 if blinks else level, action.doubt or doubt)


def _settle_pending(
    state: State, clause: Clause, heard: list[Said], scope: Scope, found: Scan
) -> None:
    """Deny or grade the bare names before this clause, when its predicate is theirs too."""
    if clause.joint not in LISTS:
        state.pending = []
    beside = state.pending or state.bare
    if clause.has("unseen") and beside and clause.joint in ("and", "or", "nor"):
        state.take_back([*state.pending, *state.bare])  # "AU12 and AU13 cannot be told apart"
        state.pending = []
    elif scope.predicate and state.pending:
        plural = clause.has("aux") and any(w.low in ("are", "were") for w in clause.words)
        if clause.joint in ("and", "or", "nor") or plural:
            for one in state.pending:
                one.denied = True
        else:
            state.take_back(state.pending)
        state.pending = []
    elif heard and heard[-1].named and heard[-1].action.level and clause.joint == "and":
        last = max(t.last for t in found.targets)
        if any(w.kind == "level" for w in clause.words[last + 1 :]):
            for one in state.pending:
                if not one.action.level and unit(one.action.code).graded:
                    one.action = one.action._replace(level=heard[-1].action.level)
    if clause.bare and all(h.named for h in heard):
        state.pending += heard
    elif not clause.bare:
        state.pending = []
