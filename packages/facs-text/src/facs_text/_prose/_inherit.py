"""What a clause takes from the ones before it: parts, motions, and what was done with them."""

from __future__ import annotations

from facs_text._prose._clauses import Clause
from facs_text._prose._codes import actions_of
from facs_text._prose._found import BY, Motion, Part, Scan, Target
from facs_text._prose._state import State
from facs_text._prose._words import Word, lexicon

__all__ = ["directed", "inherit", "instrument"]

_ANEW = frozenset(("there", "there is", "there are"))
_LISTS = frozenset((",", "and", "or", "nor"))
_FLOW = frozenset(
    (",", "and", "or", "nor", "but", "then", "yet", ":", "sub", "", "(", ")", "—", "–", "-")
)
_MOST = 4  # parts and sides of one clause that are put together
_FLAT = frozenset(("head", "gaze", "jaw", "eye"))
_UP = frozenset(("raise", "upturn", "up and back", "straight up", "open", "part"))
_DOWN = frozenset(("lower", "droop", "close", "press"))
_OPPOSITE = {"left": "right", "right": "left"}


def instrument(state: State, clause: Clause, found: Scan) -> bool:
    """ "Winks with the right eye", "a grin with teeth": part of what was said before."""
    if found.motions or found.targets or not found.parts:
        return False
    beside = clause.joint in (",", "(") and found.parts[0].side in ("left", "right")
    if clause.joint != "with" and not (beside and len(found.parts) == 1):
        return False
    part = found.parts[0]
    if any(_says_more(clause, part, n) for n in found.unknown):
        return False  # "with the left corner lagging"
    frowned = [one for one in state.latest if one.base in ("frown", "scowl")]
    if clause.joint == "with" and frowned and part.value in ("mouth", "lip", "corner"):
        for one in frowned:  # "frowning slightly with the left side of his mouth"
            side = part.side if part.side in ("left", "right") else "both"
            one.action = one.action._replace(code="15", side=side)
        return True
    codes = BY.get(part.value, ())
    heard = [one for one in state.latest if one.action.code in codes]
    if part.value == "teeth" and heard:
        found.targets.append(Target(actions_of("25"), part.place, part.place, part="teeth"))
        part.used = True
        return False
    sides = [w.value for w in clause.words if w.kind == "side"]
    for one in heard:
        side = part.side.replace("?", "") or (sides[0] if sides else "")
        if side in ("left", "right", "one") and one.action.side in ("both", "one"):
            one.action = one.action._replace(side=side)
    if heard:
        state.report_unknown(clause)
    return bool(heard)


def _says_more(clause: Clause, part: Part, n: int) -> bool:
    """Whether an unknown word is of the part, and neither of how nor, behind it, of why: "with his
    brow *in thought*".
    """
    words = clause.words
    behind = n > part.place and words[n - 1].kind in ("prep", "direction")
    return not (words[n].low.endswith("ly") or (behind and words[n - 1].low == "in"))


def inherit(state: State, clause: Clause, found: Scan) -> None:
    """Give parts their motions and motions their parts from the clauses around."""
    _ends_of_brows(state, clause, found)
    free = [m for m in found.motions if not (m.used or m.foreign or _of_a_thing(clause, m))]
    other = any(w.kind == "article" and w.value == "other" for w in clause.words)
    own = [p for p in found.parts if not p.apart]
    name = next((w for w in clause.words if w.kind == "side" and w.how == "name"), None)
    placed = any(w.kind == "side" and w.how == "on" for w in clause.words)
    moved = clause.has("pronoun", "person") and all(m.weak for m in free)  # "she sat down"
    moved = moved or any(w.low == "face" for w in clause.words)  # "her face lifted to the rain"
    it = any(w.low in ("it", "them") for w in clause.words) and not clause.has("neg", "unreal")
    if it and free and not own and _shut_again(state, free):
        state.take_back(state.latest)  # "opened his mouth, and shut it again"
    anew = bool(clause.words) and clause.words[0].low in _ANEW  # "there is tension around the eyes"
    if free and not own and not found.foreign and not (moved or anew) and clause.joint in _FLOW:
        source = state.waiting or state.parts
        for motion in free:
            for part in source[-4:]:
                if other:
                    if part.side not in _OPPOSITE:
                        continue
                    part = Part(part.value, _OPPOSITE[part.side], part.word, -1, part.owner)
                side = name.value if name is not None else "" if placed else part.side
                if side == "unequal" and any(w.value in _OPPOSITE for w in clause.words):
                    side = ""  # "asymmetric brow: left up, right down"
                copy = Part(part.value, side, part.word, -1, part.owner)
                pair(state, found, copy, motion)
        for end, codes in (("inner", "1"), ("outer", "2")):
            if any(p.apart and _is_end(p, end) for p in found.parts):
                for target in found.targets:  # "and up at the inner ends"
                    if target.part == "brow" and target.actions == actions_of("1+2"):
                        target.actions = actions_of(codes)
        if (clause.joint == "then" or (it and clause.joint == ",")) and _undone(state, free):
            for target in found.targets:  # "one side lifted, then fell"
                target.blocked = True
            state.take_back(state.latest)
        if any(m.used for m in free) and state.waiting:
            for part in state.waiting:
                part.used = True
            state.waiting = []
    elif other and own and own[0].value in {p.value for p in state.parts}:
        known = next(p.side for p in state.parts if p.value == own[0].value)
        for target in found.targets:
            if target.part == own[0].value and not target.side:
                target.side = _OPPOSITE.get(known, "")
                target.blocked = known not in _OPPOSITE
    elif own and found.motions and state.waiting and clause.joint in _LISTS and not _makes(clause):
        side = state.waiting[-1].side
        if side in ("left", "right") and not clause.has("article", "owner", "side"):
            for target in found.targets:  # "the left brow and cheek"
                if target.part == own[0].value and not target.side and not own[0].word.plural:
                    target.side = side
        for part in state.waiting:
            for motion in found.motions:
                if motion.place > own[0].place or not found.verb_first:
                    pair(state, found, part, motion)
    elif own and not (
        found.motions or found.targets or found.unknown or clause.has("light", "calm", "level")
    ):  # but not "tiny mouth"
        lists = clause.joint in _LISTS and state.verb_first
        for part in own if lists else []:
            if part.value != "gaze":
                for motion in state.motions[-3:]:
                    pair(state, found, part, Motion(motion.value, motion.word, -1))


