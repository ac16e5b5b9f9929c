"""What a coding would look like if no unit touched another: the artefact that resolution mends."""

from __future__ import annotations

from facs_text import Coding, resolve

__all__ = ["unresolved"]


def unresolved(coding: Coding) -> dict[str, dict[str, float]]:
    """Activation 0..1 by unit and side of each unit of a coding as it is coded, whatever else is:
    what facs-text's `resolve` gives in mode "off". For `Rig.move(..., raw=True)`.
    """
    seen = resolve(coding, mode="off").activations
    return {unit: dict(sides) for unit, sides in seen.items()}
