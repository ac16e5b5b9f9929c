"""Words beside a target that make another act of it: what the face is pressed on, which one it is.

"He squished his nose on the window", "stuck his tongue in his cheek", "squint that eye".
"""

from __future__ import annotations

from itertools import pairwise

from facs_text._prose._clauses import Clause
from facs_text._prose._found import Target
from facs_text._prose._words import lexicon

__all__ = ["another_act", "anothers", "points_back", "the_one"]

_AT = frozenset(("to", "against", "on", "onto"))
_SURFACES = frozenset(("nose", "lip", "mouth", "cheek", "chin", "upper lip", "lower lip"))
_ON = frozenset(("to", "against", "on", "onto", "in", "into", "inside"))
_TOUCHING = frozenset(("press", "squeeze", "squeeze shut", "push", "push up", "narrow", "wrinkle"))
_OVER = frozenset(("on", "upon", "over", "across", "around", "about", "along"))
_FALLING = frozenset(("lower", "droop"))


def another_act(clause: Clause, target: Target) -> bool:
    """Whether what stands behind a target makes it another act than its words alone."""
    return (
        _touches(clause, target)
        or _tongue_inside(clause, target)
        or _to_a_side(clause, target)
        or _muscle_does(clause, target)
        or _does_to_another(clause, target)
        or _with_a_score(clause, target)
        or _comes_over(clause, target)
        or _by_a_thing(clause, target)
    )


def _touches(clause: Clause, target: Target) -> bool:
    """ "Pressed her lips to the glass"."""
    if target.motion not in _TOUCHING or target.part not in _SURFACES:
        return False
    behind = clause.words[target.last + 1 : target.last + 4]
    if len(behind) < 3 or behind[0].low not in _AT or behind[1].kind not in ("article", "owner"):
        return False
    thing = behind[2].kind == "unknown" or behind[2].kind == "person"
    return thing or (behind[1].kind == "owner" and behind[2].kind == "part")


def _tongue_inside(clause: Clause, target: Target) -> bool:
    if target.part != "tongue":
        return False
    behind = clause.words[target.last + 1 :]
    return any(w.low in _ON for w in behind) and any(
        w.kind == "part" and w.value == "cheek" for w in behind
    )


def _to_a_side(clause: Clause, target: Target) -> bool:
    """ "Let the head fall to the left shoulder"."""
    if target.part != "head" or target.motion not in _FALLING:
        return False
    return any(w.kind == "side" and w.how == "to" for w in clause.words[target.last + 1 :])


def _muscle_does(clause: Clause, target: Target) -> bool:
    """ "The frontalis on the left compensates"."""
    words = clause.words
    if words[target.first].kind != "muscle":
        return False
    for word in words[target.last + 1 :]:
        if word.kind == "unknown" and word.low.endswith("s") and not word.low.endswith("ss"):
            return True
        beside = word.kind in ("prep", "article", "side", "skip", "owner", "place")
        if not beside and word.low not in ("left", "right"):
            return False
    return False


def _with_a_score(clause: Clause, target: Target) -> bool:
    """ "Smile 0.02": how likely it is, or how much, on a scale that is not told; "AU12 below"."""
    after = clause.words[target.last + 1 : target.last + 2]
    if after and target.code and after[0].low in ("below", "under", "beneath"):
        return True
    scored = bool(after) and after[0].kind == "number" and not target.code
    return scored and ("." in after[0].text or after[0].text.endswith("%"))


def _comes_over(clause: Clause, target: Target) -> bool:
    """ "A storm gathered on his brow": the part only is where something unknown does it."""
    words = clause.words
    n = target.first
    if not n or not target.part or words[n].kind != "motion" or words[n].form not in ("ed", "s"):
        return False
    behind = words[n + 1 : target.last + 2]
    over = any(w.low in _OVER for w in behind[:2])
    return over and words[n - 1].kind == "unknown" and not words[n - 1].low.endswith("ly")


def _by_a_thing(clause: Clause, target: Target) -> bool:
    """ "A bandage holds the left lid down": no act of the face whose lid it is."""
    words = clause.words
    if not target.motion or not target.part:
        return False
    n = next((m for m, w in enumerate(words) if w.kind in ("light", "motion", "aux")), 0)
    if n < 1 or n > target.last or words[n - 1].kind != "unknown":
        return False
    if words[n].form == "ing" or any(w.kind not in ("article", "unknown") for w in words[:n]):
        return False
    named = next((m for m in range(n + 1, target.last + 1) if words[m].kind == "part"), -1)
    return any(w.low == "the" for w in words[n + 1 : max(n, named)])


def _does_to_another(clause: Clause, target: Target) -> bool:
    """ "The upper lid *follows the eye* down": what goes down may be either of them."""
    inside = clause.words[target.first : target.last + 1]
    if target.part == "eye" and inside[-1].kind == "direction":
        return inside[-2].kind == "unknown" and inside[-2].form in ("ed", "ing")  # "welling up"
    if not target.motion or inside[-1].kind != "direction" or inside[0].kind != "part":
        return False
    return any(
        a.kind == "unknown" and not a.low.endswith("ly") and b.kind in ("article", "owner")
        for a, b in pairwise(inside)
    )


def anothers(clause: Clause, target: Target) -> bool:
    """ "He had bitten her lip", "she lifted his chin"."""
    words = clause.words
    if any(w.kind == "light" and w.value in lexicon()["observers"] for w in words):
        return False  # "he saw her raised brow"
    doers = {w.low for w in words[: target.last + 1] if w.kind == "pronoun"}
    owners = {w.low for w in words[target.first : target.last + 1] if w.kind == "owner"}
    owners |= {target.owner.low} if target.owner is not None else set()
    return ("he" in doers and "her" in owners) or ("she" in doers and "his" in owners)


def the_one(clause: Clause, target: Target, sided: bool) -> bool:
    """ "The left corner rises when the eye is closed": which eye is not said."""
    if not sided or target.code or target.side not in ("", "one", "one?"):
        return False
    words = clause.words
    return any(
        a.low == "the" and b.kind == "part" and b.value in ("eye", "lid", "brow") and not b.plural
        for a, b in pairwise(words)
    )


def points_back(clause: Clause, target: Target) -> bool:
    """ "Closes the same eye", "squints this eye": which one it is was said before."""
    if target.side not in ("", "one", "one?") or target.code:
        return False
    words = clause.words
    for n, word in enumerate(words[:-1]):
        after = words[n + 1]
        if word.low in ("this", "same", "opposite") and after.kind == "part" and not after.plural:
            return True
    return False
