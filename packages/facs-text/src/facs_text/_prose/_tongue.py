"""What a tongue does by where it is: between the teeth it shows, in a cheek it bulges that out."""

from __future__ import annotations

from facs_text._prose._codes import actions_of
from facs_text._prose._found import Scan, Target
from facs_text._prose._words import Word

__all__ = ["tongue"]

_OUT = frozenset(("between", "out of", "past", "over", "through", "beyond"))
_PUSHES = frozenset(("push", "bulge", "show", "press", "push forward", "push up"))
_GATES = ("teeth", "lip", "upper lip", "lower lip")


def tongue(words: list[Word], found: Scan) -> None:
    """Add what "the tongue between the teeth", "pushes her tongue into a cheek" say."""
    own = next((p for p in found.parts if p.value == "tongue"), None)
    if own is None or any(n > own.place for n in found.unknown):
        return
    cheeks = [p for p in found.parts if p.value == "cheek"]
    if len(cheeks) == 1 and any(m.value in _PUSHES for m in found.motions):
        found.targets = [t for t in found.targets if t.part not in ("tongue", "cheek")]
        side = cheeks[0].side.replace("?", "")
        first, last = sorted((own.place, cheeks[0].place))
        found.targets.append(Target(actions_of("36"), first, last, side, part="bulged cheek"))
        for part in (own, *cheeks):
            part.used = True
        for motion in found.motions:
            motion.used = True
        return
    gates = [p for p in found.parts if p.value in _GATES and p.place > own.place]
    if not gates or own.used or found.motions:
        return
    if any(w.low in _OUT for w in words[own.place + 1 : gates[0].place]):
        found.targets.append(Target(actions_of("19"), own.place, own.place, part="tongue"))
        own.used = True
