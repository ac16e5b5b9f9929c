"""One thing said in one way: a clause, a name, a state, an order or a tag.

Each function gives a string without a capital letter or a full stop.
"""

from __future__ import annotations

from dataclasses import dataclass

from auface_gen.generator.everyday.dice import Dice
from auface_gen.generator.everyday.english import article, base, ing, third
from auface_gen.generator.everyday.lexicon import Item, Place, words
from auface_gen.generator.everyday.plan import Told

__all__ = ["NOBODY", "YOU", "Person", "clause", "doing", "name", "order", "state", "tag"]

_PLACES = frozenset(("up", "down", "apart", "open", "out", "forward", "straight up", "showing"))
_PARTICLES = frozenset(("up", "down", "in", "out", "together"))


@dataclass(frozen=True)
class Person:
    """Who is told of. subject: "she"; owner: "her"; pronoun: "she"; many: takes "are"; known:
    named so far, so that "she" does.
    """

    subject: str
    owner: str
    pronoun: str
    many: bool = False

    @property
    def self(self) -> str:
        """ "herself" and the like."""
        return {"his": "himself", "their": "themselves", "your": "yourself"}.get(
            self.owner, "herself"
        )


NOBODY = Person("", "the", "they", True)
YOU = Person("you", "your", "you", True)


def _owned(text: str, who: Person) -> str:
    return text.replace("~self", who.self).replace("~", who.owner)


def _sided(text: str, side: str) -> str:
    return text.replace("*", side)


def _direction(text: str, who: Person, dice: Dice) -> str:
    """ "{left}" as it is said of the person's own left."""
    if "{" not in text:
        return text
    for side in ("left", "right"):
        if f"{{{side}}}" in text:
            how = dice.pick((f"the {side}", f"{who.owner} {side}", f"{who.owner} {side}"))
            if who.owner == "the":
                how = dice.pick((f"the {side}", f"the person's {side}", f"the person's own {side}"))
            elif dice.chance(0.2):
                how = f"{who.owner} own {side}"
            text = text.replace(f"{{{side}}}", how)
    return text


def _part(told: Told, place: Place, who: Person, dice: Dice, *, bare: bool = False) -> str:
    """What moves, with its side and its owner: "her left inner brow"; bare: "left inner brow"."""
    if told.side not in ("left", "right"):
        text = place.both
        if told.side == "both" and _is_two(place) and "~" not in text and dice.chance(0.1):
            text = f"both {text}"
        if text.startswith("both ") and not bare:
            return _owned(text if who.owner == "the" else f"both {who.owner} {text[5:]}", who)
    else:
        text = _one_side(told.side, place, who, dice)
    if bare:
        return _owned(text, NOBODY)
    return f"the {_owned(text, who)}" if "~" in text else f"{who.owner} {text}"


def _is_two(place: Place) -> bool:
    """Whether it is a pair, one for each side."""
    return place.one != place.both and not place.single


def _one_side(side: str, place: Place, who: Person, dice: Dice) -> str:
    text = place.one
    if "*" not in text:
        if dice.chance(0.2):
            where = (f" on the {side}", f" on the {side} side", f" on the {side} side of ~ face")
            return text + dice.pick(where if who.owner != "the" else where[:2])
        return f"{side} {text}"
    return _sided(text, side)


def _many(told: Told, place: Place) -> bool:
    return told.side not in ("left", "right") and not place.single


def _degree(told: Told, item: Item, where: str, who: Person, many: bool, dice: Dice) -> str:
    if item.graded:
        return ""
    assert told.entry is not None
    some = words().degree[told.entry.degree][where][told.level - 1]
    word = dice.pick(some)
    if "{" in word:
        they = who.pronoun if who.owner != "the" else "they" if many else "it"
        word = word.replace("{it}", "they" if many else "it").replace("{she}", they)
    return word


def _join(*some: str) -> str:
    return " ".join(x for x in some if x)


