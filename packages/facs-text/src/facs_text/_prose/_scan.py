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
from facs_text._prose._words import Word, lexicon
from facs_text._units import unit

__all__ = ["scan"]

# A single part of two is one of them after these words.
_ONE = {
    "brow": ("indef",), "eyebrow": ("indef", "owner"), "lid": ("indef",), "cheek": ("indef",),
    "eye": ("indef", "def", "owner"), "corner": ("indef", "def", "owner"),
    "bare corner": ("indef", "def", "owner"),
}  # fmt: skip
_SHOWS = ("show", "visibl", "seen", "evident", "reveal", "display", "expos")
_SHOWN = frozenset(("teeth", "tongue", "gum"))
_OF_SIDES = frozenset(("raise", "lower", "up and back", "droop", "sideways", "upturn"))
_AHEAD = 9
_INTO = frozenset(("during", "with", "into", "through", "by", "in", "behind"))
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
_ADDED = ("ly", "ed", "ing", "s")
_LIPS = {"upper lip": "top", "lower lip": "bottom"}
_FROWN = actions_of("4")
_TIGHT_ON = frozenset(("close",))


class _Scanner:
    def __init__(self, words: list[Word]) -> None:
        self.words = words
        self.out = Scan()
        self.subject: list[Part] = []
        self.verb: Motion | None = None
        self.prep = -1  # place of the preposition that what follows hangs on
        self.det = -1  # place of the article that opened the noun phrase
        self.owner: Word | None = None
        self.side = ""
        self.taken: set[int] = set()

    def run(self) -> Scan:
        for n, word in enumerate(self.words):
            if n in self.taken:
                continue
            step = _STEPS.get(word.kind)
            if step is not None:
                step(self, n, word)
        if not self.out.motions and self.subject and self.subject[0].value.endswith("brow"):
            for low, value in (("high", "raise"), ("low", "lower")):
                at = next((n for n, w in enumerate(self.words) if w.low == low), -1)
                if at > self.subject[0].place and not self.out.unknown:  # "brows high"
                    self._move(Motion(value, self.words[at], at))
                    self.words[at].kind = "skip"
        tight = next((n for n, w in enumerate(self.words) if w.low == "tight"), -1)
        alone = not (self.out.motions or self.out.targets or self.out.unknown)
        if (
            alone
            and self.subject
            and tight > self.subject[0].place
            and self.words[tight].kind == "level"
        ):
            self.words[tight].kind, self.words[tight].value = "motion", "tighten"  # "jaw tight"
            self._move(Motion("tighten", self.words[tight], tight))
        return self.out

    # noun phrases

    def _article(self, n: int, word: Word) -> None:
        self.det = n

    def _owner(self, n: int, word: Word) -> None:
        self.det, self.owner = n, word

    def _person(self, n: int, word: Word) -> None:
        if word.owner:
            self.det, self.owner = n, word
        else:
            self._close()

    def _side(self, n: int, word: Word) -> None:
        if word.how == "adj" or word.value in ("both", "one", "unequal"):
            self.side = word.value

    def _prep(self, n: int, word: Word) -> None:
        self.det = -1
        if word.low != "of":
            self.prep = n

    def _verb(self, n: int, word: Word) -> None:
        self._close()
        shows = word.low.startswith(_SHOWS)
        if shows and any(w.kind == "part" and w.value in _SHOWN for w in self.words):
            self._move(Motion("show", word, n))

    def _close(self) -> None:
        self.det = self.prep = -1
        self.owner, self.side = None, ""

    def _unknown(self, n: int, word: Word) -> None:
        self.out.unknown.add(n)
        if word.low.endswith("ly"):
            return
        verb = self.verb
        if self.prep >= 0:
            if self._noun_ends(n):
                self.prep = self.det = -1
            return
        if verb is not None and not verb.used and not verb.weak and self.det > verb.place:
            if self._noun_ends(n):
                verb.foreign = True  # "raised a hand"
        elif not self.subject and (verb is None or verb.used):
            self.out.foreign = self._noun_ends(n)
        if self._noun_ends(n):
            self.det = -1

    def _noun_ends(self, n: int) -> bool:
        """Whether no part or act follows that the unknown word at n may describe."""
        after = self.words[n + 1] if n + 1 < len(self.words) else None
        if after is not None and after.kind == "unknown" and not after.low.endswith(_ADDED):
            return False  # "on neurological exam"
        for word in self.words[n + 1 : n + 4]:
            if word.kind in ("article", "owner", "prep", "mark"):
                return True
            if word.kind in ("part", "act", "noun", "muscle", "code", "person"):
                return False
            if word.kind not in ("unknown", "level", "side", "motion"):
                return True
        return True

    def _part(self, n: int, word: Word) -> None:
        if self._compound(n):
            self.out.unknown.add(n)
            self._close()
            return
        value, side = word.value, self.side
        of = n - 1
        while of > 0 and self.words[of].kind in ("article", "owner", "side"):
            of -= 1
        if of > 0 and self.words[of].low == "of" and self._chained(value, side):
            self._close()
            return
        part = Part(value, side or self._one_of_two(word), word, n, self.owner)
        part.apart = self.prep >= 0
        if value == "bare corner":
            part.value = self._corner(n)
        elif value in ("inner end", "outer end"):
            part.value = self._end(value)
        self._meet(part)
        self._close()

    def _compound(self, n: int) -> bool:
        """ "Brow pencil": the part only says what kind of thing it is."""
        after = self.words[n + 1] if n + 1 < len(self.words) else None
        return (
            after is not None
            and after.kind == "unknown"
            and not self.words[n].plural
            and not self.words[n].owner
            and not after.low.endswith(("ed", "ing", "s", "ly", "y"))
        )

    def _chained(self, value: str, side: str) -> bool:
        """Join "corner" with the part that it is the corner of, "ptosis" with its lid."""
        named = self.out.targets[-1] if self.out.targets else None
        if named is not None and named.name and not named.code and not self.subject:
            named.side = named.side or side
            return True
        if not self.out.parts or self.out.parts[-1].value not in (
            "corner",
            "brow corner",
            "eye corner",
        ):
            return False
        head = self.out.parts[-1]
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

    def _corner(self, n: int) -> str:
        whole = {p.value for p in self.subject}
        if whole & {"eye", "lid", "lower lid", "upper lid"}:
            return "eye corner"
        if self.prep >= 0 and self.words[self.prep].low not in ("at", "on"):
            return "some corner"
        return "brow corner" if "brow" in whole else "corner"

    def _end(self, value: str) -> str:
        """Of what "the inner end" is, by the part that the clause is about."""
        whole = {p.value for p in [*self.subject, *self.out.parts]}
        if "brow" in whole:
            return "inner brow" if value == "inner end" else "outer brow"
        return "eye corner" if whole & {"eye", "lid"} else "some corner"

    def _one_of_two(self, word: Word) -> str:
        """ "one?" for one of two: "an eyebrow", "the corner of her mouth"."""
        if word.plural or self.det < 0:
            return ""
        det = self.words[self.det]
        kind = det.value if det.kind == "article" else "owner"
        key = "eyebrow" if "eyebrow" in word.low else word.value
        return "one?" if kind in _ONE.get(key, ()) else ""

    def _meet(self, part: Part) -> None:
        """Join a part with the motion before it, or let it wait for one."""
        self.out.parts.append(part)
        verb = self.verb
        if part.apart:
            if (
                verb is not None
                and not verb.foreign
                and (verb.place > self.prep or self._noun_on(verb))
            ):
                self._join(part, verb)
            elif part.value in _LIPS and self.out.targets and self.out.targets[-1].name:
                self.out.targets[-1].side = _LIPS[part.value]  # "a bite on the lower lip"
            elif part.side in ("left", "right") and self.out.targets:
                last = self.out.targets[-1]  # "droops over the right eye"
                last.side = last.side or part.side
            elif part.value in ("inner brow", "outer brow"):
                self._at_end(part)
            elif part.value in ("corner", "eye corner") and self.words[self.prep].low in (
                "at",
                "on",
            ):
                self._at_corners(part)
            if part.value == "some corner" or not part.used:
                part.used = part.value == "some corner"
            return
        act = self.out.targets[-1] if self.out.targets else None
        if (
            act is not None
            and not (act.motion or act.name or self.subject)
            and part.place - act.last < 4
            and act.actions[0].code in BY.get(part.value, ())
        ):
            act.side = act.side or part.side  # "squint right eye"
            part.used = True
            return
        if verb is not None and not verb.foreign and (not verb.used or self.out.verb_first):
            if not self.out.targets or not self.subject:
                self.out.verb_first = self.out.verb_first or not self.subject
            if self._join(part, verb):
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
        if self.subject and self.subject[0].value in ("tongue", "teeth"):
            for target in self.out.targets:  # "the tongue pokes the cheek" is not the tongue shown
                target.blocked = target.blocked or target.part == self.subject[0].value
        self.subject = [*self.subject[-3:], part]

    def _noun_on(self, verb: Motion) -> bool:
        """ "Wrinkles on the nose", "tension in the jaw"."""
        return (
            verb.value in ("wrinkle", "tighten", "knit")
            and not verb.used
            and not self.subject
            and self.words[self.prep].low in ("on", "in", "across", "along", "around", "to")
        )

    def _at_end(self, part: Part) -> None:
        """ "The brows rise in the middle": only that end of them does."""
        for target in self.out.targets:
            if target.part == "brow" and [a.code for a in target.actions] == ["1", "2"]:
                target.actions = actions_of("1" if part.value == "inner brow" else "2")
        part.used = True

    def _at_corners(self, part: Part) -> None:
        """ "The lips curl up at the corners": the corners do it, not the lips."""
        for motion in self.out.motions:
            key = f"{part.value}|{motion.value}"
            if key in lexicon()["table"] and not motion.foreign:
                self.out.targets = [t for t in self.out.targets if t.motion != motion.value]
                for other in motion.parts:
                    other.used = True
                self._join(part, motion)
        part.used = part.used or part.value == "eye corner"

    def _gaze(self, n: int, word: Word) -> None:
        part = Part("gaze", "", word, n, used=True)
        self.out.parts.append(part)
        self.subject, self.verb = [part], None
        self._close()

    # what parts do

    def _motion(self, n: int, word: Word) -> None:
        value, taken = self._effective(n, word)
        self.taken |= taken
        self._move(Motion(value, word, n))

    def _direction(self, n: int, word: Word) -> None:
        if word.low == "in" and not self._last_of_phrase(n):
            self._prep(n, word)
            return
        before = self.out.targets[-1] if self.out.targets else None
        if (
            before is not None
            and before.last == n - 1
            and before.actions[0].code == "7"
            and not before.motion
            and word.value in ("raise", "lower")
        ):
            code = "63" if word.value == "raise" else "64"  # "squints up at"
            self.out.targets.append(Target(actions_of(code), n, n))
            return
        self._move(Motion(word.value, word, n, weak=True))

    def _wide(self, n: int, word: Word) -> None:
        near = self.words[max(0, n - 4) : n + 4]
        if any(
            w.kind == "part" and w.value in ("eye", "lid", "upper lid", "nostril") for w in near
        ):
            eyes = any(w.kind == "part" and w.value == "eye" for w in near)
            self._move(Motion("widen", word, n))
            if eyes:
                self.taken.update(
                    m for m in range(max(0, n - 2), min(n + 3, len(self.words)))
                    if self.words[m].kind == "motion" and self.words[m].value == "open"
                )  # fmt: skip

        elif not any(w.kind in ("part", "act", "noun", "gaze", "code") for w in self.words):
            self._move(Motion("widen", word, n))  # "eyes: wide open"

    def _last_of_phrase(self, n: int) -> bool:
        after = self.words[n + 1] if n + 1 < len(self.words) else None
        return after is None or after.kind in ("mark", "level", "prep") or after.low == "slightly"

    def _effective(self, n: int, word: Word) -> tuple[str, set[int]]:
        """A motion with its direction ("tilts ... back"), and the places of those words."""
        phrasal = lexicon()["phrasal"]
        for m in range(n + 1, min(n + _AHEAD, len(self.words))):
            other = self.words[m]
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
            near = self.words[max(0, n - 4) : n + 6]
            eyes = any(w.kind == "part" and w.value == "eye" for w in near)
            if eyes and any(w.kind == "level" and "wide" in w.low for w in near):
                return "widen", set()  # "opened his eyes as wide as he could"
        if word.value in _TIGHT_ON:
            tight = lexicon()["tight"]
            for m in range(max(0, n - 2), min(n + 5, len(self.words))):
                if self.words[m].kind == "level" and self.words[m].low in tight:
                    self.words[m].kind = "skip"
                    return "squeeze shut", {m}
        return word.value, set()

    def _move(self, motion: Motion) -> None:
        self.out.motions.append(motion)
        inside = self.prep >= 0 and motion.place > self.prep
        motion.foreign = self.out.foreign and not self.subject and not inside
        joined = False
        if inside and self.words[self.prep].low == "into" and not motion.weak:
            for target in self.out.targets:  # "pulls back into a dimple"
                target.blocked = target.blocked or not target.code
        before = self.verb
        done = motion.weak and before is not None and self._done(before)
        if done:
            joined = True  # "the lips funnel outward": the direction adds nothing
        elif not inside and self.subject:
            for part in self.subject:
                joined = self._join(part, motion) or joined
        elif not inside and motion.weak and self.verb is not None and not self._done(self.verb):
            for part in self.verb.parts:
                joined = self._join(part, motion) or joined
        if not inside and not self.subject and not motion.weak and self.verb is not None:
            self._against(motion, self.verb)
        if motion.weak and self.verb is not None and (self.verb.used or joined):
            motion.used = True
            return
        if motion.weak and self.verb is not None and not self.verb.weak:
            return
        self.verb = motion

    def _done(self, verb: Motion) -> bool:
        """Whether a verb says by itself what its parts do, so that no direction is needed."""
        if verb.weak or not verb.used:
            return False
        table = lexicon()["table"]
        return any(table.get(f"{part.value}|{verb.value}") for part in verb.parts)

    def _against(self, motion: Motion, verb: Motion) -> None:
        """ "Her raised brows fell": what they did before is over."""
        table = lexicon()["table"]
        for part in verb.parts:
            codes = table.get(f"{part.value}|{motion.value}")
            if codes and codes != table.get(f"{part.value}|{verb.value}"):
                for target in self.out.targets:
                    target.blocked = target.blocked or target.part == part.value

    def _join(self, part: Part, motion: Motion) -> bool:
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
            key = "chin|lift"
        if key not in table:
            return False
        if value == "forehead" and any(t.actions == _FROWN for t in self.out.targets):
            part.used = motion.used = True
            return True  # "a frown creased her forehead"
        part.used = motion.used = True
        motion.parts = [*motion.parts[-3:], part]
        if table[key]:
            first, last = sorted((max(part.place, 0), motion.place))
            side = part.side
            if side == "one?":
                side = "" if value == "brow" and motion.value not in ("raise", "cock") else "one"
            self.out.targets.append(
                Target(actions_of(table[key]), first, last, side, owner=part.owner,
                       motion=motion.value, part=part.value, whole=motion.place <= part.place)
            )  # fmt: skip
        return True

    # units by name

    def _code(self, n: int, word: Word) -> None:
        if word.how in ("absent", "nothing"):
            return
        target = Target(word.actions, n, n, self.side, name=True, code=True, whole=True)
        self.out.targets.append(target)

    def _noun(self, n: int, word: Word) -> None:
        owner = self.subject[-1] if self.subject else None
        target = Target(
            actions_of(word.value), n, n, self.side, name=True, owner=self.owner, whole=True
        )
        if owner is not None and owner.place == n - 1 and not owner.used:
            target.side = target.side or owner.side  # "right upper lid ptosis"
            owner.used = True
            target.blocked = unit(target.actions[0].code).region != _REGIONS.get(owner.value, "")
        after = self.words[n + 1] if n + 1 < len(self.words) else None
        if after is not None and after.kind == "unknown" and after.low.endswith(_OF_A_NOUN):
            target.blocked = True  # "frontalis function"
        self.out.targets.append(target)
        self._close()

    def _act(self, n: int, word: Word) -> None:
        if word.value == "81" and any(
            w.kind == "part" and "lip" in w.value for w in self.words[n + 1 : n + 4]
        ):
            self._move(Motion("bite", word, n))  # "chews his lip"
            return
        named = self._is_name(n, word)
        target = Target(actions_of(word.value), n, n, self.side, name=named, owner=self.owner)
        target.whole = True
        if self.subject and not named:  # "the right eye winks", but "his eyes smiled"
            doer = self.subject[-1]
            if target.actions[0].code in BY.get(doer.value, ()):
                target.side = target.side or doer.side
            else:
                target.blocked = doer.value != "gaze" and not doer.used
            doer.used = True
        if named:
            start = self._phrase_start(n)
            before = self.words[start - 1] if start else None
            if before is not None and before.kind == "unknown" and not before.low.endswith("ly"):
                target.blocked = self.det >= 0
            if self.prep >= 0 and self.words[self.prep].low not in _INTO:
                target.blocked = True
        after = self.words[n + 1] if n + 1 < len(self.words) else None
        if (
            named
            and after is not None
            and (after.kind == "calm" or (after.kind == "unknown" and not after.low.endswith("ly")))
        ):
            target.blocked = True
        self._turns_into(target)
        self.out.targets.append(target)
        self._close()

    def _turns_into(self, target: Target) -> None:
        """ "His frown turned into a smile": the frown is over."""
        if self.prep < 0 or self.words[self.prep].low not in ("into", "to"):
            return
        self.out.targets = [
            t for t in self.out.targets if t.motion or t.actions == target.actions or t.code
        ]

    def _is_name(self, n: int, word: Word) -> bool:
        if word.form in ("ed", "ing"):
            return False
        return (
            self.det >= 0
            or (n > 0 and self.words[n - 1].kind in ("level", "neg", "side"))
            or (self.prep >= 0)
        )

    def _phrase_start(self, n: int) -> int:
        start = n
        while (
            start
            and self.words[start - 1].kind in ("level", "side", "unknown")
            and self.det < start - 1
        ):
            start -= 1
        return self.det if 0 <= self.det < n else start


_STEPS: dict[str, Callable[[_Scanner, int, Word], None]] = {
    "article": _Scanner._article, "owner": _Scanner._owner, "person": _Scanner._person,
    "side": _Scanner._side, "prep": _Scanner._prep, "aux": _Scanner._verb,
    "light": _Scanner._verb, "present": _Scanner._verb, "unknown": _Scanner._unknown,
    "part": _Scanner._part, "gaze": _Scanner._gaze, "motion": _Scanner._motion,
    "direction": _Scanner._direction, "wide": _Scanner._wide, "code": _Scanner._code,
    "noun": _Scanner._noun, "muscle": _Scanner._noun, "act": _Scanner._act,
}  # fmt: skip


def scan(clause: Clause) -> Scan:
    """What a clause says, before its scope is looked at."""
    return _Scanner(clause.words).run()
