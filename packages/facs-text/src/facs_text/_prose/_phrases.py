"""Noun phrases of a clause: parts of the face, with their owners, sides and prepositions."""

from __future__ import annotations

from facs_text._prose._codes import actions_of
from facs_text._prose._found import BY, Motion, Part
from facs_text._prose._joins import Scanning, join, move
from facs_text._prose._words import Word, lexicon

__all__ = ["article_word", "face_part", "gaze_word", "light_verb", "owner_word", "person_word",
           "preposition", "side_word", "thing_word", "unknown_word"]  # fmt: skip

# A single part of two is one of them after these words.
_ONE = {
    "brow": ("indef",), "eyebrow": ("indef", "owner"), "lid": ("indef",), "cheek": ("indef",),
    "eye": ("indef", "def", "owner"), "corner": ("indef", "def", "owner"),
    "bare corner": ("indef", "def", "owner"),
}  # fmt: skip
_SHOWS = ("show", "visibl", "seen", "evident", "reveal", "display", "expos")
_SHOWN = frozenset(("teeth", "tongue", "gum"))
_NEAR = frozenset(("above", "below", "over", "under", "beside", "beneath"))
_ADDED = ("ly", "ed", "ing", "s")
_LIPS = {"upper lip": "top", "lower lip": "bottom"}


def article_word(here: Scanning, n: int, word: Word) -> None:
    here.det = n


def owner_word(here: Scanning, n: int, word: Word) -> None:
    here.det, here.owner = n, word


def person_word(here: Scanning, n: int, word: Word) -> None:
    if word.owner:
        here.det, here.owner = n, word
        return
    here.close()
    after = here.words[n + 1] if n + 1 < len(here.words) else None
    if after is not None and after.kind in ("motion", "light") and after.form == "ing":
        here.out.foreign = False  # "a white photo of a boy sticking out his tongue"


def side_word(here: Scanning, n: int, word: Word) -> None:
    if word.how == "adj" or word.value in ("both", "one", "unequal"):
        here.side = word.value


def preposition(here: Scanning, n: int, word: Word) -> None:
    here.det = -1
    before = here.words[n - 1].low if n else ""
    if word.low == "of" and before.endswith(" out"):
        here.prep = n  # "sticking out of the corner"
        return
    inside = word.low in ("in", "on") and before.startswith(("muscle", "skin"))
    if word.low != "of" and not inside:
        here.prep = n  # but "the muscles in his jaw" are the jaw


def thing_word(here: Scanning, n: int, word: Word) -> None:
    """ "For this shot the eyes are closed": what hangs on the preposition ends here."""
    here.prep = here.det = -1


def light_verb(here: Scanning, n: int, word: Word) -> None:
    here.close()
    shows = word.low.startswith(_SHOWS)
    if shows and any(w.kind == "part" and w.value in _SHOWN for w in here.words):
        move(here, Motion("show", word, n))


def unknown_word(here: Scanning, n: int, word: Word) -> None:
    here.out.unknown.add(n)
    if word.low.endswith("ly"):
        return
    verb = here.verb
    if here.prep >= 0:
        if _noun_ends(here, n):
            if verb is not None and not verb.used and here.prep < verb.place == n - 1:
                verb.foreign = True  # "behind the raised newspaper"
            here.prep = here.det = -1
        return
    if verb is not None and not verb.used and not verb.weak and here.det > verb.place:
        if _noun_ends(here, n):
            verb.foreign = True  # "raised a hand"
    elif not here.subject and (verb is None or verb.used):
        here.out.foreign = _noun_ends(here, n) and not _does_with_its_own(here, n)
    if _noun_ends(here, n):
        here.det = -1


def _beside_something(here: Scanning, part: Part) -> bool:
    after = here.words[part.place + 1 : part.place + 3]
    return len(after) == 2 and after[0].low in _NEAR and after[1].low in ("it", "them", "that")


def _does_with_its_own(here: Scanning, n: int) -> bool:
    """ "The wolf opened his mouth": something unknown that has a face."""
    has = n + 1 < len(here.words) and here.words[n + 1].low in ("had", "has", "have")
    named = n == 0 and not here.words[n].plural  # "anna is raising", typed without a capital
    passed = ("level", "side", "skip", "aux") if named else ()
    after = [
        w for w in here.words[n + 1 : n + 8]
        if w.low not in ("had", "has", "have") and w.kind not in passed
    ][:5]  # fmt: skip
    forms = ("s", "ed", "ing") if named else ("s", "ed")
    moves = (
        here.owner is None
        and bool(after)
        and after[0].kind in ("motion", "light", "act", "gaze" if named else "light")
        and after[0].form in forms
    )
    owns = any(w.kind == "owner" and w.value in ("m", "f", "t") for w in after[1:])
    face = named and has and any(w.kind == "part" for w in after[:3])
    face = face or (named and moves and any(w.kind == "part" for w in after[1:4]))
    return face or (moves and (owns or _a_part(after[1:3])))


