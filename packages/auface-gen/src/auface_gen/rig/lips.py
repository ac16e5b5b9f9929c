"""Lips: kept before the teeth and apart from each other.

teeth  each lip is carried forward, column by column, till it stands before the front of the teeth.
lips   the two lips are carried apart, column by column, by their overlap.

Lengths are cm.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from auface_gen.rig.face import Face

__all__ = ["Lips"]

TEETH_CLEARANCE = 0.06
MOST_FORWARD = 0.3  # lips that are rolled over the teeth belong behind their edge
LIP_CLEARANCE = 0.05
LIP_SLOPE = 0.3  # how steep a lip's crest falls away from a vertex, along x and along z
LIP_STIR = 0.06  # lips that touch at rest are parted fully once one has moved so far
UPPER_SHARE = 0.4  # of an overlap of the lips; the lower lip yields the rest


class Lips:
    """The lips of one rig; what can be known before a face moves is made once."""

    def __init__(self, face: Face) -> None:
        p, lm = face.neutral, face.landmarks68
        skin = face.material_ids("M_Face")
        near = p[skin]
        corner = np.abs(p[lm[[48, 54]], 0]).mean()
        order = lm[[60, 61, 62, 63, 64]]
        order = order[np.argsort(p[order, 0])]
        opposite = lm[[60, 67, 66, 65, 64]]
        opposite = opposite[np.argsort(p[opposite, 0])]
        contact = (p[order] + p[opposite]) / 2
        line = np.stack([np.interp(near[:, 0], contact[:, 0], contact[:, k]) for k in (1, 2)], 1)
        apart = np.linalg.norm(near[:, 1:] - line, axis=1)
        drop = face.shapes["jawOpen"][skin, 1] if "jawOpen" in face.shapes else -near[:, 1]
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
        self._tooth_rows = _tooth_rows(face)

    def apply(self, rest: np.ndarray, moved: np.ndarray) -> np.ndarray:
        """(V, 3) `moved` with lips before the teeth and apart; `moved` itself when there is
        nothing to mend.
        """
        return self._lips(rest, self._teeth(rest, moved))

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

    def _carry(
        self, out: np.ndarray, below: bool, ids: np.ndarray, push: np.ndarray, axis: int
    ) -> None:
        """Move one lip along an axis: each column by the largest push near it, in place."""
        near = 1 - np.abs(self._knots[:, None] - self._rest_x[ids]) / (2.5 * self._step)
        column = (np.clip(near * 1.6, 0, 1) * np.abs(push)).max(1) * np.sign(push.sum())
        mine = self._below == below
        by = np.interp(self._along[mine], self._knots, column) * self._reach[mine]
        out[self._carried[mine], axis] += by.astype(np.float32)

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


def _tooth_rows(face: Face, columns: int = 36) -> list[_ToothRow]:
    """The upper and the lower row: in each column the foremost, highest and lowest vertex."""
    ids = face.material_ids("M_Teeth")
    if "jawOpen" not in face.shapes or not len(ids):
        return []
    drop = np.abs(face.shapes["jawOpen"][ids]).max(1)
    rows = []
    for keep in (drop < drop.max() / 2, drop >= drop.max() / 2):
        row = ids[keep]
        p = face.neutral[row]
        edges = np.linspace(-3.1, 3.1, columns + 1)
        picked: list[tuple[int, int, int]] = []
        for low, high in pairwise(edges):
            inside = np.flatnonzero((p[:, 0] >= low) & (p[:, 0] < high))
            if not len(inside):
                continue
            foremost = inside[p[inside, 2].argmax()]
            seen = inside[p[inside, 2] > p[foremost, 2] - 0.5]
            picked.append((foremost, seen[p[seen, 1].argmax()], seen[p[seen, 1].argmin()]))
        if len(picked) > 1:
            front, top, bottom = (row[list(i)] for i in zip(*picked, strict=True))
            rows.append(_ToothRow(front, top, bottom))
    return rows
