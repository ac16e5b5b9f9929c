"""Whether a clause asserts what it names: negation and its end, ability, time, condition, doubt."""

from __future__ import annotations

from dataclasses import dataclass

from facs_text._prose._clauses import CONTENT, Clause
from facs_text._prose._found import Scan, Target
from facs_text._prose._words import Word, bases

__all__ = ["Scope", "first_form", "scope_of"]

_MODALS = frozenset(("will", "would", "shall", "should", "must", "ought to", "has to", "have to"))
_SHOWING = frozenset(("show", "expose", "reveal", "bare", "display"))
_WITHIN = frozenset(("in", "behind", "about", "to", "beneath", "under"))
_BUT = frozenset(("beyond", "besides", "except", "but"))
_DEFINITE = frozenset(("the", "that", "this"))
_AT_TIMES = frozenset(("seldom", "rarely", "occasionally", "sometimes", "usually", "often"))
_FULL = frozenset(("3", "4", "5"))


@dataclass(slots=True)
class Scope:
    """The places of a clause from which things hold; -1 for nowhere."""

    deny: int = -1
    stop: int = -1
    vanish: int = -1
    unreal: int = -1
    unsure: int = -1
    done: bool = False  # what is unsure is told by a participle: "excluded"
    doubt: bool = False
    hedge: int = -1  # place of the only hedge, when it is a modal verb
    open: bool = False  # nothing in it is certain: asked, supposed, "not fully", "not strong"
    modal: bool = False  # what makes it unreal is a "should" or "will"
    into: bool = False  # what vanishes becomes what follows: "faded into a frown"
    past: int = -1  # where what is denied ends: "no warmth *in* his smile"
    predicate: bool = False  # the denial stands behind the name: "AU4 is absent"

    def doubts(self, target: Target) -> bool:
        """Whether a hedge is of the target: "could" and its like are of what follows them."""
        return self.doubt and (self.hedge < 0 or self.hedge < target.last)

    def denies(self, target: Target, scan: Scan) -> bool:
        """Whether the target is said not to be there."""
        if 0 <= self.stop < target.last:
            return True
        if self.vanish > target.last and not target.motion:
            return self.deny < 0
        if self.deny < 0:
            return False
        if self.deny < self.past < target.first and target.name:
            return False
        if target.last > self.deny:
            return True
        for other in scan.targets:  # what is denied of the part holds for its code in brackets
            if other.first < self.deny < other.last:
                return target.first >= other.first and target.code
        return not any(t.first > self.deny for t in scan.targets) and not any(
            m.place > self.deny for m in scan.motions
        )

    def blocks(self, target: Target) -> bool:
        """Whether nothing can be said of the target."""
        if 0 <= self.unreal < target.last or 0 <= self.unsure < target.last:
            return True
        if 0 <= self.vanish < target.first and not target.motion and not self.into:
            return True  # "fade the smile out"
        if self.done and target.name and target.last < self.unsure <= target.last + 2:
            return True  # "AU5 excluded", "a smile was suppressed"
        if target.name and not target.code and target.last < self.unreal <= target.last + 2:
            return self.modal  # "the smile should land"
        if target.code and target.last < self.unreal <= target.last + 2:
            return True  # "AU9 and AU10 are often both there"
        twice = self.stop >= 0 and 0 <= self.deny < self.stop
        return twice or self.open


