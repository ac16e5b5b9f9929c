"""Renders the rig with Mitsuba 3 (extra `auface-gen[rig]`): an aligned crop as AU research uses
it, eyes level, mid-forehead to chin.

One `Sitting` is one person under one light. Meshes, textures and the sample pattern are made once;
for each coding only vertices and the lines in the skin are sent again, so what a unit does not
move comes out nearly the same: light that bounces off what did move still reaches it.

Each picture is rendered twice with the same samples: once following light, once telling only the
paint that each sample meets, which costs a tenth. The first over the second is the light that falls
on the face. It is smooth, so its grain can be filtered and it can be spread under the skin without
a blur of brows and pores, which come back with the paint.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from auface_gen.picture.brows import BrowsAndLashes
from auface_gen.picture.denoise import denoise
from auface_gen.picture.develop import develop, develop_clear
from auface_gen.picture.hair import head_hair
from auface_gen.picture.meshes import RigMeshes
from auface_gen.picture.people import Light, Person
from auface_gen.picture.resting import resting_face
from auface_gen.picture.scene import (
    View,
    camera,
    camera_pose,
    integrators,
    lamps,
    materials,
    mesh,
    mitsuba,
    paint,
)
from auface_gen.picture.skin import SkinMap
from auface_gen.picture.strands import Ribbons, ribbon_triangles
from auface_gen.picture.subsurface import spread_light
from auface_gen.rig.crop import crop_square
from auface_gen.rig.move import Rig
from auface_gen.rig.units import Activations, HeadPose

__all__ = ["VARIANTS", "RigMeshes", "Sitting", "mitsuba"]

VARIANTS = ("llvm_ad_rgb", "scalar_rgb")

_GLOSS = 0.05
"""Added to the paint before light is divided by it, for what dark paint reflects as a mirror."""
_LIGHT_GRAIN = 0.4
"""Measured: at 256 px, 8 samples so filtered are as near 400 samples as 16 filtered as one."""
_MOUTH_GRAIN = 1.6
"""Little light finds its way into a mouth, so it is grainier there, and it is smoother too."""
_LOST = 0.07
"""Light, of the sky's, that has bounced more often than is followed and comes from everywhere."""


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
        self._hairs = BrowsAndLashes(rig, meshes.front, person)
        self._scene: Any = None
        self._view = self.view({})
        self._shown_pose, self._shown_paint = self.base_pose, self._albedo

    @cached_property
    def base_pose(self) -> HeadPose:
        """The sitting's own pose; the crop keeps the eyes level, so there is no roll."""
        return HeadPose(self.light.yaw, self.light.pitch)

    def vertices(
        self, activations: Activations, *, raw: bool = False, contacts: bool | None = None
    ) -> np.ndarray:
        """(V, 3) posed vertices in cm; raw and contacts as for `Rig.move`."""
        v = self.rig.move(self._rest, activations, raw=raw, contacts=contacts)
        return self._posed(v, self.head_pose(activations))

    def head_pose(self, activations: Activations) -> HeadPose:
        """The head's pose in degrees, of the sitting and the head's units together."""
        return self.base_pose + self.rig.pose(activations)

    def view(self, activations: Activations) -> View:
        """What the camera sees: it follows the head, and neither turns nor comes nearer."""
        middle, half = crop_square(self._posed(self._rest, self.base_pose)[self.rig.landmarks68])
        pose = self.head_pose(activations)
        if pose != self.base_pose:
            here = self._posed(self._rest, pose)[self.rig.landmarks68]
            there = self._posed(self._rest, self.base_pose)[self.rig.landmarks68]
            middle = middle + (here[36:48].mean(0) - there[36:48].mean(0)) * [1, 1, 0]
        x, y, z = (float(v) for v in middle)
        return View((x, y, z), half, self.size)

    def landmarks(
        self, activations: Activations, *, raw: bool = False, contacts: bool | None = None
    ) -> np.ndarray:
        """(68, 2) pixels (x to the right, y down) of Multi-PIE's points in the picture."""
        points = self.vertices(activations, raw=raw, contacts=contacts)[self.rig.landmarks68]
        return self.view(activations).project(points)

    def render(
        self,
        activations: Activations,
        *,
        raw: bool = False,
        contacts: bool | None = None,
        transparent: bool = False,
    ) -> np.ndarray:
        """(size, size, 3) uint8 sRGB picture of the person with the activations (units 0..1 by
        side).

        raw and contacts as for `Rig.move`. transparent: (size, size, 4), with alpha and without a
        backdrop.
        """
        self._send(activations, self.vertices(activations, raw=raw, contacts=contacts))
        seed = self.light.seed % 65536
        traced, told = (
            np.array(self._mi.render(self._scene, integrator=i, spp=self.samples, seed=seed))
            for i in self._integrators
        )
        colour = self._relit(traced[..., :3], told)
        finish = develop_clear if transparent else develop
        return finish(colour, np.clip(traced[..., 3], 0, 1), self.light)

    def _relit(self, colour: np.ndarray, told: np.ndarray) -> np.ndarray:
        """(H, W, 3) linear light without grain, spread under the skin.

        told: (H, W, 4), the paint and the number of the mesh.
        """
        albedo, which = told[..., -4:-1], told[..., -1]
        glossy = albedo + _GLOSS
        grainy = np.minimum(colour / glossy, 6.0)
        light = denoise(grainy, self.samples, grain=_LIGHT_GRAIN)
        self._smooth_mouth(light, grainy, which)
        skin = np.clip(1 - 4 * np.abs(which - self._face_number), 0, 1).astype(np.float32)
        light = spread_light(light, skin, self._view.cm_a_pixel)
        return light * glossy + _LOST * self.light.fill * albedo

    def _smooth_mouth(self, light: np.ndarray, grainy: np.ndarray, which: np.ndarray) -> None:
        """Take more grain out of the light (H, W, 3) where the mouth's inside is seen, in place.

        which: (H, W), the mean number of the meshes that a pixel's samples meet. Pixels count that
        meet the mouth alone, with all that are around them: a mean can be its number by chance.
        """
        mouth = np.pad(np.abs(which - self._mouth_number) < 1e-3, 1)
        whole = mouth[:-2] & mouth[1:-1] & mouth[2:]
        inside = whole[:, :-2] & whole[:, 1:-1] & whole[:, 2:]
        if not inside.any():
            return
        rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
        box = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
        smooth = denoise(grainy[box], self.samples, grain=_MOUTH_GRAIN)
        light[box] = np.where(inside[box][..., None], smooth, light[box])

    def _send(self, activations: Activations, vertices: np.ndarray) -> None:
        """Have the scene show the vertices, and the activations' lines and pose of the head."""
        normals = self.meshes.normals(vertices)
        hairs = self._hairs.ribbons(vertices, normals)
        view = self.view(activations)
        if self._scene is None:
            self._build(vertices, normals, hairs, view)
        params = self._params
        for name, part in self.meshes.parts.items():
            params[f"{name}.vertex_positions"] = vertices[part.ids].ravel()
            params[f"{name}.vertex_normals"] = normals[part.ids].ravel()
        params["hairs.vertex_positions"] = hairs.vertices().ravel()
        params["hairs.vertex_normals"] = hairs.vertex_normals().ravel()
        pose = self.head_pose(activations)
        if pose != self._shown_pose:
            self._shown_pose = pose
            if (hair := self._hair(pose)) is not None:
                params["hair.vertex_positions"] = hair.vertices().ravel()
                params["hair.vertex_normals"] = hair.vertex_normals().ravel()
        if view != self._view:
            self._view = view
            params["sensor.to_world"] = self._mi.Transform4f(camera_pose(view).matrix)
        colour, height = self.skin.lined(self._albedo, self._relief, activations, self.person)
        if colour is not self._shown_paint:
            self._shown_paint = colour
            params["face.bsdf.nested_bsdf.base_color.data"] = self._mi.TensorXf(colour)
            params["face.bsdf.nested_texture.data"] = self._mi.TensorXf(height[..., None])
        params.update()

    def _build(self, vertices: np.ndarray, normals: np.ndarray, hairs: Ribbons, view: View) -> None:
        """Make the scene."""
        made_of = materials(
            self.person, self.light, self.meshes.iris_radius, self._albedo, self._relief,
            self.skin.roughness(self.person),
        )  # fmt: skip
        painted = paint(self.meshes, self.person)
        scene: dict[str, Any] = {
            "type": "scene",
            "sensor": camera(view, self.samples),
            **lamps(self.light, np.array(view.middle)),
        }
        for name, part in self.meshes.parts.items():
            scene[name] = mesh(
                name, vertices[part.ids], normals[part.ids], part.uv, part.triangles,
                made_of[name], painted.get(name),
            )  # fmt: skip
        pose = self.base_pose
        for name, ribbons in (("hairs", hairs), ("hair", self._hair(pose))):
            if ribbons is not None:
                scene[name] = mesh(
                    name, ribbons.vertices(), ribbons.vertex_normals(), ribbons.uv(),
                    ribbon_triangles(*ribbons.points.shape[:2]), made_of[name],
                )  # fmt: skip
        # Light must not come through the open back of the culled head into the mouth.
        middle = self._posed(np.array([[0.0, 0.0, -1.5]], np.float32), pose)[0]
        scene["inside"] = {
            "type": "sphere",
            "center": middle.tolist(),
            "radius": 4.5,
            "bsdf": {
                "type": "diffuse",
                "reflectance": {"type": "rgb", "value": [0.05, 0.02, 0.02]},
            },
        }
        self._scene = self._mi.load_dict(scene)
        self._params = self._mi.traverse(self._scene)
        self._integrators = integrators()
        self._view = view
        names = [shape.id() for shape in self._scene.shapes()]
        self._face_number, self._mouth_number = names.index("face"), names.index("mouth")

    def _posed(self, vertices: np.ndarray, pose: HeadPose) -> np.ndarray:
        rotation = pose.matrix().astype(np.float32)
        return ((vertices - self._pivot) @ rotation.T + self._pivot).astype(np.float32)

    def _hair(self, pose: HeadPose) -> Ribbons | None:
        """The hair of the head, which goes with the head only."""
        still = self._still_hair
        if still is None:
            return None
        shape = still.points.shape
        return replace(
            still,
            points=self._posed(still.points.reshape(-1, 3).astype(np.float32), pose).reshape(shape),
            normals=still.normals @ pose.matrix().T,
        )

    @cached_property
    def _still_hair(self) -> Ribbons | None:
        normals = self.meshes.normals(self._rest)
        return head_hair(self.rig, self.meshes.skin_triangles, self._rest, normals, self.person)
