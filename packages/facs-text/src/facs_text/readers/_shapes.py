"""Which unit each ARKit or MediaPipe blendshape moves.

Left and right are the subject's. Shapes without a unit (mouthLeft, mouthShrugUpper, _neutral)
are not here; some units have no shape (11, 13, 21, 25 alone, 38, 39). eyeLookInLeft is the left
eye turned to the nose: the gaze goes to the face's right (62).
"""

from __future__ import annotations

__all__ = ["GAZE", "SHAPES", "plain_shape", "unit_of_shape"]

# shape as ARKit writes it, to unit key; a unit of several shapes takes their mean
SHAPES: dict[str, str] = {
    "browInnerUp": "AU1", "browOuterUpLeft": "L2", "browOuterUpRight": "R2",
    "browDownLeft": "L4", "browDownRight": "R4", "eyeWideLeft": "L5", "eyeWideRight": "R5",
    "cheekSquintLeft": "L6", "cheekSquintRight": "R6", "eyeSquintLeft": "L7",
    "eyeSquintRight": "R7", "eyeBlinkLeft": "L43", "eyeBlinkRight": "R43",
    "noseSneerLeft": "L9", "noseSneerRight": "R9", "mouthUpperUpLeft": "L10",
    "mouthUpperUpRight": "R10", "mouthSmileLeft": "L12", "mouthSmileRight": "R12",
    "mouthDimpleLeft": "L14", "mouthDimpleRight": "R14", "mouthFrownLeft": "L15",
    "mouthFrownRight": "R15", "mouthLowerDownLeft": "L16", "mouthLowerDownRight": "R16",
    "mouthShrugLower": "AU17", "mouthPucker": "AU18", "mouthStretchLeft": "L20",
    "mouthStretchRight": "R20", "mouthFunnel": "AU22", "mouthPressLeft": "AU24",
    "mouthPressRight": "AU24", "mouthRollUpper": "T28", "mouthRollLower": "B28",
    "mouthClose": "AU8", "jawOpen": "AU26", "jawForward": "AU29", "jawLeft": "L30",
    "jawRight": "R30", "cheekPuff": "AU34", "tongueOut": "AU19", "eyeLookOutLeft": "AU61",
    "eyeLookInRight": "AU61", "eyeLookInLeft": "AU62", "eyeLookOutRight": "AU62",
    "eyeLookUpLeft": "AU63", "eyeLookUpRight": "AU63", "eyeLookDownLeft": "AU64",
    "eyeLookDownRight": "AU64",
}  # fmt: skip
# ICT-FaceKit parts two of ARKit's shapes into sides.
_PARTED = {"browInnerUpLeft": "L1", "browInnerUpRight": "R1", "cheekPuffLeft": "L34",
           "cheekPuffRight": "R34"}  # fmt: skip
_BY_PLAIN = {name.lower(): key for name, key in (SHAPES | _PARTED).items()}
# Trackers turn the eyes further than the artist's full shape: these go over 1.
GAZE = frozenset(key for name, key in SHAPES.items() if name.startswith("eyeLook"))


def plain_shape(name: str) -> str:
    """A shape's name in lower case with its side written out: browDown_L is browdownleft."""
    plain = name.strip().lower()
    for end, side in (("_l", "left"), ("_r", "right"), (".l", "left"), (".r", "right")):
        if plain.endswith(end):
            plain = plain[:-2] + side
    return plain.replace("_", "").replace(" ", "")


def unit_of_shape(name: str) -> str | None:
    """The unit key of a shape in camel or Pascal case, with Left or _L; None when it has none."""
    return _BY_PLAIN.get(plain_shape(name))
