"""The sides and the levels of what a clause says, and what is a trait and no action."""

from __future__ import annotations

from facs_text._prose._clauses import CONTENT, Clause
from facs_text._prose._found import Scan, Target
from facs_text._prose._lost import unsure_of_side
from facs_text._prose._same_side import LOST
from facs_text._prose._state import State
from facs_text._prose._words import lexicon
from facs_text._units import unit

__all__ = ["is_trait", "levels", "sides"]

_LOOSE = ("", "one", "one?")
_TRAITS = frozenset(
    ("narrow", "thin", "tight", "hollow", "dimpled", "arched", "protruding", "slit")
)
_OF_THINGS = frozenset(("in", "on", "by", "from", "during", "for", "under", "through"))
_IS = frozenset(("is", "are", "was", "were", "has", "have", "had"))
_SOFTLY = frozenset(("gently", "gentle", "softly", "soft", "lightly", "light"))
_ALWAYS = frozenset(
    ("naturally", "permanently", "habitually", "congenitally", "constitutionally", "perpetually",
     "chronically", "characteristically")
)  # fmt: skip
_BEYOND = ("exceed", "above", "below", "beyond")
_LINES = frozenset(("wrinkled", "creased", "furrowed"))


def sides(state: State, clause: Clause, found: Scan, than: bool) -> None:
    """Give the side that the clause names to what has none of its own."""
    free = [
        w for w in clause.words
        if w.kind == "side" and w.how in ("on", "adv", "name", "to", "") and w.low != "one"
    ]  # fmt: skip
    if state.side_ahead and found.targets:
        if not clause.has("person"):  # else it says where a person is
            for target in found.targets:
                target.side = state.side_ahead if target.side in _LOOSE else target.side
        if not state.side_held:
            state.side_ahead = ""
    for target in found.targets:
        if state.side_of_codes and target.code and not target.side:
            target.side = state.side_of_codes
    for word in free:
        if word.how == "" and word.value not in ("both", "unequal", "one"):
            continue
        at = clause.words.index(word)
        if word.how == "name" and _does_something(clause, at + 1):
            continue  # "blowing up the cheeks the left one deflates"
        loose = _LOOSE if word.value in ("left", "right") else ("",)
        bare = [t for t in found.targets if t.side in loose]
        if word.value == LOST:
            state.report([word])
            for target in bare:
                target.blocked = target.blocked or unsure_of_side(target)
            continue
        if not bare and word.how in ("on", "adv", "name") and not found.targets and found.parts:
            for part in found.parts:
                part.side = part.side or word.value
        for target in bare:
            sided = any("left" in unit(a.code).sides for a in target.actions)
            if word.how == "to" and sided:
                target.blocked = True
            elif than and word.value in ("left", "right") and at > target.last:
                own = word.how == "on" and at == target.last + 1 and _compares(clause, at + 1)
                target.side = word.value if own and target.motion else "unequal"
            else:
                target.side = word.value
    for target in found.targets:
        if target.side in _LOOSE and not any(a.side != "both" for a in target.actions):
            for other in found.targets:  # "zygomaticus major pulls the left corner up"
                if other.actions == target.actions and other.side in ("left", "right"):
                    target.side = other.side


def _compares(clause: Clause, n: int) -> bool:
    """ "Opens the eye on the left *wider*": how far is said behind the side."""
    word = clause.words[n] if n < len(clause.words) else None
    return word is not None and word.kind == "comparative" and clause.words[n - 2].kind == "part"


def _does_something(clause: Clause, n: int) -> bool:
    """Whether an unknown verb stands at n."""
    word = clause.words[n] if n < len(clause.words) else None
    return word is not None and word.kind == "unknown" and word.low.endswith("s")


def levels(state: State, clause: Clause, found: Scan, than: bool) -> None:
    """Give each level to the motion or unit that it stands with."""
    for n, word in enumerate(clause.words):
        if word.kind == "wide" and n not in {m.place for m in found.motions}:
            word.kind, word.value = "level", "4"
        if word.kind != "level":
            continue
        if than or state.respective or _of_something_else(clause, found, n):
            state.report([word])
            continue
        targets = graded(state, clause, found, n)
        after = clause.words[n + 1].low if n + 1 < len(clause.words) else ""
        if after in ("slit", "slits"):
            continue  # "her eyes were little slits"
        if word.low in _SOFTLY:  # "gently closed" is closed
            targets = [t for t in targets if t.actions[0].code != "43"]
        for target in targets:
            target.level = int(word.value)
        if not targets and found.targets and word.low not in _SOFTLY:
            state.report([word])


