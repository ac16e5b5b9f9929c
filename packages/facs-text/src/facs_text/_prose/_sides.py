"""What "left" and "right" are: a side of the face, a direction, a place in the picture, a verb.

Sides are the person's own. The viewer's left, the left of the picture and the camera's left are
the person's right. "The man on the left" says where a person stands, "she left" that she went.
"""

from __future__ import annotations

from collections.abc import Collection

from facs_text._prose._words import Word

__all__ = ["settle_sides"]

_OTHER = {"left": "right", "right": "left"}
_LETTERS = {"L": "left", "R": "right"}
_NOUN_BEFORE = frozenset(("article", "owner", "prep", "viewer", "gaze", "motion", "conj", "other"))
_HALVES = frozenset(("face", "lower face", "upper face", "hemiface", "midface"))
_WHOLE = frozenset(("face", "body"))
_PICTURES = frozenset(("image", "picture", "photo", "photograph", "panel", "portrait", "frame"))
_LOOKS_AT = frozenset(("perspective", "point", "view", "side", "vantage", "of", "point of view"))
_VIEWERS = frozenset(("viewer", "camera", "onlooker", "observer", "beholder", "audience"))
_FAR = frozenset(("far", "extreme", "very", "front", "back", "near", "bottom", "top"))
_POINTS = frozenset(("to", "toward", "towards", "into"))


def settle_sides(words: list[Word]) -> list[Word]:
    """The words with every side settled, and the words that only served to say it left out."""
    drop: set[int] = set()
    for n, word in enumerate(words):
        if word.text in _LETTERS and _is_side_letter(words, n):
            word.kind = "side"
            word.value = word.low = _LETTERS[word.text]  # "only on R", "L brow"
        after = words[n + 1] if n + 1 < len(words) else None
        does = after is not None and after.kind in ("act", "gaze") and after.form != "base"
        if word.low == "one" and _one_of_them(words, n):
            word.kind, word.value = "person", "role"
        elif word.low == "one" and does and n and words[n - 1].value == "other":
            word.kind, word.value = "other", word.low  # "the other one smiles"
        elif word.low == "one" and does:
            word.kind, word.value = "pronoun", "t"  # "one smiles, the other frowns"
        if word.low == "half" and _of_a_whole(words, n):
            word.kind, word.value, word.how = "side", "one", "adj"  # "half his mouth smiled"
        if word.low == "both" and _both_of_them(words, n):
            word.kind, word.value = "pronoun", "t"  # "both are smiling"
        if word.low == "one" and (_named_one(words, n) or _one_who_stands(words, n)):
            word.kind, word.value = "other", word.low
        if word.kind != "side" or word.value not in _OTHER:
            continue
        if _is_hand(word, after):
            word.kind, word.value = "unknown", word.low  # "her left hand", "the right-handed boy"
            continue
        if _and_the_other(words, n):
            drop.update((n, n + 1, n + 2))  # "the left and the right brow"
            words[n + 3].value, words[n + 3].how = "both", "adj"
            continue
        if after is not None and _who_stands(words, n + 1):
            word.kind, word.how = "place", ""  # "the left-hand suspect"
            continue
        if after is not None and after.kind == "viewer" and after.low in _PICTURES:
            after.kind, after.value, after.low = "person", "name", f"{word.low} {after.low}"
            drop.add(n)  # "left image: brows raised"
            continue
        if _is_verb(words, n):
            word.kind, word.value = "light", "leave"
        elif word.low == "right" and _just_then(words, n):
            word.kind, word.value = "skip", "right"
        else:
            _settle(words, n, drop)
    return [w for n, w in enumerate(words) if n not in drop]


def _and_the_other(words: list[Word], n: int) -> bool:
    """ "Left and the right" before a part, but not behind "to the"."""
    lead = words[n - 2 : n] if n > 1 else words[:n]
    if any(w.kind == "prep" for w in lead):
        return False
    after = words[n + 1 : n + 5]
    if len(after) < 4 or after[0].low != "and" or after[1].kind not in ("article", "owner"):
        return False
    return after[2].value == _OTHER[words[n].value] and after[3].kind == "part"