def _a_part(words: list[Word]) -> bool:
    """ "An eyebrow", "one corner of the mouth": nobody lifts somebody else's."""
    first = words[0] if len(words) == 2 else None
    indef = first is not None and (first.value == "indef" or first.low in ("one", "both"))
    return indef and words[1].kind == "part"


def _noun_ends(here: Scanning, n: int) -> bool:
    """Whether no part or act follows that the unknown word at n may describe."""
    after = here.words[n + 1] if n + 1 < len(here.words) else None
    if after is not None and after.kind == "unknown" and not after.low.endswith(_ADDED):
        return False  # "on neurological exam"
    for m, word in enumerate(here.words[n + 1 : n + 4], n + 1):
        if word.kind in ("article", "owner", "prep", "mark"):
            return True
        behind = here.words[m + 1].low if m + 1 < len(here.words) else ""
        if word.kind == "motion" and word.form == "ing" and behind == "of":
            return False  # "a contemptuous tightening of the lip corner"
        if word.kind in ("part", "act", "noun", "muscle", "code", "person"):
            return False
        if word.kind not in ("unknown", "level", "side", "motion"):
            return True
    return True


def face_part(here: Scanning, n: int, word: Word) -> None:
    if _compound(here, n):
        here.out.unknown.add(n)
        here.close()
        return
    value, side = word.value, here.side
    of = n - 1
    while of > 0 and here.words[of].kind in ("article", "owner", "side"):
        of -= 1
    if of > 0 and here.words[of].low == "of" and _chained(here, value, side):
        here.close()
        return
    part = Part(value, side or _one_of_two(here, word), word, n, here.owner)
    part.apart = here.prep >= 0
    if value == "bare corner":
        part.value = _corner(here, n)
    elif value in ("inner end", "outer end"):
        part.value = _end(here, value)
    _meet(here, part)
    here.close()


def _compound(here: Scanning, n: int) -> bool:
    """ "Brow pencil": the part only says what kind of thing it is."""
    after = here.words[n + 1] if n + 1 < len(here.words) else None
    return (
        after is not None
        and after.kind == "unknown"
        and not here.words[n].plural
        and not here.words[n].owner
        and not after.low.endswith(("ed", "ing", "s", "ly", "y"))
    )


def _chained(here: Scanning, value: str, side: str) -> bool:
    """Join "corner" with the part that it is the corner of, "ptosis" with its lid."""
    named = here.out.targets[-1] if here.out.targets else None
    if named is not None and named.name and not named.code and not here.subject:
        named.side = named.side or side
        return True
    lids = ("lid", "upper lid", "lower lid")
    if here.out.parts and here.out.parts[-1].value in lids and value == "eye":
        head = here.out.parts[-1]  # "the upper lid of the left eye"
        head.side = head.side or side
        for target in here.out.targets:
            if target.part == head.value and head.place in (target.first, target.last):
                target.side = target.side or side  # "raises the upper lid of the left eye"
        return True
    if not here.out.parts or here.out.parts[-1].value not in (
        "corner",
        "brow corner",
        "eye corner",
    ):
        return False
    head = here.out.parts[-1]
    joined = {
        "upper lip": value,
        "lower lip": value,
        "eye": "eye corner",
        "brow": "brow corner",
        "lid": "eye corner",
    }.get(value, "corner")
    head.value = joined
    head.side = head.side if head.side and not side else side or head.side
    return True


def _corner(here: Scanning, n: int) -> str:
    whole = {p.value for p in here.subject}
    if whole & {"eye", "lid", "lower lid", "upper lid"}:
        return "eye corner"
    if here.prep >= 0 and here.words[here.prep].low not in ("at", "on"):
        return "some corner"
    return "brow corner" if "brow" in whole else "corner"


def _end(here: Scanning, value: str) -> str:
    """Of what "the inner end" is, by the part that the clause is about."""
    whole = {p.value for p in [*here.subject, *here.out.parts]}
    if "brow" in whole:
        return "inner brow" if value == "inner end" else "outer brow"
    return "eye corner" if whole & {"eye", "lid"} else "some corner"


def _one_of_two(here: Scanning, word: Word) -> str:
    """ "one?" for one of two: "an eyebrow", "the corner of her mouth"."""
    if word.plural or here.det < 0:
        verb = here.verb if word.low == "eyebrow" else None
        raises = verb is not None and not verb.used and verb.word.form in ("s", "ing")
        return "one?" if raises else ""  # "raises eyebrow"
    det = here.words[here.det]
    kind = det.value if det.kind == "article" else "owner"
    key = "eyebrow" if "eyebrow" in word.low else word.value
    moved = any(w.kind == "motion" for w in here.words[here.det + 1 : here.det + 3])
    if key == "eyebrow" and kind == "def" and moved and word is not here.words[here.det + 1]:
        return "one?"  # "the raised eyebrow"
    return "one?" if kind in _ONE.get(key, ()) else ""


