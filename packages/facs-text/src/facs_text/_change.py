"""What changed between two codings, in words that say it exactly.

Each unit and side that is not the same in both is one sentence of a closed grammar, from the top of
the face down:

    now [perhaps] PHRASE[, unevenly]                  it was not there before
    the [uncertain] [STRENGTH] NOUN is gone           it is not there any more
    the [uncertain] NOUN grows|eases|goes from STRENGTH to STRENGTH [and is now certain|uncertain]
    the [STRENGTH] NOUN is now certain|uncertain

PHRASE is what describe says of the unit, NOUN its name in the wording, STRENGTH one of the
adjectives of a level, or "unscored". So understand_change gives the changes back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from facs_text._coding import Action, Coding
from facs_text._errors import FacsTextError
from facs_text._notation import MAX_TEXT, parse
from facs_text._resolve import Resolution, collapse, expand, resolve
from facs_text._sentence import mix, small
from facs_text._understand import Span, sides_of, understand
from facs_text._units import unit, units
from facs_text._wording import adjectives, fill, templates, wording

__all__ = [
    "Change",
    "ChangeUnderstanding",
    "Comparison",
    "apply_changes",
    "compare",
    "noun_of",
    "understand_change",
]

_SAME = ("Nothing changes.", "The face stays as it is.")
_UNSCORED = "unscored"


class Change(NamedTuple):
    """One unit on one side, as it was and as it is; None where it is not there.

    Of a unit that changes alike on both sides the side is "both".
    """

    before: Action | None
    after: Action | None

    @property
    def kind(self) -> str:
        """One of "appears", "goes", "grows", "eases", "rescored" and "doubt"."""
        if self.before is None:
            return "appears"
        if self.after is None:
            return "goes"
        one, two = self.before.level, self.after.level
        if one == two:
            return "doubt"
        return "rescored" if not one or not two else "grows" if one < two else "eases"


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changed, as text and as data, and the resolutions that were compared."""

    text: str
    changes: tuple[Change, ...]
    before: Resolution
    after: Resolution

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class ChangeUnderstanding:
    """The changes a text says, and the sentences in it that say none."""

    changes: tuple[Change, ...]
    unparsed: tuple[Span, ...]


def compare(
    before: Coding | str | Resolution, after: Coding | str | Resolution, *, seed: int = 0
) -> Comparison:
    """Say what changed from one face to another, after resolving both.

    What stayed is not said. seed picks among paraphrases. understand_change(text) gives the
    changes back, and apply_changes takes the coding that stood before to the one after.
    """
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise FacsTextError(f"seed {seed!r}; expected a whole number")
    one, two = (x if isinstance(x, Resolution) else resolve(x) for x in (before, after))
    changes = _changes(one.coding, two.coding)
    start = mix(seed * 0x9E3779B97F4A7C15)
    told = [_sentence(change, mix(start + n)) for n, change in enumerate(changes)]
    text = " ".join([f"{s[0].upper()}{s[1:]}." for s in told]) or _SAME[start % len(_SAME)]
    return Comparison(text, changes, one, two)


Parts = dict[tuple[str, str], tuple[int, bool]]


def _changes(before: Coding, after: Coding) -> tuple[Change, ...]:
    """Parts that are not the same, those that change alike on both sides as one."""
    one, two = expand(before), expand(after)
    found: list[Change] = []
    done: set[tuple[str, str]] = set()
    for key in [*one, *two]:
        if key in done or one.get(key) == two.get(key):
            continue
        code, part = key
        sides = unit(code).sides
        pair = [(code, side) for side in sides]
        alike = len(sides) == 2 and part in sides and unit(code).whole
        if alike and all((one.get(k), two.get(k)) == (one.get(key), two.get(key)) for k in pair):
            done.update(pair)
            part = "both"
        done.add(key)
        found.append(Change(_action(code, part, one.get(key)), _action(code, part, two.get(key))))
    return tuple(sorted(found, key=_place))


def _action(code: str, part: str, state: tuple[int, bool] | None) -> Action | None:
    return None if state is None else Action(code, part, *state)


def _place(change: Change) -> tuple[int, str, int, str]:
    action = change.after or change.before
    assert action is not None
    au = unit(action.code)
    # by level before side, so that mirrored faces are told in the same order
    return au.order, min(action.code, au.mirror), -action.level, action.side


def noun_of(code: str, side: str) -> str:
    """The name of a unit on a side: "left lip corner pull", "uneven lip corner pull"."""
    template = wording()["units"][code]["noun"]
    if side == "unequal":
        return f"uneven {fill(template, 'both', 0)}"
    return fill(template, side, 0)


def said(action: Action, choice: int) -> str:
    """What an action does, in one of the ways of its level."""
    code, side, level, _ = action
    ways = templates(code, "full", level)
    degree = wording()["units"][code].get("degree", "plain")
    template = ways[choice % len(ways)]
    if side == "unequal":
        return f"{fill(template, 'both', level, choice >> 8, degree)}, unevenly"
    return fill(template, side, level, choice >> 8, degree)


def qualified(noun: str, *words: str) -> str:
    """A noun with words before it, as the subject of a sentence: "the strong brow lowering"."""
    before = " ".join(word for word in words if word)
    if noun.startswith("one "):  # no article: "one strong lip corner pull"
        return " ".join(filter(None, ("one", before, noun[4:])))
    return " ".join(filter(None, ("the", before, noun)))


