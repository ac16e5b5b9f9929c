"""What passes through what on a moved face, as counts: the measure of the correctives.

lips   pairs of triangles, one of each lip, that cut each other.
teeth  vertices of the teeth that stand before the skin which should cover them, seen in front.
lids   vertices of the lids' outside that lie in the eyeball.
eyes   vertices of the eyeball that stand before the lid which should cover them, seen from the
       front.

Only numpy: a test of boxes first, then exact tests of the pairs that are left (segment against
triangle after Moeller and Trumbore 1997; point in triangle by barycentric coordinates). Lengths are
cm; a depth under `TOLERANCE` does not count.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from auface_gen.rig.move import Rig

__all__ = ["Contact", "ContactMeter"]

TOLERANCE = 0.01


@dataclass(frozen=True)
class Contact:
    """Counts of one face; `+` adds them."""

    lips: int = 0
    teeth: int = 0
    lids: int = 0
    eyes: int = 0

    def __add__(self, other: Contact) -> Contact:
        return Contact(
            self.lips + other.lips,
            self.teeth + other.teeth,
            self.lids + other.lids,
            self.eyes + other.eyes,
        )

    @property
    def total(self) -> int:
        """All four together."""
        return self.lips + self.teeth + self.lids + self.eyes


class ContactMeter:
    """Counts contacts on faces of one rig. Regions are chosen on the mean face at rest."""

    def __init__(self, rig: Rig) -> None:
        p, lm = rig.neutral, rig.landmarks68
        quads = rig.faces[rig.face_material == rig.materials.index("M_Face")]
        tail = quads[quads[:, 3] >= 0][:, [0, 2, 3]]
        skin = np.concatenate([quads[:, :3], tail])
        middle = p[skin].mean(1)
        drop = rig.shapes["jawOpen"][skin, 1].mean(1)
        lower = drop < (rig.shapes["jawOpen"][lm[[62, 66]], 1]).mean()
        corner = float(np.abs(p[lm[[48, 54]], 0]).mean())
        mouth = (p[lm[62]] + p[lm[66]]) / 2
        depth = np.interp(middle[:, 0], *p[lm[[60, 61, 62, 63, 64]]][:, [0, 2]].T)
        inner = float(np.abs(p[lm[[60, 64]], 0]).mean())
        lip = (np.abs(middle[:, 0]) < inner - 0.15) & (np.abs(middle[:, 1] - mouth[1]) < 1.6)
        lip &= middle[:, 2] > depth - 0.5
        self._upper, self._lower = skin[lip & ~lower], skin[lip & lower]
        round_mouth = (np.abs(middle[:, 0]) < corner + 0.8) & (
            np.abs(middle[:, 1] - mouth[1]) < 2.6
        )
        self._cover = skin[round_mouth & (middle[:, 2] > depth - 0.05)]
        teeth = rig.material_ids("M_Teeth")
        arch = p[lm[[51, 57]], 2].mean() - 0.35 * p[teeth, 0] ** 2 - 2.0
        self._teeth = teeth[(p[teeth, 2] > arch) & (np.abs(p[teeth, 0]) < corner)]
        self._eyes = [self._eye(rig, side, skin, middle) for side in ("Left", "Right")]

    @staticmethod
    def _eye(
        rig: Rig, side: str, skin: np.ndarray, middle: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Eyeball vertices of the front, lid vertices outside the ball, lid triangles."""
        p = rig.neutral
        ball = rig.material_ids(f"M_Sclera{side}")
        centre = (p[ball].max(0) + p[ball].min(0)) / 2
        front = ball[p[ball, 2] > centre[2] + 0.2]
        off = middle - centre
        near = (np.linalg.norm(off, axis=1) < 2.1) & (off[:, 2] > 0.5)
        triangles = skin[near]
        ids = np.unique(triangles)
        free = ids[_depth(p, front, ids) < 0]
        return front, free, triangles[np.isin(triangles, free).all(1)]

    def count(self, vertices: np.ndarray) -> Contact:
        """Contacts of the face `vertices` (V, 3), before the head is posed."""
        v = vertices.astype(np.float64)
        lids = eyes = 0
        for ball, free, triangles in self._eyes:
            lids += int((_depth(v, ball, free) > TOLERANCE).sum())
            eyes += _before(v, ball, triangles)
        return Contact(
            lips=_cuts(v, self._upper, self._lower),
            teeth=_before(v, self._teeth, self._cover),
            lids=lids,
            eyes=eyes,
        )


