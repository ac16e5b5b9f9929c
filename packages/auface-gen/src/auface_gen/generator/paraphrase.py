"""A resolution as people would tell it: everyday words, in sentences, lists, orders or tags.

What is said of each unit is data (`data/paraphrase*.toml`); left and right are always the person's
own. The same seed gives the same text. Strength is said of what is seen, not of what was asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from auface_gen.columns import COLUMNS, to_vector
from auface_gen.generator.everyday.dice import Dice
from auface_gen.generator.everyday.lexicon import words
from auface_gen.generator.everyday.phrases import (
    NOBODY,
    YOU,
    Person,
    clause,
    doing,
    name,
    order,
    state,
    tag,
)
from auface_gen.generator.everyday.plan import Told, plan
from auface_gen.generator.everyday.slips import mistyped
from auface_gen.generator.said import Part, Said
from facs_text import Resolution

__all__ = ["paraphrase"]

_SALT = 0x9A4A  # this text is drawn apart from others of the same seed
_OPENINGS = (
    "{a} with ", "{a} with ", "portrait of {a} with ", "{she} {has} ", "a photo of {a} with ",
    "face with ", "a face with ", "close-up of {a} with ", "{a} who {has} ",
)  # fmt: skip
_OBJECTS = {"she": "her", "he": "him", "they": "them"}
_PEOPLE = {"she": "a woman", "he": "a man", "they": "a person"}

Pieces = list[tuple[str, Told | None]]  # texts, some of which tell something


def paraphrase(resolution: Resolution, seed: int = 0) -> Said:
    """A text of a resolution, resolved or as it is written, with the parts it is made of."""
    dice = Dice(seed * 0x10000 + _SALT)
    seen = to_vector(resolution.activations)[0]
    told = plan(resolution, dice)
    who = _person(dice)
    if not told:
        return _at_rest(who, seen, dice)
    pieces = dice.pick(_MANNERS)(told, who, dice)
    return _assembled(pieces, seen, dice)


def _person(dice: Dice) -> Person:
    kind = dice.pick(("she", "she", "he", "he", "they"))
    subject, owner = dice.pick(words().who[kind])
    return Person(subject, owner, kind, kind == "they")


def _sentences(told: Sequence[Told], who: Person, dice: Dice) -> Pieces:
    """Clauses, joined by one mark or word: "The man squints. His lips part slightly"."""
    joint = dice.pick((". ", ". ", ", and ", " and ", ", ", "; ", " while ", ", while "))
    out: Pieces = []
    for i, one in enumerate(told):
        if i:
            out.append((joint if i == 1 or not joint[-2].isalpha() else ". ", None))
        out.append((clause(one, who, dice, subject=who.subject if i == 0 else ""), one))
    return out


def _bare(told: Sequence[Told], who: Person, dice: Dice) -> Pieces:
    """Parts alone, of nobody: "the left brow goes up, the lips are parted"."""
    joint = dice.pick((". ", ", ", " and ", "; ", ". "))
    return _list([(clause(one, NOBODY, dice), one) for one in told], joint)


def _possessions(told: Sequence[Told], who: Person, dice: Dice) -> Pieces:
    """One sentence of all that a face has: "a woman with raised brows and a slight smile"."""
    opening = dice.pick(_OPENINGS)
    has = "has" if not who.many or "who" in opening else "have"
    opening = opening.format(a=_PEOPLE[who.pronoun], she=who.subject, has=has)
    if who.many and who.subject != who.pronoun:
        opening = opening.replace(" have ", " has ")
    say: Callable[..., str] = name if dice.chance(0.7) else state
    return [(opening, None), *_list([(say(one, who, dice), one) for one in told], ", ", " and ")]


def _main_and_more(told: Sequence[Told], who: Person, dice: Dice) -> Pieces:
    """One clause, and what goes with it: "she smiles broadly, eyes closed, with her head up"."""
    out: Pieces = [(clause(told[0], who, dice, subject=who.subject), told[0])]
    for i, one in enumerate(told[1:]):
        if dice.chance(0.6):
            out += [(", with " if i == 0 else " and " if i == 1 else ", ", None)]
            out += [(state(one, who, dice), one)]
        else:
            out += [(", ", None), (doing(one, who, dice), one)]
    return out


def _orders(told: Sequence[Told], who: Person, dice: Dice) -> Pieces:
    """What to do: "raise your left brow, squint and open your mouth"."""
    joint = dice.pick((", ", ", ", ". ", "; ", " and "))
    you = dice.pick((YOU, YOU, NOBODY, who))
    if dice.chance(0.2):  # told to a painter of the person
        said: list[tuple[str, Told | None]] = [(order(one, who, dice), one) for one in told]
        return [(f"make {_OBJECTS[who.pronoun]} ", None), *_list(said, ", ", " and ")]
    return _list([(order(one, you, dice), one) for one in told], joint, dice.pick((joint, " and ")))


def _captioned(told: Sequence[Told], who: Person, dice: Dice) -> Pieces:
    """As a picture is captioned: "a man smiling broadly, eyebrows slightly raised"."""
    opening = dice.pick((_PEOPLE[who.pronoun], who.subject, _PEOPLE[who.pronoun][2:], "a face"))
    first: list[tuple[str, Told | None]] = [
        (opening + " ", None),
        (doing(told[0], who, dice), told[0]),
    ]
    if told[0].entry is None:
        first[0] = (opening + ", ", None)
    for one in told[1:]:
        first += [
            (", ", None),
            (tag(one, dice) if dice.chance(0.6) else doing(one, who, dice), one),
        ]
    return first


def _tags(told: Sequence[Told], who: Person, dice: Dice) -> Pieces:
    """A list: "brows up, slight smile, eyes closed"."""
    joint = dice.pick((", ", ", ", ", ", "; ", " and ", ". ", "\n", " + "))
    return _list([(tag(one, dice), one) for one in told], joint)


_MANNERS: tuple[Callable[[Sequence[Told], Person, Dice], Pieces], ...] = (
    _sentences, _sentences, _sentences, _bare, _possessions, _main_and_more, _orders, _tags, _tags,
    _captioned,
)  # fmt: skip


def _list(some: Sequence[tuple[str, Told | None]], joint: str, last: str = "") -> Pieces:
    out: Pieces = []
    for i, one in enumerate(some):
        if i:
            out.append((last if last and i == len(some) - 1 else joint, None))
        out.append(one)
    return out


def _assembled(pieces: Pieces, seen: np.ndarray, dice: Dice) -> Said:
    """The text of pieces, in capitals, stops and slips as people write, and where each stands."""
    small, slip = dice.chance(0.4), dice.chance(0.05)
    text, parts, begins = "", [], True
    for piece, told in pieces:
        if slip and told is not None:
            piece, slip = mistyped(piece, dice), False
        if begins and not small:
            piece = piece[0].upper() + piece[1:]
        begins = piece.endswith((". ", "\n"))
        if told is not None:
            parts.append(Part(len(text), len(text) + len(piece), told.columns))
        text += piece
    return Said(_ended(text, small, dice), tuple(parts), seen)


def _ended(text: str, small: bool, dice: Dice) -> str:
    """With a full stop or without, in small letters or not."""
    stop = "" if dice.chance(0.6 if small else 0.25) else "."
    return (text.lower() if small else text) + stop


def _at_rest(who: Person, seen: np.ndarray, dice: Dice) -> Said:
    """A face of which nothing is seen to act."""
    frame = dice.pick(words().rest[dice.pick(("clause", "noun", "order"))])
    many = who.many and who.subject == who.pronoun
    verbs = {v: v if many else v + "s" for v in ("look", "show", "keep")}
    text = frame.format(
        She=who.subject, Poss=who.owner, poss=who.owner, **{k + "s": v for k, v in verbs.items()}
    )
    small = dice.chance(0.4)
    text = text if small else text[0].upper() + text[1:]
    whole = _ended(text, small, dice)
    return Said(whole, (Part(0, len(text), np.zeros(len(COLUMNS), np.float32)),), seen)
