"""Words that are persons or no persons by what stands beside them: names, ranks, "face", "her"."""

from __future__ import annotations

from itertools import pairwise

from facs_text._prose._words import Word

__all__ = ["settle_names"]

_NAMING = frozenset(("level", "article", "prep", "direction", "unknown"))
# Words of feeling that are also verbs of what a face does, or words about other things.
_FELT = frozenset(
    ("bored", "moved", "touched", "broken", "frozen", "depressed", "doubtful", "uncertain", "hope")
)
_BEFORE_FEELINGS = frozenset(("aux", "gaze", "light", "article", "hedge", "prep", "level", "skip"))
_CLAUSE = frozenset(("article", "owner", "part"))
_COUNTED = frozenset(("first", "second", "third", "next", "last"))
_RANKS = frozenset(
    ("pc", "dc", "ds", "di", "ps", "wpc", "sgt", "insp", "cst", "ofc", "dr", "prof", "officer",
     "constable", "sergeant", "detective", "inspector", "deputy")
)  # fmt: skip


def settle_names(words: list[Word]) -> list[Word]:
    """Unknown words with a capital that do something, or that own it, are persons; "her" is one
    where nothing follows that could be hers: "gave her a smile".
    """
    for n, word in enumerate(words[2:], 2):
        if word.low == "no" and words[n - 1].low == "/" and words[n - 2].low == "yes":
            word.kind = words[n - 1].kind = "skip"  # "a yes/no question"
    for yes, no in pairwise(words):
        if (yes.low, no.low) == ("yes", "no") and yes.end + 1 == no.start:
            no.kind = "skip"  # "a yes-no question"
    for rank, word in pairwise(words):
        if rank.low in _RANKS and rank.text[:1].isupper() and word.text[:1].isupper():
            rank.kind, rank.value = "person", "role"
            word.kind = "skip"  # "PC Jones"
    for before, word in pairwise(words):
        if word.low == "still" and (before.kind == "article" or before.low in _COUNTED):
            word.kind = "unknown"  # "in the second still" is a picture
        if before.low == "peer" and word.kind == "act" and word.form == "s":
            before.kind = "unknown"  # "when a peer talks"
        if word.low == "like" and before.kind in ("neg", "pronoun"):
            word.kind = "unknown"  # "he does not like it"
        if before.low == "so" and before.kind == "skip" and word.kind in _CLAUSE:
            before.kind, before.value = "sub", "so that"  # "she smiles, so the line is uneven"
        if word.low == "back" and before.kind in ("article", "owner"):
            word.kind = "unknown"  # "his back is arched"
    for n, word in enumerate(words):
        graded = n and words[n - 1].low == "as" and word.kind in ("level", "absent", "present")
        if graded and not (n + 1 < len(words) and words[n + 1].low == "as"):
            words[n - 1].kind = "skip"  # "scored as severe", but not "as far as it goes"
        if word.low == "by" and _place_of_lines(words, n + 1):
            word.kind = "prep"  # "crow's feet by her left eye"
        elif word.low == "by" and _means(words, n + 1):
            word.kind = "prep"  # "by a strong lowering of the jaw"
        if word.low in _FELT and _is_felt(words, n):
            word.kind, word.value = "unknown", word.low  # "she looks depressed"
        last = n + 1 == len(words) or words[n + 1].kind in ("mark", "prep")
        if word.low == "light" and last and n and words[n - 1].kind in _NAMING:
            word.kind = "unknown"  # "in soft light"
        if word.low == "face" and n and words[n - 1].kind in ("article", "owner"):
            beside = [words[m] for m in (n - 2, n + 1, n + 2) if 0 <= m < len(words)]
            turned = any(w.kind == "motion" and w.value in ("turn", "tilt") for w in beside)
            if turned and not _does_to_a_part(words, n + 1):
                word.kind, word.value = "part", "head"  # "turned her face to the right"
    shouted = not any(w.text.islower() for w in words)
    for n, word in enumerate(words):
        if word.low == "her" and word.kind == "owner":
            follows = words[n + 1].kind if n + 1 < len(words) else "mark"
            if follows in ("article", "prep", "mark", "conj", "sub", "relative", "than"):
                word.kind, word.value = "pronoun", "f"
        if word.kind != "unknown" or not word.text[:1].isupper():
            continue
        if word.text.isupper() and (shouted or len(word.text) < 3):
            continue
        at = n + 1
        while at < len(words) and (words[at].kind == "skip" or words[at].low.endswith("ly")):
            at += 1  # "Omar just lowered"
        after = words[at] if at < len(words) else None
        ahead = words[n - 1] if n else None
        told = after is not None and after.low == ":" and n + 2 < len(words)
        does = after is not None and (
            (told and word.text.isupper() and words[n + 2].kind in ("act", "gaze"))
            or after.kind in ("aux", "gaze", "relative", "light")
            or (after.kind in ("act", "motion") and after.form in ("s", "ed"))
            or (after.form == "ing" and _with_its_own(words, at))
        )
        left = ahead is not None and (
            ahead.kind == "except"
            or (ahead.low in ("at", "to", "beside", "behind") and after is not None
                and after.kind in ("mark", "relative", "conj"))
        )  # fmt: skip
        starts = ahead is None or ahead.kind == "mark"
        if (does or word.owner or left) and not (starts and word.low.endswith("ly")):
            word.kind, word.value = "person", "name"
            if ahead is not None and ahead.kind == "person" and ahead.text[:1].isupper():
                word.value, ahead.kind = ahead.value, "skip"  # "Aunt Edda's brows"
    return words


def _place_of_lines(words: list[Word], n: int) -> bool:
    """Whether an eye or a corner of the mouth follows, with no more than whose and which it is."""
    for word in words[n : n + 4]:
        if word.kind not in ("article", "owner", "side"):
            return word.kind == "part" and word.value in ("eye", "corner", "bare corner")
    return False


def _is_felt(words: list[Word], n: int) -> bool:
    """Whether a word says how somebody feels, and is of no part of a face: "a bored look"."""
    if n == 0 or words[n - 1].kind not in _BEFORE_FEELINGS:
        return False
    behind = words[n + 1] if n + 1 < len(words) else None
    if behind is not None and behind.kind in ("part", "prep", "code", "owner"):
        return False
    return not any(w.kind in ("part", "code", "muscle", "noun", "act") for w in words[:n][-4:])


def _means(words: list[Word], n: int) -> bool:
    """Whether what something is done by follows: "a strong lowering of"."""
    while n < len(words) and words[n].kind in ("article", "level"):
        n += 1
    of = n + 1 < len(words) and words[n + 1].low == "of"
    return of and words[n].kind == "motion" and words[n].form == "ing"


def _with_its_own(words: list[Word], n: int) -> bool:
    """ "Maria *puffing out her* cheeks"."""
    if words[n].kind not in ("act", "motion"):
        return False
    behind = words[n + 1 : n + 4]
    return any(w.kind == "owner" for w in behind) and all(w.kind != "mark" for w in behind[:1])


def _does_to_a_part(words: list[Word], n: int) -> bool:
    """ "A face *turning her lip corners* down": what turns is a part of it."""
    doing = next((m for m in range(n, min(n + 2, len(words))) if words[m].kind == "motion"), -1)
    if doing < 0 or words[doing].form != "ing":
        return False
    for word in words[doing + 1 : doing + 6]:
        if word.kind == "part":
            return True
        if word.kind not in ("article", "owner", "side", "level", "direction") and word.low != "of":
            return False
    return False
