"""One clause to what it says: parts of the face joined with what they do.

A motion belongs to the parts before it ("the brows are raised") or, where there are none, to the
part after it ("raises the brows", "raised brows"). What stands after a preposition is a place:
only a word of its own ("over *narrowed* eyes") moves it.
"""

from __future__ import annotations

from collections.abc import Callable

from facs_text._prose._clauses import Clause
from facs_text._prose._codes import actions_of
from facs_text._prose._found import BY, Motion, Part, Scan, Target
from facs_text._prose._joins import Scanning, adds_how_much, effective, move
from facs_text._prose._phrases import (
    article_word,
    face_part,
    gaze_word,
    light_verb,
    owner_word,
    person_word,
    preposition,
    side_word,
    thing_word,
    unknown_word,
)
from facs_text._prose._tongue import tongue
from facs_text._prose._words import Word, lexicon
from facs_text._units import unit

__all__ = ["scan"]

_INTO = frozenset(("during", "with", "into", "through", "by", "in", "behind"))
_THINGS = frozenset(("purse", "knot", "clamp", "seal", "screw"))
_HANGING = {"jaw": "26", "corner": "15"}
_VERBAL = ("s", "ed", "ing", "ly")
_PLACES = frozenset(("at", "in", "on", "behind", "near", "beside", "next to", "from"))
_GROWN = frozenset(("deeper", "more pronounced", "more marked", "more prominent"))
# Parts that stand before the name of what they do: "lid ptosis", but not "brow ptosis".
_REGIONS = {
    "eye": "eyes", "lid": "eyes", "upper lid": "eyes", "lower lid": "eyes", "cheek": "cheeks",
    "nose": "nose", "lip": "lips", "upper lip": "lips", "lower lip": "lips", "corner": "lips",
    "mouth": "lips", "jaw": "jaw", "chin": "chin", "brow": "brows",
}  # fmt: skip
# Ends of unknown words that make another noun of a name: "frontalis function", "smile strength".
_OF_A_NOUN = (
    "tion", "ity", "ment", "ness", "sis", "asm", "ance", "ence", "tone", "power", "reflex", "lag",
    "strength", "attempt", "deficit", "test", "palsy", "loss", "injury",
)  # fmt: skip


def _motion(here: Scanning, n: int, word: Word) -> None:
    if word.low in _THINGS and any(w.value == "indef" for w in here.words[max(0, n - 3) : n]):
        here.out.unknown.add(n)
        word.kind = "unknown"
        return  # "her mouth was a closed purse"
    behind = here.words[n + 1].low if n + 1 < len(here.words) else ""
    if word.low == "opening" and n and here.words[n - 1].kind == "article" and behind != "of":
        here.out.unknown.add(n)
        word.kind = "unknown"
        return  # "the opening is small"
    value, taken = effective(here, n, word)
    here.taken |= taken
    ahead = here.verb
    if ahead is not None and ahead.weak and n - ahead.place < 4 and value == word.value:
        whole = lexicon()["phrasal"].get(f"{value}|{ahead.value}")
        if whole is not None:  # "a backward head toss"
            here.out.targets = [t for t in here.out.targets if t.motion != ahead.value]
            value = whole
    move(here, Motion(value, word, n))


def _direction(here: Scanning, n: int, word: Word) -> None:
    if word.low == "in" and not _last_of_phrase(here, n):
        preposition(here, n, word)
        return
    before = here.out.targets[-1] if here.out.targets else None
    if (
        before is not None
        and before.last == n - 1
        and before.actions[0].code == "7"
        and not before.motion
        and word.value in ("raise", "lower")
    ):
        code = "63" if word.value == "raise" else "64"  # "squints up at"
        here.out.targets.append(Target(actions_of(code), n, n))
        return
    move(here, Motion(word.value, word, n, weak=True))


def _wide(here: Scanning, n: int, word: Word) -> None:
    near = here.words[max(0, n - 4) : n + 4]
    if any(w.kind == "part" and w.value in ("eye", "lid", "upper lid", "nostril") for w in near):
        eyes = any(w.kind == "part" and w.value == "eye" for w in near)
        move(here, Motion("widen", word, n))
        if eyes:
            here.taken.update(
                m for m in range(max(0, n - 2), min(n + 3, len(here.words)))
                if here.words[m].kind == "motion" and here.words[m].value == "open"
            )  # fmt: skip

    elif not any(w.kind in ("part", "act", "noun", "gaze", "code") for w in here.words):
        move(here, Motion("widen", word, n))  # "eyes: wide open"


def _last_of_phrase(here: Scanning, n: int) -> bool:
    after = here.words[n + 1] if n + 1 < len(here.words) else None
    if after is not None and adds_how_much(here.words, n + 1):
        return True  # "in a tiny bit"
    return after is None or after.kind in ("mark", "level", "prep")


