"""The rig's meshes as the renderer wants them: what a crop can show, a mesh a material."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from auface_gen.picture.strands import FrontOfFace
from auface_gen.rig.move import Rig

__all__ = ["Part", "RigMeshes"]


@dataclass(frozen=True, eq=False)
class Part:
    """One mesh: `ids` (n,) rig vertices behind its vertices, `uv` (n, 2), `triangles` (m, 3)."""

    ids: np.ndarray
    uv: np.ndarray
    triangles: np.ndarray


def _triangles(quads: np.ndarray) -> np.ndarray:
    """(m, 3) from (Q, 4) where -1 marks a triangle."""
    tail = quads[quads[:, 3] >= 0][:, [0, 2, 3]]
    return np.concatenate([quads[:, :3], tail])


def _part(rig: Rig, keep: np.ndarray) -> Part:
    """The faces `keep` as a mesh with one vertex for each (position, texture) pair."""
    f, t = _triangles(rig.faces[keep]), _triangles(_follow(rig.face_uv[keep], rig.faces[keep]))
    pairs, inverse = np.unique(np.stack([f.ravel(), t.ravel()], 1), axis=0, return_inverse=True)
    return Part(pairs[:, 0], rig.uv[pairs[:, 1]], inverse.reshape(-1, 3).astype(np.uint32))


def _may_show(rig: Rig) -> np.ndarray:
    """(Q,) which faces a frontal crop can show, turned by up to 30 degrees, mouth open or not.

    The limits (cm on the mean face) hold all triangles that rays of the camera met on eight people
    with eighteen codings, but a few slivers.
    """
    corners = rig.neutral[np.maximum(rig.faces, 0)]
    middle = corners[:, :3].mean(1)
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    ahead = normal[:, 2] / np.maximum(np.linalg.norm(normal, axis=1), 1e-9)
    _, y, z = middle.T
    keep: np.ndarray = (y > -12) & (y < 11.5)
    for names, rule in (
        ("M_BackHead", (ahead > -0.35) & (z > -6)),
        ("M_Teeth", (ahead > -0.3) & (y > -4.8) & (y < -2.1) & (z > 5.4)),
        ("M_GumsTongue", (ahead > -0.35) & (y > -5.0) & (y < -1.3)),
        ("M_IrisLeft M_IrisRight M_ScleraLeft M_ScleraRight", ahead > -0.2),
    ):
        here = np.isin(rig.face_material, [rig.materials.index(n) for n in names.split()])
        keep &= ~here | rule
    return keep


def _inside_mouth(rig: Rig) -> np.ndarray:
    """(Q,) faces of the kit's back of the head that line the mouth."""
    x, y, z = rig.neutral[np.maximum(rig.faces, 0)].mean(1).T
    here: np.ndarray = (np.abs(x) < 3.6) & (y > -6) & (y < -0.4) & (z > 0.5)
    return here


def _pieces(part: Part) -> np.ndarray:
    """(n,) the number of the connected piece that each vertex of the mesh is in."""
    _, same = np.unique(part.ids, return_inverse=True)  # one vertex may stand for several
    corners = same[part.triangles.astype(int)]
    number = np.arange(same.max() + 1)
    while True:
        low = number[corners].min(1)
        after = number.copy()
        for i in range(3):
            np.minimum.at(after, corners[:, i], low)
        after = after[after]
        if (after == number).all():
            return number[same]
        number = after


def _follow(uv: np.ndarray, quads: np.ndarray) -> np.ndarray:
    out = uv.copy()
    out[quads[:, 3] < 0, 3] = -1
    return out


class RigMeshes:
    """The rig's meshes as the renderer wants them; the same for every person."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        # Every picture builds the tree over all triangles again, so what no crop can show (the
        # back of the head, the molars, the backs of the eyeballs) is left out: 47,000 to 33,000.
        seen = _may_show(rig)
        material = {name: (rig.face_material == i) & seen for i, name in enumerate(rig.materials)}
        # The kit's back of the head lines the mouth too, within a hair of gums and tongue.
        inner = _inside_mouth(rig)
        self.parts = {
            "face": _part(rig, material["M_Face"]),
            "head": _part(rig, material["M_BackHead"] & ~inner),
            "mouth": _part(rig, material["M_GumsTongue"]),
            "teeth": _part(rig, material["M_Teeth"]),
        }
        for side in ("Left", "Right"):
            iris, sclera = material[f"M_Iris{side}"], material[f"M_Sclera{side}"]
            ids = np.unique(rig.faces[iris])
            ids = ids[ids >= 0]
            centre = rig.neutral[ids].mean(0)
            self.iris_radius = radius = float(np.ptp(rig.neutral[ids][:, 0]) / 2)
            middle = rig.neutral[np.maximum(rig.faces, 0)].mean(1) - centre  # of each face
            front = (middle[:, 2] > 0) & (np.hypot(middle[:, 0], middle[:, 1]) < 0.62 * radius)
            part = _part(rig, iris)
            flat = (rig.neutral[part.ids] - centre)[:, :2] / (2 * radius)
            behind = (rig.neutral[part.ids] - centre)[:, 2] < 0
            uv = np.where(behind[:, None], [[0.02, 0.02]], 0.5 + flat).astype(np.float32)
            self.parts[f"iris{side}"] = Part(part.ids, uv, part.triangles)
            self.parts[f"sclera{side}"] = _part(rig, sclera & ~front)
        skin = material["M_Face"] | material["M_BackHead"]
        self.skin_triangles = _triangles(rig.faces[skin])
        self.front = FrontOfFace(rig.neutral, self.skin_triangles)
        self.tooth = _pieces(self.parts["teeth"])
        self._all_triangles = _triangles(rig.faces)

    def normals(self, vertices: np.ndarray) -> np.ndarray:
        """(V, 3) area-weighted unit normals."""
        t = self._all_triangles
        a, b, c = vertices[t[:, 0]], vertices[t[:, 1]], vertices[t[:, 2]]
        n = np.cross(b - a, c - a)
        out = np.zeros_like(vertices)
        for axis in range(3):
            for corner in range(3):
                out[:, axis] += np.bincount(t[:, corner], n[:, axis], len(vertices))
        return out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-9)
