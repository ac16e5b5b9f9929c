"""A text to what it says of one face: clause after clause, each with what it inherits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from facs_text._notation import Action
from facs_text._prose._clauses import CONTENT, Clause, sentences
from facs_text._prose._codes import actions_of, settle_codes
from facs_text._prose._levels import settle_levels
from facs_text._prose._people import People, Person
from facs_text._prose._scan import BY, Motion, Part, Scan, Target, scan
from facs_text._prose._scope import Scope, first_form, scope_of
from facs_text._prose._sides import settle_sides
from facs_text._prose._tokens import tokenise
from facs_text._prose._words import Word, lexicon, to_words
from facs_text._units import unit

__all__ = ["Said", "read_prose"]

_LISTS = frozenset((",", "and", "or", "nor"))
_FLOW = frozenset((",", "and", "or", "nor", "but", "then", "yet", ":", "sub", "", "(", ")", "—", "–", "-"))
_LABELS = frozenset((":", "(", "—", "–", "-", "=", "with", "→"))
_FLAT = frozenset(("head", "gaze", "jaw", "eye"))
_DEGREES = {"higher": "raise", "wider": "widen"}
_LOOSE = ("", "one", "one?")
_OPPOSITE = {"left": "right", "right": "left"}
_TRAITS = frozenset(("narrow", "thin", "tight", "hollow", "dimpled", "arched", "protruding", "slit"))
_LINES = frozenset(("wrinkled", "creased", "furrowed"))
_QUIET = frozenset(("raise", "lower", "knit", "sideways", "part", "turn", "push forward", "inward",
                    "back", "curl", "push", "shift", "tilt", "throw"))  # fmt: skip


@dataclass(slots=True)
class Said:
    """One action that the prose asserts, or denies."""

    action: Action
    denied: bool
    start: int = 0
    end: int = 0
    named: bool = False
    loose: bool = False  # a word that does not say whether both sides act: "sneer"


def read_prose(text: str) -> tuple[list[Said], list[tuple[int, int]]]:
    """(what is said, (start, end) of each stretch that was not understood)."""
    words = settle_sides(settle_levels(settle_codes(to_words(tokenise(text)))))
    reader = _Reader()
    for clauses in sentences(words):
        reader.sentence(clauses)
    return _one_side(reader.said), _merge(sorted(reader.unknown), text)


def _one_side(said: list[Said]) -> list[Said]:
    """Without "one side" where the text says elsewhere which: "he smirked, the left corner up"."""
    known: dict[str, int] = {}
    for one in said:
        if one.action.side != "one" and not one.denied:
            known[one.action.code] = max(one.action.level, known.get(one.action.code, 0))
    sided = {s.action.code for s in said if s.action.side in ("left", "right")}
    return [
        s for s in said
        if (s.action.side != "one" or s.action.code not in known)
        and not (s.loose and s.action.side == "both" and s.action.code in sided)
    ]  # fmt: skip


def _merge(spans: list[tuple[int, int]], text: str) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in spans:
        if merged and (start <= merged[-1][1] or not text[merged[-1][1] : start].strip()):
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


class _Reader:
    def __init__(self) -> None:
        self.said: list[Said] = []
        self.unknown: list[tuple[int, int]] = []
        self.people = People()
        self.header = ""
        self._begin()

    def _begin(self) -> None:
        """Forget what a sentence left behind."""
        self.parts: list[Part] = []  # of the last clause that had some
        self.motions: list[Motion] = []
        self.verb_first = False
        self.waiting: list[Part] = []
        self.pending: list[Said] = []  # bare names that may still be denied
        self.latest: list[Said] = []  # of the last clause that said something
        self.denied = self.stopped = False
        self.form = ""
        self.unreal = False
        self.as_if = False
        self.header = ""
        self.doubted = False
        self.side_ahead = ""
        self.told = False

    def sentence(self, clauses: list[Clause]) -> None:
        self._begin()
        self.people.rival = ""
        self.respective = any(w.low == "respectively" for c in clauses for w in c.words)
        for clause in clauses:
            self._clause(clause)
        self._drop_waiting()

    # one clause

    def _clause(self, clause: Clause) -> None:
        than, less = self._compare(clause)
        if self.as_if and clause.joint not in (",", ")"):
            clause.unreal = True
        self.as_if = clause.has("as if") or (self.as_if and clause.joint not in (",", ")"))
        if clause.joint == "relative" and self._relative(clause):
            return
        if self.doubted and clause.joint in ("relative", ""):
            clause.unreal = True
        self.doubted = False
        found = scan(clause)
        named = bool(found.targets) or clause.joint in _LABELS
        scope = scope_of(clause, named)
        if self._heading(clause, found, scope) or self._comment(clause, found, scope):
            return
        self._who(clause)
        if self._instrument(clause, found):
            return
        self._inherit(clause, found)
        directed = self._directed(clause, found)
        self._sides(clause, found, than)
        self._levels(clause, found, than)
        self._emit(clause, found, scope, less)
        self._leftovers(clause, found, scope, directed, than)
        self._pass_on(clause, found, scope)

    def _compare(self, clause: Clause) -> tuple[bool, bool]:
        """Cut off what the clause compares with; (whether it compares, whether by "less")."""
        words = clause.words
        at = next((n for n, w in enumerate(words) if w.kind == "than"), len(words))
        more = [w for w in words[:at] if w.kind == "comparative"]
        moves = any(w.kind in ("motion", "act") for w in words)
        for word in more:
            if word.low in _DEGREES and (at < len(words) or not moves):
                word.kind, word.value = "motion", _DEGREES[word.low]
        than = at < len(words)
        if than:
            clause.words = words[:at]
            self._report(w for w in words[at:] if w.kind in ("code", "act", "noun", "muscle"))
        return than or bool(more), any(w.value == "less" for w in more)

    def _relative(self, clause: Clause) -> bool:
        """Settle who a relative clause is about; True when it is not read."""
        word = clause.words[0] if clause.words and clause.words[0].kind == "relative" else None
        if word is None or word.low not in ("who", "whose", "whom"):
            return False
        person = self.people.last
        if person is not None:
            self.people.subject = person if self.people.subject is None else self.people.subject
            if not self.people.is_described(person, told=self.told):
                self._report(clause.words)
                return True
        return False

    # headings and comments

    def _heading(self, clause: Clause, found: Scan, scope: Scope) -> bool:
        """ "Absent: AU1, AU2": holds for all that follows in the sentence."""
        if not clause.words or clause.words[-1].low != ":" or found.targets or found.parts:
            return False
        if scope.deny >= 0 or clause.has("absent"):
            self.header = "absent"
        elif clause.has("present"):
            self.header = "present"
        else:
            return False
        return True

    def _comment(self, clause: Clause, found: Scan, scope: Scope) -> bool:
        """ "AU12: strong", "AU4 (absent)", "a smile, more so on the right"."""
        if found.targets or found.parts or found.motions or clause.has("vague", "calm"):
            return False
        levels = [w for w in clause.words if w.kind == "level"]
        if clause.joint in _LABELS or (clause.joint == "," and self.pending):
            if (scope.deny >= 0 or clause.has("absent")) and self.latest and not clause.has("person"):
                for one in self.latest:
                    one.denied = True
                self._unknown_words(clause)
                self.latest, self.pending = [], []
                return True
        sides = [w for w in clause.words if w.kind == "side" and w.value in ("left", "right")]
        if sides and not clause.has("person", "pronoun", "comparative", "unknown", "number", *CONTENT):
            if clause.joint in (*_LABELS, ",") and self.latest and len(sides) == 1:
                for one in self.latest:
                    if "left" in unit(one.action.code).sides and one.action.side in ("both", "one"):
                        one.action = one.action._replace(side=sides[0].value)
                return True
            if clause.joint == "" and len(sides) == 1:
                self.side_ahead = sides[0].value
                return True
            if self.side_ahead and scope.deny >= 0:
                return True  # "the left, but not the right, brow"
        more = [w for w in clause.words if w.kind == "comparative"]
        if more and sides and self.latest and clause.joint in (*_LABELS, ",", "and", "but"):
            for one in self.latest:
                if "left" in unit(one.action.code).sides and one.action.side == "both":
                    one.action = one.action._replace(side="unequal")
            self._report([*more, *sides])
            return True
        if levels and self.latest and clause.joint in (*_LABELS, ",") and scope.deny < 0:
            for one in self.latest:
                if not one.action.level and unit(one.action.code).graded:
                    one.action = one.action._replace(level=int(levels[-1].value))
            self._unknown_words(clause)
            return True
        return False

    # who

    def _who(self, clause: Clause) -> None:
        """Settle the subject of the clause."""
        verb = False
        words = clause.words
        self.told = self.told or clause.has("viewer")
        self.owners: dict[int, Person | None] = {}
        current: Person | None = None
        for n, word in enumerate(words):
            before = words[n - 1] if n else None
            after = words[n + 1] if n + 1 < len(words) else None
            if word.kind in ("person", "other"):
                hung = before is not None and self._hangs(words, n)
                other = word.kind == "other" or any(
                    w.low in ("other", "another", "second") for w in words[max(0, n - 2) : n]
                )
                place = words[n + 1].value if after is not None and after.kind == "place" else ""
                subject = (not verb and not hung) or (self.told and not hung)
                person = self.people.noun(word, place, subject=subject or self.told, other=other)
                self.people.last = person
                if before is not None and before.kind == "owner" and before.value == word.value:
                    self.people.rival = word.value  # who "she" is after "her mother" is not sure
                if word.owner:
                    self.owners[n] = person
                elif subject:
                    self.people.act(person)
                elif not hung:
                    current = person
                if before is not None and before.kind == "act":  # "the frowning man"
                    self.owners[n - 1] = person
            elif word.kind == "pronoun":
                if word.low in ("it", "itself", "each other", "one another"):
                    continue
                if word.low in ("him", "them", "me", "us"):
                    if not self._hangs(words, n):
                        current = self.people.pronoun(word.value)
                    continue
                person = self.people.pronoun(word.value) or self.people.subject
                if not verb or self.told:
                    self.people.act(person)
                self.people.last = person
            elif word.kind == "owner":
                self.owners[n] = self._possessor(word)
                current = None
            elif word.kind == "article":
                current = None
                if word.value == "other" and after is not None and after.kind in ("act", "gaze"):
                    self.people.act(self.people.noun(word, "", subject=True, other=True))
            if word.kind in ("motion", "act", "aux", "light", "gaze"):
                verb = True
                if word.kind == "light" and word.value in lexicon()["observers"]:
                    self.told = True
            if current is not None and word.kind in ("act", "motion"):
                self.owners[n] = current

    def _possessor(self, word: Word) -> Person | None:
        person = self.people.subject
        if word.value in ("m", "f"):
            if person is not None and person.gender in ("", word.value):
                person.gender = word.value
                return person
            return self.people.pronoun(word.value)
        return person

    def _hangs(self, words: list[Word], n: int) -> bool:
        """Whether a person stands after a preposition."""
        m = n - 1
        while m >= 0 and words[m].kind in ("article", "owner", "unknown", "side", "act", "level"):
            m -= 1
        return m >= 0 and words[m].kind == "prep" and not (words[m].low == "of" and self.told)

    def _instrument(self, clause: Clause, found: Scan) -> bool:
        """ "Winks with the right eye", "a grin with teeth": part of what was said before."""
        if clause.joint != "with" or found.motions or found.targets or not found.parts:
            return False
        part = found.parts[0]
        codes = BY.get(part.value, ())
        heard = [one for one in self.latest if one.action.code in codes]
        if part.value == "teeth" and heard:
            found.targets.append(Target(actions_of("25"), part.place, part.place, part="teeth"))
            part.used = True
            return False
        sides = [w.value for w in clause.words if w.kind == "side"]
        for one in heard:
            side = part.side.replace("?", "") or (sides[0] if sides else "")
            if side in ("left", "right", "one") and one.action.side in ("both", "one"):
                one.action = one.action._replace(side=side)
        if heard:
            self._leftovers(clause, Scan(unknown=found.unknown), Scope(), directed=True)
        return bool(heard)

    # what is inherited

    def _inherit(self, clause: Clause, found: Scan) -> None:
        """Give parts their motions and motions their parts from the clauses around."""
        free = [m for m in found.motions if not m.used and not m.foreign]
        other = any(w.kind == "article" and w.value == "other" for w in clause.words)
        own = [p for p in found.parts if not p.apart]
        name = next((w for w in clause.words if w.kind == "side" and w.how == "name"), None)
        placed = any(w.kind == "side" and w.how == "on" for w in clause.words)
        if free and not own and not found.foreign and clause.joint in _FLOW:
            source = self.waiting or self.parts
            for motion in free:
                for part in source[-4:]:
                    if other:
                        if part.side not in _OPPOSITE:
                            continue
                        part = Part(part.value, _OPPOSITE[part.side], part.word, -1, part.owner)
                    side = name.value if name is not None else "" if placed else part.side
                    copy = Part(part.value, side, part.word, -1, part.owner)
                    self._pair(found, copy, motion)
            if any(m.used for m in free) and self.waiting:
                for part in self.waiting:
                    part.used = True
                self.waiting = []
        elif other and own and own[0].value in {p.value for p in self.parts}:
            known = next(p.side for p in self.parts if p.value == own[0].value)
            for target in found.targets:
                if target.part == own[0].value and not target.side:
                    target.side = _OPPOSITE.get(known, "")
                    target.blocked = known not in _OPPOSITE
        elif own and found.motions and self.waiting and clause.joint in _LISTS:
            side = self.waiting[-1].side
            if side in ("left", "right") and not clause.has("article", "owner", "side"):
                for target in found.targets:  # "the left brow and cheek"
                    if target.part == own[0].value and not target.side and not own[0].word.plural:
                        target.side = side
            for part in self.waiting:
                for motion in found.motions:
                    if motion.place > own[0].place or not found.verb_first:
                        self._pair(found, part, motion)
        elif own and not found.motions and not found.targets and not found.unknown:
            if clause.joint in _LISTS and self.verb_first and self.motions:
                for part in (p for p in own if p.value != "gaze"):
                    for motion in self.motions[-3:]:
                        self._pair(found, part, Motion(motion.value, motion.word, -1))

    def _pair(self, found: Scan, part: Part, motion: Motion) -> bool:
        codes = lexicon()["table"].get(f"{part.value}|{motion.value}")
        if codes is None:
            return False
        part.used = motion.used = True
        motion.parts.append(part)
        if codes:
            at = motion.place if motion.place >= 0 else max(part.place, 0)
            whole = part.side == "one?" and part.value == "brow" and motion.value != "raise"
            side = "" if whole else part.side
            found.targets.append(
                Target(actions_of(codes), at, at, side.replace("?", ""), owner=part.owner,
                       motion=motion.value, part=part.value)
            )  # fmt: skip
        return True

    # sides and levels

    def _directed(self, clause: Clause, found: Scan) -> bool:
        """Turns and looks to the left or right."""
        sides = [
            w for w in clause.words
            if w.kind == "side" and w.how in ("to", "adv") and w.value in ("left", "right")
        ]  # fmt: skip
        if not sides:
            return False
        parts = [p for p in found.parts if p.value in _FLAT and not p.apart]
        inherited = not found.parts and not found.targets
        if not parts and inherited and clause.joint in _FLOW:
            parts = [Part(p.value, "", p.word, -1, p.owner) for p in self.parts if p.value in _FLAT]
        table = lexicon()["directed"]
        done = False
        for part in parts:
            motions = [m for m in found.motions if not m.weak] or (
                [m for m in self.motions if not m.weak] if inherited else []
            )
            for side in sides:
                which = 0 if side.value == "left" else 1
                keys = [f"{part.value}|{m.value}" for m in motions] or [f"{part.value}|"]
                keys = [k for k in keys if k in table] or (
                    [f"{part.value}|"] if part.value in ("gaze",) else []
                )
                for key in keys[:1]:
                    at = clause.words.index(side)
                    first = min([at, *(x for x in (part.place,) if x >= 0)])
                    found.targets.append(
                        Target(actions_of(table[key][which]), first, at, "both", owner=part.owner)
                    )
                    side.how = "done"
                    part.used = done = True
                    for motion in motions:
                        motion.used = True
        return done

    def _sides(self, clause: Clause, found: Scan, than: bool) -> None:
        """Give the side that the clause names to what has none of its own."""
        free = [
            w for w in clause.words
            if w.kind == "side" and w.how in ("on", "adv", "name", "to", "") and w.low != "one"
        ]  # fmt: skip
        if self.side_ahead and found.targets:
            if not clause.has("person"):  # else it says where a person is
                for target in found.targets:
                    target.side = self.side_ahead if target.side in _LOOSE else target.side
            self.side_ahead = ""
        for word in free:
            if word.how == "" and word.value not in ("both", "unequal", "one"):
                continue
            at = clause.words.index(word)
            loose = _LOOSE if word.value in ("left", "right") else ("",)
            bare = [t for t in found.targets if t.side in loose]
            if not bare and word.how in ("on", "adv", "name") and not found.targets and found.parts:
                for part in found.parts:
                    part.side = part.side or word.value
            for target in bare:
                sided = any("left" in unit(a.code).sides for a in target.actions)
                if word.how == "to" and sided:
                    target.blocked = True
                elif than and word.value in ("left", "right") and at > target.last:
                    target.side = "unequal"
                else:
                    target.side = word.value

    def _levels(self, clause: Clause, found: Scan, than: bool) -> None:
        """Give each level to the motion or unit that it stands with."""
        for n, word in enumerate(clause.words):
            if word.kind == "wide" and n not in {m.place for m in found.motions}:
                word.kind, word.value = "level", "4"
            if word.kind != "level":
                continue
            if than or self.respective:
                self._report([word])
                continue
            targets = self._graded(clause, found, n)
            for target in targets:
                target.level = int(word.value)
            if not targets and found.targets:
                self._report([word])

    def _graded(self, clause: Clause, found: Scan, n: int) -> list[Target]:
        words = clause.words
        if not found.targets:
            return []
        after = next((m for m in range(n + 1, len(words)) if words[m].kind in CONTENT), -1)
        noun = any(w.kind == "level noun" for w in words[max(0, n - 1) : n + 2])
        spanning = [t for t in found.targets if t.first <= n <= t.last]
        ahead = [t for t in found.targets if after in (t.first, t.last)]
        behind = [t for t in found.targets if t.last < n]
        if spanning and not noun:
            return [t for t in found.targets if t.last in {x.last for x in spanning}]
        if ahead and not noun and not (behind and words[n].how == "after"):
            between = words[n + 1 : after]
            if not behind or not any(w.kind in ("prep", "mark") for w in between):
                last = ahead[0].last if ahead[0].motion else after
                return [t for t in found.targets if t.first <= last and t.last >= after] or ahead
        if behind:
            place = max(t.last for t in behind)
            return [t for t in behind if t.last == place]
        return ahead

    # what comes out

    def _emit(self, clause: Clause, found: Scan, scope: Scope, less: bool) -> None:
        heard: list[Said] = []
        carried = self.denied and (clause.joint in ("or", "nor") or clause.listed)
        doubtful = self._doubtful_and(clause, found)
        unreal = self.unreal and clause.joint in _LISTS and first_form(clause) == "base"
        for target in found.targets:
            words = clause.words[target.first : target.last + 1]
            who = self._owner_of(target, clause)
            blocked = (
                target.blocked or less or doubtful or unreal or scope.blocks(target)
                or self._is_trait(target, clause)
            )  # fmt: skip
            denied = self.header == "absent" or (
                scope.denies(target, found) or (carried and scope.deny < 0)
            )
            if denied and not blocked:
                continue
            if blocked or not self.people.is_described(who, told=self.told):
                self._report(words)
                continue
            for action in self._actions(target, scope.doubt):
                heard.append(Said(action, False, words[0].start, words[-1].end, target.name))
                heard[-1].loose = action.code == "10" and not target.motion and not target.code
        if clause.joint in ("or", "/") and heard and not carried:
            for one in [*self.latest, *heard]:  # one of them, and it is not said which
                one.action = one.action._replace(doubt=True)
        self._settle_pending(clause, heard, scope, found)
        self.said += heard
        if heard:
            self.latest = heard

    def _owner_of(self, target: Target, clause: Clause) -> Person | None:
        for n in range(target.first, target.last + 1):
            if n in self.owners and clause.words[n].kind in ("act", "motion"):
                return self.owners[n]
        if target.owner is not None:
            for n, word in enumerate(clause.words):
                if word is target.owner:
                    return self.owners.get(n, self.people.subject)
        return self.people.subject

    def _doubtful_and(self, clause: Clause, found: Scan) -> bool:
        """ "Did not smile and frown": whether the second is denied too is not said."""
        return (
            clause.joint == "and"
            and (self.denied or self.stopped)
            and bool(self.form)
            and first_form(clause) == self.form
            and not clause.has("pronoun", "person", "neg")
        )

    def _is_trait(self, target: Target, clause: Clause) -> bool:
        """ "Arched eyebrows and narrow eyes" are how a face is, not what it does."""
        if not target.motion or target.first == target.last:
            return False
        first, last = clause.words[target.first], clause.words[target.last]
        inside = clause.words[target.first + 1 : target.last]
        if any(w.kind in ("article", "owner") for w in inside) and first.kind == "motion":
            return False  # "narrow his eyes"
        if first.kind == "motion" and last.kind == "part":
            if first.low in _TRAITS and not (first.low == "arched" and not last.plural):
                return True
            return first.low in _LINES and last.value == "forehead"
        between = clause.words[target.first + 1 : target.last]
        return last.low in ("narrow", "thin", "tight") and any(w.kind == "aux" for w in between)

    def _actions(self, target: Target, doubt: bool) -> Iterable[Action]:
        for action in target.actions:
            au = unit(action.code)
            side = action.side
            if target.side and target.side != "both" and "left" in au.sides:
                side = target.side.replace("?", "")
            level = action.level
            if target.level and au.graded and not (target.code and level):
                level = target.level
            yield Action(action.code, side, level, action.doubt or doubt)

    def _settle_pending(self, clause: Clause, heard: list[Said], scope: Scope, found: Scan) -> None:
        """Deny or grade the bare names before this clause, when its predicate is theirs too."""
        if clause.joint not in _LISTS:
            self.pending = []
        if scope.predicate and self.pending:
            plural = clause.has("aux") and any(w.low in ("are", "were") for w in clause.words)
            for one in self.pending:
                if clause.joint in ("and", "or", "nor") or plural:
                    one.denied = True
                else:
                    one.denied = True
                    self.unknown.append((one.start, one.end))
            self.pending = []
        elif heard and heard[-1].named and heard[-1].action.level and clause.joint == "and":
            last = max(t.last for t in found.targets)
            level = next((w for w in clause.words[last + 1 :] if w.kind == "level"), None)
            if level is not None:
                for one in self.pending:
                    if not one.action.level and unit(one.action.code).graded:
                        one.action = one.action._replace(level=heard[-1].action.level)
        if clause.bare and all(h.named for h in heard):
            self.pending += heard
        elif not clause.bare:
            self.pending = []

    # what is left

    def _leftovers(
        self, clause: Clause, found: Scan, scope: Scope, directed: bool, than: bool = False
    ) -> None:
        said = bool(found.targets) or directed
        if (than or clause.has("level")) and not said:
            self._report([m.word for m in found.motions])
        if not said and not found.parts:
            self._report(
                w for w in clause.words
                if w.kind == "side" and w.how in ("to", "adv") and w.value in ("left", "right")
            )  # fmt: skip
        quiet = clause.has("calm") or scope.deny >= 0 or self.header == "absent"
        self._unknown_words(clause)
        for motion in found.motions:
            done = motion.used or (said and (motion.weak or motion.value in _QUIET))
            if not done and not quiet:
                self._report([motion.word])
        waits = not found.motions and not said and not found.unknown
        for part in found.parts:
            if part.used or part.value == "gaze":
                continue
            if waits and not part.apart and not quiet:
                self.waiting.append(part)
            elif not quiet and not (part.apart and said) and not said:
                self._report([part.word])
        if found.motions:
            self._drop_waiting()

    def _unknown_words(self, clause: Clause) -> None:
        content = clause.has(*CONTENT)
        self._report(
            [w for w in clause.words
             if w.kind in ("unknown", "number", "speech", "vague")
             or (w.kind in ("unreal", "unsure", "as if") and content)]
        )  # fmt: skip

    def _report(self, words: Iterable[Word]) -> None:
        self.unknown += [(w.start, w.end) for w in words if w.kind != "mark"]

    def _drop_waiting(self) -> None:
        self._report(p.word for p in self.waiting if not p.used)
        self.waiting = []

    def _pass_on(self, clause: Clause, found: Scan, scope: Scope) -> None:
        """Keep what the next clause may inherit."""
        parts = [p for p in found.parts if not p.apart]
        if parts:
            self.parts = parts[-4:]
        if found.motions:
            self.motions = found.motions[-3:]
            self.verb_first = found.verb_first
        content = clause.has(*CONTENT)
        thinks = any(w.low in lexicon()["doubters"] for w in clause.words)
        self.doubted = scope.deny >= 0 and not content and (thinks or clause.words[-1].kind == "neg")
        carried = clause.joint in ("or", "nor") or clause.listed
        if content or scope.deny >= 0:
            self.denied = scope.deny >= 0 or scope.stop >= 0 or (self.denied and carried)
            start = max(scope.deny, scope.stop, 0)
            self.form = first_form(clause, start) if self.denied else ""
            self.unreal = scope.unreal >= 0
