"""Correctives: what a sum of shapes lets pass through itself is pushed apart again.

A linear rig moves each vertex along a straight line, so a closing lid cuts through the eyeball,
lips that two units move go through each other, and a lip that is rolled in ends behind the teeth.
Three corrections follow the sum:

lids   the person's own aperture decides how far a lid travels; then each lid vertex is held outside
       the eyeball, along the ray from its centre. The eyeball is a surface of revolution about the
       line of sight (sphere and cornea).
teeth  each lip is carried forward, column by column, till it stands before the front of the teeth.
lips   the two lips are carried apart, column by column, by their overlap.

Every correction is a clipped maximum of differences from the resting face: exactly zero at rest,
continuous in the activations, of fixed order. Lengths are cm.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from auface_gen.rig.face import Rig

__all__ = ["Correctives", "material_ids"]

LID_CLEARANCE = 0.035
TEETH_CLEARANCE = 0.06
MOST_FORWARD = 0.3  # lips that are rolled over the teeth belong behind their edge
LEAST_OPEN = 0.32  # of the resting opening, that units other than 43 leave between the lids
FREE_UNTIL = 0.5  # so much opening is left alone
SHUT = 0.04  # what unit 43 at E leaves
_TENSE = ("eyeSquint_", "+lidLift_")  # shapes of tense lids
LIP_CLEARANCE = 0.05
LIP_SLOPE = 0.3  # how steep a lip's crest falls away from a vertex, along x and along z
LIP_STIR = 0.06  # lips that touch at rest are parted fully once one has moved so far
UPPER_SHARE = 0.4  # of an overlap of the lips; the lower lip yields the rest


@dataclass(frozen=True, eq=False)
class _Eye:
    """One eyeball and its lids: vertex ids, and the ball's radius by the angle from the line of
    sight.
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


def material_ids(rig: Rig, *names: str) -> np.ndarray:
    """Vertex ids of the faces of these materials."""
    keep = [rig.materials.index(n) for n in names]
    ids: np.ndarray = np.unique(rig.faces[np.isin(rig.face_material, keep)])
    return ids[ids >= 0]


def _eye(rig: Rig, side: str) -> _Eye:
    p, lm = rig.neutral, rig.landmarks68
    ball, skin = material_ids(rig, f"M_Sclera{side}"), material_ids(rig, "M_Face")
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
    rest = material_ids(rig, "M_EyeLashes", "M_EyeBlend", "M_EyeOcclusion", "M_LacrimalFluid")
    rest = np.setdiff1d(rest, lids)
    followers = rest[np.linalg.norm(p[rest] - centre, axis=1) < 2.2 * radius]
    if len(lids) and len(followers):
        apart = ((p[followers][:, None] - p[lids]) ** 2).sum(2)
        leaders = apart.argmin(1)
    else:
        followers, leaders = followers[:0], np.zeros(0, np.int64)
    upper, lower = ([43, 44], [47, 46]) if side == "Left" else ([38, 37], [40, 41])
    aperture = float((p[lm[upper], 1] - p[lm[lower], 1]).mean())
    return _Eye(
        ball, cornea, lids, followers, leaders, angles, radii, lm[upper], lm[lower], aperture
    )


