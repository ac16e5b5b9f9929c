"""A coding after anatomy: what stands, and how much of each unit is seen.

The order is fixed: sides, visibility, rewrites of 1978 codes, alternatives that cannot be
together, implied units, antagonists, hedges, combinations. The rules stand in
``data/rules.json``. Alternatives take units away; antagonists never do, they only lower
activations, because real faces contain them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from facs_text._errors import FacsTextError
from facs_text._notation import Action, Coding, parse
from facs_text._units import load_data, unit

__all__ = ["Applied", "Resolution", "resolve", "rules"]

MODES = ("strict", "warn", "off")
_LOOSE = frozenset(("both", "unequal", "one", "V", "W"))
_SPLIT = frozenset(("left", "right"))
_LIPS = frozenset(("top", "bottom"))
# Share of a rule's hold that acts, by the unit's own level minus its opponent's.
_SHARE = {2: 0.0, 1: 0.25, 0: 0.5, -1: 0.75, -2: 1.0}

Parts = dict[tuple[str, str], tuple[int, bool]]


@dataclass(frozen=True, slots=True)
class Applied:
    """One decision: the rule, the units it concerned, what was done and why."""

    id: str
    kind: str
    aus: tuple[str, ...]
    effect: str
    reason: str
    source: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Resolution:
    """What stands of a coding.

    coding: the units that stand, in levels. activations: for each unit and side what is seen,
    above 0 and at most 1. rules: the decisions, in order.
    """

    coding: Coding
    activations: Mapping[str, Mapping[str, float]]
    rules: tuple[Applied, ...]


@lru_cache(maxsize=1)
def rules() -> dict[str, list[dict[str, Any]]]:
    """The rules as data: lists by kind (alternatives, antagonists, ...) and the sources."""
    data: dict[str, list[dict[str, Any]]] = load_data("rules.json")
    return data


def strength(level: int) -> int:
    """Level to compare with: unscored presence counts as C."""
    return level or 3


def overlap(one: str, two: str) -> bool:
    """Whether two places on the face touch: a side and its opposite do not, nor two lips."""
    if one == two or one in _LOOSE or two in _LOOSE:
        return True
    return (one in _SPLIT) != (two in _SPLIT)


def expand(coding: Coding) -> Parts:
    """(code, part) to (level, doubt): units of both sides become their two sides."""
    parts: Parts = {}
    for code, side, level, doubt in coding:
        sides = unit(code).sides
        if side == "both" and len(sides) == 2:
            for part in sides:
                parts[code, part] = (level, doubt)
        else:
            parts[code, side] = (level, doubt)
    return parts


def collapse(parts: Parts) -> Coding:
    """The inverse of expand."""
    return Coding(Action(c, s, level, doubt) for (c, s), (level, doubt) in parts.items())


def resolve(coding: Coding | str, mode: str = "warn") -> Resolution:
    """Apply the rules to a coding or to FACS notation.

    mode: "warn" decides and records; "strict" raises FacsTextError where units cannot be
    together; "off" changes nothing and gives plain level/5 activations.
    """
    if isinstance(coding, str):
        coding = parse(coding)
    if not isinstance(coding, Coding):
        raise FacsTextError(f"resolve takes a Coding or FACS notation, not {type(coding).__name__}")
    if mode not in MODES:
        raise FacsTextError(f"mode {mode!r}; expected one of {', '.join(MODES)}")
    return _resolve(coding, mode)


@lru_cache(maxsize=16384)
def _resolve(coding: Coding, mode: str) -> Resolution:
    trace: list[Applied] = []
    parts = expand(coding)
    if mode == "off":
        return Resolution(coding, _freeze(_activations(parts, {})), ())
    _sides(parts, trace)
    _visibility(parts, trace)
    _rewrites(parts, trace)
    _alternatives(parts, trace)
    if mode == "strict":
        for rule in trace:
            if rule.kind == "alternative":
                raise FacsTextError(
                    f"{coding}: {' and '.join(rule.aus)} cannot be together: {rule.reason}; "
                    "take one of them out, or resolve with mode='warn'"
                )
    _implications(parts, trace)
    _gaze(parts, trace)
    factors = _antagonists(parts, trace)
    _hedges(parts, trace)
    _combinations(parts, trace)
    return Resolution(collapse(parts), _freeze(_activations(parts, factors)), tuple(trace))


def _freeze(table: dict[str, dict[str, float]]) -> Mapping[str, Mapping[str, float]]:
    return MappingProxyType({key: MappingProxyType(value) for key, value in table.items()})


def _parts_of(parts: Parts, code: str, only: Iterable[str] | None = None) -> list[str]:
    if only is None:
        return [p for c, p in parts if c == code]
    return [p for c, p in parts if c == code and (p in only or p in _LOOSE)]


def _say(parts: Parts, code: str, places: Iterable[str]) -> str:
    """Notation of some parts of a unit, for the trace."""
    some = {(code, p): parts[code, p] for p in places}
    return str(collapse(some))


def _note(trace: list[Applied], rule: Mapping[str, Any], aus: Iterable[str], effect: str) -> None:
    trace.append(
        Applied(
            rule["id"], rule["kind"], tuple(aus), effect,
            rule["reason"], rule["source"], rule["confidence"],
        )
    )  # fmt: skip


def _sides(parts: Parts, trace: list[Applied]) -> None:
    for code, part in list(parts):
        if part == "one" and any((code, side) in parts for side in ("left", "right", "unequal")):
            said = _say(parts, code, ["one"])
            del parts[code, part]
            _note(trace, _SIDE_RULES["one"], [f"AU{code}"], f"{said} is the side already coded")
        elif part in ("V", "W"):
            _note(trace, _SIDE_RULES["mark"], [f"AU{code}"], "kept as written, shown on both sides")
        elif part == "one":
            _note(trace, _SIDE_RULES["shown"], [f"AU{code}"], "shown on the left")


_SIDE_RULES: dict[str, dict[str, Any]] = {
    "one": {
        "id": "side:one", "kind": "side", "source": "F02", "confidence": 0.95,
        "reason": "one unnamed side adds nothing to a side that is named",
    },
    "mark": {
        "id": "side:mark", "kind": "warning", "source": "WIK", "confidence": 0.3,
        "reason": "the meaning of the side marks V and W is not verified",
    },
    "shown": {
        "id": "side:shown", "kind": "side", "source": "ANAT", "confidence": 0.5,
        "reason": "a picture must show the unnamed side somewhere",
    },
}  # fmt: skip


def _hide(parts: Parts, rule: Mapping[str, Any], trace: list[Applied]) -> None:
    hidden = [key for key in parts if key[0] in rule["hides"]]
    if hidden:
        codes = sorted({code for code, _ in hidden}, key=int)
        said = str(collapse({key: parts[key] for key in hidden}))
        for key in hidden:
            del parts[key]
        _note(trace, rule, [f"AU{rule['a']}", *(f"AU{c}" for c in codes)], f"{said} not seen")


def _visibility(parts: Parts, trace: list[Applied]) -> None:
    for rule in rules()["occlusions"]:
        if not rule["when"] and (rule["a"], "both") in parts:
            _hide(parts, rule, trace)


def _gaze(parts: Parts, trace: list[Applied]) -> None:
    for rule in rules()["occlusions"]:
        if not rule["when"]:
            continue
        shut = [
            part
            for part in _parts_of(parts, rule["a"])
            if parts[rule["a"], part][0] == 0 or parts[rule["a"], part][0] >= rule["when"]["a_from"]
        ]
        if set(shut) >= _SPLIT or "unequal" in shut:
            _hide(parts, rule, trace)


def _rewrites(parts: Parts, trace: list[Applied]) -> None:
    for rule in rules()["rewrites"]:
        places = _parts_of(parts, rule["a"])
        if rule.get("both_sides") and not set(places) >= _SPLIT:
            continue
        for part in places:
            level, doubt = parts.pop((rule["a"], part))
            key = (rule["b"], part)
            clash = [p for p in _parts_of(parts, rule["b"]) if overlap(p, part)]
            if not clash:
                cap = rule["level"] or 5
                parts[key] = (min(level, cap) or rule["level"], doubt)
                effect = f"{rule['a']} becomes {_say(parts, rule['b'], [part])}"
            else:
                effect = f"{rule['a']} is covered by {_say(parts, rule['b'], clash)}"
            _note(trace, rule, [f"AU{rule['a']}", f"AU{rule['b']}"], effect)


def _alternatives(parts: Parts, trace: list[Applied]) -> None:
    present = {code for code, _ in parts}
    for rule in rules()["alternatives"]:
        a, b = rule["a"], rule["b"]
        if a not in present:
            continue
        if b == "*":
            if len(present) > 1:
                del parts[a, "both"]
                present.discard(a)
                _note(trace, rule, [a], f"{a} goes")
            continue
        if b not in present:
            continue
        ones = _parts_of(parts, a, rule.get("a_part"))
        twos = _parts_of(parts, b, rule.get("b_part"))
        if a == b:  # jaw to the left against jaw to the right
            ones, twos = [p for p in ones if p == "left"], [p for p in twos if p == "right"]
        if "b_all" in rule and not set(rule["b_all"]) <= set(twos):
            continue
        groups = _components(ones, twos, same=a == b)
        if len(groups) == 2 and all(
            len({parts[code, p] for p in (*groups[0][n], *groups[1][n])}) == 1
            for n, code in ((0, a), (1, b))
        ):  # the same on both sides: one decision
            groups = [(groups[0][0] + groups[1][0], groups[0][1] + groups[1][1])]
        for left, right in groups:
            _decide(parts, rule, left, right, trace)
        present = {code for code, _ in parts}


def _components(
    ones: list[str], twos: list[str], *, same: bool
) -> list[tuple[list[str], list[str]]]:
    """Groups of places of two units that touch each other."""
    if same:
        return [(ones, twos)] if ones and twos else []
    if set(ones) | set(twos) <= _SPLIT or set(ones) | set(twos) <= _LIPS:
        return [([p], [p]) for p in sorted(ones) if p in twos]
    left = [p for p in ones if any(overlap(p, q) for q in twos)]
    right = [q for q in twos if any(overlap(p, q) for p in ones)]
    return [(left, right)] if left else []


def _decide(
    parts: Parts, rule: Mapping[str, Any], ones: list[str], twos: list[str], trace: list[Applied]
) -> None:
    a, b, keep = rule["a"], rule["b"], rule["keep"]
    gap = max(strength(parts[a, p][0]) for p in ones) - max(strength(parts[b, p][0]) for p in twos)
    if keep == "a_if_jaw":
        keep = "a" if ("26", "both") in parts or ("27", "both") in parts else "b"
    elif keep == "stronger":
        keep = ("a" if gap > 0 else "b") if gap else rule["tie"]
    said = [_say(parts, a, ones), _say(parts, b, twos)]
    lost = []
    if keep != "a":
        lost.append(said[0])
        for part in ones:
            del parts[a, part]
    if keep != "b":
        lost.append(said[1])
        for part in twos:
            del parts[b, part]
    effect = f"{' and '.join(lost)} {'go' if len(lost) > 1 else 'goes'}"
    if len(lost) == 1:
        effect += f", {said[1] if keep == 'b' else said[0]} stays"
    _note(trace, rule, dict.fromkeys((f"AU{a}", f"AU{b}")), effect)


def _implications(parts: Parts, trace: list[Applied]) -> None:
    for rule in rules()["implications"]:
        a, b = rule["a"], rule["b"]
        places = _parts_of(parts, a)
        if not places or _parts_of(parts, b):
            continue
        if "a_all" in rule and not set(rule["a_all"]) <= set(places):
            continue
        if any(_holds(parts, block) for block in rule["unless"]):
            continue
        level = rule["level"]
        if level == "same":
            level = max(parts[a, p][0] for p in places)
        sides = unit(b).sides
        for part in sides:
            parts[b, part] = (level, False)
        _note(trace, rule, [f"AU{a}", f"AU{b}"], f"{_say(parts, b, sides)} is implied")


def _holds(parts: Parts, block: str) -> bool:
    """Whether a unit is there; with "*" only when it takes the whole of its place."""
    if block.endswith("*"):
        code = block[:-1]
        return all((code, side) in parts for side in unit(code).sides)
    return any(code == block for code, _ in parts)


def pairs(parts: Parts, rule: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Places of a rule's two units that touch each other."""
    return [
        (p, q)
        for p in _parts_of(parts, rule["a"])
        for q in _parts_of(parts, rule["b"])
        if overlap(p, q)
    ]


