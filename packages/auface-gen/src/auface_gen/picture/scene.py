"""A sitting as mitsuba's dictionary: camera, lamps, and what each mesh is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from auface_gen.errors import AUFaceGenError
from auface_gen.picture.eyes import iris_texture
from auface_gen.picture.hair import hair_texture, scalp_colour
from auface_gen.picture.meshes import RigMeshes
from auface_gen.picture.mouth import gum_colours, tooth_colours
from auface_gen.picture.people import Light, Person

__all__ = [
    "DISTANCE",
    "View",
    "camera",
    "camera_pose",
    "integrators",
    "lamps",
    "materials",
    "mesh",
    "mitsuba",
    "paint",
]

DISTANCE = 70.0
"""From the camera to the eyes' plane, in cm."""
_BOUNCES = 3


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
    mi.set_log_level(mi.LogLevel.Error)  # it warns of each sampler that rounds its samples up
    return mi


@dataclass(frozen=True)
class View:
    """What the camera sees: a square about `middle` (x, y, z), `half` cm to each side."""

    middle: tuple[float, float, float]
    half: float
    size: int

    @property
    def cm_a_pixel(self) -> float:
        return 2 * self.half / self.size

    def project(self, points: np.ndarray) -> np.ndarray:
        """(n, 2) pixels (x to the right, y down, 0 at the corner) of points (n, 3) in cm."""
        away = DISTANCE + self.middle[2] - points[:, 2]
        offset = (points[:, :2] - self.middle[:2]) * (DISTANCE / away)[:, None]
        out: np.ndarray = self.size * (0.5 + offset * [1, -1] / (2 * self.half))
        return out


def camera_pose(view: View) -> Any:
    """The camera's place, as mitsuba's transform."""
    x, y, z = view.middle
    return mitsuba().ScalarTransform4f().look_at(
        origin=[x, y, z + DISTANCE], target=[x, y, z], up=[0, 1, 0]
    )  # fmt: skip


def camera(view: View, samples: int) -> dict[str, Any]:
    """The camera. A box filter: a sample counts in its own pixel only."""
    return {
        "type": "perspective",
        "fov": float(np.rad2deg(2 * np.arctan(view.half / DISTANCE))),
        "near_clip": 10.0,
        "far_clip": 200.0,
        "to_world": camera_pose(view),
        "film": {
            "type": "hdrfilm",
            "width": view.size,
            "height": view.size,
            "pixel_format": "rgba",
            "rfilter": {"type": "box"},
        },
        "sampler": {"type": "multijitter", "sample_count": samples},
    }


def integrators() -> tuple[Any, Any]:
    """The one that follows light, and the one that tells the paint and the mesh of what each
    sample meets.
    """
    mi = mitsuba()
    return (
        mi.load_dict({"type": "path", "max_depth": _BOUNCES, "hide_emitters": True}),
        mi.load_dict({"type": "aov", "aovs": "paint:albedo,mesh:shape_index"}),
    )


def lamps(light: Light, middle: np.ndarray) -> dict[str, Any]:
    """The key lamp, the rim lamp behind the head, and the sky: brighter above than below."""
    key = _lamp(middle, light.key_azimuth, light.key_elevation, 60, 14)
    rim = _lamp(middle, light.rim_azimuth, 25.0, 60, 16)
    sky = np.linspace(1.35, 0.45, 16)[:, None, None] * np.ones((1, 32, 1))
    return {
        "sky": {
            "type": "envmap",
            "bitmap": mitsuba().Bitmap((light.fill * sky * [0.97, 0.98, 1.0]).astype(np.float32)),
            "scale": 0.72,
        },
        "key": {**key, "emitter": _area([13.5 * light.key_power * c for c in light.key_tint])},
        "rim": {**rim, "emitter": _area([7.0 * light.rim_power + 0.05] * 3)},
    }


def _lamp(
    middle: np.ndarray, azimuth: float, elevation: float, away: float, half: float
) -> dict[str, Any]:
    transform = mitsuba().ScalarTransform4f()
    az, el = np.deg2rad([azimuth, elevation])
    direction = np.array([np.sin(az) * np.cos(el), np.sin(el), np.cos(az) * np.cos(el)])
    at = transform.look_at(
        origin=(middle + away * direction).tolist(), target=middle.tolist(), up=[0, 1, 0.01]
    )
    return {"type": "rectangle", "to_world": at @ transform.scale([half, half, 1])}


