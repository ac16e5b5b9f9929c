"""A text to what it says of one face: clause after clause, each with what it inherits."""

from __future__ import annotations

from collections.abc import Iterable

from facs_text._coding import Action
from facs_text._prose._clauses import CONTENT, Clause, sentences
from facs_text._prose._codes import actions_of, settle_codes
from facs_text._prose._found import Scan, Target
from facs_text._prose._grade import is_trait, levels, sides
from facs_text._prose._inherit import directed, inherit, instrument
from facs_text._prose._levels import settle_levels
from facs_text._prose._lost import done_by_another, lost_sides, unsure_of_side, void_latest
from facs_text._prose._people import Person
from facs_text._prose._scan import scan
from facs_text._prose._scope import Scope, elsewhere, first_form, governed, scope_of, supposed
from facs_text._prose._sides import settle_sides
from facs_text._prose._state import Said, State
from facs_text._prose._tokens import tokenise
from facs_text._prose._whose import owner_of, relative, who
from facs_text._prose._words import Word, bases, lexicon, to_words
from facs_text._units import unit

__all__ = ["Said", "read_prose"]

_LISTS = frozenset((",", "and", "or", "nor"))
_LABELS = frozenset((":", "(", ")", "—", "–", "-", "=", "with", "→"))
_ARCH, _OPEN, _PARTED = actions_of("1+2"), actions_of("25+26"), actions_of("25")
_DEGREES = {"higher": "raise", "wider": "widen"}
_UNITS = frozenset(("units", "action units", "aus", "muscles", "actions", "movements"))
_VERDICT = frozenset(("neg", "present", "absent", "skip", "aux"))
_BESIDE = _VERDICT | {"level", "level noun", "number", "mark", "prep", "article", "hedge", "side"}
_UNLIKELY = frozenset(("unlikely", "untrue", "false", "impossible", "doubtful", "possible"))
_NAMING = frozenset(("(", "with", ",", "and", "or", "nor", ":"))
_QUIET = frozenset(("raise", "lower", "knit", "sideways", "part", "turn", "push forward", "inward",
                    "back", "curl", "push", "shift", "tilt", "throw"))  # fmt: skip


def read_prose(text: str) -> tuple[list[Said], list[tuple[int, int]]]:
    """(what is said, (start, end) of each stretch that was not understood)."""
    words = settle_sides(settle_levels(settle_codes(to_words(tokenise(text)))))
    reader = _Reader()
    for clauses in sentences(words):
        reader.sentence(clauses)
    return _one_side([s for s in reader.said if not s.void]), _merge(sorted(reader.unknown), text)