def _is_end(part: Part, end: str) -> bool:
    """ "In the middle", "at the inner ends"."""
    return part.word.low.startswith(end) or part.word.value == f"{end} end"


def _ends_of_brows(state: State, clause: Clause, found: Scan) -> None:
    """ "Knits her brows, *with the inner ends up*": whose ends, was said before."""
    if clause.joint not in ("with", ",") or found.targets:
        return
    brow = next((p for p in state.parts if p.value == "brow"), None)
    if brow is None:
        return
    for part in found.parts:
        if part.word.value in ("inner end", "outer end") and part.value == "some corner":
            part.value = "inner brow" if part.word.value == "inner end" else "outer brow"
            part.side = part.side or brow.side
            for motion in found.motions:
                pair(state, found, part, motion)


def _of_a_thing(clause: Clause, motion: Motion) -> bool:
    """ "Puffs its cheeks and blows bubbles"."""
    after = clause.words[motion.place + 1] if motion.place + 1 < len(clause.words) else None
    verb = motion.word.kind == "motion" and motion.word.form in ("s", "base", "ing")
    return verb and after is not None and after.kind == "unknown" and not after.low.endswith("ly")


def _makes(clause: Clause) -> bool:
    """ "Making the corners turn down": a clause of its own, not more of a list."""
    return clause.words[0].kind == "light" and clause.words[0].form == "ing"


def _shut_again(state: State, motions: list[Motion]) -> bool:
    """Whether motions close what was opened last, or open what was closed."""
    codes, now = {one.action.code for one in state.latest}, {m.value for m in motions}
    return bool((codes & {"25", "26"} and "close" in now) or ("43" in codes and "open" in now))


def _undone(state: State, motions: list[Motion]) -> bool:
    """Whether motions take back what the clause before said of the same part."""
    before, now = {m.value for m in state.motions}, {m.value for m in motions}
    return bool((before & _UP and now & _DOWN) or (before & _DOWN and now & _UP))


def pair(state: State, found: Scan, part: Part, motion: Motion) -> bool:
    codes = lexicon()["table"].get(f"{part.value}|{motion.value}")
    if codes is None or (codes == "33" and part.side in _OPPOSITE):
        return False
    part.used = motion.used = True
    motion.parts.append(part)
    if codes:
        at = motion.place if motion.place >= 0 else max(part.place, 0)
        whole = part.side == "one?" and part.value == "brow" and motion.value != "raise"
        side = "" if whole else part.side
        found.targets.append(
            Target(actions_of(codes), at, at, side.replace("?", ""), owner=part.owner,
                   motion=motion.value, part=part.value)
        )  # fmt: skip
    return True


def _something_in(words: list[Word]) -> bool:
    """Whether somebody or some thing is named that a side may be of."""
    return any(
        w.kind == "person"
        or (w.kind == "unknown" and n and words[n - 1].kind in ("article", "owner"))
        for n, w in enumerate(words)
    )


def _of_head(clause: Clause, side: int) -> bool:
    """ "A left head tilt": nobody has a left head."""
    after = clause.words[side + 1 : side + 2]
    return bool(after) and after[0].value in ("head", "gaze")


def directed(state: State, clause: Clause, found: Scan) -> bool:
    """Turns and looks to the left or right."""
    places = [
        n for n, w in enumerate(clause.words)
        if w.kind == "side" and w.value in ("left", "right")
        and (w.how in ("to", "adv") or (w.how == "adj" and _of_head(clause, n)))
    ][:_MOST]  # fmt: skip
    if not places:
        return False
    parts = [p for p in found.parts if p.value in _FLAT and not p.apart][:_MOST]
    inherited = not found.parts and not found.targets
    if not parts and inherited and clause.joint in _FLOW:
        parts = [Part(p.value, "", p.word, -1, p.owner) for p in state.parts if p.value in _FLAT]
    table = lexicon()["directed"]
    done = False
    for part in parts:
        motions = [m for m in found.motions if not m.weak] or (
            [m for m in state.motions if not m.weak] if inherited else []
        )
        for here in places:
            side = clause.words[here]
            between = clause.words[part.place + 1 : here] if part.place >= 0 else []
            if side.how == "to" and _something_in(between):
                continue  # "stared at the officer standing to his left"
            which = 0 if side.value == "left" else 1
            keys = [f"{part.value}|{m.value}" for m in motions] or [f"{part.value}|"]
            keys = [k for k in keys if k in table] or (
                [f"{part.value}|"] if part.value in ("gaze",) else []
            )
            for key in keys[:1]:
                moved = [m.place for m in motions if m in found.motions]
                first = min([here, *(x for x in (part.place, *moved) if x >= 0)])
                found.targets.append(
                    Target(actions_of(table[key][which]), first, here, "both", owner=part.owner)
                )
                side.how = "done"
                part.used = done = True
                for motion in motions:
                    motion.used = True
    return done
