"""Renders the rig with Mitsuba 3 (extra `auface-gen[rig]`): an aligned crop as AU research uses
it, eyes level, mid-forehead to chin.

One `Sitting` is one person under one light. Meshes, textures and the sample pattern are made once;
for each coding only vertices and the lines in the skin are sent again, so what a unit does not
move comes out the same, pixel by pixel.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from auface_gen.errors import AUFaceGenError
from auface_gen.people import Light, Person
from auface_gen.rig import Activations, HeadPose, Rig
from auface_gen.skin import SkinMap

__all__ = ["VARIANTS", "Sitting", "mitsuba"]

VARIANTS = ("llvm_ad_rgb", "scalar_rgb")
_HIDDEN = ("M_EyeOcclusion", "M_EyeBlend", "M_LacrimalFluid", "M_EyeLashes")


def mitsuba(variant: str | None = None) -> Any:
    """The mitsuba module with a variant set; `scalar_rgb` unless told. Raises AUFaceGenError
    without mitsuba.
    """
    try:
        import mitsuba as mi
    except ImportError:
        raise AUFaceGenError("rendering needs mitsuba: pip install 'auface-gen[rig]'") from None
    if variant or mi.variant() is None:
        mi.set_variant(variant or "scalar_rgb")
    return mi


@dataclass(frozen=True, eq=False)
class _Part:
    """One mesh: `ids` (n,) rig vertices behind its vertices, `uv` (n, 2), `triangles` (m, 3)."""

    ids: np.ndarray
    uv: np.ndarray
    triangles: np.ndarray


def _triangles(quads: np.ndarray) -> np.ndarray:
    """(m, 3) from (Q, 4) where -1 marks a triangle."""
    tail = quads[quads[:, 3] >= 0][:, [0, 2, 3]]
    return np.concatenate([quads[:, :3], tail])


def _part(rig: Rig, keep: np.ndarray) -> _Part:
    """The faces `keep` as a mesh with one vertex for each (position, texture) pair."""
    f, t = _triangles(rig.faces[keep]), _triangles(_follow(rig.face_uv[keep], rig.faces[keep]))
    pairs, inverse = np.unique(np.stack([f.ravel(), t.ravel()], 1), axis=0, return_inverse=True)
    return _Part(pairs[:, 0], rig.uv[pairs[:, 1]], inverse.reshape(-1, 3).astype(np.uint32))


def _follow(uv: np.ndarray, quads: np.ndarray) -> np.ndarray:
    out = uv.copy()
    out[quads[:, 3] < 0, 3] = -1
    return out


class RigMeshes:
    """The rig's meshes as the renderer wants them; the same for every person."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        material = {name: rig.face_material == i for i, name in enumerate(rig.materials)}
        self.parts = {
            "face": _part(rig, material["M_Face"]),
            "head": _part(rig, material["M_BackHead"]),
            "mouth": _part(rig, material["M_GumsTongue"]),
            "teeth": _part(rig, material["M_Teeth"]),
        }
        for side in ("Left", "Right"):
            iris, sclera = material[f"M_Iris{side}"], material[f"M_Sclera{side}"]
            ids = np.unique(rig.faces[iris])
            ids = ids[ids >= 0]
            centre = rig.neutral[ids].mean(0)
            radius = float(np.ptp(rig.neutral[ids][:, 0]) / 2)
            middle = rig.neutral[np.maximum(rig.faces, 0)].mean(1) - centre  # of each face
            front = (middle[:, 2] > 0) & (np.hypot(middle[:, 0], middle[:, 1]) < 0.62 * radius)
            part = _part(rig, iris)
            flat = (rig.neutral[part.ids] - centre)[:, :2] / (2 * radius)
            behind = (rig.neutral[part.ids] - centre)[:, 2] < 0
            uv = np.where(behind[:, None], [[0.02, 0.02]], 0.5 + flat).astype(np.float32)
            self.parts[f"iris{side}"] = _Part(part.ids, uv, part.triangles)
            self.parts[f"sclera{side}"] = _part(rig, sclera & ~front)
        skin = material["M_Face"] | material["M_BackHead"]
        self._skin_triangles = _triangles(rig.faces[skin])
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