def _code(here: Scanning, n: int, word: Word) -> None:
    if word.how in ("absent", "nothing"):
        return
    target = Target(word.actions, n, n, here.side, name=True, code=True, whole=True)
    here.out.targets.append(target)


def _noun(here: Scanning, n: int, word: Word) -> None:
    owner = here.subject[-1] if here.subject else None
    target = Target(
        actions_of(word.value), n, n, here.side, name=True, owner=here.owner, whole=True
    )
    if owner is not None and owner.place == n - 1 and not owner.used:
        target.side = target.side or owner.side  # "right upper lid ptosis"
        owner.used = True
        target.blocked = unit(target.actions[0].code).region != _REGIONS.get(owner.value, "")
    after = here.words[n + 1] if n + 1 < len(here.words) else None
    if after is not None and after.kind == "unknown":
        of_it = word.kind == "muscle" and not after.low.endswith(_VERBAL)
        if of_it or after.low.endswith(_OF_A_NOUN):
            target.blocked = True  # "frontalis function", "masseter hypertrophy"
    here.out.targets.append(target)
    here.close()


def _act(here: Scanning, n: int, word: Word) -> None:
    if word.value == "81" and any(
        w.kind == "part" and "lip" in w.value for w in here.words[n + 1 : n + 4]
    ):
        move(here, Motion("bite", word, n))  # "chews his lip"
        return
    if word.value == "81" and any(
        w.kind == "part" and w.value in ("cheek", "tongue") for w in here.words[n + 1 : n + 7]
    ):
        here.out.unknown.add(n)  # "chews the inside of his cheek"
        word.kind = "unknown"
        return
    after = here.words[n + 1] if n + 1 < len(here.words) else None
    if word.low == "spoken" and after is not None and after.low in ("to", "of"):
        here.out.unknown.add(n)
        return  # "when spoken to"
    if word.value == "34" and after is not None and after.low == "out":
        here.taken.add(n + 1)  # "cheeks puffed out"
    named = _is_name(here, n, word)
    if word.value == "4" and any(t.actions[0].code == "15" for t in here.out.targets):
        return  # "the mouth turns down in a frown"
    target = Target(actions_of(word.value), n, n, here.side, name=named, owner=here.owner)
    target.whole = True
    if here.subject and not named:  # "the right eye winks", but "his eyes smiled"
        doer = here.subject[-1]
        if target.actions[0].code in BY.get(doer.value, ()):
            target.side = target.side or doer.side
        else:
            target.blocked = doer.value != "gaze" and not doer.used
        doer.used = True
    if named and here.subject and here.prep >= 0 and here.words[here.prep].low == "into":
        doer = here.subject[-1]  # "curls the left side of the mouth into a smile"
        if target.actions[0].code in BY.get(doer.value, ()):
            target.side = target.side or doer.side.replace("?", "")
    if named:
        start = _phrase_start(here, n)
        before = here.words[start - 1] if start else None
        if before is not None and before.kind == "unknown" and not before.low.endswith("ly"):
            target.blocked = here.det >= 0
        if here.prep >= 0 and here.words[here.prep].low not in _INTO:
            target.blocked = True
    after = here.words[n + 1] if n + 1 < len(here.words) else None
    if (
        named
        and after is not None
        and (after.kind == "calm" or (after.kind == "unknown" and not after.low.endswith("ly")))
    ):
        target.blocked = True
    led = here.words[0].kind == "sub" and not named and n > 1
    if led and all(w.kind in ("article", "unknown") for w in here.words[1:n]):
        target.blocked = True  # "raises her brows when a peer talks"
    _turns_into(here, target)
    here.out.targets.append(target)
    here.close()


def _turns_into(here: Scanning, target: Target) -> None:
    """ "His frown turned into a smile": the frown is over."""
    if here.prep < 0 or here.words[here.prep].low not in ("into", "to"):
        return
    here.out.targets = [
        t for t in here.out.targets if t.motion or t.actions == target.actions or t.code
    ]


def _is_name(here: Scanning, n: int, word: Word) -> bool:
    if word.form in ("ed", "ing") or _finite(here, n, word) or _told_to(here, n, word):
        return False
    return (
        here.det >= 0
        or (n > 0 and here.words[n - 1].kind in ("level", "neg", "side"))
        or (here.prep >= 0)
    )


def _told_to(here: Scanning, n: int, word: Word) -> bool:
    """ "Slightly squint your right eye": an adverb and what it is done with."""
    after = here.words[n + 1] if n + 1 < len(here.words) else None
    before = here.words[n - 1] if n else None
    adverb = before is not None and before.kind == "level" and before.low.endswith("ly")
    return adverb and word.form == "base" and after is not None and after.kind in ("owner", "side")


