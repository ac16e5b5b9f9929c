"""The clauses of a resolution, from the top of the face down, and the text that they make.

A group of units (see _groups) is one sentence: what moves, against what, and what comes of it. The
choice among paraphrases hangs on the seed and on what is said, never on the side it is said of.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from facs_text._coding import Coding
from facs_text._groups import clusters, group_actions, singles
from facs_text._resolve import Resolution
from facs_text._sentence import Clause, Plan, addenda, clause, count, mix, plan_of, small
from facs_text._wording import wording

__all__ = ["Description", "clauses_of", "join"]

_NOTHING = Coding()


@dataclass(frozen=True, slots=True)
class Description:
    """Text, its clauses in order, and the resolution they say.

    left_out: what of the resolution a budget had no room for; empty without a budget.
    """

    text: str
    clauses: tuple[Clause, ...]
    resolution: Resolution
    left_out: Coding = _NOTHING

    def __str__(self) -> str:
        return self.text


_ODD = 0x9E3779B97F4A7C15  # spreads neighbouring seeds


def clauses_of(resolution: Resolution, *, detail: str, seed: int, tags: bool) -> tuple[Clause, ...]:
    """The statements of a description: "full", "clinical", "brief", or "terse", which is brief
    without net looks.
    """
    start = seed * _ODD
    # of the words of a level one in a whole text, so that two levels differ where two words do
    word = 0 if _has_own_words(resolution.coding) else mix(start + 2) >> 8 & 1
    style = "off" if resolution.mode == "off" else "list" if detail in ("brief", "terse") else ""
    plans = _plans(resolution.coding, style, resolution.absent)
    found = tuple(
        [clause(p, detail, tags, word, mix(start + p.key) % count(p, detail)) for p in plans]
    )
    found += addenda(resolution.coding)
    if found:
        return found
    key = "cancelled" if any(r.kind == "alternative" for r in resolution.rules) else "neutral"
    texts: list[str] = wording()[key]["brief" if detail == "terse" else detail]
    return (Clause(texts[mix(start) % len(texts)], (), "face"),)


@lru_cache(maxsize=8192)
def _has_own_words(coding: Coding) -> bool:
    """Whether a unit has adverbs of its own ("wide open"): they go with the first of the others."""
    return any("degree" in wording()["units"][action.code] for action in coding)


@lru_cache(maxsize=8192)
def _plans(coding: Coding, style: str, absent: frozenset[str]) -> tuple[Plan, ...]:
    """The groups of a coding, the same for all seeds."""
    codes = frozenset([a.code for a in coding])
    if style == "off":
        groups = singles(coding)
    else:
        groups = (clusters if style else group_actions)(coding, absent)
    return tuple([plan_of(group, codes) for group in groups])


def join(clauses: tuple[Clause, ...], detail: str) -> str:
    """Clauses as one text: sentences, or one sentence where the detail is "brief"."""
    if detail != "brief":
        return ". ".join([c.text for c in clauses]) + "."
    text = "; ".join([small(c.text) for c in clauses]) + "."
    return text[0].upper() + text[1:]