def _meet(here: Scanning, part: Part) -> None:
    """Join a part with the motion before it, or let it wait for one."""
    here.out.parts.append(part)
    verb = here.verb
    if _beside_something(here, part):
        part.side, part.used = "?", True  # "the brow above it": on which side, is not said here
        return
    if part.apart:
        if (
            verb is not None
            and not verb.foreign
            and (verb.place > here.prep or _noun_on(here, verb, part))
        ):
            join(here, part, verb)
        elif part.value in _LIPS and here.out.targets and here.out.targets[-1].name:
            here.out.targets[-1].side = _LIPS[part.value]  # "a bite on the lower lip"
        elif part.side == "one" and here.words[here.prep].low == "from":
            part.used = True  # "a smile spread from one corner to the other"
        elif part.side in ("left", "right", "one") and here.out.targets:
            last = here.out.targets[-1]  # "droops over the right eye"
            last.side = last.side or part.side
        elif part.value in ("inner brow", "outer brow"):
            _at_end(here, part)
        elif part.value in ("corner", "eye corner") and here.words[here.prep].low in (
            "at",
            "on",
        ):
            _at_corners(here, part)
        if part.value == "some corner" or not part.used:
            part.used = part.value == "some corner"
        return
    act = here.out.targets[-1] if here.out.targets else None
    if (
        act is not None
        and not (act.motion or act.name or here.subject)
        and part.place - act.last < 4
        and act.actions[0].code in BY.get(part.value, ())
    ):
        act.side = act.side or part.side  # "squint right eye"
        part.used = True
        return
    if verb is not None and not verb.foreign and (not verb.used or here.out.verb_first):
        if not here.out.targets or not here.subject:
            here.out.verb_first = here.out.verb_first or not here.subject
        if join(here, part, verb):
            return
    if (
        act is not None
        and act.code
        and not act.side
        and part.side in ("left", "right")
        and part.place - act.last < 3
        and act.actions[0].code in BY.get(part.value, ())
    ):
        act.side = part.side  # "AU46 left eye"
        part.used = True
        return
    if here.subject and here.subject[0].value in ("tongue", "teeth"):
        for target in here.out.targets:  # "the tongue pokes the cheek" is not the tongue shown
            target.blocked = target.blocked or target.part == here.subject[0].value
    told = verb is not None and verb.used and not verb.weak and verb.place < part.place
    if told and all(p.used for p in here.subject):
        here.subject = []  # "the lips are puckered the left eye narrows": one has ended
    here.subject = [*here.subject[-3:], part]


def _noun_on(here: Scanning, verb: Motion, part: Part) -> bool:
    """ "Wrinkles on the nose", "tension in the jaw", "a dimple by the lip corner"."""
    prep = here.words[here.prep].low
    near = prep == "around" and verb.value == "tighten"  # around the mouth: of what, is not said
    return (
        (
            verb.value in ("wrinkle", "tighten", "knit")
            or (verb.value == "dimple" and (part.value == "corner" or _half_of_mouth(part)))
        )
        and not (verb.used or here.subject or near)
        and prep in ("on", "in", "across", "along", "around", "to", "at", "beside", "by")
    )


def _half_of_mouth(part: Part) -> bool:
    return part.value == "mouth" and part.side in ("left", "right", "one")


def _at_end(here: Scanning, part: Part) -> None:
    """ "The brows rise in the middle": only that end of them does."""
    for target in here.out.targets:
        if target.part == "brow" and [a.code for a in target.actions] == ["1", "2"]:
            target.actions = actions_of("1" if part.value == "inner brow" else "2")
    part.used = True


def _at_corners(here: Scanning, part: Part) -> None:
    """ "The lips curl up at the corners": the corners do it, not the lips."""
    for motion in here.out.motions:
        key = f"{part.value}|{motion.value}"
        if key in lexicon()["table"] and not motion.foreign:
            here.out.targets = [t for t in here.out.targets if t.motion != motion.value]
            for other in motion.parts:
                other.used = True
            join(here, part, motion)
    part.used = part.used or part.value == "eye corner"


def gaze_word(here: Scanning, n: int, word: Word) -> None:
    after = here.words[n + 1 : n + 3]
    if len(after) == 2 and after[0].kind in ("pronoun", "person") and after[1].low == "down":
        here.out.unknown.add(n)  # "stares him down" says nothing of where the eyes go
        here.taken.update((n + 1, n + 2))
        word.kind = after[1].kind = "unknown"
        return
    part = Part("gaze", "", word, n, used=True)
    here.out.parts.append(part)
    verb = here.verb
    here.subject, here.verb = [part], None
    if verb is not None and verb.weak and verb.place == n - 1 and not verb.used:
        join(here, part, verb)  # "an upward glance"
    here.close()