def _finite(here: Scanning, n: int, word: Word) -> bool:
    """ "The woman at the counter speaks", "the trader squints one eye", not "toothy smiles"."""
    after = here.words[n + 1] if n + 1 < len(here.words) else None
    acts = n > 0 and here.words[n - 1].kind == "unknown" and word.form == "s"
    if acts and after is not None and after.kind in ("owner", "side", "part", "direction"):
        return True
    if word.form != "s" or here.prep < 0 or here.words[here.prep].low not in _PLACES:
        return False
    return here.words[n - 1].kind in ("unknown", "viewer", "person") and n - here.prep > 1


def _phrase_start(here: Scanning, n: int) -> int:
    start = n
    while (
        start
        and here.words[start - 1].kind in ("level", "side", "unknown")
        and here.det < start - 1
    ):
        start -= 1
    return here.det if 0 <= here.det < n else start


_STEPS: dict[str, Callable[[Scanning, int, Word], None]] = {
    "article": article_word, "owner": owner_word, "person": person_word,
    "side": side_word, "prep": preposition, "viewer": thing_word, "aux": light_verb,
    "light": light_verb, "present": light_verb, "unknown": unknown_word,
    "part": face_part, "gaze": gaze_word, "motion": _motion,
    "direction": _direction, "wide": _wide, "code": _code,
    "noun": _noun, "muscle": _noun, "act": _act,
}  # fmt: skip


def _stands_high(part: Part) -> bool:
    """Whether "high" and "low" say where a part is held: "brows high", "cheeks high"."""
    plural = part.word.plural and part.value in ("cheek", "lid", "upper lid")
    return plural or part.value.endswith("brow")


def scan(clause: Clause) -> Scan:
    """What a clause says, before its scope is looked at."""
    here = Scanning(clause.words)
    for n, word in enumerate(here.words):
        if n in here.taken:
            continue
        step = _STEPS.get(word.kind)
        if step is not None:
            step(here, n, word)
    if not here.out.motions and here.subject and _stands_high(here.subject[0]):
        for low, value in (("high", "raise"), ("low", "lower")):
            at = next((n for n, w in enumerate(here.words) if w.low == low), -1)
            if at > here.subject[0].place and not here.out.unknown:  # "brows high"
                move(here, Motion(value, here.words[at], at))
                here.words[at].kind = "skip"
    jaw = not (here.out.motions or here.out.targets) and bool(here.subject)
    if jaw and here.subject[0].value in _HANGING:
        hung = next((n for n, w in enumerate(here.words) if w.low.startswith(("hang", "hung"))), -1)
        if hung >= 0:
            hangs = here.subject[0]  # "jaw hanging", "the corner hangs a little"
            side = hangs.side.replace("?", "")
            codes = actions_of(_HANGING[hangs.value])
            here.out.targets.append(Target(codes, hangs.place, hung, side, owner=hangs.owner))
            hangs.used = True
    tight = next((n for n, w in enumerate(here.words) if w.low == "tight"), -1)
    alone = not (here.out.motions or here.out.targets or here.out.unknown)
    if (
        alone
        and here.subject
        and tight > here.subject[0].place
        and here.words[tight].kind == "level"
    ):
        here.words[tight].kind, here.words[tight].value = "motion", "tighten"  # "jaw tight"
        move(here, Motion("tighten", here.words[tight], tight))
    _by_itself(here)
    tongue(here.words, here.out)
    return here.out


def _by_itself(here: Scanning) -> None:
    """ "The smile lines are more pronounced", "a clear pucker": what needs no verb, or no part."""
    words = here.words
    if here.out.targets or not all(words[n].low.endswith("ly") for n in here.out.unknown):
        return
    furrow = here.subject[0] if here.subject else None
    if furrow is not None and furrow.value == "furrow" and not here.out.motions:
        grown = next((n for n, w in enumerate(words) if w.low in _GROWN), -1)
        if grown > furrow.place and not any(w.kind in ("neg", "side") for w in words[grown:]):
            words[grown].kind = "motion"
            move(here, Motion("deepen", words[grown], grown))
    named = here.out.motions[0] if len(here.out.motions) == 1 else None
    if named is not None and named.word.low == "pucker" and not here.out.parts:
        before = words[named.place - 1].kind if named.place else ""
        ends = named.place + 1 == len(words) or words[named.place + 1].kind in ("mark", "prep")
        if ends and before in ("article", "level", "skip"):
            named.used = True
            target = Target(actions_of("18"), named.place, named.place, name=True)
            here.out.targets.append(target)
