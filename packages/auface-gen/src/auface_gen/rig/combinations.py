"""What a sum of shape weights gets wrong when units meet, mended in the weights themselves.

Lids that would pass through the eye, lips held together under a lowered jaw, and looks that are
more than the sum of two units (12 with 15). Each mend is continuous in the activations.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["Activations", "combined"]

Activations = Mapping[str, Mapping[str, float]]
"""Effective activation 0..1 by unit and side, as `facs_text.Resolution.activations` gives it."""


_MET = ("AU1", "AU4", "AU10", "AU12", "AU15", "AU25")
_TEETH = 0.6  # level C: from here on units 9 and 10 may bare teeth, where 25 parts the lips


def combined(weights: dict[str, float], activations: Activations) -> dict[str, float]:
    """The weights, mended in place where a sum of shapes breaks or does not show what is meant."""
    for letter, side in (("L", "left"), ("R", "right")):
        amount = {unit: _amount(activations, unit, side) for unit in _MET}
        _lids(weights, letter)
        _oblique_brow(weights, letter, amount["AU1"], amount["AU4"])
        _curbed_smile(weights, letter, amount["AU12"], amount["AU15"])
        _upper_lip(weights, letter, amount["AU25"], amount["AU10"])
    _sealed_jaw(weights, activations)
    return weights


def _amount(activations: Activations, unit: str, *sides: str) -> float:
    """How active a unit is on one of the sides (or on both), 0..1."""
    found = activations.get(unit, {})
    if not sides:
        return max(found.values(), default=0.0)
    return max((found.get(side, 0.0) for side in (*sides, "both")), default=0.0)


def _lids(weights: dict[str, float], letter: str) -> None:
    """Lids that would pass through the eye."""
    blink, wide = weights.get(f"eyeBlink_{letter}", 0.0), weights.get(f"eyeWide_{letter}", 0.0)
    squint, down = f"eyeSquint_{letter}", f"eyeLookDown_{letter}"
    if squint in weights and blink > 0:  # a shut lid has nothing left to narrow
        weights[squint] *= max(0.0, 1 - blink)
    if blink > 0 and wide > 0:
        weights[f"eyeBlink_{letter}"] = max(0.0, blink - wide)
    if down in weights:  # looking down lowers the lid already
        weights[f"eyeBlink_{letter}"] = min(
            weights.get(f"eyeBlink_{letter}", 0.0), 1 - 0.35 * weights[down]
        )


def _oblique_brow(weights: dict[str, float], letter: str, raised: float, lowered: float) -> None:
    """1 with 4: the frontalis holds the brow's head up while the corrugator draws it in and the
    rest of the brow down.
    """
    both = min(raised, lowered)
    if both <= 0:
        return
    weights[f"+browLower_{letter}"] *= 1 - both / lowered
    weights[f"+browKnit_{letter}"] += 0.3 * both
    weights[f"browDown_{letter}"] += 0.45 * both


def _curbed_smile(weights: dict[str, float], letter: str, up: float, down: float) -> None:
    """12 with 15: the corner is drawn up and out, and its tip alone is turned down; a sum of the
    two would show a weak smile and nothing of the 15.
    """
    both = min(up, down)
    if both <= 0:
        return
    weights[f"+smile_{letter}"] += 0.35 * both
    weights[f"mouthFrown_{letter}"] *= 1 - 0.6 * both / down
    weights[f"+cornerTip_{letter}"] = weights.get(f"+cornerTip_{letter}", 0.0) + 1.3 * both


def _upper_lip(weights: dict[str, float], letter: str, parted: float, raised: float) -> None:
    """10 lifts the lip's upper edge; its lower edge follows, and bares teeth, only as far as 25
    parts the lips, from level C on.
    """
    name = f"+upperLip_{letter}"
    if name not in weights:
        return
    whole = weights[name]
    bare = min(1.0, 2 * parted) * min(1.0, max(raised - _TEETH + 0.2, 0.0) / 0.2)
    weights[name] = whole * bare
    weights[f"+upperLipShut_{letter}"] = whole * (1 - bare)


def _sealed_jaw(weights: dict[str, float], activations: Activations) -> None:
    """Lips held together, or pushed up, under a lowered jaw."""
    jaw = weights.get("jawOpen", 0.0)
    seal = max(_amount(activations, unit) for unit in ("AU24", "AU28", "AU8"))
    if jaw > 0 and seal > 0:
        weights["mouthClose"] = weights.get("mouthClose", 0.0) + jaw * min(1.0, 2 * seal)
    if jaw > 0 and "mouthShrugLower" in weights:
        weights["mouthShrugLower"] *= 1 - 0.6 * min(1.0, jaw)