def _strength(level: int, choice: int) -> str:
    words = adjectives(level) if level else [_UNSCORED]
    return words[choice % len(words)]


def _sentence(change: Change, choice: int) -> str:
    before, after = change
    if before is None:
        assert after is not None
        text = said(after, choice)
        return f"now {'perhaps ' * after.doubt}{small(text)}"
    noun = noun_of(before.code, before.side)
    doubt = "uncertain" if before.doubt else ""
    graded = _strength(before.level, choice) if before.level else ""
    if after is None:
        return f"{qualified(noun, doubt, graded)} is gone"
    turned = f"is now {'uncertain' if after.doubt else 'certain'}"
    if before.level == after.level:
        return f"{qualified(noun, graded)} {turned}"
    verb = change.kind if change.kind in ("grows", "eases") else "goes"
    to = _strength(after.level, choice >> 8)
    text = f"{qualified(noun, doubt)} {verb} from {_strength(before.level, choice)} to {to}"
    return text if before.doubt == after.doubt else f"{text} and {turned}"


@lru_cache(maxsize=1)
def _nouns() -> dict[str, tuple[str, str]]:
    """Every name of a unit on a side to its code and side."""
    table: dict[str, tuple[str, str]] = {}
    for au in units():
        sides = [*sides_of(au.code), *(["unequal"] if "left" in au.sides and au.whole else [])]
        for side in sides:
            noun = noun_of(au.code, side).lower()
            if table.setdefault(noun, (au.code, side)) != (au.code, side):
                raise FacsTextError(f"the noun {noun!r} names both {table[noun]} and AU{au.code}")
    return table


@lru_cache(maxsize=1)
def _grammar() -> tuple[re.Pattern[str], dict[str, int]]:
    """The sentences about what was there before, and the level of each strength word."""
    levels = {_UNSCORED: 0} | {w: n for n in range(1, 6) for w in adjectives(n)}
    word = "|".join(map(re.escape, levels))
    pattern = re.compile(
        rf"(?P<article>the|one) (?:(?P<doubt>uncertain) )?(?:(?P<level>{word}) )?(?P<noun>.+?) "
        rf"(?:(?P<gone>is gone)|(?:grows|eases|goes) from (?P<one>{word}) to (?P<two>{word})"
        r"(?: and is now (?P<turned>certain|uncertain))?|is now (?P<only>certain|uncertain))"
    )
    return pattern, levels


def understand_change(text: str) -> ChangeUnderstanding:
    """Read what compare says. Exact for its texts; any other sentence is reported in unparsed.

    Raises FacsTextError for anything but text.
    """
    if not isinstance(text, str):
        raise FacsTextError(f"understand_change takes text, not {type(text).__name__}")
    if len(text) > MAX_TEXT:
        raise FacsTextError(f"a text of {len(text)} characters; at most {MAX_TEXT} are read")
    changes: list[Change] = []
    unparsed: list[Span] = []
    for match in re.finditer(r"[^.\s][^.\n]*", text):
        sentence = match[0].strip()
        if f"{sentence}." in _SAME:
            continue
        change = _read(sentence.lower())
        if change is None:
            unparsed.append(Span(match.start(), match.start() + len(sentence), sentence))
        else:
            changes.append(change)
    return ChangeUnderstanding(tuple(changes), tuple(unparsed))


def _read(sentence: str) -> Change | None:
    if sentence.startswith("now "):
        return _appeared(sentence[4:])
    pattern, levels = _grammar()
    match = pattern.fullmatch(sentence)
    if match is None:
        return None
    noun = f"one {match['noun']}" if match["article"] == "one" else match["noun"]
    found = _nouns().get(noun)
    if found is None:
        return None
    code, side = found
    doubt = match["doubt"] is not None
    level = levels[match["level"]] if match["level"] else 0
    if match["gone"]:
        return Change(Action(code, side, level, doubt), None)
    if match["only"]:
        now = match["only"] == "uncertain"
        return Change(Action(code, side, level, not now), Action(code, side, level, now))
    one, two = levels[match["one"]], levels[match["two"]]
    now = match["turned"] == "uncertain" if match["turned"] else doubt
    return Change(Action(code, side, one, doubt), Action(code, side, two, now))


def _appeared(phrase: str) -> Change | None:
    doubt = phrase.startswith("perhaps ")
    phrase = phrase.removeprefix("perhaps ")
    uneven = phrase.endswith(", unevenly")
    heard = understand(phrase.removesuffix(", unevenly"))
    if len(heard.coding) != 1 or heard.unparsed:
        return None
    (action,) = heard.coding
    side = "unequal" if uneven else action.side
    return Change(None, action._replace(side=side, doubt=doubt))


def apply_changes(coding: Coding | str, changes: Iterable[Change]) -> Coding:
    """The coding after changes. Raises FacsTextError where what is to change is not there."""
    coding = parse(coding) if isinstance(coding, str) else coding
    parts = expand(coding)
    for change in changes:
        for state, there in ((change.before, True), (change.after, False)):
            for key, value in expand(Coding([state])).items() if state else ():
                if there and parts.pop(key, None) != value:
                    raise FacsTextError(f"{coding}: {state} is to change and is not there")
                if not there:
                    parts[key] = value
    return collapse(parts)
