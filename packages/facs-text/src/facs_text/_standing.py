"""Which units of a coding stand: sides, visibility, old codes, alternatives, implied units.

Each step takes the parts of a coding, changes them and notes in the trace what it did.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from facs_text._parts import (
    LEAD,
    LIPS,
    LOOSE,
    SPLIT,
    Parts,
    collapse,
    lip_unsaid,
    overlap,
    parts_of,
    said,
    strength,
)
from facs_text._trace import Applied, note, rules
from facs_text._units import unit

__all__ = ["alternatives", "gaze", "implications", "lips", "requirements", "rewrites", "sides",
           "visibility"]  # fmt: skip

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
        "reason": "a picture must show the unnamed side or lip somewhere",
    },
}  # fmt: skip


def sides(parts: Parts, trace: list[Applied]) -> None:
    """Drop an unnamed side beside a named one."""
    for code, part in list(parts):
        if part == "one" and any((code, side) in parts for side in ("left", "right", "unequal")):
            dropped = said(parts, code, ["one"])
            del parts[code, part]
            note(trace, _SIDE_RULES["one"], [f"AU{code}"], f"{dropped} is the side already coded")
        elif part in ("V", "W"):
            note(trace, _SIDE_RULES["mark"], [f"AU{code}"], "kept as written, shown on both sides")
        elif part == "one":
            note(trace, _SIDE_RULES["shown"], [f"AU{code}"], "shown on the left")


def lips(parts: Parts, trace: list[Applied]) -> None:
    """Note which lip is shown where a unit of one lip does not say which."""
    for code, part in parts:
        if part == "top" and lip_unsaid(parts, code):
            note(trace, _SIDE_RULES["shown"], [f"AU{code}"], "shown on the lower lip")


def _hide(parts: Parts, rule: Mapping[str, Any], trace: list[Applied]) -> None:
    hidden = [key for key in parts if key[0] in rule["hides"]]
    if hidden:
        codes = sorted({code for code, _ in hidden}, key=int)
        gone = str(collapse({key: parts[key] for key in hidden}))
        for key in hidden:
            del parts[key]
        by = [c for c in (rule["a"], *rule.get("or", ())) if parts_of(parts, c)]
        note(trace, rule, [f"AU{c}" for c in (*by, *codes)], f"{gone} not seen")


def visibility(parts: Parts, trace: list[Applied]) -> None:
    """Take out what the marks 70 to 74 say is out of sight."""
    for rule in rules()["occlusions"]:
        if not rule["when"] and (rule["a"], "both") in parts:
            _hide(parts, rule, trace)


def gaze(parts: Parts, trace: list[Applied]) -> None:
    """Take out the gaze when both eyes are shut, by whatever units."""
    for rule in rules()["occlusions"]:
        if not rule["when"]:
            continue
        shut = {
            part
            for code in (rule["a"], *rule.get("or", ()))
            for part in parts_of(parts, code)
            if strength(code, parts[code, part][0]) >= rule["when"]["a_from"]
        }
        if shut >= SPLIT or "unequal" in shut or "both" in shut:
            _hide(parts, rule, trace)


def rewrites(parts: Parts, trace: list[Applied]) -> None:
    """Turn codes of 1978 into those of 2002."""
    for rule in rules()["rewrites"]:
        places = parts_of(parts, rule["a"])
        if rule.get("both_sides") and not set(places) >= SPLIT:
            continue
        for part in places:
            level, doubt = parts.pop((rule["a"], part))
            key = (rule["b"], part)
            clash = [p for p in parts_of(parts, rule["b"]) if overlap(p, part)]
            if not clash:
                cap = rule["level"] or 5
                parts[key] = (min(level, cap) or rule["level"], doubt)
                effect = f"{rule['a']} becomes {said(parts, rule['b'], [part])}"
            else:
                effect = f"{rule['a']} is covered by {said(parts, rule['b'], clash)}"
            note(trace, rule, [f"AU{rule['a']}", f"AU{rule['b']}"], effect)


def alternatives(parts: Parts, trace: list[Applied]) -> None:
    """Decide between units that cannot be together, side by side and lip by lip."""
    present = {code for code, _ in parts}
    for rule in rules()["alternatives"]:
        a, b = rule["a"], rule["b"]
        if a not in present:
            continue
        if b == "*":
            if len(present) > 1:
                del parts[a, "both"]
                present.discard(a)
                note(trace, rule, [a], f"{a} goes")
            continue
        if b not in present:
            continue
        ones = parts_of(parts, a, rule.get("a_part"))
        twos = parts_of(parts, b, rule.get("b_part"))
        if a == b:  # jaw to the left against jaw to the right, one lip against the other
            ones = [p for p in ones if p in rule["a_part"]]
            twos = [p for p in twos if p in rule["b_part"]]
            if unit(a).whole and ones and twos and parts[a, ones[0]] == parts[b, twos[0]]:
                continue  # one entry, "32", that does not say which
        if any(
            key in rule and not set(rule[key]) <= set(places)
            for key, places in (("a_all", ones), ("b_all", twos))
        ):
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
    if set(ones) | set(twos) <= SPLIT or set(ones) | set(twos) <= LIPS:
        return [([p], [p]) for p in sorted(ones) if p in twos]
    left = [p for p in ones if any(overlap(p, q) for q in twos)]
    right = [q for q in twos if any(overlap(p, q) for p in ones)]
    return [(left, right)] if left else []


def _decide(
    parts: Parts, rule: Mapping[str, Any], ones: list[str], twos: list[str], trace: list[Applied]
) -> None:
    a, b = rule["a"], rule["b"]
    keep = _winner(parts, rule, ones, twos)
    names = [said(parts, a, ones), said(parts, b, twos)]
    lost = []
    if keep != "a":
        lost.append(names[0])
        for part in ones:
            del parts[a, part]
    if keep != "b":
        lost.append(names[1])
        for part in twos:
            del parts[b, part]
    effect = f"{' and '.join(lost)} {'go' if len(lost) > 1 else 'goes'}"
    if len(lost) == 1:
        effect += f", {names[1] if keep == 'b' else names[0]} stays"
    note(trace, rule, dict.fromkeys((f"AU{a}", f"AU{b}")), effect)


def _winner(parts: Parts, rule: Mapping[str, Any], ones: list[str], twos: list[str]) -> str:
    """The unit that stays: "a", "b" or "none".

    A rule that names the winner is overruled where the other was scored two levels higher: a
    trace of one unit does not undo a maximum of another. "fixed" rules name one movement twice.
    """
    levels = [max(parts[code, p][0] for p in places)
              for code, places in ((rule["a"], ones), (rule["b"], twos))]  # fmt: skip
    gap = strength(rule["a"], levels[0]) - strength(rule["b"], levels[1])
    jaw = ("26", "both") in parts or ("27", "both") in parts
    keep: str = rule["with_jaw"] if jaw and "with_jaw" in rule else rule["keep"]
    if keep in ("a", "b"):
        led = gap <= -LEAD if keep == "a" else gap >= LEAD
        free = led and all(levels) and "fixed" not in rule
        return {"a": "b", "b": "a"}[keep] if free else keep
    if gap:
        return "a" if gap > 0 else "b"
    tie: str = rule["tie"]
    return tie


def implications(parts: Parts, trace: list[Applied], absent: frozenset[str]) -> frozenset[str]:
    """Add what a unit brings with it, unless it was looked for and not seen; these are returned."""
    missed = set()
    for rule in rules()["implications"]:
        a, b = rule["a"], rule["b"]
        places = parts_of(parts, a)
        if not places or parts_of(parts, b):
            continue
        if "a_all" in rule and not set(rule["a_all"]) <= set(places):
            continue
        if any(_holds(parts, block) for block in rule["unless"]):
            continue
        if b in absent:
            missed.add(b)
            note(trace, rule, [f"AU{a}", f"AU{b}"], f"{b} is not implied", kind="observed",
                 reason=f"AU{b} was looked for and not seen")  # fmt: skip
            continue
        level = rule["level"]
        if level == "same":
            level = max(parts[a, p][0] for p in places)
        for part in unit(b).sides:
            parts[b, part] = (level, False)
        note(trace, rule, [f"AU{a}", f"AU{b}"], f"{said(parts, b, unit(b).sides)} is implied")
    return frozenset(missed)


def _holds(parts: Parts, block: str) -> bool:
    """Whether a unit is there; with "*" only when it takes the whole of its place."""
    if block.endswith("*"):
        code = block[:-1]
        return all((code, side) in parts for side in unit(code).sides)
    return any(code == block for code, _ in parts)


def requirements(parts: Parts, trace: list[Applied]) -> None:
    """Warn of codes that FACS scores only beside others, where those are not coded."""
    for rule in rules()["requirements"]:
        if not any(code == rule["a"] for code, _ in parts):
            continue
        lacking = [c for c in rule["needs"] if not _on_both_sides(parts, c)]
        if lacking:
            effect = f"{'+'.join(lacking)} is not coded"
            note(trace, rule, [rule["a"], *(f"AU{c}" for c in lacking)], effect)


def _on_both_sides(parts: Parts, code: str) -> bool:
    places = set(parts_of(parts, code))
    return bool(places & LOOSE - {"one"}) or places >= set(unit(code).sides)