def _of_a_whole(words: list[Word], n: int) -> bool:
    """ "Half his mouth", "half of the face": one side of it."""
    after = [w for w in words[n + 1 : n + 4] if w.low != "of"]
    if len(after) < 2 or after[0].kind not in ("article", "owner"):
        return False
    return after[1].value == "mouth" or after[1].low == "face"


def _is_side_letter(words: list[Word], n: int) -> bool:
    """Whether a capital L or R stands as a side does: behind "on", before or behind a part."""
    before = words[n - 1] if n else words[n]
    after = words[n + 1] if n + 1 < len(words) else None
    of = ("part", "noun", "act", "muscle", "code")
    bracketed = n > 1 and after is not None and (before.low, after.low) == ("(", ")")
    if bracketed and words[n - 2].kind in (*of, "motion", "direction"):
        return True  # "brow raised (L)"
    if after is not None and (after.kind in of or after.low in ("side", "and")):
        return True
    return before.low in ("on", "only") or before.kind in of[:4]


def _both_of_them(words: list[Word], n: int) -> bool:
    """Whether "both" at the head of a sentence is two persons: "both smile"."""
    if n and words[n - 1].low not in (".", "!", "?", ";", "\n"):
        return False
    after = words[n + 1 : n + 3]
    if after and after[0].kind in ("act", "gaze"):
        return after[0].form in ("base", "ed")
    are = len(after) == 2 and after[0].low in ("are", "were")
    return are and after[1].kind in ("act", "gaze") and after[1].form == "ing"


def _one_of_them(words: list[Word], n: int) -> bool:
    """ "One of them closes his eyes", but not "one of her brows"."""
    if not _follows(words, n, ("of",)):
        return False
    of = next((w for w in words[n + 2 : n + 5] if w.kind not in ("article", "number")), None)
    return of is not None and of.kind in ("pronoun", "person") and not of.owner


def _named_one(words: list[Word], n: int) -> bool:
    """ "The older one frowns"."""
    if n < 2 or words[n - 1].kind not in ("unknown", "level") or n + 1 == len(words):
        return False
    return words[n - 2].kind == "article" and words[n + 1].kind != "part"


def _one_who_stands(words: list[Word], n: int) -> bool:
    """ "The one on the left smiles", "the one to the right has his eyes closed"."""
    if n == 0 or words[n - 1].low != "the" or n + 5 > len(words):
        return False
    place, after = words[n + 1 : n + 4], words[n + 4 : n + 6]
    if place[0].low not in ("on", "to", "at") or place[2].value not in _OTHER:
        return False
    has = after[0].low in ("has", "had") and len(after) > 1 and after[1].kind == "owner"
    return has or after[0].kind in ("act", "gaze")


def _is_hand(word: Word, after: Word | None) -> bool:
    """Whether a side is of a hand: "left-hand" is a side only before what it is the side of."""
    if after is not None and after.low in ("handed", "footed"):
        return True
    if not word.low.endswith(" hand"):
        return False
    of = after is not None and after.kind in ("part", "person", "act", "noun", "other", "motion")
    return not of and (after is None or after.low not in ("side", "one", "corner", "half"))


def _who_stands(words: list[Word], n: int) -> bool:
    """Whether a person follows a side, so that it says which of them."""
    if words[n].kind == "person":
        return not words[n].owner
    after = words[n + 1] if n + 1 < len(words) else None
    does = after is not None and after.kind in ("aux", "act") and after.low not in ("is", "was")
    acts = n + 2 < len(words) and after is not None and after.kind == "aux"
    if words[n].low == "one" and (does or (acts and words[n + 2].kind == "act")):
        words[n].kind, words[n].value = "other", "other"
        return True
    return False


