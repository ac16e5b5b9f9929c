"""A person's face at rest: identity, what tends to differ between the sexes, and brows, lids and
lip corners brought to where people have them (`rest_pose`).

The kit's mean face has its brows half a centimetre too high, and identity modes leave some people
staring or sour, as if a unit never rested. Lengths are cm in the rig's coordinates.
"""

from __future__ import annotations

from weakref import WeakKeyDictionary

import numpy as np

from auface_gen.picture.people import Person
from auface_gen.picture.rest_pose import IRIS_RADIUS, RestMeter, brow_half, brow_line, wanted_rest
from auface_gen.rig.face import Face
from auface_gen.rig.lids import Lids

__all__ = ["IRIS_RADIUS", "resting_face"]

_KNOWN: WeakKeyDictionary[Face, tuple[RestMeter, Lids]] = WeakKeyDictionary()
_LOWEST, _HIGHEST = -0.8, 0.25  # cm that a brow may be moved by
_BETWEEN_BROWS = (0.3, 1.7)  # cm from the middle of the face
_LID_FOLD, _ROOT_OF_NOSE = -1.6, -3.2  # cm under the brow, where what moves with it ends
_ROUNDS = 3  # of the lids, whose edge does not move in proportion


def resting_face(face: Face, person: Person) -> np.ndarray:
    """(V, 3) vertices of the person doing nothing."""
    rest = face.person(np.array(person.coefficients, np.float32))
    return _settled(face, rest + person.femininity * _femininity(face), person)


def _femininity(face: Face) -> np.ndarray:
    """(V, 3) a narrower jaw, a flatter brow ridge, a smaller nose tip and fuller lips: facts of
    anthropometry (Farkas 1994), sizes by this project.
    """
    p = face.neutral
    lm = p[face.landmarks68]
    out = np.zeros_like(p)
    x, y = p[:, 0], p[:, 1]
    jaw = _step((-1.5 - y) / 1.3) * _step((np.abs(x) - 3.8) / 0.8)
    out[:, 0] -= 0.42 * np.sign(x) * jaw
    ridge = np.exp(-0.5 * ((y - lm[17:27, 1].mean() + 0.3) / 0.6) ** 2) * (p[:, 2] > 6)
    out[:, 2] -= 0.16 * ridge * np.exp(-0.5 * (x / 4.0) ** 2)
    tip = np.exp(-0.5 * (((p - lm[33]) / [1.6, 1.4, 1.8]) ** 2).sum(1))
    out += tip[:, None] * ((lm[33] - p) * [0.10, 0.0, 0.0] + [0.0, 0.05, -0.14])
    for name in ("+lipThin_top", "+lipThin_bottom"):
        out -= 0.3 * face.shapes[name]
    return out.astype(np.float32)


def _step(x: np.ndarray) -> np.ndarray:
    """(V,) smooth step from 0 to 1."""
    return 0.5 + 0.5 * np.tanh(x)


def _settled(face: Face, rest: np.ndarray, person: Person) -> np.ndarray:
    """The face with its brows, lids and lip corners where the person should have them."""
    if face not in _KNOWN:
        _KNOWN[face] = RestMeter(face), Lids(face)
    (meter, lids), wanted = _KNOWN[face], wanted_rest(person)
    rise = (wanted["brow"] + brow_half(person) - np.array(meter.brows(rest, person))) / 10
    out = rest + _brow_shift(face, float(np.clip(rise.mean(), _LOWEST, _HIGHEST)))
    lift = (wanted["corner"] - meter.corner(rest)) / 10
    for letter in "LR":
        out = out + np.float32(lift / 0.95) * face.shapes[f"+cornerUp_{letter}"]
    for _ in range(_ROUNDS):
        for letter, (upper, lower) in zip("LR", meter.opening(out), strict=True):
            out = _lids(face, out, letter, wanted["mrd1"] - upper, -wanted["mrd2"] - lower)
        out = lids.cleared(out)
    return out


def _brow_shift(face: Face, by: float) -> np.ndarray:
    """(V, 3) the brows and the ridge under them moved up by so many cm: whole on the brow, less
    and less down to the fold of the lid and up over the forehead. Between the brows it is half of
    it, and fades down the length of the nose's root, or the skin there would fold over.
    """
    p, line = face.neutral, brow_line(face)
    aside = _between(np.abs(p[:, 0]), *_BETWEEN_BROWS)
    over = p[:, 1] - np.interp(np.abs(p[:, 0]), line[:, 0], line[:, 1])
    lowest = _ROOT_OF_NOSE + (_LID_FOLD - _ROOT_OF_NOSE) * aside
    weight = _between(over, lowest, -0.25) * (1 - _between(over, 0.6, 4.0)) * (0.5 + 0.5 * aside)
    weight *= (1 - _between(np.abs(p[:, 0]), 5.6, 7.2)) * _between(p[:, 2], 3.0, 6.0)
    skin = face.material_ids("M_Face")
    out = np.zeros_like(p)
    out[skin, 1] = by * weight[skin]
    return out


def _lids(face: Face, rest: np.ndarray, letter: str, upper: float, lower: float) -> np.ndarray:
    """One eye's lids with their edges moved up by `upper` and `lower` mm."""
    shapes, lm = face.shapes, face.landmarks68
    top, bottom = ([43, 44], [47, 46]) if letter == "L" else ([38, 37], [40, 41])
    name = "eyeWide" if upper > 0 else "eyeBlink"
    travel = float(shapes[f"{name}_{letter}"][lm[top], 1].mean())
    out = rest + np.float32(np.clip(upper / 10 / travel, 0, 0.5)) * shapes[f"{name}_{letter}"]
    lift = shapes[f"+lidLift_{letter}"]
    travel = float(lift[lm[bottom], 1].mean())
    return out + np.float32(np.clip(lower / 10 / travel, -0.8, 0.8)) * lift


def _between(x: np.ndarray, start: float | np.ndarray, end: float) -> np.ndarray:
    """(V,) smooth step: 0 at `start`, 1 at `end`."""
    t = np.clip((x - start) / (end - start), 0, 1)
    return t * t * (3 - 2 * t)
