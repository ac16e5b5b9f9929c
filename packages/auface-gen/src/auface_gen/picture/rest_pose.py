"""Where brows, lids and lip corners are on a face at rest: measured in millimetres, and what a
person's should be.

The wanted values come from `data/rest_pose.json`, which names their sources. A lid's edge is
measured where it is seen: on the vertical line through the pupil, which eyeball shows between the
lids from the front.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from auface_gen.picture.people import Person
from auface_gen.rig.face import Face

__all__ = ["IRIS_RADIUS", "RestMeter", "brow_half", "brow_line", "rest_table", "wanted_rest"]

IRIS_RADIUS = 0.59
"""Radius of the painted iris in cm: half of a visible iris of 11.8 mm."""

_STEP = 0.01  # cm between the points at which the eye's opening is looked for


@cache
def rest_table() -> dict[str, Any]:
    """Published and wanted measures of the face at rest (`data/rest_pose.json`)."""
    text = resources.files("auface_gen").joinpath("data/rest_pose.json").read_text("utf-8")
    return json.loads(text)


def wanted_rest(person: Person) -> dict[str, float]:
    """What a person's measures should be, in mm: drawn by seed from the table, shifted by sex, skin
    tone and age.
    """
    rng = np.random.default_rng([person.seed, 0x4E57])
    about = {"female": float(person.sex == "female"), "tone": person.tone, "age": person.age}
    out: dict[str, float] = {}
    for name, row in rest_table()["measures"].items():
        mean = row["mean"] + sum(shift * about[what] for what, shift in row["add"].items())
        out[name] = float(np.clip(rng.normal(mean, row["sd"]), row["least"], row["most"]))
    return out


def brow_line(face: Face, person: Person | None = None) -> np.ndarray:
    """(5, 2) middle line of the left brow's hair on the mean face, from head to tail, in cm; the
    person's own, a little tilted and arched, or that of all.

    The hair grows on the ridge, a little under the kit's landmarks.
    """
    right = face.neutral[face.landmarks68[21:16:-1], :2]
    under = np.array([[0.0, -0.2], [0.0, -0.28], [0.0, -0.38], [0.0, -0.48], [0.25, -0.5]])
    line: np.ndarray = right * [-1, 1] + under
    if person is None:
        return line
    rng = np.random.default_rng([person.seed, 0xB20])
    tilt, lift, arch = rng.uniform(-0.1, 0.1), rng.uniform(-0.1, 0.06), rng.uniform(-0.1, 0.12)
    rise = np.linspace(0, 1, 5) * tilt + lift + np.array([0, 0.5, 1, 0.6, 0]) * arch
    line[:, 1] += rise
    return line


def brow_half(person: Person) -> float:
    """Measure from the middle of the brow's hair over the pupil to its lower edge, in mm: where
    hairs have their roots to 1.4 standard deviations.
    """
    return 10 * 0.6 * person.brow_thickness


class RestMeter:
    """Measures faces at rest of one rig."""

    def __init__(self, face: Face) -> None:
        self._face = face
        skin = face.faces[face.face_material == face.materials.index("M_Face")]
        self._eyes = [self._eye(side, skin) for side in ("Left", "Right")]
        line = brow_line(face)
        self._over = [float(np.abs(self._pupil(face.neutral, ball)[0])) for ball in face.eyes]
        ids = face.material_ids("M_Face")
        front = ids[face.neutral[ids, 2] > 6]
        self._brows = []
        for x, sign in zip(self._over, (1, -1), strict=True):
            spot = np.array([sign * x, np.interp(x, line[:, 0], line[:, 1])])
            apart = ((face.neutral[front, :2] - spot) ** 2).sum(1)
            self._brows.append(front[apart.argsort()[:4]])

    def _eye(self, side: str, skin: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Triangles of one eyeball's front, and of the skin round it."""
        f, p = self._face, self._face.neutral
        parts = [f.materials.index(f"M_{part}{side}") for part in ("Sclera", "Iris")]
        ball = _triangles(f.faces[np.isin(f.face_material, parts)])
        centre = self._pupil(p, f.material_ids(f"M_Sclera{side}", f"M_Iris{side}"))
        near = np.linalg.norm(p[skin[:, 0], :2] - centre[:2], axis=1) < 2.2
        front = p[ball].mean(1)[:, 2] > centre[2] + 0.5
        return ball[front], _triangles(skin[near & (p[skin[:, 0], 2] > centre[2])])

    @staticmethod
    def _pupil(v: np.ndarray, ball: np.ndarray) -> np.ndarray:
        """(3,) middle of the eyeball; the pupil lies before it."""
        middle: np.ndarray = (v[ball].min(0) + v[ball].max(0)) / 2
        return middle

    def opening(self, v: np.ndarray) -> list[tuple[float, float]]:
        """Measure for the left and the right eye the edges, upper and lower, of what shows between
        the lids, against the pupil, in mm.
        """
        out = []
        for ball, (globe, lids) in zip(self._face.eyes, self._eyes, strict=True):
            pupil = self._pupil(v, ball)
            y = np.arange(-1.0, 1.0, _STEP)
            points = np.stack([np.full_like(y, pupil[0]), pupil[1] + y], 1)
            seen = _height(v, globe, points) > _height(v, lids, points)
            start = len(y) // 2
            if not seen[start]:
                out.append((0.0, 0.0))
                continue
            up = start + int(np.argmin(np.append(seen[start:], False)))
            down = start - int(np.argmin(np.append(seen[start::-1], False)))
            out.append((10 * float(y[up - 1]), 10 * float(y[down + 1])))
        return out

    def brows(self, v: np.ndarray, person: Person) -> list[float]:
        """Measure for the left and right eye from the pupil to the brow's middle line, in mm."""
        line = brow_line(self._face, person)
        out = []
        for ball, ids, x in zip(self._face.eyes, self._brows, self._over, strict=True):
            above = np.interp(x, line[:, 0], line[:, 1]) - self._face.neutral[ids, 1].mean()
            out.append(10 * float(v[ids, 1].mean() + above - self._pupil(v, ball)[1]))
        return out

    def corner(self, v: np.ndarray) -> float:
        """Height of the lip corners over the middle of the closed lips, in mm."""
        lm = self._face.landmarks(v)
        return 10 * float(lm[[48, 54], 1].mean() - lm[[62, 66], 1].mean())

    def measure(self, v: np.ndarray, person: Person) -> dict[str, float]:
        """Every measure of the table, mean of both sides, in mm."""
        lm = self._face.landmarks(v)
        upper, lower = np.mean(self.opening(v), 0)
        left, right = (self._pupil(v, ball) for ball in self._face.eyes)
        length = np.linalg.norm(lm[[36, 42]] - lm[[39, 45]], axis=1).mean()
        return {
            "brow": float(np.mean(self.brows(v, person))) - brow_half(person),
            "mrd1": float(upper),
            "mrd2": float(-lower),
            "corner": self.corner(v),
            "fissure_height": float(upper - lower),
            "fissure_length": 10 * float(length),
            "iris_covered": 10 * IRIS_RADIUS - float(upper),
            "pupils_apart": 10 * float(abs(left[0] - right[0])),
        }