def _area(radiance: list[float]) -> dict[str, Any]:
    return {"type": "area", "radiance": {"type": "rgb", "value": radiance}}


def materials(
    person: Person,
    light: Light,
    iris_radius: float,
    albedo: np.ndarray,
    relief: np.ndarray,
    roughness: np.ndarray,
) -> dict[str, dict[str, Any]]:
    """What each mesh is made of, by name. albedo (T, T, 3), relief and roughness (T, T) are the
    face's; iris_radius: of the inner eyeball, in cm.
    """
    painted = {"type": "mesh_attribute", "name": "vertex_paint"}
    wet = {"type": "roughplastic", "alpha": 0.05, "int_ior": 1.376, "nonlinear": False}
    out: dict[str, dict[str, Any]] = {
        "face": {
            "type": "bumpmap",
            "relief": _texture(relief),
            "skin": {
                "type": "principled",
                "roughness": _texture(roughness),
                "specular": 0.42,
                "base_color": _texture(albedo),
            },
        },
        "head": {"type": "principled", "base_color": painted, "roughness": 0.55, "specular": 0.3},
        "mouth": {
            "type": "twosided",
            "inner": {
                "type": "principled",
                "base_color": painted,
                "roughness": 0.3,
                "specular": 0.45,
            },
        },
        "teeth": {"type": "principled", "base_color": painted, "roughness": 0.22, "specular": 0.45},
        "hairs": _hair(person),
        "hair": _hair(person),
    }
    white = {"type": "rgb", "value": [0.56, 0.52, 0.49]}
    iris = iris_texture(person, light, iris_radius)
    for side in ("Left", "Right"):
        out[f"sclera{side}"] = {**wet, "diffuse_reflectance": white}
        out[f"iris{side}"] = {**wet, "int_ior": 1.2, "diffuse_reflectance": _texture(iris)}
    return out


def paint(meshes: RigMeshes, person: Person) -> dict[str, np.ndarray]:
    """(n, 3) linear RGB by vertex, of the meshes that are painted so."""
    mean, parts = meshes.rig.neutral, meshes.parts
    return {
        "head": scalp_colour(mean[parts["head"].ids], person),
        "mouth": gum_colours(mean[parts["mouth"].ids], person),
        "teeth": tooth_colours(mean[parts["teeth"].ids], meshes.tooth, person),
    }


def _hair(person: Person) -> dict[str, Any]:
    hair = {
        "type": "principled",
        "base_color": _texture(hair_texture(person)),
        "roughness": 0.48,
        "specular": 0.2,
    }
    return {"type": "twosided", "inner": hair}


def _texture(pixels: np.ndarray) -> dict[str, Any]:
    bitmap = mitsuba().Bitmap(np.ascontiguousarray(pixels, np.float32))
    return {"type": "bitmap", "bitmap": bitmap, "raw": True}


def mesh(
    name: str,
    vertices: np.ndarray,
    normals: np.ndarray,
    uv: np.ndarray,
    triangles: np.ndarray,
    material: dict[str, Any],
    colours: np.ndarray | None = None,
) -> Any:
    """A mesh of (n, 3) vertices and normals, (n, 2) uv and (m, 3) triangles; colours: (n, 3)."""
    mi = mitsuba()
    props = mi.Properties()
    if material["type"] == "roughplastic":
        material = {"type": "twosided", "inner": material}
    props["bsdf"] = mi.load_dict(material)
    made = mi.Mesh(
        name,
        len(vertices),
        len(triangles),
        props=props,
        has_vertex_normals=True,
        has_vertex_texcoords=True,
    )
    if colours is not None:
        made.add_attribute("vertex_paint", 3, colours.astype(np.float32).ravel())
    params = mi.traverse(made)
    params["vertex_positions"] = vertices.ravel()
    params["vertex_normals"] = normals.ravel()
    params["vertex_texcoords"] = uv.ravel()
    params["faces"] = triangles.ravel()
    params.update()
    return made
