"""What the people of a corpus are asked to do: codings drawn from a mixture.

Kinds, and their shares of the pictures that are not at rest: single units (16%), at each side and
level in turn; codings as spontaneous behaviour in a laboratory has them (34%, see `spontaneous`);
presets and their neighbours (10%); conflicts, that is pairs that the rules of facs-text know as
antagonists or alternatives, at each level against each other in turn (18%); and uniform ones (22%).
People of the test split are also asked for pairs that training never has, and each of them for each
of sixteen marked conflicts: those that an experiment leaves out of training, a fold at a time.

A `Plan` deals kinds, single units and conflicts from shuffled decks, so that none is rare by
chance; `draw_codings` draws each coding on its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np

from auface_gen.codings.decks import dealt, strata
from auface_gen.codings.spontaneous import draw_spontaneous
from auface_gen.columns import COLUMNS, SIDES, UNITS
from facs_text import PRESETS, Action, Coding, resolve, unit

__all__ = [
    "CONFLICTS",
    "CONFLICT_FOLDS",
    "HELD_OUT_PAIRS",
    "MIXTURE",
    "SHARES",
    "SHOWN",
    "Plan",
    "actions_of",
    "allowed",
    "draw_codings",
    "marked_conflicts",
]

MIXTURE = 4
"""Number of the mixture: a corpus begun with another cannot be resumed."""

HELD_OUT_PAIRS: tuple[frozenset[str], ...] = tuple(
    frozenset(pair.split("+"))
    for pair in ("5+12", "2+16", "6+20", "9+26", "4+27", "15+43", "1+9", "18+20")
)
"""Pairs of units that stand together in no training picture, the conflicts 1+9 and 18+20 among
them: only the test split has them. None is a pair of BP4D's twelve units, whose rates they would
bend, and none is part of a preset's first coding. A corpus names its own list in corpus.json.
"""

SHARES: dict[str, int] = {"single": 8, "spontaneous": 17, "preset": 5, "conflict": 9, "random": 11}
"""Cards of each kind in a deck of 50."""

_NOT_DRAWN = ("8", "32", "51", "52", "53", "54", "55", "56")
"""Units that the rig has but that are not drawn: 8 and 32 are not shown convincingly, and head
turns leave the crop.
"""
_ASKED_WHOLE = ("18", "23", "24", "25", "34")  # shown in two parts, asked for in one
_JAW = ("30",)  # to one side, never to both


def _drawn(*sides: str) -> tuple[str, ...]:
    """Drawn units that have a column of one of the sides, by number."""
    shown = {name[2:].rstrip("LR") for name, side in COLUMNS if side in sides}
    return tuple(c for c in UNITS if c in shown and c not in _NOT_DRAWN)


_SIDED = tuple(c for c in _drawn("left", "right") if c not in _ASKED_WHOLE)
_LIPS = tuple(c for c in _drawn("top", "bottom") if c not in _ASKED_WHOLE)  # asked for apart
_GAZE = tuple(c for c in _drawn("both") if unit(c).kind == "eye")
_WHOLE = tuple(c for c in _drawn(*SIDES) if c not in (*_SIDED, *_LIPS, *_JAW, *_GAZE))
SHOWN: tuple[str, ...] = (*_SIDED, *_JAW, *_LIPS, *_WHOLE, *_GAZE)
"""Units that are drawn, in the order that the draws go by: changing it changes every corpus."""

CONFLICTS: tuple[str, ...] = (
    "1+4", "2+4", "2+6", "5+7", "5+6", "12+15", "13+15", "12+18", "12+22", "14+18", "14+22",
    "20+22", "20+23", "16+17", "17+27", "17+26", "17+25", "10+24", "24+26", "23+27", "12+23",
    "12+24", "12+17", "12+27", "20+27", "10+15", "4+5", "15+18", "13+18", "16+24", "22+23",
    "18+23", "22+24", "25+24", "27+24", "27+26", "28+24", "22+28", "18+28", "18+22", "10+28",
    "16+28", "34+25", "34+27", "12+13", "5+43", "61+62", "63+64", "13+22", "13+20", "16+18",
    "16+22", "15+22", "18+27", "22+27", "10+23", "28+25", "28+23", "34+14", "34+20", "34+22",
    "9+28",
)  # fmt: skip
"""Pairs of shown units that the rules of facs-text know as antagonists or alternatives, without the
held-out ones. Listed here, so that a change of the rules does not change a corpus begun before it.
"""

CONFLICT_FOLDS: tuple[tuple[str, ...], tuple[str, ...]] = (
    ("1+4", "12+15", "10+24", "5+7", "16+17", "20+22", "14+18", "17+27"),
    ("2+4", "12+24", "10+15", "5+6", "12+18", "16+24", "20+23", "14+22"),
)
"""Conflicts that are marked in each row that has one, in two folds: whether a generator shows a
conflict it was never trained on is asked by training without the rows of a fold (about one in nine)
and drawing its pairs. In each both units give way to the other by the rules, and each unit
stands in many rows without the other. 10+17 is none of them: the rules let both stand whole.
"""

_UNEQUAL = frozenset(("61+62", "63+64"))
"""Conflicts of which nothing stands at equal levels: the eyes cannot turn two ways at once."""

_ODDS = np.array([0.6 if c in _GAZE or c in _JAW else 1.0 for c in SHOWN])
_LEVELS = (0.10, 0.18, 0.26, 0.26, 0.20)
_HELD_OUT_SHARE = 0.25  # of a test person's codings
_MARKED_PLACES = (1, 3)  # of each five codings of a test person


@cache
def _singles() -> tuple[Action, ...]:
    """Each shown unit at each side and level."""
    sides = dict.fromkeys(_SIDED, ("both", "left", "right"))
    sides |= dict.fromkeys(_LIPS, ("both", "top", "bottom"))
    return tuple(
        Action(c, side, level)
        for c in SHOWN
        for side in sides.get(c, ("left", "right") if c in _JAW else ("both",))
        for level in range(1, 6)
    )


def allowed(coding: Coding) -> bool:
    """Whether a coding may be trained on: no held-out pair, asked for or standing after
    resolution (28 alone implies a lowered jaw, 26).
    """
    present = {a.code for a in coding} | {a.code for a in resolve(coding).coding}
    return not any(pair <= present for pair in HELD_OUT_PAIRS)


def marked_conflicts(coding: Coding) -> list[str]:
    """The pairs of `CONFLICT_FOLDS` that are in a coding, asked for or standing after resolution.

    Pairs that are both asked for are marked even where one unit does not survive.
    """
    present = {a.code for a in coding} | {a.code for a in resolve(coding).coding}
    return [pair for fold in CONFLICT_FOLDS for pair in fold if set(pair.split("+")) <= present]


def _usable(coding: Coding, held_out: bool) -> bool:
    """Whether something of the coding stands, and it may be shown to these people."""
    return bool(coding and resolve(coding).coding) and (held_out or allowed(coding))


def draw_codings(rng: np.random.Generator, count: int, *, held_out: bool = False) -> list[Coding]:
    """`count` codings, each drawn on its own from the mixture.

    Without `held_out`, no coding contains a pair of `HELD_OUT_PAIRS`; with it, one in four is such
    a pair.
    """
    kinds = list(SHARES)
    odds = np.array([SHARES[k] for k in kinds]) / sum(SHARES.values())
    out: list[Coding] = []
    while len(out) < count:
        if held_out and rng.random() < _HELD_OUT_SHARE:
            pair = HELD_OUT_PAIRS[rng.integers(len(HELD_OUT_PAIRS))]
            out.append(_held_out(rng, pair))
            continue
        kind, card = kinds[rng.choice(len(kinds), p=odds)], int(rng.integers(1 << 30))
        coding = _draw(rng, kind, card, card)
        if _usable(coding, held_out):
            out.append(coding)
    return out


@dataclass(frozen=True)
class Plan:
    """The codings of a whole corpus, by a seed; each sitting can be asked for on its own."""

    seed: int

    def sitting(
        self, index: int, count: int, stride: int, *, held_out: bool = False
    ) -> list[tuple[str, Coding]]:
        """(kind, coding) of each of the `count` pictures of the index-th sitting; `stride` is the
        count of a full one. Test people are drawn with `held_out`.
        """
        return list(self._deal(range(index * stride, index * stride + count), held_out))

    def _deal(self, places: range, held_out: bool) -> Iterator[tuple[str, Coding]]:
        for place in places:
            rng = np.random.default_rng([self.seed, 0xC0D1, place])
            if held_out and place % 5 in _MARKED_PLACES:
                rank = place // 5 * len(_MARKED_PLACES) + _MARKED_PLACES.index(place % 5)
                yield "marked conflict", _marked(rng, self.seed, rank)
                continue
            if held_out and rng.random() < _HELD_OUT_SHARE / (1 - len(_MARKED_PLACES) / 5):
                pair = HELD_OUT_PAIRS[rng.integers(len(HELD_OUT_PAIRS))]
                yield "held-out pair", _held_out(rng, pair)
                continue
            kind, rank = self._card(place)
            if kind == "spontaneous":
                coding = draw_spontaneous(rng, strata(self.seed, rank))
            else:
                coding = _draw(rng, kind, rank, self.seed)
            while not _usable(coding, held_out):
                coding = _draw(rng, kind, rank, self.seed)
            yield kind, coding

    def _card(self, place: int) -> tuple[str, int]:
        """The kind at a place of the endless deck, and how many of it came before."""
        pack, at = divmod(place, sum(SHARES.values()))
        kinds = _pack(self.seed, pack)
        return kinds[at], pack * SHARES[kinds[at]] + kinds[:at].count(kinds[at])


@lru_cache(maxsize=64)
def _pack(seed: int, pack: int) -> tuple[str, ...]:
    """The kinds of one shuffled deck, kept because a sitting asks for them card by card."""
    deck = [k for k, n in SHARES.items() for _ in range(n)]
    order = np.random.default_rng([seed, 0xDEC4, pack]).permutation(len(deck))
    return tuple(deck[i] for i in order)


def _draw(rng: np.random.Generator, kind: str, rank: int, seed: int) -> Coding:
    """A coding of a kind; `rank` counts the kind's draws, for those that are dealt in turn."""
    if kind == "single":
        return Coding.from_actions([_singles()[dealt(seed, 1, rank, len(_singles()))[0]]])
    if kind == "spontaneous":
        return draw_spontaneous(rng)
    if kind == "preset":
        return _preset(rng)
    if kind == "conflict":
        at, turn = dealt(seed, 2, rank, len(CONFLICTS))
        pair = CONFLICTS[at]
        ways = [n for n in range(25) if pair not in _UNEQUAL or n // 5 != n % 5]
        return _conflict(rng, pair, ways[dealt(seed, 10 + at, turn, len(ways))[0]])
    return _random(rng)


def actions_of(
    rng: np.random.Generator, codes: Sequence[str], *, one_sided: float, levels: Sequence[int] = ()
) -> Coding:
    """The codes with sides and levels; in `one_sided` of cases most sided units are on one side,
    the same for all of them.
    """
    drawn = [*levels, *rng.choice(5, size=len(codes) - len(levels), p=_LEVELS) + 1]
    one, side = rng.random() < one_sided, str(rng.choice(["left", "right"]))
    actions = []
    for code, level in zip(codes, drawn, strict=True):
        at = "both"
        if code in _JAW or (code in _SIDED and one and rng.random() < 0.8):
            at = side
        elif code in _LIPS and rng.random() < 0.2:
            at = str(rng.choice(["top", "bottom"]))
        actions.append(Action(code, at, int(level)))
    return Coding.from_actions(actions)


def _held_out(rng: np.random.Generator, pair: frozenset[str]) -> Coding:
    return actions_of(rng, sorted(pair, key=int), one_sided=0.2)


def _marked(rng: np.random.Generator, seed: int, rank: int) -> Coding:
    """The rank-th marked conflict: sixteen in a row are all of them, each at B to E."""
    pairs = [pair for fold in CONFLICT_FOLDS for pair in fold]
    at, turn = dealt(seed, 3, rank, len(pairs))
    ways = dealt(seed, 100 + at, turn, 16)[0]
    levels = [ways // 4 + 2, ways % 4 + 2]
    return actions_of(rng, pairs[at].split("+"), one_sided=0.2, levels=levels)


def _random(rng: np.random.Generator) -> Coding:
    """Two to five units, all as likely; gaze and the sideways jaw less."""
    count = int(rng.choice([2, 3, 4, 5], p=[0.4, 0.3, 0.2, 0.1]))
    codes = rng.choice(SHOWN, size=count, replace=False, p=_ODDS / _ODDS.sum())
    return actions_of(rng, [str(c) for c in codes], one_sided=0.55)


def _conflict(rng: np.random.Generator, pair: str, levels: int) -> Coding:
    """The pair at the `levels`-th of the 25 ways to set two levels; one in four with a third
    unit.
    """
    codes = pair.split("+")
    if rng.random() < 0.25:
        codes += [c for c in [str(rng.choice(SHOWN[:-4]))] if c not in codes]
    return actions_of(rng, codes, one_sided=0.35, levels=[levels // 5 + 1, levels % 5 + 1])


def _preset(rng: np.random.Generator) -> Coding:
    """A preset or one of its variants, at about one strength; at times a unit less or more."""
    preset = PRESETS[list(PRESETS)[rng.integers(len(PRESETS))]]
    choices = (preset.coding, *preset.variants)
    main = rng.random() < 0.6
    coding = choices[0 if main else rng.integers(len(choices))]
    actions = [a for a in coding if a.code in SHOWN]
    if len(actions) > 1 and rng.random() < 0.15:
        actions.pop(rng.integers(len(actions)))
    strength = int(rng.choice([2, 3, 4, 5], p=[0.2, 0.3, 0.3, 0.2]))
    out = [
        Action(
            a.code,
            a.side if a.side in ("left", "right") else "both",
            a.level or int(np.clip(strength + rng.integers(-1, 2), 1, 5)),
        )
        for a in actions
    ]
    if rng.random() < 0.15 and (more := str(rng.choice(SHOWN[:16]))) not in {a.code for a in out}:
        out.append(Action(more, "both", int(rng.integers(1, 5))))
    return Coding.from_actions(out)
