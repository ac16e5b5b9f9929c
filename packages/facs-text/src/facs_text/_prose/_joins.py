"""Parts of the face joined with what they do, while a clause is read word by word."""

from __future__ import annotations

from dataclasses import dataclass, field

from facs_text._prose._codes import actions_of
from facs_text._prose._found import Motion, Part, Scan, Target
from facs_text._prose._words import Word, lexicon

__all__ = ["Scanning", "adds_how_much", "effective", "join", "move"]

_OF_SIDES = frozenset(("dimple", "raise", "lower", "up and back", "droop", "sideways", "upturn"))
_VERY = frozenset(("very", "very much", "so", "extremely", "unusually"))
_PLACES = frozenset(("article", "owner", "unknown", "viewer"))
_PULLS = ("pull", "draw", "stretch", "spread")
_AHEAD = 9
_FROWN = actions_of("4")
_EYES = frozenset(("eye", "lid", "upper lid"))
_TIGHT_ON = frozenset(("close",))


@dataclass(slots=True)
class Scanning:
    """Where the reading of a clause stands: the words, what was found, and what is open.

    prep: place of the preposition that what follows hangs on; det: of the article that opened the
    noun phrase; -1 for neither. taken: places of words that are read already.
    """

    words: list[Word]
    out: Scan = field(default_factory=Scan)
    subject: list[Part] = field(default_factory=list)
    verb: Motion | None = None
    prep: int = -1
    det: int = -1
    owner: Word | None = None
    side: str = ""
    taken: set[int] = field(default_factory=set)

    def close(self) -> None:
        """End the noun phrase."""
        self.det = self.prep = -1
        self.owner, self.side = None, ""


def adds_how_much(words: list[Word], n: int) -> bool:
    """Whether the words from n on say how much: "visibly", "a tiny bit", "a lot"."""
    if words[n].low.endswith("ly"):
        return True
    after = words[n + 1] if n + 1 < len(words) else None
    much = after is not None and (after.kind == "level" or after.low == "lot")
    named = n + 2 < len(words) and words[n + 2].kind in ("act", "noun", "unknown", "motion", "part")
    return words[n].low == "a" and much and not named  # but "up in a subtle smirk"


def effective(here: Scanning, n: int, word: Word) -> tuple[str, set[int]]:
    """A motion with its direction ("tilts ... back"), and the places of those words."""
    phrasal = lexicon()["phrasal"]
    for m in range(n + 1, min(n + _AHEAD, len(here.words))):
        other = here.words[m]
        placed = m + 1 < len(here.words) and here.words[m + 1].kind in _PLACES
        if other.low == "in" and placed and not adds_how_much(here.words, m + 1):
            break  # "is curled in the picture"
        if other.kind in ("prep", "act", "gaze") or (
            other.kind == "motion" and f"{word.value}|{other.value}" not in phrasal
        ):
            break
        if other.kind in ("motion", "direction"):
            key = f"{word.value}|{other.value}"
            if key in phrasal:
                return phrasal[key], {m}
            break
    if word.value == "open":
        near = here.words[max(0, n - 4) : n + 6]
        eyes = any(w.kind == "part" and w.value in _EYES for w in near)
        wide = any(w.kind == "level" and ("wide" in w.low or w.low in _VERY) for w in near)
        wider = any(w.low == "wider" for w in near)
        if eyes and (wide or wider):
            return "widen", set()  # "opened his eyes as wide as he could"
        pulled = any(
            w.kind == "light" and w.low.startswith("pull") for w in here.words[:n][-_AHEAD:]
        )
        if pulled and any(w.kind == "part" and w.value in ("mouth", "jaw") for w in near):
            return "stretch open", set()
    if word.value in _TIGHT_ON:
        tight = lexicon()["tight"]
        for m in range(max(0, n - 2), min(n + 5, len(here.words))):
            if here.words[m].kind == "level" and here.words[m].low in tight:
                here.words[m].kind = "skip"
                return "squeeze shut", {m}
    return word.value, set()


