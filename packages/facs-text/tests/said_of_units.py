"""A checker of what a text says of units: who holds whom, and what comes of it at which levels.

Written from the anatomy and not from the rules: a second list of who can work against whom, and
of the least that must be there before a net look is true. It reads the words of a description, so
that it says of any text, whatever made it, where

- a unit is said to be held by one that does not work against it;
- a unit is said to be held, or to hold another, of which the activations take nothing;
- a look is said that the levels do not bear.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

from facial_points import MOVES, contradictions

from facs_text import Coding, Description, understand, unit

# Pairs that work on one tissue though they do not move one point opposite ways: lips that are held
# together and drawn apart, a rim that is shortened and lengthened, a corner and a lip it hangs on.
_ONE_TISSUE = {
    ("20", "23"), ("17", "25"), ("10", "24"), ("24", "26"), ("23", "27"), ("12", "23"),
    ("12", "24"), ("12", "17"), ("12", "27"), ("20", "27"), ("10", "15"), ("15", "18"),
    ("13", "18"), ("16", "24"), ("1", "3"), ("22", "23"), ("18", "23"), ("8", "25"), ("8", "26"),
    ("8", "27"), ("15", "22"), ("16", "18"), ("16", "22"), ("18", "27"), ("22", "27"),
    ("10", "23"), ("13", "20"), ("13", "22"),
}  # fmt: skip
# Only the first of these can be lessened: a brow lies over a lid, a squeeze flattens an arch.
_ONE_WAY = {("5", "4"), ("2", "6")}

_LEADS = ("overcoming", "prevailing over", "despite")
_HELD = ("held back by", "checked by", "pulling against", "against", "lessened by", "under",
         "outweighed by", "overpowered by", "partly covered by")  # fmt: skip
_JOINT = re.compile(
    r"(?P<so>, so that |: )|, (?:but |and )?(?P<how>" + "|".join((*_LEADS, *_HELD)) + r") "
    r"|(?P<again>, and (?:by|over) )|(?P<more>, and )|(?P<next>, while |; )"
)
_PULL = re.compile(
    r"(?!.* (?:is|are) )the (?:[\w'-]+ )*?(?:pull|lift|lifting|knitting|squeeze|tightening|tension|"
    r"wrinkling|deepening|tuck|dimpling|downturn|drop|push|pucker|pursing|stretch|flare|funneling|"
    r"narrowing|press|pressing|parting|sucking|closing)(?: (?:on|of|around|along|from|to|in)\b|$)"
)


def opposes(own: str, other: str) -> bool:
    """Whether one unit can be held by another."""
    if (own, other) in _ONE_WAY:
        return True
    if (other, own) in _ONE_WAY:
        return False
    if (own, other) in _ONE_TISSUE or (other, own) in _ONE_TISSUE:
        return True
    ways = MOVES.get(other, {})
    return any(ways.get(move, way) != way for move, way in MOVES.get(own, {}).items())


def said(text: str) -> tuple[list[tuple[str, str, str]], list[str]]:
    """(who, how, against whom) of a clause as phrases, and its looks."""
    held: list[tuple[str, str, str]] = []
    looks: list[str] = []
    head = how = ""
    at, kind = 0, ""
    for match in [*_JOINT.finditer(text), None]:
        phrase = text[at : match.start() if match else len(text)]
        if kind == "so":
            looks.append(phrase)
        elif kind in ("how", "again") or (kind == "more" and how and _PULL.match(phrase)):
            held.append((head, how, phrase))
        else:
            head, how = phrase, ""
        if match:
            at, kind = match.end(), str(match.lastgroup)
            how = match["how"] or how
    return held, looks


def _level(coding: Coding, code: str, away: str = "") -> int:
    """The strongest of a unit but for the side that is away, 0 where it is not there."""
    usual = getattr(unit(code), "unscored", 3)
    return max((a.level or usual for a in coding if a.code == code and a.side != away), default=0)


def _lost(description: Description, code: str) -> bool:
    """Whether the activations of a unit are anywhere below its level."""
    seen = description.resolution.activations.get(unit(code).key, {})
    usual = getattr(unit(code), "unscored", 3)
    levels = [a.level or usual for a in description.resolution.coding if a.code == code]
    return bool(seen) and min(seen.values()) < max(levels) / 5 - 1e-9


def held_wrongly(description: Description) -> list[str]:
    """Oppositions that a text says and that anatomy or the numbers do not bear."""
    problems = []
    for clause in description.clauses:
        for head, how, rival in said(clause.text)[0]:
            own = {a.code for a in understand(head).coding}
            others = {a.code for a in understand(rival).coding}
            for a, b in [(a, b) for a in own for b in others]:
                if not (opposes(a, b) or (how in _LEADS and opposes(b, a))):
                    problems.append(f"{b} does not work against {a}: {clause.text}")
                elif how in _LEADS and not _lost(description, b):
                    problems.append(f"{b} loses nothing to {a}: {clause.text}")
                elif how in _HELD and not _lost(description, a):
                    problems.append(f"{a} loses nothing to {b}: {clause.text}")
    return problems


Level = Callable[[str], int]
# Words of a look, and the least that must be there for it: n gives the level of a unit.
_NEEDS: list[tuple[str, Callable[[Level], bool]]] = [
    (r"\bgum\b", lambda n: n("10") >= 4 and n("25") >= 3),
    (r"upper teeth|lower teeth|rows of teeth|bares? the teeth|teeth (?:are )?bare",
     lambda n: max(n("25"), n("27")) >= 3),
    (r"upper teeth", lambda n: max(n("9"), n("10"), n("12")) >= 3),
    (r"lower teeth|rows of teeth", lambda n: n("16") >= 3),
    (r"eyes? (?:is|are|opens?|stays?) wide|wide (?:tense )?(?:eyes?|lids)|eyes wide",
     lambda n: n("5") >= 3),
    (r"white .*above the iris", lambda n: n("5") >= 4),
    (r"high arch", lambda n: min(n("1"), n("2")) >= 3),
    (r"whole into an arch|whole forehead", lambda n: abs(n("1") - n("2")) <= 1),
    (r"rises? less than", lambda n: n("4") <= max(n("1"), n("2")) + 1),
    (r"squeezed shut|squeezed together|closed eyes?", lambda n: n("43") >= 5),
    (r"crow's-feet", lambda n: n("6") >= 2),
    (r"hangs? open", lambda n: min(n("25"), n("26")) >= 3),
    (r"tall oval|gapes? tall", lambda n: n("27") >= 3),
    (r"all but disappears", lambda n: n("23") >= 3 and n("24") >= 3),
    (r"chin seals", lambda n: n("17") >= 2 and n("17") >= n("24") - 1),
    (r"nose leads in", lambda n: n("9") >= n("10")),
    (r"cheeks full|full cheeks", lambda n: n("34") >= 3),
    (r"round gap", lambda n: n("18") >= 2),
    (r"go the same way", lambda n: abs(max(n("51"), n("52")) - max(n("61"), n("62"))) <= 2),
    (r"upturned (?:U|bow)", lambda n: n("17") >= 2),
    (r"very wide", lambda n: min(n("12"), n("20")) >= 3),
]  # fmt: skip


def looks_wrongly(description: Description) -> list[str]:
    """Looks that the levels do not bear."""
    coding = description.resolution.coding
    problems = []
    for clause in description.clauses:
        looks = said(clause.text)[1]
        if not clause.codes and clause.aus:
            looks = [clause.text]  # a look that stands by itself
        for look in looks:
            for words, true in _NEEDS:
                if re.search(words, look) and not any(
                    true(partial(_level, coding, away=side)) for side in ("left", "right")
                ):
                    problems.append(f"{coding}: {look}")
    return problems


_OPEN = re.compile(
    r"open mouth|lips (?:are |hang |stand )?(?:slightly |just )?(?:apart|parted|open)|"
    r"lips part\b|parting of the lips|\b(?:gap|opening in the)\b|teeth (?:are )?(?:bared|show)"
)


def absent_wrongly(description: Description) -> list[str]:
    """Lips said to be apart where they were looked at and seen together."""
    if "25" not in description.resolution.absent:
        return []
    return [f"25 is absent: {c.text}" for c in description.clauses if _OPEN.search(c.text)]


def faults(description: Description) -> list[str]:
    """Everything that any of the checkers finds in a description."""
    return [
        *contradictions(description),
        *held_wrongly(description),
        *looks_wrongly(description),
        *absent_wrongly(description),
    ]