def _beside_head(words: list[Word], last: int) -> bool:
    return _follows(words, last, ("shoulder", "ear"))


def _follows(words: list[Word], n: int, lows: Collection[str]) -> bool:
    return n + 1 < len(words) and words[n + 1].low in lows


def _just_then(words: list[Word], n: int) -> bool:
    """ "Right away", "right before", but not "to her right before"."""
    named = n > 0 and words[n - 1].kind in ("article", "owner", "prep")
    up_to = n + 2 < len(words) and (words[n + 1].low, words[n + 2].low) == ("up", "to")
    return not named and (
        up_to
        or _follows(
            words,
            n,
            ("away", "now", "there", "here", "before", "after", "afterwards", "beside", "then"),
        )
    )


def _is_verb(words: list[Word], n: int) -> bool:
    """Whether "left" is a form of "leave" here."""
    if words[n].low != "left" or n == 0:
        return False
    after = words[n + 1] if n + 1 < len(words) else None
    if after is not None and (after.kind == "part" or after.low in ("one", "side", "hand")):
        return False
    before = words[n - 1]
    if before.low in ("nothing", "anything", "something", "everything", "nobody", "little"):
        return True  # "nothing left but"
    if before.kind in ("person", "pronoun", "relative"):
        return not before.owner
    if before.kind == "unknown" and after is not None and after.kind in ("article", "owner"):
        return True
    return before.kind == "aux" and (after is None or after.kind != "mark")


def _settle(words: list[Word], n: int, drop: set[int]) -> None:
    word = words[n]
    mirrored = False
    first = n
    if first > 1 and words[first - 1].low in _FAR and words[first - 2].kind == "article":
        first -= 1  # "on the far left"
    while (first and words[first - 1].kind in ("article", "owner", "viewer")) or (
        first and words[first - 1].kind == "person" and words[first - 1].owner
    ):
        before = words[first - 1]
        mirrored = mirrored or before.kind == "viewer"
        first -= 1
    named = first < n and words[n - 1].kind in ("article", "owner")
    if first < n and words[n - 1].low in _FAR:
        named = True
    last = _one_and_of(words, n)
    mirrored = mirrored or _of_picture(words, last)
    nxt = words[last + 1] if last + 1 < len(words) else None
    prep = words[first - 1] if first and words[first - 1].kind == "prep" else None
    adjective = _is_adjective(words, last, bare=prep is None)
    if not adjective and last == n and _of_unknown(words, n):
        word.kind, word.value = "unknown", word.low  # "the left hand", "right-sided weakness"
        return
    if adjective and prep is not None and prep.low in _POINTS and _beside_head(words, last):
        word.how = "to"  # "toward the right shoulder"
        drop.update((*range(first - 1, n), last + 1))
    elif adjective:
        word.how = "adj"
        if mirrored:
            drop.update(range(first, n))
    else:
        drop.update(range(first, n))
        if prep is not None:
            word.how = "to" if prep.low in _POINTS else "on"
            drop.add(first - 1)
            if prep.low == "at" and first > 1 and words[first - 2].kind == "gaze":
                word.how = "to"  # "glances at left"
            elif prep.low == "at" and first == n and not adjective:
                word.kind, word.how = "place", ""  # "at left of frame"
        else:
            word.how = "name" if named and not mirrored else "adv"
        thing = words[first - 4 : first - 1] if prep is not None and first > 3 else []
        if word.how == "on" and [w.kind for w in thing] in (
            ["prep", "article", "unknown"], ["prep", "owner", "unknown"],
        ):  # fmt: skip
            word.kind, word.how = "place", ""  # "at the door on the left"
        person = words[first - 2] if prep is not None and first > 1 else None
        beside = word.how == "to" and _follows(words, last, ("of",))
        stands = person is not None and person.kind in ("person", "other")
        if stands and (word.how == "on" or beside):
            word.kind, word.how = "place", ""
    drop.update(range(n + 1, last + 1))
    while (
        nxt is not None
        and mirrored
        and (nxt.kind in ("viewer", "article") or nxt.low in ("of", "in"))
    ):
        last += 1
        drop.add(last)
        stop = nxt.kind == "viewer"
        nxt = words[last + 1] if last + 1 < len(words) else None
        if stop:
            break
    if mirrored or _seen_by_viewer(words, last, drop) or _viewed_from(words, first, drop):
        word.value = _OTHER[word.value]


