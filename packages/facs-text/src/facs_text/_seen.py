"""What is seen of the units that stand: antagonists hold each other, hedges and looks are noted.

Antagonists never take a unit away, they only lower activations, because real faces contain them.
"""

from __future__ import annotations

from collections.abc import Mapping

from facs_text._looks import looks_of
from facs_text._parts import (
    LEAD,
    SPLIT,
    Parts,
    lip_unsaid,
    losses,
    overlap,
    pairs,
    parts_of,
    strength,
)
from facs_text._trace import Applied, note, rules
from facs_text._units import unit
from facs_text._wording import fill

__all__ = ["activations", "antagonists", "combinations", "hedges"]

Factors = Mapping[tuple[str, str], float]


def antagonists(parts: Parts, trace: list[Applied]) -> dict[tuple[str, str], float]:
    """Factor that remains of each part after its opponents; parts without any are left out."""
    factors: dict[tuple[str, str], float] = {}
    present = {code for code, _ in parts}
    for rule in rules()["antagonists"]:
        a, b = rule["a"], rule["b"]
        if a not in present or b not in present:
            continue
        touching = pairs(parts, rule)
        if not touching:
            continue
        for n, (own, other) in enumerate(((a, b), (b, a))):
            for part in {x[n] for x in touching}:
                against = max(
                    strength(other, parts[other, x[1 - n]][0])
                    for x in touching
                    if overlap(part, x[1 - n])
                )
                mine = strength(own, parts[own, part][0])
                lost = losses(rule, mine, against)[0] if n == 0 else losses(rule, against, mine)[1]
                factors[own, part] = factors.get((own, part), 1.0) * (1.0 - lost)
        top = [max(strength(c, parts[c, x[n]][0]) for x in touching) for n, c in enumerate((a, b))]
        note(trace, rule, (f"AU{a}", f"AU{b}"), _effect(rule["hold"], a, b, top[0] - top[1]))
    return factors


def _effect(hold: list[float], a: str, b: str, gap: int) -> str:
    """What an antagonist rule does, for the trace."""
    if abs(gap) >= LEAD:
        lead, held, share = (a, b, hold[1]) if gap > 0 else (b, a, hold[0])
        return f"{lead} leads, {held} is held back" if share else f"{lead} leads"
    if 0 in hold:
        return f"{b if hold[0] else a} lessens {a if hold[0] else b}"
    return f"{a} and {b} pull against each other"


def hedges(parts: Parts, trace: list[Applied]) -> None:
    """Note where one unit makes another hard to tell. Nothing is taken away."""
    present = {code for code, _ in parts}
    for rule in rules()["dominance"]:
        a, b, when = rule["a"], rule["b"], rule["when"]
        if a not in present or b not in present:
            continue
        touching = [
            (p, q)
            for p, q in pairs(parts, rule)
            if strength(a, parts[a, p][0]) >= when.get("a_from", 0)
            and strength(b, parts[b, q][0]) < when.get("b_below", 9)
        ]
        if touching:
            note(trace, rule, (f"AU{a}", f"AU{b}"), f"{b} is hard to tell beside {a}")


def combinations(parts: Parts, trace: list[Applied]) -> None:
    """Note the looks that are true of the units together, on either side of the face."""
    seen = [
        {c: strength(c, level) for (c, p), (level, _) in parts.items()
         if p == side or p not in SPLIT}
        for side in sorted(SPLIT)
    ]  # fmt: skip
    for rule in rules()["combinations"]:
        for levels in seen:
            if levels.keys() >= set(rule["units"]):
                looks = looks_of(rule["looks"], {c: levels[c] for c in rule["units"]})
                if looks:
                    note(trace, rule, [f"AU{c}" for c in rule["units"]], "seen together",
                         reason=fill(looks[0], "both", 0))  # fmt: skip
                    break


def activations(parts: Parts, factors: Factors) -> dict[str, dict[str, float]]:
    """Give for each unit and side what is seen of it, above 0 and at most 1."""
    table: dict[str, dict[str, float]] = {}

    def put(key: str, part: str, value: float) -> None:
        row = table.setdefault(key, {})
        row[part] = round(max(value, row.get(part, 0.0)), 6)

    for (code, part), (level, _) in sorted(parts.items(), key=_by_code):
        au = unit(code)
        if not au.graded or (part == "top" and lip_unsaid(parts, code)):
            continue  # a lip that was not said is shown as the lower one
        value = (level or _unscored(parts, code)) / 5 * factors.get((code, part), 1.0)
        for place in _shown(code, part):
            put(au.key, place, value)
            if code in ("45", "46"):  # a closing eye is seen as a closed one in a picture
                for eye in unit("43").sides if place == "both" else (place,):
                    put("AU43", eye, value)
    return table


def _shown(code: str, part: str) -> tuple[str, ...]:
    """Places of a picture where a part is seen."""
    if part in ("unequal", "V", "W") or (part == "both" and code != "36"):
        return unit(code).sides
    return ("left",) if part == "one" else (part,)


def _unscored(parts: Parts, code: str) -> int:
    """The level that an unscored unit shows: its own, or that of the unit that brings it."""
    for rule in rules()["implications"]:
        if rule["b"] == code and "counts_as" in rule and parts_of(parts, rule["a"]):
            level: int = rule["counts_as"]
            return level
    return unit(code).unscored


def _by_code(item: tuple[tuple[str, str], object]) -> tuple[bool, int, str]:
    code, part = item[0]
    return code.startswith("M"), int(code.lstrip("M")), part
