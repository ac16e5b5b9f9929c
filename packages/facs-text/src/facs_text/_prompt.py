"""A description that fits a text encoder: the net look, then the strongest, rarest units.

The units of a coding are ranked, and each that still fits into the budget is taken, so that what
is left out is the weak and the common, wherever on the face it is. What is taken is said in the
brief wording, clause by clause in the order of the ranks, never cut; the net look of the largest
combination stands in front where there is room for it, because units say what it sums up.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache

from facs_text._clauses import Description, clauses_of
from facs_text._coding import Action, Coding
from facs_text._errors import FacsTextError
from facs_text._groups import group_actions
from facs_text._notation import parse
from facs_text._oppose import opposed
from facs_text._resolve import Resolution, strength
from facs_text._sentence import Clause, mix, small
from facs_text._tokens import CLIP_LENGTH, cost, measure
from facs_text._units import load_data, unit
from facs_text._wording import fill

__all__ = ["DEFAULT_BUDGET", "prompt", "published_rates", "rarity"]

DEFAULT_BUDGET = CLIP_LENGTH
_MARK = 1  # tokens of the full stop, and of each "; " between clauses
_ODD = 0x9E3779B97F4A7C15  # spreads neighbouring seeds

Rank = tuple[int, float, int, str, bool, str]


@lru_cache(maxsize=1)
def published_rates() -> dict[str, float]:
    """Share of faces in which a unit was coded, for those that a source counts."""
    return {row["code"]: row["rate"] for row in load_data("rates.json")["rates"]}


def rarity(code: str) -> float:
    """Bits that a unit's presence tells: -log2 of its share of faces, from ``data/rates.json``.

    Units that no source there counts are taken to be as rare as the rarest that one does.
    """
    rates = published_rates()
    return -math.log2(rates.get(code) or min(rates.values()))


@lru_cache(maxsize=4096)
def _rank(action: Action) -> Rank:
    """Sort key: the stronger first, of equals the rarer, of equals the upper on the face."""
    code = action.code
    return (
        -strength(code, action.level),
        -rarity(code),
        unit(code).order,
        min(code, unit(code).mirror),
        action.doubt,
        action.side,
    )


def prompt(
    resolution: Resolution, *, budget: int, budget_unit: str, seed: int, tags: bool
) -> Description:
    """Describe a resolution within a budget. See describe.

    Raises FacsTextError for a budget into which not even one unit fits.
    """
    if isinstance(budget, bool) or not isinstance(budget, int) or budget < 1:
        raise FacsTextError(f"budget {budget!r}; expected a whole number from 1 up")
    base, words = measure(budget_unit)
    room = budget - base
    kept = resolution.coding
    clauses = _brief(resolution, kept, seed, tags)
    gone = Coding()
    if _length(clauses, words) > room:
        kept, clauses = _fit(resolution, room, words, seed, tags)
        if not clauses:
            raise FacsTextError(
                f"budget {budget}: nothing of {resolution.coding} can be said in so few "
                f"{budget_unit}; give more"
            )
        gone = Coding(set(resolution.coding) - set(kept))
    look = _look(kept, resolution.absent, seed) if resolution.mode != "off" else None
    ranked = _ranked(clauses)
    if look is not None and _length((look, *clauses), words) <= room:
        ranked = (look, *ranked)
    text = "; ".join([small(c.text) for c in ranked]) + "."
    return Description(text[0].upper() + text[1:], ranked, resolution, gone)


def _length(clauses: tuple[Clause, ...], words: bool) -> int:
    """What clauses take with the marks between and behind them."""
    marks = 0 if words else _MARK * len(clauses)
    return sum([cost(c.text, words=words) for c in clauses]) + marks


def _brief(resolution: Resolution, coding: Coding, seed: int, tags: bool) -> tuple[Clause, ...]:
    """The brief clauses of some of the units of a resolution."""
    return clauses_of(replace(resolution, coding=coding), detail="terse", seed=seed, tags=tags)


def _fit(
    resolution: Resolution, room: int, words: bool, seed: int, tags: bool
) -> tuple[Coding, tuple[Clause, ...]]:
    """The units that fit, taken in the order of their ranks, and what says them."""
    kept: list[Action] = []
    best: tuple[Clause, ...] = ()
    for action in sorted(resolution.coding, key=_rank):
        clauses = _brief(resolution, Coding([*kept, action]), seed, tags)
        if _length(clauses, words) <= room:
            kept.append(action)
            best = clauses
    return Coding(kept), best


def _ranked(clauses: tuple[Clause, ...]) -> tuple[Clause, ...]:
    """Clauses cut at their joints into units, in the order of the ranks of those.

    What doubts a unit, or calls its sides unequal, follows the last clause that says the unit.
    """
    parts = [part for clause in clauses if clause.codes for part in _parts(clause)]
    parts.sort(key=lambda part: part[0])
    ordered = [clause for _, clause in parts]
    for clause in clauses:
        if not clause.codes:
            said = [n for n, other in enumerate(ordered, 1) if set(clause.aus) <= set(other.aus)]
            ordered.insert(said[-1] if said else len(ordered), clause)
    return tuple(ordered)


@lru_cache(maxsize=65536)
def _parts(clause: Clause) -> tuple[tuple[Rank, Clause], ...]:
    """The units of a clause apart, each with its rank; those that oppose each other together."""
    from facs_text._understand import understand  # it takes half the time of importing all

    actions = parse(clause.codes)
    pieces = clause.text.split("; ")
    rivals = opposed()
    codes = {action.code for action in actions}
    alone: list[tuple[Rank, Clause]] = []
    rest: list[str] = []
    ranks = {action: _rank(action) for action in actions}
    for piece in pieces if len(pieces) > 1 else ():
        said = understand(piece).coding
        one = next(iter(said)) if len(said) == 1 else None
        if one is None or one not in ranks or rivals.get(one.code, frozenset()) & codes:
            rest.append(piece)
            continue
        au = unit(one.code)
        alone.append((ranks.pop(one), Clause(piece, (au.key,), au.region, str(one))))
    if not alone:
        return ((min(ranks.values()), clause),)
    if rest:
        left = Coding(ranks)
        keys = tuple(key for key in clause.aus if any(unit(a.code).key == key for a in left))
        region = min((unit(a.code) for a in left), key=lambda au: au.order).region
        alone.append((min(ranks.values()), Clause("; ".join(rest), keys, region, str(left))))
    return tuple(alone)


@lru_cache(maxsize=8192)
def _looks(coding: Coding, absent: frozenset[str]) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    """(looks, units, region) of the combination of most units; of equals the highest in rank."""
    groups = [group for group in group_actions(coding, absent) if group.looks]
    if not groups:
        return (), (), ""
    first = min(groups, key=lambda g: (-len(g.actions), min(map(_rank, g.actions))))
    aus = tuple(dict.fromkeys(unit(a.code).key for a in first.actions))
    return tuple(fill(x, first.side, 0) for x in first.looks), aus, unit(aus[0]).region


def _look(coding: Coding, absent: frozenset[str], seed: int) -> Clause | None:
    looks, aus, region = _looks(coding, absent)
    if not looks:
        return None
    return Clause(looks[mix(seed * _ODD + len(aus)) % len(looks)], aus, region)
