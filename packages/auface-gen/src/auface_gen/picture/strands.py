"""Hair as flat ribbons that face the camera: how they are bound to the skin, and their mesh.

A ribbon is opaque: at these sizes a strand or a lock of them is narrower than a pixel or two, and
ribbons cost a tenth of curves under a hair model, which scatter light many times over.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Ribbons", "SkinPoints", "bind_to_skin", "ribbon_triangles"]


@dataclass(frozen=True, eq=False)
class SkinPoints:
    """Points on the skin, each in a triangle: `corners` (n, 3) vertex ids and `share` (n, 3)."""

    corners: np.ndarray
    share: np.ndarray

    def of(self, values: np.ndarray) -> np.ndarray:
        """(n, d) of the points, from (V, d) of the vertices."""
        return np.einsum("nk,nkd->nd", self.share, values[self.corners]).astype(np.float32)


def bind_to_skin(vertices: np.ndarray, triangles: np.ndarray, xy: np.ndarray) -> SkinPoints:
    """The points of the skin seen at `xy` (n, 2) from the front, on the mean face (V, 3).

    triangles: (m, 3) of the skin there, facing the front. A point beside them all gets the
    nearest one.
    """
    a, b, c = (vertices[triangles[:, i], :2] for i in range(3))
    v0, v1 = b - a, c - a
    det = v0[:, 0] * v1[:, 1] - v0[:, 1] * v1[:, 0]
    keep = np.abs(det) > 1e-9
    a, v0, v1, det, triangles = a[keep], v0[keep], v1[keep], det[keep], triangles[keep]
    d = xy[:, None] - a[None]
    s = (d[..., 0] * v1[:, 1] - d[..., 1] * v1[:, 0]) / det
    t = (v0[:, 0] * d[..., 1] - v0[:, 1] * d[..., 0]) / det
    outside = np.maximum.reduce([-s, -t, s + t - 1])
    best = outside.argmin(1)
    row = np.arange(len(xy))
    s, t = np.clip(s[row, best], 0, 1), np.clip(t[row, best], 0, 1)
    share = np.stack([1 - s - t, s, t], 1).astype(np.float32)
    return SkinPoints(triangles[best], share)


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