def _depth(v: np.ndarray, ball: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """(n,) how deep each vertex lies under the ball's surface: along the ray from the middle of the
    ball's front to the vertex, against the three nearest surface vertices by angle.
    """
    points = v[ball]
    centre = points.mean(0) - np.array([0, 0, np.ptp(points[:, 0]) / 3])
    rays, to = points - centre, v[ids] - centre
    far, out = np.linalg.norm(rays, axis=1), np.linalg.norm(to, axis=1)
    cosine = (to / out[:, None]) @ (rays / far[:, None]).T
    nearest = np.argpartition(-cosine, 2, axis=1)[:, :3]
    surface = far[nearest].mean(1)
    beside = np.take_along_axis(cosine, nearest, 1).max(1) < np.cos(0.25)
    return np.where(beside, -1.0, surface - out)


def _before(v: np.ndarray, ids: np.ndarray, triangles: np.ndarray) -> int:
    """Vertices that lie, seen along z, within triangles and before all of them."""
    points = v[ids]
    a, b, c = (v[triangles[:, k]] for k in range(3))
    low, high = np.minimum(np.minimum(a, b), c), np.maximum(np.maximum(a, b), c)
    at, by = np.nonzero(
        (points[:, None, 0] >= low[:, 0])
        & (points[:, None, 0] <= high[:, 0])
        & (points[:, None, 1] >= low[:, 1])
        & (points[:, None, 1] <= high[:, 1])
    )
    e, f, g = (b - a)[by], (c - a)[by], points[at] - a[by]
    area = e[:, 0] * f[:, 1] - e[:, 1] * f[:, 0]
    area = np.where(np.abs(area) < 1e-12, 1e-12, area)
    s = (g[:, 0] * f[:, 1] - g[:, 1] * f[:, 0]) / area
    t = (e[:, 0] * g[:, 1] - e[:, 1] * g[:, 0]) / area
    inside = (s >= 0) & (t >= 0) & (s + t <= 1)
    at, by, s, t = at[inside], by[inside], s[inside], t[inside]
    cover = np.full(len(ids), -np.inf)
    np.maximum.at(cover, at, a[by, 2] + s * e[inside, 2] + t * f[inside, 2])
    return int((np.isfinite(cover) & (points[:, 2] > cover + TOLERANCE)).sum())


def _cuts(v: np.ndarray, upper: np.ndarray, lower: np.ndarray) -> int:
    """Pairs of triangles (n, 3) and (m, 3) that share no vertex and cut each other."""
    first, second = v[upper], v[lower]
    low, high = first.min(1), first.max(1)
    i, j = np.nonzero(((low[:, None] <= second.max(1)) & (high[:, None] >= second.min(1))).all(2))
    shared = (upper[i][:, :, None] == lower[j][:, None]).any((1, 2))
    i, j = i[~shared], j[~shared]
    if not len(i):
        return 0
    p, q = first[i], second[j]
    hit = np.zeros(len(i), bool)
    for one, other in ((p, q), (q, p)):
        for k in range(3):
            hit |= _pierces(one[:, k], one[:, (k + 1) % 3], other)
    return int(hit.sum())


def _pierces(start: np.ndarray, end: np.ndarray, triangle: np.ndarray) -> np.ndarray:
    """(n,) whether the segment goes through the triangle (n, 3, 3)."""
    a = triangle[:, 0]
    e, f, way = triangle[:, 1] - a, triangle[:, 2] - a, end - start
    h = np.cross(way, f)
    det = (e * h).sum(1)
    flat = np.abs(det) < 1e-12
    det = np.where(flat, 1.0, det)
    s = start - a
    u = (s * h).sum(1) / det
    q = np.cross(s, e)
    w = (way * q).sum(1) / det
    t = (f * q).sum(1) / det
    return ~flat & (u >= 0) & (w >= 0) & (u + w <= 1) & (t >= 0) & (t <= 1)
