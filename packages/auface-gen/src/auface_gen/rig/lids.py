"""Lids: how far they travel, and that they stay outside the eyeball.

The person's own aperture decides how far a lid travels; then each lid vertex is held outside the
eyeball, along the ray from its centre. The eyeball is a surface of revolution about the line of
sight (sphere and cornea). Lengths are cm.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from auface_gen.rig.face import Face

__all__ = ["Lids"]

LID_CLEARANCE = 0.035
LEAST_OPEN = 0.32  # of the resting opening, that units other than 43 leave between the lids
FREE_UNTIL = 0.5  # so much opening is left alone
SHUT = 0.04  # what unit 43 at E leaves
_TENSE = ("eyeSquint_", "+lidLift_")  # shapes of tense lids


@dataclass(frozen=True, eq=False)
class _Eye:
    """One eyeball and its lids: vertex ids, the ball's radius by the angle from the line of sight,
    and on the mean face the opening's height and each lid vertex's distance before the ball.
    """

    ball: np.ndarray
    cornea: np.ndarray
    lids: np.ndarray
    followers: np.ndarray
    leaders: np.ndarray
    angles: np.ndarray
    radii: np.ndarray
    upper: np.ndarray
    lower: np.ndarray
    aperture: float
    clear: np.ndarray

    def gaps(self, vertices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(n,) distance of each lid vertex before the eyeball's surface, and (n, 3) its ray."""
        centre, radius = _sphere(vertices[self.ball])
        sight = vertices[self.cornea].mean(0) - centre
        sight = sight / max(float(np.linalg.norm(sight)), 1e-6)
        ray = vertices[self.lids] - centre
        far = np.maximum(np.linalg.norm(ray, axis=1), 1e-6)
        ray = ray / far[:, None]
        surface = radius * np.interp(ray @ sight, self.angles, self.radii)
        return far - surface, ray

    def opening(self, vertices: np.ndarray) -> float:
        """Height of the eye's opening at its landmarks."""
        return float((vertices[self.upper, 1] - vertices[self.lower, 1]).mean())


def _sphere(points: np.ndarray) -> tuple[np.ndarray, float]:
    """Centre (3,) and radius of the sphere nearest to the points (linear least squares)."""
    p = points.astype(np.float64)
    middle = p.mean(0)
    q = p - middle
    a = np.concatenate([2 * q, np.ones((len(q), 1))], 1)
    x = np.linalg.solve(a.T @ a + 1e-9 * np.eye(4), a.T @ (q**2).sum(1))
    return middle + x[:3], float(np.sqrt(max(x[3] + x[:3] @ x[:3], 1e-9)))


def _eye(face: Face, side: str) -> _Eye:
    p, lm = face.neutral, face.landmarks68
    ball, skin = face.material_ids(f"M_Sclera{side}"), face.material_ids("M_Face")
    centre, radius = _sphere(p[ball])
    rel = p[ball] - centre
    front = rel[:, 2] > 0.8 * radius
    cornea = ball[front] if front.any() else ball
    sight = p[cornea].mean(0) - centre
    sight = sight / max(float(np.linalg.norm(sight)), 1e-6)
    far = np.maximum(np.linalg.norm(rel, axis=1), 1e-6)
    cosine = (rel / far[:, None]) @ sight
    angles = np.linspace(-1, 1, 41)
    weight = np.exp(-0.5 * ((angles[:, None] - cosine) / 0.035) ** 2) + 1e-12
    radii = (weight * (far / radius)).sum(1) / weight.sum(1)
    off = p[skin] - centre
    lids = skin[(np.linalg.norm(off, axis=1) < 1.4 * radius) & (off[:, 2] > 0.1 * radius)]
    rest = face.material_ids("M_EyeLashes", "M_EyeBlend", "M_EyeOcclusion", "M_LacrimalFluid")
    rest = np.setdiff1d(rest, lids)
    followers = rest[np.linalg.norm(p[rest] - centre, axis=1) < 2.2 * radius]
    if len(lids) and len(followers):
        apart = ((p[followers][:, None] - p[lids]) ** 2).sum(2)
        leaders = apart.argmin(1)
    else:
        followers, leaders = followers[:0], np.zeros(0, np.int64)
    upper, lower = ([43, 44], [47, 46]) if side == "Left" else ([38, 37], [40, 41])
    aperture = float((p[lm[upper], 1] - p[lm[lower], 1]).mean())
    none = np.zeros(len(lids))
    eye = _Eye(
        ball, cornea, lids, followers, leaders, angles, radii, lm[upper], lm[lower], aperture, none
    )
    return replace(eye, clear=eye.gaps(p)[0])


