"""A text to what it says of one face: clause after clause, each with what it inherits."""

from __future__ import annotations

from facs_text._prose._clauses import CONTENT, Clause, sentences
from facs_text._prose._codes import settle_codes
from facs_text._prose._comment import LABELS, comment, heading
from facs_text._prose._doers import settle_doers
from facs_text._prose._emit import emit
from facs_text._prose._found import Scan
from facs_text._prose._grade import levels, sides
from facs_text._prose._inherit import directed, inherit, instrument
from facs_text._prose._levels import settle_levels
from facs_text._prose._lost import lost_sides, unsure_of_side, void_latest
from facs_text._prose._names import settle_names
from facs_text._prose._people import Person
from facs_text._prose._same_side import settle_same_sides
from facs_text._prose._scan import scan
from facs_text._prose._scope import Scope, first_form, scope_of
from facs_text._prose._sides import settle_sides
from facs_text._prose._state import LISTS, Said, State
from facs_text._prose._talk import other_owner, retracted, uneven
from facs_text._prose._tokens import tokenise
from facs_text._prose._whose import relative, who
from facs_text._prose._words import Word, bases, claims, lexicon, to_words

__all__ = ["Said", "read_prose"]

_DEGREES = {"higher": "raise", "wider": "widen"}
_UNITS = frozenset(("units", "action units", "aus", "muscles", "actions", "movements"))
_UNLIKELY = frozenset(("unlikely", "untrue", "false", "impossible", "doubtful", "possible"))
_NAMING = frozenset(("(", "with", ",", "and", "or", "nor", ":"))
_ABOUT_THAT = frozenset(("where", "which", "in which", "when"))
_QUIET = frozenset(("raise", "lower", "knit", "sideways", "part", "turn", "push forward", "inward",
                    "back", "curl", "push", "shift", "tilt", "throw"))  # fmt: skip


def read_prose(text: str) -> tuple[list[Said], list[tuple[int, int]]]:
    """(what is said, (start, end) of each stretch that was not understood)."""
    words = settle_doers(settle_names(to_words(tokenise(text))))
    words = settle_levels(settle_codes(words))
    words = settle_same_sides(settle_sides(words))
    reader = _Reader()
    for clauses in sentences(words):
        reader.sentence(clauses)
    reader.unsay()
    reader.two_levels()
    reader.contradicted()
    return _one_side([s for s in reader.said if not s.void]), _merge(sorted(reader.unknown), text)


def _one_side(said: list[Said]) -> list[Said]:
    """Without "one side" where the text says elsewhere which: "he smirked, the left corner up"."""
    known: dict[str, int] = {}
    for one in said:
        if one.action.side != "one" and not one.denied:
            known[one.action.code] = max(one.action.level, known.get(one.action.code, 0))
    sided = {s.action.code for s in said if s.action.side in ("left", "right")}
    shut = {s.action.side for s in said if s.action.code == "43" and not s.denied}
    for one in said:  # "a wink, the right lid closed"
        if one.action.code == "46" and one.action.side in ("both", "one") and len(shut) == 1:
            one.action = one.action._replace(side=min(shut) if min(shut) != "both" else "one")
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