class Correctives:
    """The correctives of one rig; what can be known before a face moves is made once."""

    def __init__(self, rig: Rig) -> None:
        self._shapes = rig.shapes
        self._eyes = {"L": _eye(rig, "Left"), "R": _eye(rig, "Right")}
        p, lm = rig.neutral, rig.landmarks68
        skin = material_ids(rig, "M_Face")
        near = p[skin]
        corner = np.abs(p[lm[[48, 54]], 0]).mean()
        order = lm[[60, 61, 62, 63, 64]]
        order = order[np.argsort(p[order, 0])]
        opposite = lm[[60, 67, 66, 65, 64]]
        opposite = opposite[np.argsort(p[opposite, 0])]
        contact = (p[order] + p[opposite]) / 2
        line = np.stack([np.interp(near[:, 0], contact[:, 0], contact[:, k]) for k in (1, 2)], 1)
        apart = np.linalg.norm(near[:, 1:] - line, axis=1)
        drop = rig.shapes["jawOpen"][skin, 1] if "jawOpen" in rig.shapes else -near[:, 1]
        middle = (drop[_at(skin, lm[62])] + drop[_at(skin, lm[66])]) / 2
        lower = drop < middle
        between = np.abs(near[:, 0]) < corner - 0.1
        touch = between & (apart < 0.72) & (near[:, 2] > line[:, 1] - 0.45)
        self._upper, self._lower = skin[touch & ~lower], skin[touch & lower]
        seen = near[:, 2] > line[:, 1] + 0.05  # red and skin before the line where lips meet
        self._fronts = {below: skin[touch & seen & (lower == below)] for below in (False, True)}
        # how far a column's push reaches over the skin, and that it ends before the corners
        reach = np.exp(-0.5 * (np.clip(apart - 0.5, 0, None) / 0.55) ** 2)
        reach *= np.clip((corner - np.abs(near[:, 0])) / 0.4, 0, 1)
        reach[near[:, 2] < line[:, 1] - 1.6] = 0
        carried = reach > 0.02
        self._carried, self._reach = skin[carried], reach[carried].astype(np.float32)
        self._below = lower[carried]
        self._rest_x = p[:, 0]
        self._knots = np.linspace(-corner, corner, 33)
        self._step = self._knots[1] - self._knots[0]
        self._along = p[self._carried, 0]
        self._tooth_rows = _tooth_rows(rig)

    def apply(
        self, rest: np.ndarray, moved: np.ndarray, weights: Mapping[str, float]
    ) -> np.ndarray:
        """(V, 3) `moved` with the correctives; `weights` are the shape weights that moved `rest`.

        `moved` itself comes back when there is nothing to mend.
        """
        out = moved
        for letter, eye in self._eyes.items():
            out = self._lids(rest, out, weights, letter, eye)
        if any(
            name.startswith(("mouth", "jaw", "+lip", "+corner", "cheekPuff", "nose"))
            for name in weights
        ):
            out = self._teeth(rest, out)
            out = self._lips(rest, out)
        return out

    def _lids(
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
        shift = (push[:, None] * ray).astype(np.float32)
        out = out.copy()
        out[eye.lids] += shift
        out[eye.followers] += shift[eye.leaders]
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

    def _carry(
        self, out: np.ndarray, below: bool, ids: np.ndarray, push: np.ndarray, axis: int
    ) -> None:
        """Move one lip along an axis: each column by the largest push near it, in place."""
        near = 1 - np.abs(self._knots[:, None] - self._rest_x[ids]) / (2.5 * self._step)
        column = (np.clip(near * 1.6, 0, 1) * np.abs(push)).max(1) * np.sign(push.sum())
        mine = self._below == below
        by = np.interp(self._along[mine], self._knots, column) * self._reach[mine]
        out[self._carried[mine], axis] += by.astype(np.float32)

    def _teeth(self, rest: np.ndarray, moved: np.ndarray) -> np.ndarray:
        out = moved
        for below, ids in self._fronts.items():
            push = np.zeros(len(ids))
            for row in self._tooth_rows:
                push = np.maximum(push, row.behind(rest, moved, ids))
            if push.any():
                out = out.copy() if out is moved else out
                self._carry(out, below, ids, np.minimum(push, MOST_FORWARD), 2)
        return out

    def _lips(self, rest: np.ndarray, moved: np.ndarray) -> np.ndarray:
        if not (len(self._upper) and len(self._lower)):
            return moved
        stir = max(float(np.abs((moved - rest)[k]).max()) for k in (self._upper, self._lower))
        gate = min(stir / LIP_STIR, 1.0)
        allowed = [
            np.maximum(b + gate * (np.minimum(b, -LIP_CLEARANCE) - b), -LIP_CLEARANCE)
            for b in self._overlap(rest)
        ]
        upper, lower = (
            np.maximum(a - b, 0) for a, b in zip(self._overlap(moved), allowed, strict=True)
        )
        if not (upper.any() or lower.any()):
            return moved
        out = moved.copy()
        self._carry(out, False, self._upper, UPPER_SHARE * upper, 1)
        self._carry(out, True, self._lower, -(1 - UPPER_SHARE) * lower, 1)
        return out

    def _overlap(self, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """How far each upper vertex lies below the lower lip's crest, and each lower one above
        the upper's; a crest falls by `LIP_SLOPE` to the sides of each vertex.
        """
        u, w = v[self._upper], v[self._lower]
        depth = np.abs(w[:, 0] - u[:, 0, None])
        side = w[:, 2] - u[:, 2, None]
        depth += np.abs(side, out=side)
        depth *= -LIP_SLOPE
        depth += w[:, 1]
        depth -= u[:, 1, None]
        return depth.max(1), depth.max(0)


def _at(ids: np.ndarray, vertex: int) -> int:
    """Position of the vertex in sorted ids, or the nearest."""
    return min(int(np.searchsorted(ids, vertex)), len(ids) - 1)


@dataclass(frozen=True, eq=False)
class _ToothRow:
    """The front of one row of teeth: vertices in order of x, and the ids at its top and bottom."""

    front: np.ndarray
    high: np.ndarray
    low: np.ndarray

    def behind(self, rest: np.ndarray, moved: np.ndarray, ids: np.ndarray) -> np.ndarray:
        """(n,) how far each vertex must come forward to stand before the teeth."""
        before, _ = self._gap(rest, ids)
        after, level = self._gap(moved, ids)
        push: np.ndarray = np.maximum(np.minimum(before, TEETH_CLEARANCE) - after, 0) * level
        return push

    def _gap(self, v: np.ndarray, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Distance before the teeth, and 1 at their height, falling to 0 over 2 mm."""
        x = v[self.front, 0]
        front = np.interp(v[ids, 0], x, v[self.front, 2])
        front -= 3 * np.maximum(np.maximum(x[0] - v[ids, 0], v[ids, 0] - x[-1]), 0)  # round the end
        high = np.interp(v[ids, 0], x, v[self.high, 1])
        low = np.interp(v[ids, 0], x, v[self.low, 1])
        inside = np.minimum(high - v[ids, 1], v[ids, 1] - low)
        return v[ids, 2] - front, np.clip(1 + inside / 0.2, 0, 1)


def _tooth_rows(rig: Rig, columns: int = 36) -> list[_ToothRow]:
    """The upper and the lower row: in each column the foremost, highest and lowest vertex."""
    ids = material_ids(rig, "M_Teeth")
    if "jawOpen" not in rig.shapes or not len(ids):
        return []
    drop = np.abs(rig.shapes["jawOpen"][ids]).max(1)
    rows = []
    for keep in (drop < drop.max() / 2, drop >= drop.max() / 2):
        row = ids[keep]
        p = rig.neutral[row]
        edges = np.linspace(-3.1, 3.1, columns + 1)
        picked: list[tuple[int, int, int]] = []
        for low, high in pairwise(edges):
            inside = np.flatnonzero((p[:, 0] >= low) & (p[:, 0] < high))
            if not len(inside):
                continue
            foremost = inside[p[inside, 2].argmax()]
            face = inside[p[inside, 2] > p[foremost, 2] - 0.5]
            picked.append((foremost, face[p[face, 1].argmax()], face[p[face, 1].argmin()]))
        if len(picked) > 1:
            front, top, bottom = (row[list(i)] for i in zip(*picked, strict=True))
            rows.append(_ToothRow(front, top, bottom))
    return rows