def _antagonists(parts: Parts, trace: list[Applied]) -> dict[tuple[str, str], float]:
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
        for own, other, hold in ((a, b, rule["hold"][0]), (b, a, rule["hold"][1])):
            for part in {x[0 if own == a else 1] for x in touching}:
                against = max(
                    strength(parts[other, q][0])
                    for q in _parts_of(parts, other)
                    if overlap(part, q)
                )
                gap = strength(parts[own, part][0]) - against
                factor = 1.0 - hold * _SHARE[max(-2, min(2, gap))]
                factors[own, part] = factors.get((own, part), 1.0) * factor
        top = [max(strength(parts[c, p][0]) for p in _parts_of(parts, c)) for c in (a, b)]
        gap = top[0] - top[1]
        if abs(gap) >= 2:
            lead, held = (a, b) if gap > 0 else (b, a)
            effect = f"{lead} leads, {held} is held back"
        else:
            effect = f"{a} and {b} pull against each other"
        _note(trace, rule, (f"AU{a}", f"AU{b}"), effect)
    for rule in rules()["dominance"]:
        if rule["act"] == "hold" and rule["a"] in present and rule["b"] in present:
            for p, q in pairs(parts, rule):
                gap = strength(parts[rule["b"], q][0]) - strength(parts[rule["a"], p][0])
                factor = 1.0 - 0.6 * _SHARE[max(-2, min(2, gap))]
                factors[rule["b"], q] = min(factors.get((rule["b"], q), 1.0), factor)
    return factors