def _is_renamed(clause: Clause, found: Scan) -> bool:
    """ "AU25 through AU27 coded as AU26"."""
    words = clause.words
    return (
        len(words) > 1
        and (words[0].low, words[1].kind) == ("as", "code")
        and all(t.code for t in found.targets)
    )


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
        if self.set_against and clause.words and clause.words[0].low in _ABOUT_THAT:
            self.report(clause.words)  # "in contrast to 15, where the corners go down"
            return
        self.set_against = False
        than, less = self._compare(clause)
        self._at_another_time(clause)
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
        if self.unscored and clause.joint.endswith("with"):
            clause.unreal = True  # "AU5 cannot be coded together with AU43"
        self.unscored = clause.has("unseen")
        self.doubted = False
        found = scan(clause)
        named = bool(found.targets) or clause.joint in LABELS
        scope = scope_of(clause, named)
        if retracted(self, clause):
            return
        if other_owner(clause):
            self.take_back(self.group)
        if heading(self, clause, found, scope) or comment(self, clause, found, scope):
            return
        who(self, clause)
        if instrument(self, clause, found):
            return
        if _is_renamed(clause, found):
            self.take_back(self.latest)
        if clause.joint == "neither" and len(clause.words) == 1:
            self.take_back(self.group)  # "coded as neither"
        if that and found.parts and not (found.motions or found.targets or clause.has("aux")):
            void_latest(self, clause, found)  # "squint that eye"
        inherit(self, clause, found)
        turned = directed(self, clause, found)
        sides(self, clause, found, than)
        levels(self, clause, found, than)
        if self.named_denied and clause.joint in _NAMING and scope.deny < 0:
            scope.deny = 0  # "none of the units of disgust (AU9, AU10) are active"
        if clause.joint == "without":
            self._whose_side(clause, found)
        lost = lost_sides(clause, found)
        if self.side_lost and not clause.has("person", "pronoun"):
            for target in found.targets:  # "a dimple on the left, a tightening of the corner"
                target.blocked = target.blocked or unsure_of_side(target)
        self.side_lost = bool(lost) and not found.targets
        if lost:
            self.report(lost)
            void_latest(self, clause, found)
            for target in found.targets:
                target.blocked = target.blocked or unsure_of_side(target)
            if clause.joint == "and" and any(t.code and t.blocked for t in found.targets):
                self.take_back(self.pending)  # "AU14 and AU12 both unilateral on the left"
        emit(self, clause, found, scope, less=less)
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
            clause.unreal = clause.unreal or uneven(words, at)
            if words[at].low in ("vs", "versus"):
                clause.unreal = True  # one of two, and it is not said which
            self._compared(words[at:])
            self.set_against = not at
            self.report(w for w in words[at:] if w.kind in ("code", "act", "noun", "muscle"))
        return than or bool(more), any(w.value == "less" for w in more)

    def _at_another_time(self, clause: Clause) -> None:
        """ "Yesterday, she smiled", "she smiled once, long ago"."""
        if self.elsewhen and (
            clause.joint in ("but", "yet") or any(w.low == "now" for w in clause.words)
        ):
            self.elsewhen = False
        clause.unreal = clause.unreal or self.elsewhen
        if clause.has("time") and not clause.has(*CONTENT):
            if clause.joint == ",":
                self.take_back(self.latest)
            elif not clause.joint:
                self.elsewhen = True

    def _compared(self, words: list[Word]) -> None:
        """Note that somebody is only compared with: "unlike Anna, who frowns"."""
        if any(w.kind in ("person", "other", "pronoun") for w in words):
            self.people.last = self.people.compared = Person("")

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
            if not done and (not quiet or (scope.deny < 0 and self.header != "absent")):
                self.report([motion.word])
        waits = not found.motions and not said and not found.unknown
        for part in found.parts:
            if part.used or part.value == "gaze":
                continue
            told = clause.has("aux") and clause.has("level")  # "the lids stay at half"
            told = told or any(
                w.kind in ("light", "level") for w in clause.words[max(0, part.place) :]
            )
            if waits and not part.apart and not quiet and not told:
                self.waiting.append(part)
            elif not quiet and not (part.apart and said) and not said:
                self.report([part.word])
        if found.motions:
            self.drop_waiting()
        self._part_ahead(clause, found)
        if not said and not found.parts:
            self._place_ahead(clause)

    def _whose_side(self, clause: Clause, found: Scan) -> None:
        """ "AU2 without AU1 on the right": whether the first is on that side too is not said."""
        sided = any(w.kind == "side" and w.how == "on" for w in clause.words)
        if sided and found.targets and all(t.code for t in found.targets):
            self.take_back(self.latest)

    def _is_feature(self, clause: Clause, found: Scan) -> bool:
        """Whether a clause only says what a face is like: "a heavy brow and", "thin,"."""
        lows = {w.low for w in clause.words}
        verbs = any(w.kind in ("act", "gaze", "light") for w in clause.words)
        return bool(lows & set(lexicon()["features"])) and not (found.targets or verbs)

    def _place_ahead(self, clause: Clause) -> None:
        """ "It affects the left lower face: the lips sag": a side for what follows."""
        sides = [w for w in clause.words if w.kind == "side" and w.value in ("left", "right")]
        heads = bool(clause.words) and clause.words[-1].low == ":"
        heads = heads and not clause.has("aux", "pronoun", "person")  # "she is right: ..."
        if heads and len(sides) == 1 and sides[0].how in ("on", "name", "adv"):
            self.side_ahead = sides[0].value

    def _part_ahead(self, clause: Clause, found: Scan) -> None:
        """ "Right brow only: AU1 and AU2": a side for the codes that follow."""
        kinds = {w.kind for w in clause.words}
        if not clause.words or clause.words[-1].low != ":":
            return
        if not kinds <= {"part", "side", "skip", "article", "mark"}:
            return
        sides = {p.side for p in found.parts}
        if len(sides) == 1 and sides <= {"left", "right"}:
            self.side_of_codes = min(sides)

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
        claimed = bool(verbs & (claims() | _UNLIKELY))
        last = scope.deny >= 0 and clause.words[-1].kind == "neg"
        self.doubted = not content and (thinks or claimed or last)
        self.doubted_that = not content and scope.deny >= 0
        carried = clause.joint in ("or", "nor") or clause.listed
        self.feature = clause.joint in ("", *LISTS, "with") and self._is_feature(clause, found)
        if content or scope.deny >= 0:
            self.denied = scope.deny >= 0 or scope.stop >= 0 or (self.denied and carried)
            start = max(scope.deny, scope.stop, 0)
            self.form = first_form(clause, start) if self.denied and content else ""
            self.unreal = scope.unreal >= 0
            self.unreal_ing = self.unreal and first_form(clause, scope.unreal) == "ing"
