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
from auface_gen.picture.denoise import denoise
from auface_gen.picture.hair import long_hair, strands
from auface_gen.picture.people import Light, Person
from auface_gen.picture.resting import IRIS_RADIUS, resting_face
from auface_gen.picture.skin import SkinMap
from auface_gen.rig.crop import crop_square
from auface_gen.rig.move import Rig
from auface_gen.rig.units import Activations, HeadPose

__all__ = ["VARIANTS", "RigMeshes", "Sitting", "mitsuba"]

_DISTANCE = 70.0  # from the camera to the eyes' plane, in cm
VARIANTS = ("llvm_ad_rgb", "scalar_rgb")


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
            self.iris_radius = radius = float(np.ptp(rig.neutral[ids][:, 0]) / 2)
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
        samples: int = 16,
        albedo: np.ndarray | None = None,
    ) -> None:
        self.rig, self.meshes, self.skin = rig, meshes, skin
        self.person, self.light, self.size, self.samples = person, light, size, samples
        self._mi = mitsuba()
        self._rest = resting_face(rig, person)
        self._pivot = self._rest[rig.landmarks68[[0, 16]]].mean(0) + np.array(
            [0, -1.0, -2.0], np.float32
        )
        self._albedo = skin.albedo(person) if albedo is None else albedo
        self._relief = skin.relief(person, size=size)
        self._scene: Any = None

    @cached_property
    def base_pose(self) -> HeadPose:
        """The sitting's own pose; the crop keeps the eyes level, so there is no roll."""
        return HeadPose(self.light.yaw, self.light.pitch)

    def vertices(self, activations: Activations) -> np.ndarray:
        """(V, 3) posed vertices in cm."""
        v = self.rig.move(self._rest, activations)
        return self._pose(v, self.head_pose(activations))

    def head_pose(self, activations: Activations) -> HeadPose:
        """The head's pose in degrees, of the sitting and the head's units together."""
        return self.base_pose + self.rig.pose(activations)

    def landmarks(self, activations: Activations) -> np.ndarray:
        """(68, 2) pixels (x to the right, y down) of iBUG's points in the picture."""
        points = self.rig.landmarks(self.vertices(activations))
        middle, half = crop_square(self.rig.landmarks(self._pose(self._rest, self.base_pose)))
        away = _DISTANCE + middle[2] - points[:, 2]
        offset = (points[:, :2] - middle[:2]) * (_DISTANCE / away)[:, None]
        pixels: np.ndarray = self.size * (0.5 + offset * [1, -1] / (2 * half))
        return pixels

    def _pose(self, vertices: np.ndarray, pose: HeadPose) -> np.ndarray:
        rotation = pose.matrix().astype(np.float32)
        eyes = self.rig.landmarks(self._rest)[36:48].mean(0) - self._pivot
        # The crop follows the head: the eyes' middle stays where the sitting's own pose has it.
        back = (eyes @ self.base_pose.matrix().T - eyes @ rotation.T) * [1, 1, 0]
        return ((vertices - self._pivot) @ rotation.T + self._pivot + back).astype(np.float32)

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
        if self.person.long_hair:
            pose = self.base_pose + self.rig.pose(activations)
            params["hair.vertex_positions"] = self._pose(self._hair[0], pose).ravel()
        colour, height = self.skin.lined(self._albedo, self._relief, activations, self.person)
        params["face.bsdf.nested_bsdf.base_color.data"] = mi.TensorXf(colour)
        params["face.bsdf.nested_texture.data"] = mi.TensorXf(height[..., None])
        params.update()
        picture = np.array(mi.render(self._scene, spp=self.samples, seed=self.light.seed % 65536))
        picture[..., :3] = denoise(picture[..., :3], self.samples)
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
        return (np.clip(srgb, 0, 1) * 255 + 0.5).astype(np.uint8)

    def _describe(self, vertices: np.ndarray) -> dict[str, Any]:
        """The scene as mitsuba's dictionary."""
        mi, light, p = self._mi, self.light, self.person
        T = mi.ScalarTransform4f
        lm = self._pose(self._rest, self.base_pose)[self.rig.landmarks68]
        middle, half = crop_square(lm)
        fov = float(np.rad2deg(2 * np.arctan(half / _DISTANCE)))
        origin = (middle + np.array([0, 0, _DISTANCE])).tolist()
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
                "type": "bumpmap",
                "relief": {"type": "bitmap", "bitmap": mi.Bitmap(self._relief), "raw": True},
                "skin": {
                    "type": "principled",
                    "roughness": 0.48,
                    "specular": 0.38,
                    "base_color": {
                        "type": "bitmap",
                        "bitmap": mi.Bitmap(self._albedo),
                        "raw": True,
                    },
                },
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
                "base_color": _rgb((0.82, 0.77, 0.68)),
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
                    "bitmap": mi.Bitmap(_iris(p, light, self.meshes.iris_radius)),
                    "raw": True,
                },
            }
        normals = self.meshes.normals(vertices)
        for name, part in self.meshes.parts.items():
            scene[name] = self._mesh(
                name, vertices[part.ids], normals[part.ids], part.uv, part.triangles, looks[name]
            )
        if p.long_hair:
            shell, uv, triangles = self._hair
            looks["hair"] = {
                "type": "principled",
                "base_color": {"type": "bitmap", "bitmap": mi.Bitmap(strands(p)), "raw": True},
                "roughness": 0.5,
                "specular": 0.35,
            }
            shell = self._pose(shell, self.base_pose)
            scene["hair"] = self._mesh("hair", shell, None, uv, triangles, looks["hair"])
        # Light must not come through the open back of the culled head into the mouth.
        scene["inside"] = {
            "type": "sphere",
            "center": self._pose(np.array([[0.0, 0.0, -1.5]], np.float32), self.base_pose)[
                0
            ].tolist(),
            "radius": 4.5,
            "bsdf": {"type": "diffuse", "reflectance": _rgb((0.05, 0.02, 0.02))},
        }
        return scene

    @cached_property
    def _hair(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return long_hair(self.person)

    def _mesh(
        self,
        name: str,
        vertices: np.ndarray,
        normals: np.ndarray | None,
        uv: np.ndarray,
        triangles: np.ndarray,
        bsdf: dict[str, Any],
    ) -> Any:
        mi = self._mi
        props = mi.Properties()
        props["bsdf"] = mi.load_dict(
            {"type": "twosided", "inner": bsdf} if bsdf["type"] == "roughplastic" else bsdf
        )
        mesh = mi.Mesh(
            name,
            len(vertices),
            len(triangles),
            props=props,
            has_vertex_normals=True,
            has_vertex_texcoords=True,
        )
        params = mi.traverse(mesh)
        params["vertex_positions"] = vertices.ravel()
        if normals is not None:  # else from the triangles
            params["vertex_normals"] = normals.ravel()
        params["vertex_texcoords"] = uv.ravel()
        params["faces"] = triangles.ravel()
        params.update()
        return mesh


def _rgb(value: tuple[float, float, float]) -> dict[str, Any]:
    return {"type": "rgb", "value": [float(v) for v in value]}


def _iris(person: Person, light: Light, radius: float, size: int = 256) -> np.ndarray:
    """(size, size, 3) linear RGB of the inner eyeball seen along its axis: pupil, iris with fibres
    and a dark rim, sclera, and the window's reflection, which a cornea would show.

    radius: of the texture's half side, in cm.
    """
    rng = np.random.default_rng([person.seed, 0x1215])
    y, x = (np.mgrid[:size, :size] + 0.5) / size * 2 - 1
    r, angle = np.hypot(x, y), np.arctan2(y, x)
    fibres = sum(np.sin(k * angle + rng.uniform(0, 6.3)) for k in (13, 21, 34, 55)) / 4
    edge = IRIS_RADIUS / radius
    inner = (r - edge * (person.pupil + 0.16)) / (0.15 * edge)
    tone = np.array(person.iris) * (1 + 0.22 * fibres + 0.45 * np.exp(-(inner**2)))[..., None]
    rim = 1 / (1 + np.exp(-(r - edge * 0.92) / 0.02))
    tone = tone * (1 - 0.75 * rim[..., None])
    white = np.array([0.50, 0.47, 0.45])
    out = np.where((r < edge)[..., None], tone, white)
    pupil = 1 / (1 + np.exp((r - edge * person.pupil) / 0.012))
    out = out * (1 - pupil[..., None]) + 0.006 * pupil[..., None]
    az, el = np.deg2rad([light.key_azimuth, light.key_elevation])
    toward = np.array([np.sin(az), max(np.sin(el), 0.3)])
    at = 0.68 * edge * toward / np.linalg.norm(toward)  # beside the pupil, never over all of it
    glint = np.exp(-((((x - at[0]) ** 2 + (y - at[1]) ** 2) / (0.15 * edge) ** 2) ** 2))
    return (out * (1 - glint[..., None]) + 0.95 * glint[..., None]).astype(np.float32)
