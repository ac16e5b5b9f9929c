"""What a clause says that found no unit to go with, and which units that makes uncertain.

A side that belongs to nothing read may belong to what was read, so a unit without a side beside it
is reported rather than given both. So is what somebody else does to a face.
"""

from __future__ import annotations

from facs_text._prose._clauses import Clause
from facs_text._prose._found import BY, Scan, Target
from facs_text._prose._state import State
from facs_text._prose._words import Word
from facs_text._units import unit

__all__ = ["done_by_another", "lost_sides", "unsure_of_side", "void_latest"]

_PLACED = frozenset(("on", "adj", "name"))
_MADE_OF = frozenset((",", "and", "(", "with", "—", "–", "-", "then", "but"))


def lost_sides(clause: Clause, found: Scan) -> list[Word]:
    """The words for left and right in a clause that no unit of it took."""
    taken = {t.side for t in found.targets} | {
        a.side for t in found.targets if t.code for a in t.actions
    }
    return [
        w for w in clause.words
        if w.kind == "side" and w.value in ("left", "right") and w.how in _PLACED
        and w.value not in taken and "unequal" not in taken
    ]  # fmt: skip


def unsure_of_side(target: Target) -> bool:
    """Whether a target takes sides and was given none."""
    return target.side in ("", "one?", "both") and any(
        a.side in ("both", "one") and "left" in unit(a.code).sides for a in target.actions
    )


def void_latest(state: State, clause: Clause, found: Scan) -> None:
    """Take back what the clause before said without a side, where this one goes on about it."""
    if (
        clause.joint not in (*_MADE_OF, "relative")
        or clause.has("person", "pronoun")
        or found.targets
    ):
        return
    parts = [p.value for p in found.parts] or ["it"]
    for one in state.latest:
        near = "it" in parts or any(one.action.code in BY.get(part, ()) for part in parts)
        if near and one.action.side in ("both", "one") and "left" in unit(one.action.code).sides:
            state.take_back([one])


def done_by_another(clause: Clause, target: Target) -> bool:
    """ "Her lids are held shut by the examiner"."""
    words = clause.words
    for n in range(target.last + 1, len(words)):
        if words[n].kind in ("conj", "mark", "sub"):
            return False
        if words[n].low == "by":
            return any(w.kind in ("person", "unknown") for w in words[n + 1 : n + 4]) and any(
                w.kind == "aux" or w.low in ("held", "kept") for w in words[: target.last + 1]
            )
    return False