def _one_side(said: list[Said]) -> list[Said]:
    """Without "one side" where the text says elsewhere which: "he smirked, the left corner up"."""
    known: dict[str, int] = {}
    for one in said:
        if one.action.side != "one" and not one.denied:
            known[one.action.code] = max(one.action.level, known.get(one.action.code, 0))
    sided = {s.action.code for s in said if s.action.side in ("left", "right")}
    winks = {s.action.side for s in said if s.action.code == "46" and not s.denied}
    return [
        s for s in said
        if not (s.action.code == "43" and s.action.side in winks)  # "closed in a wink"
        and (s.action.side != "one" or s.action.code not in known)
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


def absent_other(clause: Clause) -> bool:
    """ "No other movement": says nothing of what was named."""
    lows = {w.low for w in clause.words}
    return clause.has("neg", "absent") and bool(lows & {"other", "else", "further", "additional"})


class _Reader(State):
    """Reads clause after clause."""

    def sentence(self, clauses: list[Clause]) -> None:
        self.begin()
        self.people.rival = ""
        self.respective = any(w.low == "respectively" for c in clauses for w in c.words)
        for clause in clauses:
            self._clause(clause)
        self.drop_waiting()

    # one clause

    def _clause(self, clause: Clause) -> None:
        than, less = self._compare(clause)
        if self.as_if and clause.joint not in (",", ")"):
            clause.unreal = True
        self.as_if = (clause.has("as if") and clause.has(*CONTENT)) or (
            self.as_if and clause.joint not in (",", ")")
        )
        if clause.joint == "relative" and relative(self, clause):
            return
        that = clause.joint == "relative" and clause.words[:1] and clause.words[0].low == "that"
        if (self.doubted and clause.joint in ("relative", "")) or (self.doubted_that and that):
            clause.unreal = True  # "there is no evidence that she smiled"
        self.doubted = False
        found = scan(clause)
        named = bool(found.targets) or clause.joint in _LABELS
        scope = scope_of(clause, named)
        if self._heading(clause, found, scope) or self._comment(clause, found, scope):
            return
        who(self, clause)
        if instrument(self, clause, found):
            return
        inherit(self, clause, found)
        turned = directed(self, clause, found)
        sides(self, clause, found, than)
        levels(self, clause, found, than)
        if self.named_denied and clause.joint in _NAMING and scope.deny < 0:
            scope.deny = 0  # "none of the units of disgust (AU9, AU10) are active"
        if clause.joint == "without":
            self._whose_side(clause, found)
        lost = lost_sides(clause, found)
        if lost:
            self.report(lost)
            void_latest(self, clause, found)
            for target in found.targets:
                target.blocked = target.blocked or unsure_of_side(target)
        self._emit(clause, found, scope, less)
        self._leftovers(clause, found, scope, turned, than)
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
            if words[at].low in ("vs", "versus"):
                clause.unreal = True  # one of two, and it is not said which
            self.report(w for w in words[at:] if w.kind in ("code", "act", "noun", "muscle"))
        return than or bool(more), any(w.value == "less" for w in more)

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
        levels = [w for w in clause.words if w.kind == "level" and not w.low.endswith(" of")]
        if absent_other(clause):
            return True
        label = clause.joint in _LABELS or (clause.joint == "," and self.pending)
        speech = clause.has("neg") and clause.words[0].text[:1].isupper()
        if clause.joint == ")" and (speech or not {w.kind for w in clause.words} <= _BESIDE):
            return False  # what follows a bracket is mostly of something else
        absent = scope.deny >= 0 or clause.has("absent")
        if clause.joint == "but" and clause.has("absent") and not clause.has("side", "neg"):
            label = True  # "AU12 was active but is now absent"
        verdict = clause.joint == "," and {w.kind for w in clause.words} <= _VERDICT
        verdict = verdict and clause.has("present", "absent")
        if verdict and absent and not clause.words[-1].value.startswith(("movement", "activ")):
            label = True  # "AU6 inferred, not seen"
        if label and absent and self.latest and not clause.has("person", "unknown", "number"):
            for one in self.latest:
                one.denied = True
            for one in self.pending:  # "AU18 and AU23: none"
                if not one.denied:
                    one.denied = True
                    self.unknown += [(one.start, one.end)] if clause.joint == "," else []
            self.report_unknown(clause)
            self.latest, self.pending = [], []
            return True
        sides = [w for w in clause.words if w.kind == "side" and w.value in ("left", "right")]
        more_said = len(sides) == 1 and self.latest and clause.joint in (*_LABELS, ",")
        if more_said and self._one_side_more(clause, sides[0].value, levels, scope):
            return True
        if sides and not clause.has(
            "person", "pronoun", "comparative", "unknown", "number", *CONTENT
        ):
            if clause.joint in (*_LABELS, ",") and self.latest and len(sides) == 1:
                for one in self.latest:
                    if "left" in unit(one.action.code).sides and one.action.side in ("both", "one"):
                        one.action = one.action._replace(side=sides[0].value)
                return True
            if clause.joint == "," and self.waiting and len(sides) == 1 and scope.deny < 0:
                self.waiting[-1].side = sides[0].value  # "her brow, the left one, is raised"
                return True
            if clause.joint == "" and len(sides) == 1:
                self.side_ahead = sides[0].value
                self.side_held = clause.words[-1].low == ":"
                return True
            if self.side_ahead and scope.deny >= 0:
                return True  # "the left, but not the right, brow"
        joined = clause.joint in ("and", "but", ",")
        whole = {w.kind for w in clause.words} <= {"side", "skip"}
        if (
            clause.joint == "with"
            and whole
            and self.latest
            and any(w.value in ("one", "left", "right") for w in clause.words)
        ):
            value = next(w.value for w in clause.words if w.kind == "side")
            for one in self.latest:
                if "left" in unit(one.action.code).sides and one.action.side == "both":
                    one.action = one.action._replace(side=value)
            return True
        if sides and clause.has("present") and joined and not absent and not self.latest:
            self.report(clause.words)  # "absent on the left and present on the right"
            return True
        more = [w for w in clause.words if w.kind == "comparative"]
        if more and sides and self.latest and clause.joint in (*_LABELS, ",", "and", "but"):
            for one in self.latest:
                if "left" in unit(one.action.code).sides and one.action.side == "both":
                    one.action = one.action._replace(side="unequal")
            self.report([*more, *sides])
            return True
        if clause.joint == ")":
            levels = [w for w in levels if w.how == "after"]
        busy = any(w.kind == "unknown" and not w.low.endswith("ly") for w in clause.words)
        after = all(w.how == "after" for w in levels)
        graded = bool(levels) and scope.deny < 0 and (after or not busy)
        but = clause.joint in ("but", "and", "yet")  # "present but weak"
        if graded and but and not (clause.has("side", "prep") or busy) and self.latest:
            group = [] if any(one.action.level for one in self.group) else self.group
            for one in group:
                if unit(one.action.code).graded:
                    one.action = one.action._replace(level=int(levels[-1].value))
            self.report_unknown(clause)
            return True
        if graded and self.latest and clause.joint in (*_LABELS, ","):
            whole_list = {w.low for w in clause.words} & {"both", "all", "each"}
            for one in self.group if whole_list else self.latest:
                if not one.action.level and unit(one.action.code).graded:
                    one.action = one.action._replace(level=int(levels[-1].value))
            self.report_unknown(clause)
            return True
        return False

    def _one_side_more(self, clause: Clause, side: str, levels: list[Word], scope: Scope) -> bool:
        """ "AU12: left C, right A", "ptosis: 2 mm on the right, none on the left"."""
        if clause.has(*CONTENT, "person", "pronoun", "comparative"):
            return False
        other = {"left": "right", "right": "left"}[side]
        sided = {one.action.side for one in self.latest}
        if scope.deny >= 0 or clause.has("absent"):
            if sided != {other}:  # nothing is said of the other side
                for one in self.latest:
                    one.void = True
                self.report(clause.words)
            return True
        numbers = [w for w in clause.words if w.kind == "number"]
        if not levels and not numbers:
            return False
        level = int(levels[-1].value) if levels else 0
        if (
            numbers
            and not levels
            and numbers[0].text in "12345"
            and all(o.named for o in self.latest)
        ):
            level, numbers[0].kind = int(numbers[0].text), "skip"  # "AU12: right 3, left 1"
        if not all("left" in unit(one.action.code).sides for one in self.latest):
            return False
        if sided <= {"both", "one"}:
            for one in self.latest:
                had = one.action.level
                one.action = one.action._replace(side=side, level=had or level)
        elif sided == {other} and level:
            more = [s.action._replace(side=side, level=level) for s in self.latest]
            self.said += [Said(action, False, named=True) for action in more]
        else:
            return False
        self.report_unknown(clause)
        return True

    # who

    # what is inherited

    # sides and levels

    # what comes out

    def _emit(self, clause: Clause, found: Scan, scope: Scope, less: bool) -> None:
        heard: list[Said] = []
        if not clause.unreal:
            self.said += [
                Said(action, True)
                for word in clause.words
                if word.kind == "code" and word.how == "absent"
                for action in word.actions
                if action.side == "both"
            ]
        carried = self.denied and (clause.joint in ("or", "nor", "/") or clause.listed)
        doubtful = self._doubtful_and(clause, found)
        unreal = self.unreal and clause.joint in _LISTS and first_form(clause) == "base"
        for target in found.targets:
            words = clause.words[target.first : target.last + 1]
            person = owner_of(self, target, clause)
            blocked = (
                target.blocked or less or doubtful or unreal or scope.blocks(target)
                or governed(clause, target) or supposed(clause, target)
                or done_by_another(clause, target) or elsewhere(clause, target)
                or is_trait(self, target, clause)
            )  # fmt: skip
            denied = self.header == "absent" or (
                scope.denies(target, found) or (carried and scope.deny < 0)
            )
            if denied and not blocked:
                if not scope.doubt:
                    gone = self._denials(target, person)
                    self.said += gone
                    if scope.stop >= 0 or scope.vanish >= 0:
                        self._end(gone)
                continue
            if blocked or not self.people.is_described(person, told=self.told):
                self.report(words)
                if clause.joint == "and" and supposed(clause, target):
                    for one in self.bare:  # "smiling and frowning are both intact"
                        one.void = True
                        self.unknown.append((one.start, one.end))
                continue
            for action in self._actions(target, scope.doubts(target)):
                heard.append(Said(action, False, words[0].start, words[-1].end, target.name))
                heard[-1].loose = action.code == "10" and not target.motion and not target.code
        if clause.joint in ("or", "/") and heard and not carried:
            for one in [*self.latest, *heard]:  # one of them, and it is not said which
                one.action = one.action._replace(doubt=True)
        self._settle_pending(clause, heard, scope, found)
        self.said += heard
        if heard:
            self.group = [*self.group, *heard] if clause.joint in _LISTS else heard
            self.latest = heard
        self.bare = [] if clause.has("person", "pronoun", "aux") else heard

    def _end(self, gone: list[Said]) -> None:
        """ "He smiled, then stopped smiling": what ended is no longer there."""
        codes = {one.action.code for one in gone}
        for one in self.said:
            one.denied = one.denied or one.action.code in codes

    def _denials(self, target: Target, person: Person | None) -> list[Said]:
        """What a denied target says is absent: nothing of one side, nor "not A and B" of two."""
        actions = target.actions
        if actions == _OPEN and not target.code:
            actions = _PARTED  # a mouth that does not open has its lips together, whatever the jaw
        whole = not target.side and all(a.side == "both" for a in actions)
        apart = target.code or len(actions) == 1 or actions == _ARCH
        if not (whole and apart) or not self.people.is_described(person, told=self.told):
            return []
        return [Said(action, True) for action in actions]

    def _doubtful_and(self, clause: Clause, found: Scan) -> bool:
        """ "Did not smile and frown": whether the second is denied too is not said."""
        return (
            clause.joint == "and"
            and (self.denied or self.stopped)
            and bool(self.form)
            and first_form(clause) == self.form
            and not clause.has("pronoun", "person", "neg")
        )

    def _actions(self, target: Target, doubt: bool) -> Iterable[Action]:
        for action in target.actions:
            au = unit(action.code)
            side = action.side
            sided = target.code and side not in ("both", "one")  # "unilateral R14"
            if target.side and target.side != "both" and "left" in au.sides and not sided:
                side = target.side.replace("?", "")
            if target.side in au.sides and target.side in ("top", "bottom"):
                side = target.side
            level = action.level
            if not au.scored and au.region == "eyes" and not target.code:
                yield Action(action.code, side, 0, action.doubt or doubt)
                continue  # a big blink is a blink
            opened = action.code == "25" and target.actions[0].code == "12"
            if target.level and au.graded and not (target.code and level) and not opened:
                level = target.level  # a big toothy grin says nothing of how far lips part
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
                    one.void = True
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
            self.report([m.word for m in found.motions])
            self.report([w for w in clause.words if w.kind == "level"])
        if not said and not found.parts:
            self.report(
                w for w in clause.words
                if w.kind == "side" and w.how in ("to", "adv") and w.value in ("left", "right")
            )  # fmt: skip
        quiet = clause.has("calm") or scope.deny >= 0 or self.header == "absent"
        self.report_unknown(clause)
        for motion in found.motions:
            done = motion.used or (said and (motion.weak or motion.value in _QUIET))
            if not done and not quiet:
                self.report([motion.word])
        waits = not found.motions and not said and not found.unknown
        for part in found.parts:
            if part.used or part.value == "gaze":
                continue
            if waits and not part.apart and not quiet:
                self.waiting.append(part)
            elif not quiet and not (part.apart and said) and not said:
                self.report([part.word])
        if found.motions:
            self.drop_waiting()
        if not said and not found.parts:
            self._place_ahead(clause)

    def _whose_side(self, clause: Clause, found: Scan) -> None:
        """ "AU2 without AU1 on the right": whether the first is on that side too is not said."""
        sided = any(w.kind == "side" and w.how == "on" for w in clause.words)
        if sided and found.targets and all(t.code for t in found.targets):
            for one in self.latest:
                one.void = True
                self.unknown.append((one.start, one.end))

    def _is_feature(self, clause: Clause, found: Scan) -> bool:
        """Whether a clause only says what a face is like: "a heavy brow and", "thin,"."""
        lows = {w.low for w in clause.words}
        verbs = any(w.kind in ("act", "gaze", "light") for w in clause.words)
        return bool(lows & set(lexicon()["features"])) and not (found.targets or verbs)

    def _place_ahead(self, clause: Clause) -> None:
        """ "It affects the left lower face: the lips sag": a side for what follows."""
        sides = [w for w in clause.words if w.kind == "side" and w.value in ("left", "right")]
        heads = bool(clause.words) and clause.words[-1].low == ":"
        if heads and len(sides) == 1 and sides[0].how in ("on", "name"):
            self.side_ahead = sides[0].value

    def _pass_on(self, clause: Clause, found: Scan, scope: Scope) -> None:
        """Keep what the next clause may inherit."""
        units = any(w.low in _UNITS for w in clause.words)
        names = scope.deny >= 0 and units and not found.targets
        kept = self.named_denied and clause.joint in _NAMING
        self.named_denied = names or (kept and not clause.has("present", "act", "motion"))
        parts = [p for p in found.parts if not p.apart]
        if parts:
            self.parts = parts[-4:]
        if found.motions:
            self.motions = found.motions[-3:]
            self.verb_first = found.verb_first
        content = clause.has(*CONTENT)
        verbs = {w.low for w in clause.words if w.kind != "person"}
        verbs |= {bases().get(low, low) for low in verbs}
        thinks = scope.deny >= 0 and bool(verbs & set(lexicon()["doubters"]))
        claims = bool(verbs & (set(lexicon()["claims"]) | _UNLIKELY))
        last = scope.deny >= 0 and clause.words[-1].kind == "neg"
        self.doubted = not content and (thinks or claims or last)
        self.doubted_that = not content and scope.deny >= 0
        carried = clause.joint in ("or", "nor") or clause.listed
        self.feature = clause.joint in ("", *_LISTS, "with") and self._is_feature(clause, found)
        if content or scope.deny >= 0:
            self.denied = scope.deny >= 0 or scope.stop >= 0 or (self.denied and carried)
            start = max(scope.deny, scope.stop, 0)
            self.form = first_form(clause, start) if self.denied and content else ""
            self.unreal = scope.unreal >= 0