def _fields(told: Told, *names: str) -> tuple[list[str], dict[str, tuple[Item, ...]]]:
    """Which fields have something to say at this level, and all of them; names of persons' acts
    are those of one side where one side acts.
    """
    assert told.entry is not None
    at = told.entry.at[told.level - 1]
    one = told.side in ("left", "right")
    got = {
        "say": at["say1"] if one else at["say"],
        "noun": at["noun1"] if one else at["noun"],
        "do": at["do"] if told.entry.parts else (),
        "go": at["go"] if told.entry.parts else (),
        "be": at["be"] if told.entry.parts else (),
        "adj": at["adj"] if told.entry.named else (),
    }
    return [n for n in names if got[n]], got


def _long(text: str) -> bool:
    """Whether strength has to stand before a phrase: behind it it would go with the last words."""
    return text.count(" ") > 2 or " as " in text or " like " in text


def _acts(told: Told, field: str, item: Item, who: Person, dice: Dice, form: str) -> str:
    """What a person does, its verb in a form: "base", "third" or "ing"."""
    verb = {"base": base, "third": third, "ing": ing}[form](item.text)
    many = False
    if field == "do":
        assert told.entry is not None
        place = dice.pick(told.entry.parts)
        many = _many(told, place)
        what = _part(told, place, who, dice)
        verb = verb.replace("{them}", "them" if many else "it")
        if "^" in verb:
            head, _, tail = (x.strip() for x in verb.partition("^"))
            last = tail in _PARTICLES and dice.chance(0.35)
            verb = _join(head, tail, what) if last else _join(head, what, tail)
        else:
            verb = f"{verb} {what}"
    verb = _direction(_owned(_sided(verb, told.side), who), who, dice)
    if _long(item.text) or (form != "base" and dice.chance(0.25)):
        return _join(_degree(told, item, "verb", who, many, dice), verb)
    return _join(verb, _degree(told, item, "after", who, many, dice))


def _tail(told: Told, who: Person, dice: Dice) -> str:
    assert told.entry is not None
    some = told.entry.at[told.level - 1]["tail"]
    if not some or not dice.chance(0.25):
        return ""
    tail = dice.pick(some).text
    return "" if "~" in tail and who.owner == "the" else _owned(tail, who)


def clause(told: Told, who: Person, dice: Dice, *, subject: str = "") -> str:
    """A clause with a verb: "she raises her brows", "her brows are up", "she has a faint smile".

    subject: what the person is called in it; the pronoun unless given. Of nobody only parts act.
    """
    if told.entry is None:
        return told.text
    names = ("go", "be") if who is NOBODY else ("say", "say", "do", "do", "go", "be", "noun", "adj")
    fields, got = _fields(told, *names)
    if not fields:
        return f"there is {name(told, who, dice)}"
    field = dice.pick(fields)
    if field in ("go", "be"):
        return _join(_moves(told, field, dice.pick(got[field]), who, dice), _tail(told, who, dice))
    subject = subject or who.pronoun
    many = who.many and subject == who.pronoun
    if field in ("noun", "adj"):
        has = "have" if many else "has"
        if subject == who.pronoun and dice.chance(0.2):
            return (
                f"{subject}'ve got {name(told, who, dice)}"
                if many
                else (f"{subject}'s got {name(told, who, dice)}")
            )
        return f"{subject} {has} {name(told, who, dice)}"
    item = dice.pick(got[field])
    if dice.chance(0.25):
        going = _acts(told, field, item, who, dice, "ing")
        is_ = ("'re" if many else "'s") if subject == who.pronoun else " is"
        is_ = (" are" if many else " is") if dice.chance(0.5) else is_
        return _join(f"{subject}{is_} {going}", _tail(told, who, dice))
    act = _acts(told, field, item, who, dice, "base" if many else "third")
    return _join(subject, act, _tail(told, who, dice))


def _moves(told: Told, field: str, item: Item, who: Person, dice: Dice) -> str:
    assert told.entry is not None
    place = dice.pick(told.entry.parts)
    many, what = _many(told, place), _part(told, place, who, dice)
    text = _direction(_owned(item.text, who), who, dice)
    if field == "go":
        verb = base(text) if many else third(text)
        if _long(item.text) or dice.chance(0.3):
            return _join(what, _degree(told, item, "verb", who, many, dice), verb)
        return _join(what, verb, _degree(told, item, "after", who, many, dice))
    is_ = "are" if many else "is"
    return f"{what} {is_} {_graded(told, item, text, who, many, dice)}"


