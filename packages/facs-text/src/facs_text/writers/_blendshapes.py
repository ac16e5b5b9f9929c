"""Live Link Face's table, which Unreal Engine and the importers for Blender read.

Codings are resolved as their text is, and each shape is the activation of its unit, so that a
face drawn from the file does what the text says. Head and eye angles are 0: turns of the head
are no shapes. Values that are shapes already are written as they are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from facs_text._resolve import resolve
from facs_text._units import unit
from facs_text.readers import Row
from facs_text.readers._row import code_of
from facs_text.readers._shapes import SHAPES
from facs_text.writers._coding import coding_of_row

__all__ = ["LiveLink"]

# The order in which Live Link Face writes them.
_ORDER = (
    *(f"eye{part}{side}" for side in ("Left", "Right")
      for part in ("Blink", "LookDown", "LookIn", "LookOut", "LookUp", "Squint", "Wide")),
    "jawForward", "jawRight", "jawLeft", "jawOpen", "mouthClose", "mouthFunnel", "mouthPucker",
    "mouthRight", "mouthLeft", "mouthSmileLeft", "mouthSmileRight", "mouthFrownLeft",
    "mouthFrownRight", "mouthDimpleLeft", "mouthDimpleRight", "mouthStretchLeft",
    "mouthStretchRight", "mouthRollLower", "mouthRollUpper", "mouthShrugLower",
    "mouthShrugUpper", "mouthPressLeft", "mouthPressRight", "mouthLowerDownLeft",
    "mouthLowerDownRight", "mouthUpperUpLeft", "mouthUpperUpRight", "browDownLeft",
    "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight", "cheekPuff",
    "cheekSquintLeft", "cheekSquintRight", "noseSneerLeft", "noseSneerRight", "tongueOut",
)  # fmt: skip
_ANGLES = ("HeadYaw", "HeadPitch", "HeadRoll", "LeftEyeYaw", "LeftEyePitch", "LeftEyeRoll",
           "RightEyeYaw", "RightEyePitch", "RightEyeRoll")  # fmt: skip
# Units that move the same shape as another one does.
_ALSO = {"27": "26", "45": "43", "46": "43"}
_SIDES = {"L": "left", "R": "right", "T": "top", "B": "bottom"}
_FRAMES = 30  # a second, of the time code

Activations = Mapping[str, Mapping[str, float]]


class LiveLink:
    """Timecode, BlendShapeCount, the 52 shapes, and nine angles that are 0."""

    def __init__(self, threshold: float | None) -> None:
        self._threshold = threshold
        self._count = 0
        self.lost: Counter[str] = Counter()

    def header(self) -> str:
        shapes = [name[0].upper() + name[1:] for name in _ORDER]
        return ",".join(["Timecode", "BlendShapeCount", *shapes, *_ANGLES])

    def line(self, row: Row) -> str | None:
        if row.kind == "probability" and row.values and self._threshold is None:
            values = [_of_values(row.values, SHAPES[s]) if s in SHAPES else 0.0 for s in _ORDER]
        else:
            coding = coding_of_row(row, self._threshold)
            if coding is None:
                return None
            moved = resolve(coding, absent=row.absent).activations
            values = [_of_units(moved, SHAPES[s]) if s in SHAPES else 0.0 for s in _ORDER]
            shown = {code_of(key) for key in SHAPES.values()} | set(_ALSO)
            self.lost.update(k for k in moved if k.removeprefix("AU") not in shown)
        at = self._count if row.frame is None else row.frame
        self._count += 1
        seconds, frame = divmod(at, _FRAMES)
        hours, rest = divmod(seconds, 3600)
        code = f"{hours:02d}:{rest // 60:02d}:{rest % 60:02d}:{frame:02d}.000"
        cells = [f"{v:.4f}" for v in values] + ["0.0000"] * len(_ANGLES)
        return ",".join([code, str(len(_ORDER) + len(_ANGLES)), *cells])


def _of_values(values: Mapping[str, float], key: str) -> float:
    """Value of a shape's unit among values by unit or side."""
    code = code_of(key)
    if key in values:
        return values[key]
    if key[:2] != "AU":
        return values.get(f"AU{code}", 0.0)
    sides = [values[f"{s}{code}"] for s in _SIDES if f"{s}{code}" in values]
    return sum(sides) / len(sides) if sides else 0.0


def _of_units(moved: Activations, key: str) -> float:
    """Activation of a shape: of its side, or the mean of the unit's sides."""
    code = code_of(key)
    side = "" if key[:2] == "AU" else _SIDES[key[0]]
    codes = [code, *(other for other, of in _ALSO.items() if of == code)]
    return max(_activation(moved, c, side) for c in codes)


def _activation(moved: Activations, code: str, side: str) -> float:
    sides = moved.get(f"AU{code}", {})
    if not sides:
        return 0.0
    if "both" in sides:
        return sides["both"]
    if side:
        return sides.get(side, 0.0)
    parts = unit(code).sides
    return sum(sides.values()) / len(("left", "right") if "left" in parts else parts)