def _triangles(quads: np.ndarray) -> np.ndarray:
    """(m, 3) from (Q, 4) where -1 marks a triangle."""
    return np.concatenate([quads[:, :3], quads[quads[:, 3] >= 0][:, [0, 2, 3]]])


def _height(v: np.ndarray, triangles: np.ndarray, points: np.ndarray) -> np.ndarray:
    """(n,) z of the foremost triangle over each (x, y) of `points` (n, 2); -inf where none is."""
    x = points[0, 0]  # all points lie on one vertical line
    low, high = v[triangles, 0].min(1), v[triangles, 0].max(1)
    corners = v[triangles[(low <= x) & (high >= x)]].astype(np.float64)
    if not len(corners):
        return np.full(len(points), -np.inf)
    a, e, f = corners[:, 0], corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    area = e[:, 0] * f[:, 1] - e[:, 1] * f[:, 0]
    area = np.where(np.abs(area) < 1e-12, 1e-12, area)
    g = points[:, None] - a[None, :, :2]
    s = (g[..., 0] * f[:, 1] - g[..., 1] * f[:, 0]) / area
    t = (e[:, 0] * g[..., 1] - e[:, 1] * g[..., 0]) / area
    z = a[:, 2] + s * e[:, 2] + t * f[:, 2]
    inside = (s >= 0) & (t >= 0) & (s + t <= 1)
    top: np.ndarray = np.where(inside, z, -np.inf).max(1)
    return top
