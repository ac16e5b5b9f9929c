"""What a coding would look like if no unit touched another: the artefact that resolution mends."""

from __future__ import annotations

from facs_text import Coding, resolve, unit

__all__ = ["unresolved"]


def unresolved(coding: Coding) -> dict[str, dict[str, float]]:
    """Activation 0..1 by unit and side of each unit of a coding as it is coded, whatever else is.

    Levels and sides are facs-text's: a unit that is not scored counts as C, and one whose side was
    not said is shown on the left. For `Rig.move(..., raw=True)`.
    """
    out: dict[str, dict[str, float]] = {}
    for action in coding:
        key = unit(action.code).key
        seen = resolve(Coding.from_actions([action])).activations.get(key, {})
        amounts = out.setdefault(key, {})
        for side, value in seen.items():
            amounts[side] = max(amounts.get(side, 0.0), value)
    return {key: sides for key, sides in out.items() if sides}