def _push(out: np.ndarray, eye: _Eye, by: np.ndarray, ray: np.ndarray) -> None:
    """Move lids, and what goes with them, out along their rays, in place."""
    shift = (by[:, None] * ray).astype(np.float32)
    out[eye.lids] += shift
    out[eye.followers] += shift[eye.leaders]


class Lids:
    """The lids of one rig; what can be known before a face moves is made once."""

    def __init__(self, face: Face) -> None:
        self._shapes = face.shapes
        self._eyes = {"L": _eye(face, "Left"), "R": _eye(face, "Right")}

    def apply(
        self, rest: np.ndarray, moved: np.ndarray, weights: Mapping[str, float]
    ) -> np.ndarray:
        """(V, 3) `moved` with lids that travel as far as the person's own eyes ask and stay
        outside the eyeballs; `moved` itself when there is nothing to mend.
        """
        out = moved
        for letter, eye in self._eyes.items():
            out = self._one(rest, out, weights, letter, eye)
        return out

    def cleared(self, rest: np.ndarray) -> np.ndarray:
        """(V, 3) a resting face with its lids as far before the eyeballs as the mean face has
        them, or `LID_CLEARANCE`.
        """
        out = rest.copy()
        for eye in self._eyes.values():
            if len(eye.lids):
                gap, ray = eye.gaps(out)
                push = np.maximum(np.minimum(eye.clear, LID_CLEARANCE) - gap, 0)
                _push(out, eye, push, ray)
        return out

    def _one(
        self,
        rest: np.ndarray,
        moved: np.ndarray,
        weights: Mapping[str, float],
        letter: str,
        eye: _Eye,
    ) -> np.ndarray:
        if not len(eye.lids):
            return moved
        scale = np.clip(eye.opening(rest) / max(eye.aperture, 1e-3), 0.5, 1.7) - 1
        out = moved
        for name in ("eyeBlink_", "eyeSquint_", "+lidLift_"):
            if weight := weights.get(name + letter, 0.0):
                extra = np.float32(scale * min(weight, 1.3)) * self._shapes[name + letter]
                out = out + extra
        out = self._open(rest, out, weights, letter, eye)
        before, _ = eye.gaps(rest)
        after, ray = eye.gaps(out)
        push = np.maximum(np.minimum(before, LID_CLEARANCE) - after, 0)
        if not push.any():
            return out
        out = out.copy()
        _push(out, eye, push, ray)
        return out

    def _open(
        self,
        rest: np.ndarray,
        moved: np.ndarray,
        weights: Mapping[str, float],
        letter: str,
        eye: _Eye,
    ) -> np.ndarray:
        """The lids parted where raised cheeks, tense lids and a wrinkled nose together would shut
        an eye, which only unit 43 does: first the tension gives way, then the upper lid.
        """
        blink = self._shapes[f"eyeBlink_{letter}"]
        whole, travel = eye.opening(rest), -eye.opening(blink)
        if whole < 1e-3 or travel < 1e-3:
            return moved
        scale = np.clip(whole / max(eye.aperture, 1e-3), 0.5, 1.7)
        share = min(max(weights.get(f"eyeBlink_{letter}", 0.0), 0.0), 1.0)
        now = eye.opening(moved)
        without = (now + share * scale * travel) / whole
        room = FREE_UNTIL - LEAST_OPEN
        if without < FREE_UNTIL:
            without = LEAST_OPEN + room * float(np.exp((without - FREE_UNTIL) / room))
        wanted = without - share * (min(without, 1.0) - SHUT)
        lack = max(wanted * whole - now, 0.0)
        if lack <= 0:
            return moved
        out = moved
        tense = [(self._shapes[n + letter], weights.get(n + letter, 0.0)) for n in _TENSE]
        given = sum(w * max(-eye.opening(shape), 0.0) for shape, w in tense)
        if given > 1e-6:
            part = min(lack / given, 1.0)
            for shape, weight in tense:
                out = out - np.float32(part * weight) * shape
            lack -= part * given
        return out - np.float32(lack / travel) * blink