def _of_something_else(clause: Clause, found: Scan, n: int) -> bool:
    """ "Squints in bright light": a level behind a preposition is of what stands there."""
    words = clause.words
    before = next((w for w in reversed(words[:n]) if w.low not in ("so", "too")), None)
    after = words[n + 1] if n + 1 < len(words) else None
    if before is not None and before.kind == "aux" and after is not None and after.kind == "owner":
        return not words[n].low.endswith("ly")  # "her mouth was so full her cheeks bulged"
    if any(w.low.startswith(_BEYOND) for w in words[max(0, n - 2) : n]):
        return True  # "exceed level C"
    if words[n].low.endswith("ly") or words[n].how == "after" or " " in words[n].low:
        return False
    if not any(w.low in _OF_THINGS for w in words[max(0, n - 3) : n]):
        return False
    return not any(t.last > n for t in found.targets)


def graded(state: State, clause: Clause, found: Scan, n: int) -> list[Target]:
    words = clause.words
    if not found.targets:
        return []
    after = next((m for m in range(n + 1, len(words)) if words[m].kind in CONTENT), -1)
    noun = any(w.kind == "level noun" for w in words[max(0, n - 1) : n + 2])
    spanning = [t for t in found.targets if t.first <= n <= t.last]
    ahead = [t for t in found.targets if after in (t.first, t.last)]
    behind = [t for t in found.targets if t.last < n]
    if spanning and not noun:
        return [t for t in found.targets if t.last in {x.last for x in spanning}]
    if ahead and not noun and not (behind and words[n].how == "after"):
        between = words[n + 1 : after]
        if not behind or not any(w.kind in ("prep", "mark") for w in between):
            last = ahead[0].last if ahead[0].motion else after
            return [t for t in found.targets if t.first <= last and t.last >= after] or ahead
    if behind and not words[n].low.endswith(" of"):
        place = max(t.last for t in behind)
        return [t for t in behind if t.last == place]
    return ahead


def _listed_feature(state: State, target: Target, clause: Clause) -> bool:
    """Whether an adjective stands in a list with what a face is like: "thin, downturned mouth",
    "a heavy brow and a downturned mouth".
    """
    words = clause.words
    first, last = words[target.first], words[target.last]
    if first.kind not in ("motion", "direction") or last.kind != "part" or first.form == "ing":
        return False
    if any(w.kind in ("article", "owner") for w in words[target.first + 1 : target.last]):
        return False
    if target.part == "gaze":
        return False
    inside = words[max(0, target.first - 2) : target.last]
    return state.feature or any(w.low in lexicon()["features"] for w in inside)


def _by_nature(target: Target, clause: Clause) -> bool:
    """ "Her left brow sits *naturally higher*": an adverb before the motion, or its adjective."""
    words = clause.words
    for n in range(target.first, target.last + 1):
        moves = words[n].kind in ("motion", "direction", "comparative", "wide")
        if moves and n and words[n - 1].low in _ALWAYS:
            return bool(target.motion)
    return False


def is_trait(state: State, target: Target, clause: Clause) -> bool:
    """ "Arched eyebrows and narrow eyes" are how a face is, not what it does."""
    if _by_nature(target, clause):
        return True
    if not target.motion or target.first == target.last:
        return False
    if _listed_feature(state, target, clause):
        return True
    first, last = clause.words[target.first], clause.words[target.last]
    inside = clause.words[target.first + 1 : target.last]
    if any(w.kind in ("article", "owner") for w in inside) and first.kind == "motion":
        return False  # "narrow his eyes"
    if first.kind == "motion" and last.kind == "part":
        if first.low in _TRAITS and not (first.low == "arched" and not last.plural):
            return (first.low, last.value) != ("dimpled", "corner")
        return first.low in _LINES and last.value == "forehead"
    between = clause.words[target.first + 1 : target.last]
    if any(w.kind == "light" for w in between):
        return False  # "the lips are drawn thin"
    return last.low in ("narrow", "thin") and any(w.low in _IS for w in between)