def scope_of(clause: Clause, named: bool) -> Scope:
    """The scope words of a clause. named: it names units, so that "off" is a state of theirs."""
    scope = Scope()
    words = clause.words
    absent = -1
    for n, word in enumerate(words):
        kind = word.kind
        if kind == "neg":
            if scope.deny < 0 and not (
                scope.stop >= 0 and words[scope.stop].value in ("can", "able to")
            ):
                scope.deny = n
            scope.open = scope.open or _scalar(words, n)
        elif kind == "motion" and word.low.startswith("drop") and _drops(words, n):
            scope.stop = n  # "drops the smile"
        elif kind == "motion" and word.value == "lower" and _falls(words, n):
            scope.vanish = n  # "her smile drops"
        elif kind == "stop" and word.low == "lost" and n and words[n - 1].kind == "code":
            absent = n  # "AU6 lost"
        elif kind == "stop" and scope.stop < 0 and not _ends_on(words, n):
            scope.stop = n
        elif kind == "vanish" and not _of_a_part(words, n):
            scope.vanish = n
            scope.into = any(w.low in ("into", "to") for w in words[n + 1 : n + 4])
        elif word.low == "off" and n and words[n - 1].kind == "code" and _turned(words[:n]):
            absent = n  # "leave AU25 off"
        elif word.low == "left" and n and _leaves(words, n):
            scope.vanish = n  # "the sneer left his lips"
        elif kind == "prep" and word.low in ("off", "from") and scope.vanish < 0:
            if any(w.low == "to" for w in words[n + 1 :]):
                continue  # "spread from one corner of her mouth to the other"
            if (
                n
                and words[n - 1].kind in ("motion", "light")
                and words[n - 1].form in ("ed", "s", "base")
            ):
                scope.vanish = n  # "the smile slid off his face"
            elif n and words[n - 1].kind == "act" and _off_the_face(words, n):
                scope.vanish = n  # "wiped the smile off his face"
        elif kind == "absent" and named:
            absent = n
        elif kind == "unreal" and word.low in _AT_TIMES:
            scope.unreal, scope.open = 0, True  # "it smiled seldom"
        elif kind == "unreal" and scope.unreal < 0 and not _mere_wish(words, n):
            if word.value in ("can", "able to") and _negated(words, n):
                scope.stop = n  # "cannot", "not able to"
                scope.deny = -1
            else:
                scope.unreal = n
                scope.modal = word.low in _MODALS
        elif kind == "unsure" and scope.unsure < 0:
            scope.unsure, scope.done = n, word.form == "ed"
        elif kind == "hedge":
            if word.low == "could" and _does(words, n):
                scope.unreal = n if scope.unreal < 0 else scope.unreal  # an ability, or a wish
            named = any(w.kind in ("act", "noun", "motion") for w in words[:n])
            if word.low == "possible" and n and words[n - 1].kind == "aux" and named:
                scope.open = True  # "cheek puffing is possible"
            modal = word.low in ("could", "might", "may") and (not scope.doubt or scope.hedge >= 0)
            scope.hedge = n if modal else -1
            scope.doubt = True
        elif word.low == "be" and _be_it_so(words, n):
            scope.open = True  # "requires that the corner be raised"
        elif kind in ("time", "unseen") or _rather(words, n, scope.deny):
            scope.open = True
        elif (
            kind == "prep" and word.low == "to" and scope.unreal < 0 and _infinitive(words, n)
        ) or kind == "as if":
            scope.unreal = n
    if absent >= 0:
        scope.deny = -1 if scope.deny >= 0 else absent
    scope.predicate = scope.deny > 0 and any(
        w.kind in ("code", "noun", "muscle", "act") for w in words[: scope.deny]
    )
    scope.past = _denied_until(words, scope.deny)
    if clause.unreal or _wanted(words):
        scope.unreal = scope.unsure = 0
        scope.open = True
    return scope


def _rather(words: list[Word], n: int, deny: int) -> bool:
    """ "Not pressed *so much as* rolled in", but not "not so much as blinked"."""
    ahead = words[deny:n]
    return words[n].low == "so much as" and deny >= 0 and any(w.kind in CONTENT for w in ahead)


def _denied_until(words: list[Word], deny: int) -> int:
    """Place of "in" in "no warmth in his smile", where the smile is there; -1 for none."""
    if deny < 0:
        return -1
    bare = words[deny].low == "nothing"
    for n in range(deny + 1, len(words) - 2):
        word = words[n]
        if word.low in _BUT and bare:
            return n  # "no answer beyond a slow wink"
        if word.low in _WITHIN and bare:
            return n if words[n + 1].kind == "owner" or words[n + 1].low in _DEFINITE else -1
        bare = bare or (word.kind in ("unknown", "part") and not word.low.endswith("ly"))
    return -1


