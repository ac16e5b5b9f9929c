"""English to a coding: the inverse of describe, and plain prose."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from facs_text._coding import Action, Coding
from facs_text._errors import FacsTextError
from facs_text._looks import phrases as looks_in
from facs_text._notation import MAX_TEXT
from facs_text._prose import read_prose
from facs_text._sentence import addendum
from facs_text._trace import rules
from facs_text._units import unit, units
from facs_text._wording import fill, form, further, second, templates, wording

__all__ = ["Span", "Understanding", "understand"]


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the text: offsets and what stands there."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Understanding:
    """The coding a text says, and what of it was not understood.

    absent: codes ("12") of the units that the text says are not there, on any side: "no AU12",
    "AU4 is absent", "AU12=0", "she does not smile". It is what resolve and describe take as
    absent; a unit that is neither there nor in coding is one that the text does not speak of.
    """

    coding: Coding
    unparsed: tuple[Span, ...]
    absent: frozenset[str] = frozenset()


@lru_cache(maxsize=1)
def _ends() -> re.Pattern[str]:
    """Where a phrase ends: at marks and at the words that join phrases in a sentence."""
    against = {w for kinds in wording()["against"].values() for ws in kinds.values() for w in ws}
    against |= {way(w) for w in against for way in (second, further)}
    joints = sorted({", while ", ", and ", ", so that ", *against}, key=len, reverse=True)
    return re.compile(
        r"(?<![.;:!?])[.;:!?\n]+(?:\s+|$)|$"  # tried once in a run of marks, so time is linear
        "|" + "|".join(map(re.escape, joints))  # the longer first
    )


_TAG = re.compile(r" \([LRUATBVW]?AU\d{1,2}[LR]?[A-E]?\??\)| \(M\d\d\)")

KINDS = ("full", "brief", "clinical", "pull", "clinical_pull", "clinical_held")

Meaning = tuple[str, str, str]  # what: "unit", "doubt", "unequal", "absent", "nothing"; code; side


@lru_cache(maxsize=1)
def _degrees() -> tuple[re.Pattern[str], dict[str, int]]:
    words = wording()
    levels = {
        w: n
        for table in (*words["adverbs"].values(), words["adjectives"], words["earlier"])
        for n, ws in enumerate(table)
        for w in ws
    }
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
            for kind in KINDS:
                for template in templates(au.code, kind):
                    add(fill(template, side, 0), meaning)
                    if "{d}" in template or "{a}" in template:
                        add(form(template, side).replace("{d}", "#").replace("{a}", "#"), meaning)
            noun = fill(entry["noun"], side, 0)
            add(addendum("doubt", noun), ("doubt", au.code, side))
        if "left" in au.sides and au.whole:
            noun = fill(entry["noun"], "unequal", 0)
            add(addendum("unequal", noun), ("unequal", au.code, "unequal"))
    for row in rules()["observed"]:
        for look in looks_in(row):
            add(look, ("absent", row["without"], ""))
    for row in [*rules()["combinations"], *rules()["antagonists"]]:
        for look in looks_in(row):
            for side in ("both", "left", "right"):
                add(fill(look, side, 0), ("nothing", "", ""))
    for key in ("neutral", "cancelled"):
        for text in [text for texts in words[key].values() for text in texts]:
            add(text, ("nothing", "", ""))
    return table


def understand(text: str) -> Understanding:
    """Read English, FACS notation in it included.

    What describe says comes back exactly, as the coding that stands. Plain prose is read as far
    as it is clear: body parts and what they do, sides, strength, negation, hedges (which
    become "?"), muscle names and tags such as AU12C. The rest is reported in unparsed, by
    offsets into text; what it says is not there is in absent. Nothing is resolved or implied.
    Raises FacsTextError for anything but text.
    """
    if not isinstance(text, str):
        raise FacsTextError(f"understand takes text, not {type(text).__name__}")
    if len(text) > MAX_TEXT:
        raise FacsTextError(f"a text of {len(text)} characters; at most {MAX_TEXT} are read")
    gather = _Gather()
    plain = _TAG.sub(lambda m: " " * len(m[0]), text)
    table = _phrases()
    loose: list[tuple[int, int]] = []  # prose, from one exact phrase to the next
    at = 0
    apart = True
    for match in _ends().finditer(plain):
        start, end, at = at, match.start(), match.end()
        piece = plain[start:end].strip()
        meaning = table.get(skeleton(piece)) if piece else None
        if meaning is not None:
            gather.exact(meaning, piece)
            apart = True
        elif text[start:end].strip():
            loose.append((start, at) if apart else (loose.pop()[0], at))
            apart = False
    unparsed: list[Span] = []
    for start, end in loose:
        said, unknown = read_prose(text[start:end])
        for one in said:
            gather.loose(one.action, one.denied)
        unparsed.extend(Span(start + a, start + b, text[start + a : start + b]) for a, b in unknown)
    return Understanding(gather.coding(), tuple(unparsed), gather.absent())


class _Gather:
    """Collects what pieces say about each part of each unit."""

    def __init__(self) -> None:
        self._levels: dict[tuple[str, str], int] = {}
        self._doubts: list[tuple[str, str]] = []
        self._unequal: set[str] = set()
        self._denied: set[str] = set()

    def exact(self, meaning: Meaning, piece: str) -> None:
        what, code, side = meaning
        if what == "unit":
            pattern, levels = _degrees()
            match = pattern.search(piece.lower())
            self._put(code, side, levels[match[0]] if match else 0)
        elif what == "doubt":
            self._doubts.append((code, side))
        elif what == "unequal":
            self._unequal.add(code)
        elif what == "absent":
            self._denied.add(code)

    def loose(self, action: Action, denied: bool) -> None:
        if denied:
            self._denied.add(action.code)
            return
        if action.side == "unequal":
            self._unequal.add(action.code)
        self._put(action.code, "both" if action.side == "unequal" else action.side, action.level)
        if action.doubt:
            self._doubts.append((action.code, action.side))

    def _put(self, code: str, side: str, level: int) -> None:
        if side == "both" and not unit(code).whole:
            side = "one"
        for part in self._parts(code, side):
            key = (code, part)
            self._levels[key] = max(level, self._levels.get(key, 0))

    def _parts(self, code: str, side: str) -> tuple[str, ...]:
        sides = unit(code).sides
        return sides if side == "both" and len(sides) == 2 else (side,)

    def absent(self) -> frozenset[str]:
        """Units that are denied and nowhere said to be there."""
        return frozenset(self._denied - {code for code, _ in self._levels})

    def coding(self) -> Coding:
        actions: dict[tuple[str, str], Action] = {}
        for (code, part), level in self._levels.items():
            if code in self._unequal and part in ("left", "right", "both"):
                part = "unequal"
                old = actions.get((code, part))
                level = max(level, old.level) if old else level
            actions[code, part] = Action(code, part, level)
        for code, side in self._doubts:
            places = ("unequal",) if code in self._unequal else self._parts(code, side)
            for part in places:
                if (code, part) in actions:
                    actions[code, part] = actions[code, part]._replace(doubt=True)
        if len(actions) > 1:
            actions.pop(("0", "both"), None)
        return Coding(actions.values())
