"""A resolution in words, from the top of the face down.

A group of units (see _groups) is one sentence: what moves, against what, and what comes of it. The
choice among paraphrases hangs on the seed and on what is said, never on the side it is said of.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache

from facs_text._errors import FacsTextError
from facs_text._groups import clusters, group_actions, singles
from facs_text._notation import Coding
from facs_text._resolve import Resolution, resolve
from facs_text._sentence import Clause, Plan, addenda, clause, count, mix, plan_of, small
from facs_text._wording import wording

__all__ = ["DETAILS", "Clause", "Description", "clauses_of", "describe"]

DETAILS = ("brief", "full", "clinical", "prompt")
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


def describe(
    coding: Coding | str | Resolution,
    *,
    detail: str = "full",
    seed: int = 0,
    tags: bool = False,
    budget: int | None = None,
    budget_unit: str = "tokens",
    mode: str = "warn",
    absent: Collection[str] = frozenset(),
) -> Description:
    """Say a coding in plain English, after resolving it.

    detail: "brief", "full", "clinical" (names the muscles) or "prompt" (what fits a text encoder:
    the net look, then the strongest and rarest units). seed picks among paraphrases: one seed, one
    text. tags adds the notation of each unit in brackets.

    budget goes with "prompt": the most that the text may be, in budget_unit, "tokens" of CLIP with
    both marks, never counted too few, or "words". Without one it is CLIP's 77 tokens. Units that
    do not fit are in left_out. Raises FacsTextError where not even one fits.

    mode, absent: for resolve. With mode="off" each unit is said as it is written, by itself: no
    unit against another, no net look. A Resolution was resolved already and is said in its own.
    """
    if detail not in DETAILS:
        raise FacsTextError(f"detail {detail!r}; expected one of {', '.join(DETAILS)}")
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise FacsTextError(f"seed {seed!r}; expected a whole number")
    resolution = coding if isinstance(coding, Resolution) else resolve(coding, mode, absent=absent)
    if detail == "prompt":
        from facs_text import _prompt  # it builds on this module

        limit = _prompt.DEFAULT_BUDGET if budget is None else budget
        return _prompt.prompt(
            resolution, budget=limit, budget_unit=budget_unit, seed=seed, tags=tags
        )
    if budget is not None:
        raise FacsTextError(f"budget {budget!r} goes with detail='prompt', not {detail!r}")
    clauses = clauses_of(resolution, detail=detail, seed=seed, tags=tags)
    if detail == "brief":
        text = "; ".join([small(c.text) for c in clauses]) + "."
        text = text[0].upper() + text[1:]
    else:
        text = ". ".join([c.text for c in clauses]) + "."
    return Description(text, clauses, resolution)


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