def _graded(told: Told, item: Item, text: str, who: Person, many: bool, dice: Dice) -> str:
    """How a part is, with its strength before or after it."""
    loose = item.text in _PLACES and told.level > 2
    if not loose and (_long(item.text) or dice.chance(0.5)):
        return _join(_degree(told, item, "before", who, many, dice), text)
    return _join(text, _degree(told, item, "after", who, many, dice))


def name(told: Told, who: Person, dice: Dice) -> str:
    """What a person may have: "a faint smile", "slightly raised brows", "her left brow raised"."""
    if told.entry is None:
        return told.text
    fields, got = _fields(told, "noun", "noun", "adj")
    if not fields:
        return state(told, who, dice)
    field = dice.pick(fields)
    item = dice.pick(got[field])
    if field == "adj":
        return _with_adjective(told, item, who, dice)
    text = _direction(_owned(_sided(item.text, told.side), who), who, dice)
    if item.graded:
        return article(text)
    frame = _degree(told, item, "noun", who, False, dice)
    text = frame.replace("#", text)
    return article(text[2:]) if text.startswith("a ") else text


def _with_adjective(told: Told, item: Item, who: Person, dice: Dice) -> str:
    assert told.entry is not None
    place = dice.pick(told.entry.named)
    many = _many(told, place)
    what = _part(told, place, who, dice, bare=True)
    how = _join(_degree(told, item, "adj", who, many, dice), item.text)
    if what.startswith("both "):
        return f"both {what[5:]} {how}"
    text = f"{how} {_sided(what, told.side)}"
    return text if many else article(text)


def state(told: Told, who: Person, dice: Dice) -> str:
    """What may stand after "with": "her inner brows slightly raised"."""
    if told.entry is None:
        return told.text
    fields, got = _fields(told, "be")
    if not fields:
        return name(told, who, dice) if _fields(told, "noun", "adj")[0] else doing(told, who, dice)
    item = dice.pick(got["be"])
    place = dice.pick(told.entry.parts)
    many, what = _many(told, place), _part(told, place, who, dice)
    text = _direction(_owned(item.text, who), who, dice)
    return f"{what} {_graded(told, item, text, who, many, dice)}"


def doing(told: Told, who: Person, dice: Dice) -> str:
    """What may follow a clause: "raising her brows slightly"."""
    if told.entry is None:
        return told.text
    fields, got = _fields(told, "say", "say", "do")
    if not fields:
        return name(told, who, dice)
    field = dice.pick(fields)
    return _acts(told, field, dice.pick(got[field]), who, dice, "ing")


def order(told: Told, who: Person, dice: Dice) -> str:
    """What somebody is told to do: "raise your left brow a little"."""
    if told.entry is None:
        return told.text
    fields, got = _fields(told, "say", "do", "do")
    if not fields:
        return name(told, who, dice)
    field = dice.pick(fields)
    return _acts(told, field, dice.pick(got[field]), who, dice, "base")


def tag(told: Told, dice: Dice) -> str:
    """A few words of a list: "brows up a bit", "slight smile", "squinting"."""
    if told.entry is None:
        return told.text
    fields, got = _fields(told, "be", "be", "adj", "noun", "noun", "say")
    field = dice.pick(fields) if fields else "say"
    if not fields:
        return doing(told, NOBODY, dice)
    item = dice.pick(got[field])
    if field == "say":
        return _acts(told, field, item, NOBODY, dice, "ing")
    if field in ("adj", "noun"):
        return _without_article(name(told, NOBODY, dice))
    assert told.entry is not None
    place = dice.pick(told.entry.parts)
    what = _part(told, place, NOBODY, dice, bare=True)
    text = _direction(_owned(item.text, NOBODY), NOBODY, dice)
    return f"{what} {_graded(told, item, text, NOBODY, _many(told, place), dice)}"


def _without_article(text: str) -> str:
    for mark in ("a ", "an ", "the "):
        if text.startswith(mark):
            return text[len(mark) :]
    return text