def move(here: Scanning, motion: Motion) -> None:
    here.out.motions.append(motion)
    inside = here.prep >= 0 and motion.place > here.prep
    motion.foreign = here.out.foreign and not here.subject and not inside
    if inside and here.words[here.prep].low == "by" and here.out.targets:
        motion.foreign = True  # "by a strong lowering of the jaw"
    joined = False
    thin = motion.value == "thin" and not motion.weak  # "pressed into a thin line"
    if inside and thin and here.words[here.prep].low == "into" and here.out.targets:
        motion.used = True
        return
    if inside and here.words[here.prep].low == "into" and not motion.weak:
        for target in here.out.targets:  # "pulls back into a dimple"
            target.blocked = target.blocked or not target.code
    before = here.verb
    done = motion.weak and before is not None and _done(here, before)
    if done:
        joined = True  # "the lips funnel outward": the direction adds nothing
    elif not inside and here.subject:
        for part in here.subject:
            joined = join(here, part, motion) or joined
    elif not inside and motion.weak and here.verb is not None and not _done(here, here.verb):
        for part in here.verb.parts:
            joined = join(here, part, motion) or joined
    if not inside and not here.subject and not motion.weak and here.verb is not None:
        _against(here, motion, here.verb)
    if motion.weak and here.verb is not None and (here.verb.used or joined):
        motion.used = True
        return
    if motion.weak and here.verb is not None and not here.verb.weak:
        return
    here.verb = motion


def _done(here: Scanning, verb: Motion) -> bool:
    """Whether a verb says by itself what its parts do, so that no direction is needed."""
    if verb.weak or not verb.used:
        return False
    table = lexicon()["table"]
    return any(table.get(f"{part.value}|{verb.value}") for part in verb.parts)


def _against(here: Scanning, motion: Motion, verb: Motion) -> None:
    """ "Her raised brows fell": what they did before is over."""
    table = lexicon()["table"]
    for part in verb.parts:
        codes = table.get(f"{part.value}|{motion.value}")
        if codes and codes != table.get(f"{part.value}|{verb.value}"):
            for target in here.out.targets:
                target.blocked = target.blocked or target.part == part.value


def join(here: Scanning, part: Part, motion: Motion) -> bool:
    table = lexicon()["table"]
    value = part.value
    key = f"{value}|{motion.value}"
    if value == "mouth" and part.side in ("left", "right", "one") and motion.value in _OF_SIDES:
        value, key = "corner", f"corner|{motion.value}"
    if (
        value == "chin"
        and motion.value == "raise"
        and motion.word.low.startswith(("lift", "up", "tilt", "perk"))
    ):
        pushed = any(w.low.startswith(("pull", "push", "draw")) for w in here.words)
        key = "chin|push up" if pushed else "chin|lift"
    if key == "chin|push forward" and any(w.low == "by" for w in here.words[: part.place]):
        key = "chin|push"  # "the lower lip is pushed out by the chin"
    out = motion.weak and motion.word.low.startswith("out") and value in ("lip", "lower lip")
    if out and not any(w.low.startswith(_PULLS) for w in here.words):
        return False  # "his lip is out"
    if key not in table:
        return False
    if table[key] == "33" and part.side in ("left", "right"):
        return False  # one cheek is no cheek blow
    if value == "forehead" and any(t.actions == _FROWN for t in here.out.targets):
        part.used = motion.used = True
        return True  # "a frown creased her forehead"
    part.used = motion.used = True
    motion.parts = [*motion.parts[-3:], part]
    if table[key]:
        first, last = sorted((max(part.place, 0), motion.place))
        side = part.side
        if side == "one?":
            side = "" if value == "brow" and motion.value not in ("raise", "cock") else "one"
        here.out.targets.append(
            Target(actions_of(table[key]), first, last, side, owner=part.owner,
                   motion=motion.value, part=part.value, whole=motion.place <= part.place)
        )  # fmt: skip
    return True