class Sitting:
    """One person under one light, ready to be rendered doing anything.

    size: pixels a side; samples: a pixel. Raises AUFaceGenError without mitsuba.
    """

    def __init__(
        self,
        rig: Rig,
        meshes: RigMeshes,
        skin: SkinMap,
        person: Person,
        light: Light,
        *,
        size: int = 128,
        samples: int = 20,
        albedo: np.ndarray | None = None,
    ) -> None:
        self.rig, self.meshes, self.skin = rig, meshes, skin
        self.person, self.light, self.size, self.samples = person, light, size, samples
        self._mi = mitsuba()
        self._rest = rig.person(np.array(person.coefficients, np.float32))
        self._pivot = self._rest[rig.landmarks68[[0, 16]]].mean(0) + np.array(
            [0, -1.0, -2.0], np.float32
        )
        self._albedo = skin.albedo(person) if albedo is None else albedo
        self._scene: Any = None

    @cached_property
    def base_pose(self) -> HeadPose:
        """The sitting's own pose; the crop keeps the eyes level, so there is no roll."""
        return HeadPose(self.light.yaw, self.light.pitch)

    def vertices(self, activations: Activations) -> np.ndarray:
        """(V, 3) posed vertices in cm."""
        v = self.rig.move(self._rest, activations)
        return self._pose(v, self.base_pose + self.rig.pose(activations))

    def _pose(self, vertices: np.ndarray, pose: HeadPose) -> np.ndarray:
        rotation = pose.matrix().astype(np.float32)
        return ((vertices - self._pivot) @ rotation.T + self._pivot).astype(np.float32)

    def render(self, activations: Activations) -> np.ndarray:
        """(size, size, 3) uint8 sRGB picture of the person with the activations (units 0..1 by
        side).
        """
        mi = self._mi
        vertices = self.vertices(activations)
        normals = self.meshes.normals(vertices)
        if self._scene is None:
            self._scene = mi.load_dict(self._describe(vertices))
            self._params = mi.traverse(self._scene)
        params = self._params
        for name, part in self.meshes.parts.items():
            params[f"{name}.vertex_positions"] = vertices[part.ids].ravel()
            params[f"{name}.vertex_normals"] = normals[part.ids].ravel()
        lined = self.skin.lined(self._albedo, activations, self.person)
        params["face.bsdf.base_color.data"] = mi.TensorXf(lined)
        params.update()
        picture = np.array(mi.render(self._scene, spp=self.samples, seed=self.light.seed % 65536))
        return self._develop(picture)

    def _develop(self, picture: np.ndarray) -> np.ndarray:
        """Backdrop, exposure and sRGB, mixed in linear light."""
        alpha = np.clip(picture[..., 3:4], 0, 1)
        low = np.clip(picture[..., :3], 0, None) * self.light.exposure
        face = np.where(
            low < 0.6, low, 0.6 + 0.4 * np.tanh((low - 0.6) / 0.4)
        )  # a soft shoulder, never burnt out
        rows = np.linspace(1.06, 0.9, len(low))[:, None, None]
        mapped = face + (1 - alpha) * np.array(self.light.backdrop) ** 2.2 * rows
        srgb = np.where(
            mapped <= 0.0031308,
            12.92 * mapped,
            1.055 * np.maximum(mapped, 1e-8) ** (1 / 2.4) - 0.055,
        )
        rows = np.linspace(1.06, 0.9, len(srgb))[:, None, None]
        return (np.clip(srgb, 0, 1) * 255 + 0.5).astype(np.uint8)

    def _describe(self, vertices: np.ndarray) -> dict[str, Any]:
        """The scene as mitsuba's dictionary."""
        mi, light, p = self._mi, self.light, self.person
        T = mi.ScalarTransform4f
        lm = self._pose(self._rest, self.base_pose)[self.rig.landmarks68]
        eyes, chin = lm[36:48].mean(0), lm[8]
        unit = float(eyes[1] - chin[1])  # eye line to chin
        middle = np.array(
            [0.6 * eyes[0] + 0.4 * chin[0], eyes[1] - 0.265 * unit, eyes[2]], np.float32
        )
        half = 0.725 * unit
        distance = 70.0
        fov = float(np.rad2deg(2 * np.arctan(half / distance)))
        origin = (middle + np.array([0, 0, distance])).tolist()
        az, el = np.deg2rad([light.key_azimuth, light.key_elevation])
        direction = np.array([np.sin(az) * np.cos(el), np.sin(el), np.cos(az) * np.cos(el)])
        lamp = (middle + 60 * direction).tolist()
        power = 9.0 * light.key_power
        scene: dict[str, Any] = {
            "type": "scene",
            "integrator": {"type": "path", "max_depth": 3, "hide_emitters": True},
            "sensor": {
                "type": "perspective",
                "fov": fov,
                "near_clip": 10.0,
                "far_clip": 200.0,
                "to_world": T().look_at(origin=origin, target=middle.tolist(), up=[0, 1, 0]),
                "film": {
                    "type": "hdrfilm",
                    "width": self.size,
                    "height": self.size,
                    "pixel_format": "rgba",
                    "rfilter": {"type": "gaussian", "stddev": 0.45},
                },
                "sampler": {"type": "multijitter", "sample_count": self.samples},
            },
            "fill": {
                "type": "constant",
                "radiance": {
                    "type": "rgb",
                    "value": [light.fill, light.fill * 0.98, light.fill * 0.98],
                },
            },
            "key": {
                "type": "rectangle",
                "to_world": T().look_at(origin=lamp, target=middle.tolist(), up=[0, 1, 0.01])
                @ T().scale([16, 16, 1]),
                "emitter": {
                    "type": "area",
                    "radiance": {"type": "rgb", "value": [power * c for c in light.key_tint]},
                },
            },
        }
        wet = {"type": "roughplastic", "alpha": 0.06, "int_ior": 1.38}
        looks: dict[str, Any] = {
            "face": {
                "type": "principled",
                "roughness": 0.48,
                "specular": 0.38,
                "base_color": {"type": "bitmap", "bitmap": mi.Bitmap(self._albedo), "raw": True},
            },
            "head": {
                "type": "principled",
                "base_color": _rgb(p.skin),
                "roughness": 0.55,
                "specular": 0.3,
            },
            "mouth": {
                "type": "principled",
                "base_color": _rgb((0.26, 0.075, 0.07)),
                "roughness": 0.35,
                "specular": 0.4,
            },
            "teeth": {
                "type": "principled",
                "base_color": _rgb((0.76, 0.70, 0.60)),
                "roughness": 0.25,
                "specular": 0.5,
            },
        }
        for side in ("Left", "Right"):
            looks[f"sclera{side}"] = {**wet, "diffuse_reflectance": _rgb((0.50, 0.47, 0.45))}
            looks[f"iris{side}"] = {
                **wet,
                "diffuse_reflectance": {
                    "type": "bitmap",
                    "bitmap": mi.Bitmap(_iris(p)),
                    "raw": True,
                },
            }
        normals = self.meshes.normals(vertices)
        for name, part in self.meshes.parts.items():
            scene[name] = self._mesh(name, part, vertices, normals, looks[name])
        return scene

    def _mesh(
        self,
        name: str,
        part: _Part,
        vertices: np.ndarray,
        normals: np.ndarray,
        bsdf: dict[str, Any],
    ) -> Any:
        mi = self._mi
        props = mi.Properties()
        props["bsdf"] = mi.load_dict(
            {"type": "twosided", "inner": bsdf} if bsdf["type"] == "roughplastic" else bsdf
        )
        mesh = mi.Mesh(
            name,
            len(part.ids),
            len(part.triangles),
            props=props,
            has_vertex_normals=True,
            has_vertex_texcoords=True,
        )
        params = mi.traverse(mesh)
        params["vertex_positions"] = vertices[part.ids].ravel()
        params["vertex_normals"] = normals[part.ids].ravel()
        params["vertex_texcoords"] = part.uv.ravel()
        params["faces"] = part.triangles.ravel()
        params.update()
        return mesh