def _of_unknown(words: list[Word], n: int) -> bool:
    """Whether a side only says which of some unknown thing is meant."""
    at = n + 1
    while at < min(len(words), n + 4) and words[at].kind == "unknown" and words[at].low != "with":
        at += 1
    if at == n + 1 or words[n + 1].low.endswith(("ly", "ed", "ing")):
        return False
    return at == len(words) or words[at].kind not in ("part", "noun", "act", "muscle", "motion")


def _one_and_of(words: list[Word], n: int) -> int:
    """The last of the words that go with a side: "left *one*", "left *side of the face*"."""
    last = n
    if _follows(words, last, _HALVES):  # "the left lower face"
        return last + 1
    if _follows(words, last, ("one", "side", "hand side", "ones", "half")):
        last += 1
    if last + 1 < len(words) and words[last + 1].low == "of":
        place = last + 2
        while place < len(words) and words[place].kind in ("article", "owner"):
            place += 1
        if place < len(words) and words[place].low in _WHOLE:
            return place
        if place < len(words) and words[place].owner and _follows(words, place, ("face", "body")):
            return place + 1
    return last


def _of_picture(words: list[Word], last: int) -> bool:
    """Whether "of the picture" follows."""
    place = last + 1
    if place >= len(words) or words[place].low not in ("of", "in"):
        return False
    inside = words[place].low == "in"
    place += 1
    while place < len(words) and words[place].kind == "article":
        place += 1
    return place < len(words) and words[place].kind == "viewer" and not inside


def _is_adjective(words: list[Word], last: int, *, bare: bool) -> bool:
    """Whether a part of the face follows that the side belongs to."""
    n = last + 1
    while n < len(words) and words[n].kind in ("level", "motion", "wide", "article", "owner"):
        if words[n].kind in ("article", "owner") and not (
            n > last + 1 and words[n - 1].low == "of"
        ):
            return False
        n += 1
    if n < len(words) and words[n].low == "of":  # "the left side of the mouth"
        n += 1
        while n < len(words) and words[n].kind in ("article", "owner"):
            n += 1
        return n < len(words) and words[n].kind == "part"
    if n < len(words) and words[n].kind in ("act", "noun", "muscle", "code"):
        return words[n].kind != "act" or (bare and words[n].form == "base")
    return n < len(words) and words[n].kind == "part"


def _viewed_from(words: list[Word], first: int, drop: set[int]) -> bool:
    """Whether "from the viewer's perspective," stands before, in the same sentence."""
    for n in range(first - 1, max(0, first - 12), -1):
        if words[n].kind == "mark" and words[n].low not in ",":
            return False
        if words[n].low in _LOOKS_AT and words[n - 1].kind == "viewer":
            start = n - 1
            while start and words[start - 1].kind in ("article", "owner", "prep"):
                start -= 1
            if words[start].low in ("from", "to", "as"):
                drop.update(range(start, n + 1))
                return True
    return False


def _seen_by_viewer(words: list[Word], last: int, drop: set[int]) -> bool:
    """Whether "from the viewer's perspective" or "as seen by the viewer" follows."""
    start = -1
    for n in range(last + 1, min(last + 8, len(words))):
        if words[n].kind == "mark":
            return False
        if start < 0 and words[n].low in ("as", "from", "to", "for"):
            start = n
        if start >= 0 and words[n].kind == "viewer" and words[n].low in _VIEWERS:
            while n + 1 < len(words) and words[n + 1].low in _LOOKS_AT:
                n += 1
            drop.update(range(start, n + 1))
            return True
    return False