def _off_the_face(words: list[Word], n: int) -> bool:
    after = words[n + 1 : n + 3]
    own = len(after) == 2 and after[0].kind in ("article", "owner")
    return own and (after[1].low == "face" or after[1].value in ("lip", "mouth"))


def _ends_on(words: list[Word], n: int) -> bool:
    """ "Finish on closed eyes"."""
    after = words[n + 1] if n + 1 < len(words) else None
    ends = words[n].low.startswith(("finish", "stop", "quit"))
    return ends and after is not None and after.low in ("on", "with", "in", "at")


def _turned(words: list[Word]) -> bool:
    return any(w.low.startswith(("leav", "turn", "switch", "keep")) for w in words)


def _leaves(words: list[Word], n: int) -> bool:
    after = words[n + 1] if n + 1 < len(words) else None
    return words[n - 1].kind == "act" and after is not None and after.kind == "owner"


def _scalar(words: list[Word], n: int) -> bool:
    """ "Not fully closed": neither closed nor open."""
    for word in words[n + 1 : n + 4]:
        if word.kind == "level" and word.value in _FULL and words[n].low in ("not", "never"):
            return True
        if word.kind in CONTENT:
            return False
    return False


def _infinitive(words: list[Word], n: int) -> bool:
    """ "Too tired to smile", "told to frown", but not "opens to show the teeth"."""
    after = next((w for w in words[n + 1 : n + 3] if not w.low.endswith("ly")), None)
    if after is None or after.kind not in ("motion", "act", "gaze") or after.form != "base":
        return False
    return after.low not in _SHOWING and after.low.split(" ", 1)[0] in bases()


def _does(words: list[Word], n: int) -> bool:
    """Whether a verb in its base form follows: "could raise", but not "could be AU12"."""
    after = next((w for w in words[n + 1 : n + 3] if not w.low.endswith("ly")), None)
    return after is not None and after.kind in ("motion", "act", "light") and after.form == "base"


def _of_a_part(words: list[Word], n: int) -> bool:
    """ "He smiled so big his eyes disappeared": not the smile."""
    named = (w.kind for w in reversed(words[:n]) if w.kind in ("part", "act", "noun", "code"))
    return next(named, "") == "part"


def _drops(words: list[Word], n: int) -> bool:
    after = next((w for w in words[n + 1 : n + 4] if w.kind not in ("article", "owner")), None)
    return after is not None and after.kind == "act"


def _falls(words: list[Word], n: int) -> bool:
    """ "His grin drops": it is the smile that goes, and no part of the face."""
    before = words[n - 1] if n else None
    if before is None or before.kind != "act" or before.value not in ("12", "12+25", "U12"):
        return False
    after = words[n + 1] if n + 1 < len(words) else None
    ends = after is None or after.kind in ("mark", "conj", "prep")
    return ends and words[n].form in ("s", "ed") and before.form == "base"


def _wanted(words: list[Word]) -> bool:
    """ "(The script requires) that she smile": a bare verb behind who is to do it."""
    if len(words) < 3 or words[0].low != "that" or words[1].low not in ("he", "she"):
        return False
    return words[2].kind in ("act", "motion", "gaze") and words[2].form == "base"


def _be_it_so(words: list[Word], n: int) -> bool:
    """Whether a bare "be" follows its subject: what is wanted, not what is."""
    if not n or words[n - 1].kind not in ("part", "person", "code", "noun", "act"):
        return False
    return not any(w.kind in ("unreal", "hedge", "light", "aux") for w in words[:n])


def _negated(words: list[Word], n: int) -> bool:
    return any(w.kind == "neg" for w in words[max(0, n - 2) : n + 2])


def _mere_wish(words: list[Word], n: int) -> bool:
    """ "Can" before a word of seeing says nothing of what is seen."""
    after = words[n + 1] if n + 1 < len(words) else None
    return words[n].value == "can" and after is not None and after.kind in ("present", "light")


def first_form(clause: Clause, start: int = 0) -> str:
    """Form of the first word of the clause that moves or is a unit, "" for a part."""
    for word in clause.words[start:]:
        if word.kind in ("motion", "act", "gaze", "light"):
            return word.form
        if word.kind in ("part", "code", "noun", "muscle"):
            return ""
    return ""
