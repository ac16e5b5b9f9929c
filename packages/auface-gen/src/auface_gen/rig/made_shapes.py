"""Shapes that ICT-FaceKit does not have, made from the mean face's landmarks by smooth falloffs, or
by weighing a shape of the kit over the face.

Each is an offset at weight 1, (V, 3) in cm. They are this project's own modelling: what it looks
like when one muscle pulls (FACS 2002's appearance changes), where the kit's shape shows several at
once or none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

__all__ = ["WEIGHED", "made_shapes"]

WEIGHED = (
    "noseSneer",
    "mouthUpperUp",
    "mouthStretch",
    "mouthSmile",
    "cheekSquint",
    "cheekRaiser",
)
"""Shapes of the kit, each with a left and a right, that made ones are weighed from."""

Shapes = dict[str, np.ndarray]
Marks = Mapping[str, Any]
_SIDES = (
    ("L", 1.0, {"brow": 22, "corner": 54, "wing": 35, "lid": (46, 47)}),
    ("R", -1.0, {"brow": 21, "corner": 48, "wing": 31, "lid": (41, 40)}),
)


def made_shapes(
    neutral: np.ndarray,
    landmarks68: np.ndarray,
    skin: np.ndarray | None = None,
    kit: Mapping[str, np.ndarray] | None = None,
) -> Shapes:
    """All made shapes by name, each (V, 3) float32 in cm at weight 1.

    skin: (V,) bool, the vertices that may move (teeth, gums and eyeballs are bone); all unless
    told. kit: the kit's shapes by name; those made by weighing them are left out without it.
    """
    p = neutral.astype(np.float32)
    lm = p[landmarks68]
    out: Shapes = {}
    for letter, sign, at in _SIDES:
        for make in (_brow, _corner, _cheek, _lower_lid):
            out |= {f"{name}_{letter}": shape for name, shape in make(p, lm, sign, at).items()}
    out |= _red_lips(p, lm) | _chin(p, lm)
    if skin is not None:
        out = {name: moved * skin[:, None].astype(np.float32) for name, moved in out.items()}
    return out if kit is None else out | _weighed(p, landmarks68, kit)


def _bump(points: np.ndarray, centre: np.ndarray, radii: tuple[float, float, float]) -> np.ndarray:
    """(V,) Gaussian falloff around `centre`, with one radius an axis in cm."""
    return np.exp(-0.5 * (((points - centre) / np.asarray(radii)) ** 2).sum(1))


def _by(point: np.ndarray, x: float, y: float, z: float) -> np.ndarray:
    """(3,) the point moved by x, y and z in cm."""
    return point + np.array((x, y, z))


def _shape(weight: np.ndarray, direction: tuple[float, float, float]) -> np.ndarray:
    return (weight[:, None] * np.asarray(direction, np.float32)).astype(np.float32)


def _rise(x: np.ndarray, start: float, end: float) -> np.ndarray:
    """(V,) smooth step: 0 at `start`, 1 at `end`."""
    t = np.clip((x - start) / (end - start), 0, 1)
    return t * t * (3 - 2 * t)


def _brow(p: np.ndarray, lm: np.ndarray, sign: float, at: Marks) -> Shapes:
    """Brows drawn together with the bulge of the corrugator at their heads and a furrow between
    (4), and their inner half drawn down (4, 9).
    """
    side = 0.5 + 0.5 * np.tanh(p[:, 0] * sign / 0.24)  # 1 on this side of the midline
    head = lm[at["brow"]]
    knit = _shape(
        _bump(p, _by(head, sign * 0.3, -0.2, 0), (1.4, 0.9, 2.0)) * side,
        (-0.37 * sign, -0.14, 0.05),
    )
    bulge = _bump(p, _by(head, -sign * 0.3, -0.35, 0), (0.42, 0.6, 2.0))
    furrow = _bump(p, _by(head * [0, 1, 1], sign * 0.3, -0.4, 0), (0.16, 0.6, 2.0))
    knit[:, 2] += (0.18 * bulge - 0.08 * furrow).astype(np.float32)
    lower = _bump(p, _by(head, sign * 0.9, -0.3, 0), (1.3, 0.95, 2.2)) * side
    return {"+browKnit": knit, "+browLower": _shape(lower, (-0.1 * sign, -0.4, 0.08))}


def _corner(p: np.ndarray, lm: np.ndarray, sign: float, at: Marks) -> Shapes:
    """Lip corners drawn straight up (13), pinned inwards (14), tucked in (23, 28), or turned down
    at their tips alone (12 with 15).
    """
    corner = lm[at["corner"]]
    sharp = _bump(p, _by(corner, sign * 0.05, 0.1, 0), (0.75, 0.8, 1.6))
    tip = _bump(p, _by(corner, sign * 0.1, -0.05, 0), (0.6, 0.75, 1.2))
    pouch = _bump(p, _by(corner, sign * 0.3, -0.75, 0), (0.6, 0.45, 1.6))
    turned = _shape(tip, (0.1 * sign, -0.56, -0.1))
    turned[:, 2] += (0.14 * pouch).astype(np.float32)
    return {
        "+cornerPin": _shape(_bump(p, corner, (0.9, 0.9, 1.6)), (0.12 * sign, 0.0, -0.45)),
        "+cornerUp": _shape(sharp, (-0.06 * sign, 0.95, -0.1)),
        "+cornerTuck": _shape(_bump(p, corner, (0.8, 0.6, 1.4)), (-0.4 * sign, 0.0, -0.02)),
        "+cornerTip": turned,
    }


def _cheek(p: np.ndarray, lm: np.ndarray, sign: float, at: Marks) -> Shapes:
    """The cheek raised towards the eye (6), puffed over the corner (13), blown (34); the fold
    between nose and corner deepened at its middle (11) and squared at its top (10).
    """
    corner, wing = lm[at["corner"]], lm[at["wing"]]
    outer = lm[list(at["lid"])].mean(0)
    mound = _bump(p, _by(outer, sign * 0.7, -2.1, -0.2), (1.5, 1.0, 2.2))
    pouch = _bump(p, _by(outer, sign * 0.1, -0.85, 0.1), (1.1, 0.3, 1.4))
    return {
        "+cheekUp": _shape(mound, (0.06 * sign, 0.42, 0.3)),
        "+pouch": _shape(pouch, (0.0, 0.16, 0.16)),
        "+cheekBall": _shape(
            _bump(p, _by(corner, sign * 0.45, 1.9, 0.4), (0.95, 0.85, 1.8)), (0.1 * sign, 0.12, 0.5)
        ),
        "+cheekBlow": _shape(
            _bump(p, _by(corner, sign * 2.4, -0.1, -1.2), (1.5, 1.7, 2.4)), (0.75 * sign, 0.0, 0.75)
        ),
        "+furrow": _furrow(
            p, _by(wing, sign * 0.75, 0.1, 0), _by(corner, sign * 0.55, 0.5, 0), sign
        ),
        "+furrowTop": _furrow(
            p, _by(wing, sign * 0.5, 1.1, 0), _by(wing, sign * 1.15, -0.9, 0), sign
        ),
    }


def _lower_lid(p: np.ndarray, lm: np.ndarray, sign: float, at: Marks) -> Shapes:
    """The lower lid lifted straight (7)."""
    edge = lm[list(at["lid"])].mean(0)
    under = _bump(p, edge - np.array([0, 0.05, 0]), (0.75, 0.28, 0.8))
    return {"+lidLift": _shape(under, (0.0, 0.24, 0.05))}


def _red_lips(p: np.ndarray, lm: np.ndarray) -> Shapes:
    """Red lips narrowed (23, 24, 28) and pushed together (24)."""
    line = (lm[62] + lm[66]) / 2
    width = 0.5 * abs(lm[54, 0] - lm[48, 0])
    across = np.exp(-0.5 * (p[:, 0] / (0.75 * width)) ** 4)
    near = np.exp(-0.5 * ((p[:, 2] - line[2]) / 1.6) ** 2) * across
    above, below = p[:, 1] - line[1], line[1] - p[:, 1]
    top = near * (above > 0) * np.clip(above, 0, None) * np.exp(-0.5 * (above / 0.9) ** 2)
    bottom = near * (below > 0) * np.clip(below, 0, None) * np.exp(-0.5 * (below / 1.1) ** 2)
    front = p[:, 2] > line[2] - 2.2  # not the inside of the cheeks
    push = near * front
    return {
        "+lipThin_top": _shape(top * front, (0, -0.62, -0.28)),
        "+lipThin_bottom": _shape(bottom * front, (0, 0.62, -0.28)),
        "+lipPress_top": _shape(
            push * np.exp(-0.5 * ((p[:, 1] - lm[51, 1]) / 0.5) ** 2), (0, -0.06, -0.14)
        ),
        "+lipPress_bottom": _shape(
            push * np.exp(-0.5 * ((p[:, 1] - lm[57, 1]) / 0.6) ** 2), (0, 0.1, -0.14)
        ),
    }


def _chin(p: np.ndarray, lm: np.ndarray) -> Shapes:
    """The chin's boss pushed up and out with the fold above it deepened (17), and the lower lip
    thrust out (17, 29).
    """
    boss = _shape(_bump(p, _by(lm[8], 0, 1.2, 0.6), (1.4, 0.85, 1.6)), (0, 0.42, 0.3))
    fold = _bump(p, (lm[8] + lm[57]) / 2 + [0, 0.45, 0.3], (1.3, 0.28, 1.6))
    boss[:, 2] -= (0.16 * fold).astype(np.float32)
    below = (lm[62] + lm[66])[1] / 2 - p[:, 1]
    thrust = _bump(p, _by(lm[57], 0, 0.1, 0), (1.7, 0.55, 1.2)) * (below > -0.05)
    return {"+chinBoss": boss, "+lipThrust": _shape(thrust, (0, 0.3, 0.42))}


def _furrow(points: np.ndarray, top: np.ndarray, end: np.ndarray, sign: float) -> np.ndarray:
    """A fold of the cheek from `top` to `end`: a groove, and a roll beside it."""
    along = (end - top)[:2] / np.linalg.norm((end - top)[:2])
    across = np.array([-along[1], along[0]]) * sign  # away from the mouth
    if across[0] * sign < 0:
        across = -across
    rel = points[:, :2] - ((top + end) / 2)[:2]
    u, v = rel @ along, rel @ across
    middle = np.exp(-0.5 * (u / 0.75) ** 2 - 0.5 * ((points[:, 2] - top[2]) / 1.8) ** 2)
    groove, roll = np.exp(-0.5 * (v / 0.24) ** 2), np.exp(-0.5 * ((v - 0.6) / 0.38) ** 2)
    out = np.zeros_like(points, dtype=np.float32)
    out[:, :2] = (middle * roll * 0.2)[:, None] * (-across + [0, 0.9])
    out[:, 2] = middle * (0.32 * roll - 0.3 * groove)
    return out


def _weighed(p: np.ndarray, marks: np.ndarray, kit: Mapping[str, np.ndarray]) -> Shapes:
    """Shapes of the kit over a part of the face, or along some of their directions.

    +noseWrinkle  noseSneer, full on the nose and little on the lip, which it lifts as 10 does
    +upperLip     mouthUpperUp with its lift moved from the corner to the middle of the lip
    +upperLipShut the same, the lip's lower edge less, the lower lip with it: the mouth stays shut
    +cheekLift    cheekSquint and cheekRaiser halved, without the lip that they lift as well
    +stretch      mouthStretch straight back: the kit's corners drop half as far as they go out
    +smile        mouthSmile with the middle of the lips left where it is
    """
    if not {f"{name}_{letter}" for name in WEIGHED for letter in "LR"} <= kit.keys():
        return {}
    lm = p[marks]
    x, y = np.abs(p[:, 0]), p[:, 1]
    nose, lip, line = lm[33, 1], lm[51, 1], (lm[62, 1] + lm[66, 1]) / 2
    corner = float(np.abs(lm[[48, 54], 0]).mean())
    wrinkle = 0.05 + 0.95 * _rise(y, lip + 0.1, nose + 0.8)
    lift = 1.25 - 0.85 * _rise(x, 0.45 * corner, 1.05 * corner) * _rise(-y, -nose - 0.6, -line)
    shut = 0.42 + 0.58 * _rise(y, line + 0.15, lip + 0.35)
    off_lip = _rise(y, nose - 0.4, nose + 1.0)
    follow = _following(p, marks, kit)
    out_ = 0.22 + 0.78 * _rise(x, 0.1 * corner, 0.75 * corner)
    reach = np.where(y < nose + 0.5, out_, 1.0)
    made: Shapes = {}
    for letter, sign in (("L", 1.0), ("R", -1.0)):
        side = 0.5 + 0.5 * np.tanh(p[:, 0] * sign / 0.4)
        upper = kit[f"mouthUpperUp_{letter}"] * lift[:, None]
        level = kit[f"mouthStretch_{letter}"] * np.array([1.15, 0.05, 1.0])
        cheek = kit[f"cheekSquint_{letter}"] + kit[f"cheekRaiser_{letter}"]
        made |= {
            f"+cheekLift_{letter}": 0.5 * cheek * off_lip[:, None],
            f"+noseWrinkle_{letter}": kit[f"noseSneer_{letter}"] * wrinkle[:, None],
            f"+upperLip_{letter}": upper,
            f"+upperLipShut_{letter}": upper * shut[:, None] + follow * side[:, None],
            f"+stretch_{letter}": level,
            f"+smile_{letter}": kit[f"mouthSmile_{letter}"] * reach[:, None],
        }
    return {name: moved.astype(np.float32) for name, moved in made.items()}


def _following(p: np.ndarray, marks: np.ndarray, kit: Mapping[str, np.ndarray]) -> np.ndarray:
    """(V, 3) the lower lip following the upper one up by half of what unit 10 lifts it."""
    drop = kit["jawOpen"][:, 1] if "jawOpen" in kit else -p[:, 1]
    middle = p[marks[[62, 66]]].mean(0)
    below = middle[1] - p[:, 1]
    weight = np.exp(-0.5 * (np.clip(below, 0, None) / 0.7) ** 2) * np.exp(-((p[:, 0] / 2.0) ** 4))
    weight *= (np.abs(below) < 2) & (p[:, 2] > middle[2] - 2.0)
    weight *= drop < drop[marks[[62, 66]]].mean()
    return _shape(weight, (0.0, 0.34, 0.02))
