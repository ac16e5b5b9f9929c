"""Hair as flat ribbons that face the camera: how they are bound to the skin, and their mesh.

A ribbon is opaque: at these sizes a strand or a lock of them is narrower than a pixel or two, and
ribbons cost a tenth of curves under a hair model, which scatter light many times over.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["FrontOfFace", "Ribbons", "SkinPoints", "ribbon_triangles"]


@dataclass(frozen=True, eq=False)
class SkinPoints:
    """Points on the skin, each in a triangle: `corners` (n, 3) vertex ids and `share` (n, 3)."""

    corners: np.ndarray
    share: np.ndarray

    def of(self, values: np.ndarray) -> np.ndarray:
        """(n, d) of the points, from (V, d) of the vertices."""
        return np.einsum("nk,nkd->nd", self.share, values[self.corners]).astype(np.float32)


class FrontOfFace:
    """Which triangle of the mean face is seen where from the front; made once for a rig."""

    _CELL = 0.04  # cm

    def __init__(self, vertices: np.ndarray, triangles: np.ndarray) -> None:
        """vertices: (V, 3) of the mean face; triangles: (m, 3) of its skin."""
        corners = vertices[triangles]
        ahead = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])[:, 2] > 0
        middle = corners.mean(1)
        near = ahead & (middle[:, 2] > 3.5) & (middle[:, 1] > 2.2) & (middle[:, 1] < 9.5)
        order = np.argsort(middle[near, 2])  # what is in front comes last and stays
        self._triangles = triangles[near][order]
        self._corners = corners[near][order][..., :2]
        self._low = self._corners.min((0, 1))
        shape = np.ceil((self._corners.max((0, 1)) - self._low) / self._CELL).astype(int) + 1
        self._cells = np.full(shape, -1)
        for number, flat in enumerate(self._corners):
            first = np.maximum(np.floor((flat.min(0) - self._low) / self._CELL - 0.5), 0)
            last = np.ceil((flat.max(0) - self._low) / self._CELL - 0.5)
            i, j = np.meshgrid(
                *(np.arange(int(a), min(int(b), n - 1) + 1)
                  for a, b, n in zip(first, last, shape, strict=True)),
                indexing="ij",
            )  # fmt: skip
            at = self._low + (np.stack([i, j], -1) + 0.5) * self._CELL
            inside = _share(flat[None, None], at).min(-1) > -0.2
            self._cells[i[inside], j[inside]] = number

    def bind(self, xy: np.ndarray) -> SkinPoints:
        """The points of the skin seen at `xy` (n, 2) cm on the mean face; a point beside the skin
        gets the nearest triangle in its row.
        """
        cell = ((xy - self._low) / self._CELL).astype(int)
        cell = np.clip(cell, 0, np.array(self._cells.shape) - 1)
        number = self._cells[cell[:, 0], cell[:, 1]]
        for k in np.flatnonzero(number < 0):
            row = np.flatnonzero(self._cells[:, cell[k, 1]] >= 0)
            near = row[np.abs(row - cell[k, 0]).argmin()] if len(row) else 0
            number[k] = self._cells[near, cell[k, 1]]
        share = _share(self._corners[number], xy)
        return SkinPoints(self._triangles[number], share.astype(np.float32))


def _share(flat: np.ndarray, at: np.ndarray) -> np.ndarray:
    """(..., 3) barycentric shares of points (..., 2) in triangles (..., 3, 2)."""
    v0, v1 = flat[..., 1, :] - flat[..., 0, :], flat[..., 2, :] - flat[..., 0, :]
    d = at - flat[..., 0, :]
    det = v0[..., 0] * v1[..., 1] - v0[..., 1] * v1[..., 0]
    det = np.where(np.abs(det) < 1e-9, 1e-9, det)
    s = (d[..., 0] * v1[..., 1] - d[..., 1] * v1[..., 0]) / det
    t = (v0[..., 0] * d[..., 1] - v0[..., 1] * d[..., 0]) / det
    return np.stack([1 - s - t, s, t], -1)


@dataclass(frozen=True, eq=False)
class Ribbons:
    """n ribbons of k points: `points` (n, k, 3) in cm, `width` (n,) at the root in cm, `tone` (n,)
    in 0..1 (which colour of the texture), `normals` (n, k, 3) that they are lit by.
    """

    points: np.ndarray
    width: np.ndarray
    tone: np.ndarray
    normals: np.ndarray

    def vertices(self) -> np.ndarray:
        """(2 n k, 3): the two edges of each ribbon, tapering to a tip."""
        along = np.gradient(self.points, axis=1)
        side = np.stack([along[..., 1], -along[..., 0], np.zeros_like(along[..., 0])], -1)
        side /= np.maximum(np.linalg.norm(side, axis=-1, keepdims=True), 1e-6)
        k = self.points.shape[1]
        taper = (1 - np.linspace(0, 1, k) ** 2.5 * 0.85)[None, :, None]
        half = 0.5 * self.width[:, None, None] * taper * side
        both = np.stack([self.points - half, self.points + half], 2)
        return both.reshape(-1, 3).astype(np.float32)

    def vertex_normals(self) -> np.ndarray:
        """(2 n k, 3)."""
        return np.repeat(self.normals[:, :, None], 2, 2).reshape(-1, 3).astype(np.float32)

    def uv(self) -> np.ndarray:
        """(2 n k, 2): tone, and how far along the ribbon."""
        n, k, _ = self.points.shape
        u = np.broadcast_to(self.tone[:, None, None], (n, k, 2))
        v = np.broadcast_to(np.linspace(0.02, 0.98, k)[None, :, None], (n, k, 2))
        return np.stack([u, v], -1).reshape(-1, 2).astype(np.float32)


def ribbon_triangles(count: int, points: int) -> np.ndarray:
    """(2 n (k - 1), 3) of `count` ribbons of `points` points."""
    first = 2 * (np.arange(count)[:, None] * points + np.arange(points - 1)[None]).ravel()
    one = np.stack([first, first + 1, first + 2], 1)
    two = np.stack([first + 1, first + 3, first + 2], 1)
    return np.concatenate([one, two]).astype(np.uint32)