def _hedges(parts: Parts, trace: list[Applied]) -> None:
    present = {code for code, _ in parts}
    for rule in rules()["dominance"]:
        a, b, when = rule["a"], rule["b"], rule["when"]
        if a not in present or b not in present:
            continue
        touching = [
            (p, q)
            for p, q in pairs(parts, rule)
            if strength(parts[a, p][0]) >= when.get("a_from", 0)
            and strength(parts[b, q][0]) < when.get("b_below", 9)
        ]
        if not touching:
            continue
        effect = f"{b} is hard to tell beside {a}"
        _note(trace, rule, (f"AU{a}", f"AU{b}"), effect)


def _combinations(parts: Parts, trace: list[Applied]) -> None:
    sides = [
        {code for code, part in parts if part == side or part not in _SPLIT} for side in _SPLIT
    ]
    for rule in rules()["combinations"]:
        if any(side.issuperset(rule["units"]) for side in sides):
            effect = rule["looks"][0]
            trace.append(
                Applied(
                    rule["id"], rule["kind"], tuple(f"AU{c}" for c in rule["units"]),
                    "seen together", _plain(effect), rule["source"], rule["confidence"],
                )
            )  # fmt: skip


def _plain(look: str) -> str:
    """A look without its markup, for the trace."""
    from facs_text._wording import fill

    return fill(look, "both", 0)


def _activations(
    parts: Parts, factors: Mapping[tuple[str, str], float]
) -> dict[str, dict[str, float]]:
    table: dict[str, dict[str, float]] = {}

    def put(key: str, part: str, value: float) -> None:
        row = table.setdefault(key, {})
        row[part] = round(max(value, row.get(part, 0.0)), 6)

    for (code, part), (level, _) in sorted(parts.items(), key=_by_code):
        au = unit(code)
        if not au.graded:
            continue
        value = strength(level) / 5 * factors.get((code, part), 1.0)
        if part in ("unequal", "V", "W") or (part == "both" and au.code != "36"):
            places = au.sides
        elif part == "one":
            places = ("left",)
        else:
            places = (part,)
        for place in places:
            put(au.key, place, value)
            if code in ("45", "46"):  # a closing eye is seen as a closed one in a picture
                for eye in unit("43").sides if place == "both" else (place,):
                    put("AU43", eye, value)
    return table


def _by_code(item: tuple[tuple[str, str], object]) -> tuple[bool, int, str]:
    code, part = item[0]
    return code.startswith("M"), int(code.lstrip("M")), part
