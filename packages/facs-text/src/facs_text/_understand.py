"""English to a coding: the inverse of describe, and plain prose."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from facs_text._describe import addendum
from facs_text._errors import FacsTextError
from facs_text._notation import Action, Coding
from facs_text._resolve import rules
from facs_text._units import unit, units
from facs_text._wording import fill, form, wording

__all__ = ["Span", "Understanding", "understand"]


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the text: offsets and what stands there."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Understanding:
    """The coding a text says, and what of it was not understood."""

    coding: Coding
    unparsed: tuple[Span, ...]


_SPLIT = re.compile(
    r"[.;:!?\n]+(?:\s+|$)|, (?:while|and|so that|overcoming|prevailing over|but held back by"
    r"|checked by|pulling against|but outweighed by|but overpowered by) "
)
_TAG = re.compile(r" \([LRUATBVW]?AU\d{1,2}[LR]?[A-E]?\??\)| \(M\d\d\)")

Meaning = tuple[str, str, str]  # what: "unit", "doubt", "unequal", "nothing"; code; side


@lru_cache(maxsize=1)
def _degrees() -> tuple[re.Pattern[str], dict[str, int]]:
    words = wording()
    levels = {w: n for key in ("adverbs", "adjectives") for n, ws in enumerate(words[key]) for w in ws}
    ordered = sorted(levels, key=len, reverse=True)
    return re.compile(r"\b(" + "|".join(map(re.escape, ordered)) + r")\b"), levels


def skeleton(piece: str) -> str:
    """A phrase in lower case with its intensity word replaced by #."""
    return _degrees()[0].sub("#", piece.lower())


def sides_of(code: str) -> tuple[str, ...]:
    """All sides that a unit can be coded with."""
    au = unit(code)
    sides = [s for s in au.sides if s != "both"]
    if "left" in au.sides:
        sides += ["one", "V", "W"]
    if au.whole:
        sides.append("both")
    return tuple(sides)


@lru_cache(maxsize=1)
def _phrases() -> dict[str, Meaning]:
    """Every phrase that describe can say, by its skeleton."""
    table: dict[str, Meaning] = {}

    def add(text: str, meaning: Meaning) -> None:
        key = skeleton(text)
        if table.setdefault(key, meaning) != meaning:
            raise FacsTextError(f"the wording {text!r} means both {table[key]} and {meaning}")

    words = wording()
    for au in units():
        entry = words["units"][au.code]
        for side in sides_of(au.code):
            meaning = ("unit", au.code, side)
            for kind in ("full", "brief", "clinical", "pull"):
                for template in entry[kind]:
                    add(fill(template, side, 0), meaning)
                    if "{d}" in template or "{a}" in template:
                        add(form(template, side).replace("{d}", "#").replace("{a}", "#"), meaning)
            noun = fill(entry["noun"], side, 0)
            add(addendum("doubt", noun), ("doubt", au.code, side))
        if "left" in au.sides and au.whole:
            noun = fill(entry["noun"], "unequal", 0)
            add(addendum("unequal", noun), ("unequal", au.code, "unequal"))
    for row in [*rules()["combinations"], *rules()["antagonists"]]:
        looks = row["looks"]
        for look in looks if isinstance(looks, list) else [x for v in looks.values() for x in v]:
            for side in ("both", "left", "right"):
                add(fill(look, side, 0), ("nothing", "", ""))
    for texts in words["neutral"].values():
        for text in texts:
            add(text, ("nothing", "", ""))
    return table


@lru_cache(maxsize=1)
def _leads() -> re.Pattern[str]:
    return re.compile("|".join(re.escape(w.strip()) for w in wording()["leads"] if w) , re.IGNORECASE)


def understand(text: str) -> Understanding:
    """Read English. What describe says comes back exactly; plain prose as far as it is clear."""
    if not isinstance(text, str):
        raise FacsTextError(f"understand takes text, not {type(text).__name__}")
    plain = _TAG.sub(lambda m: " " * 0, text)
    found: dict[tuple[str, str], int] = {}
    doubts: set[tuple[str, str]] = set()
    unequal: set[str] = set()
    unparsed: list[Span] = []
    table = _phrases()
    degree, levels = _degrees()
    at = 0
    ends = [(m.start(), m.end()) for m in _SPLIT.finditer(plain)] + [(len(plain), len(plain))]
    for start, after in ends:
        piece = plain[at:start].strip()
        begin = at
        at = after
        lead = _leads().match(piece)
        if lead:
            piece = piece[lead.end():].strip()
        if not piece:
            continue
        meaning = table.get(skeleton(piece))
        if meaning is None:
            unparsed.append(Span(begin, start, plain[begin:start]))
            continue
        what, code, side = meaning
        if what == "unit":
            match = degree.search(piece.lower())
            level = levels[match[0]] if match else 0
            found[code, side] = max(level, found.get((code, side), 0))
        elif what == "doubt":
            doubts.add((code, side))
        elif what == "unequal":
            unequal.add(code)
    return Understanding(_build(found, doubts, unequal), tuple(unparsed))


def _build(
    found: dict[tuple[str, str], int], doubts: set[tuple[str, str]], unequal: set[str]
) -> Coding:
    parts: dict[tuple[str, str], Action] = {}
    for (code, side), level in sorted(found.items()):
        if side == "both" and code in unequal:
            parts[code, "unequal"] = Action(code, "unequal", level)
            continue
        sides = unit(code).sides if side == "both" and len(unit(code).sides) == 2 else (side,)
        for part in sides:
            old = parts.get((code, part))
            parts[code, part] = Action(code, part, max(level, old.level if old else 0))
    for code, side in doubts:
        sides = unit(code).sides if side == "both" and (code, "left") in parts or (code, "top") in parts and side == "both" else (side,)
        if (code, "unequal") in parts and side == "both":
            sides = ("unequal",)
        for part in sides:
            if (code, part) in parts:
                parts[code, part] = parts[code, part]._replace(doubt=True)
    return Coding(parts.values())