def _rgb(value: tuple[float, float, float]) -> dict[str, Any]:
    return {"type": "rgb", "value": [float(v) for v in value]}


def _iris(person: Person, size: int = 256) -> np.ndarray:
    """(size, size, 3) linear RGB of the inner eyeball seen along its axis: pupil, iris with fibres
    and a dark rim, sclera.
    """
    rng = np.random.default_rng([person.seed, 0x1215])
    y, x = (np.mgrid[:size, :size] + 0.5) / size * 2 - 1
    r, angle = np.hypot(x, y), np.arctan2(y, x)
    fibres = sum(np.sin(k * angle + rng.uniform(0, 6.3)) for k in (13, 21, 34, 55)) / 4
    edge = 0.46
    tone = (
        np.array(person.iris)
        * (1 + 0.25 * fibres + 0.5 * np.exp(-(((r - 0.27) / 0.07) ** 2)))[..., None]
    )
    rim = 1 / (1 + np.exp(-(r - edge * 0.93) / 0.02))
    tone = tone * (1 - 0.75 * rim[..., None])
    white = np.array([0.50, 0.47, 0.45])
    out = np.where((r < edge)[..., None], tone, white)
    pupil = 1 / (1 + np.exp((r - 0.19) / 0.012))
    return (out * (1 - pupil[..., None]) + 0.006 * pupil[..., None]).astype(np.float32)
