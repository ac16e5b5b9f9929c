"""Skin: what is painted on the face for a person, and the lines that appear when units move.

Everything is painted in the rig's texture, in the coordinates of the mean face (cm): one texel
knows where on the mean face it lies (`SkinMap.position`), so a brow is painted where the brow bone
is, on every person. T texture size. Image row = v * T for this model (no flip).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from auface_gen.picture.brows import BROW_END, brow_profile
from auface_gen.picture.creases import AGE_LINES, CREASES
from auface_gen.picture.hair import growth
from auface_gen.picture.people import Person
from auface_gen.picture.rest_pose import brow_line
from auface_gen.picture.skin_map import corner_uv, crease_lines, lid_lines, polygon, position_map
from auface_gen.rig.move import Rig
from auface_gen.rig.units import Activations

__all__ = ["CREASES", "SkinMap"]


@dataclass(frozen=True, eq=False)
class SkinMap:
    """What skin needs to know of the mean face: `position` (T, T, 3) in cm and masks (T, T) in
    0..1.
    """

    position: np.ndarray
    lips: np.ndarray
    lash_upper: np.ndarray
    lash_lower: np.ndarray
    socket: np.ndarray
    creases: dict[tuple[str, str], np.ndarray]
    rig: Rig

    @classmethod
    def build(cls, rig: Rig, size: int = 512) -> SkinMap:
        """Rasterise the mean face into its texture; about two seconds, once a process."""
        position = position_map(rig, size)
        lm = rig.neutral[rig.landmarks68]
        lips = polygon(corner_uv(rig, rig.landmarks68[48:60]), size, blur=size / 256)
        upper, lower, socket = lid_lines(rig, position, lm)
        creases = {}
        for unit, lines in CREASES.items():
            for side, sign in (("left", 1.0), ("right", -1.0)):
                creases[unit, side] = crease_lines(position, lines, sign)
        return cls(position, lips, upper, lower, socket, creases, rig)

    def albedo(self, person: Person) -> np.ndarray:
        """(T, T, 3) linear RGB of the person at rest."""
        rng = np.random.default_rng([person.seed, 0x5C1])
        p, size = self.position, len(self.position)
        x, y = p[..., 0], p[..., 1]
        skin = np.array(person.skin, np.float32)
        out: np.ndarray = np.broadcast_to(skin, (size, size, 3)).copy()

        def spot(cx: float, cy: float, rx: float, ry: float) -> np.ndarray:
            return np.exp(-0.5 * (((np.abs(x) - cx) / rx) ** 2 + ((y - cy) / ry) ** 2))

        blotch = _noise(rng, size, (6, 14, 40))
        out *= (1 + 0.04 * blotch + 0.02 * _noise(rng, size, (120, 200)))[..., None]
        red = (
            0.5 * spot(3.9, 0.0, 1.7, 1.5)
            + 0.5 * spot(0.0, 0.6, 1.0, 1.1)
            + 0.25 * spot(0.0, -6.3, 1.6, 0.8)
            + 0.12 * blotch
        )
        out *= 1 - person.redness * np.clip(red, 0, 1)[..., None] * np.array([0.04, 0.26, 0.24])
        under = spot(3.1, 1.7, 1.3, 0.55) + 0.8 * spot(1.9, 3.2, 0.5, 0.6)
        out *= 1 - (0.12 + 0.12 * person.age) * np.clip(under, 0, 1)[..., None] * np.array(
            [0.8, 1.0, 0.85]
        )
        out *= 1 - 0.16 * self.socket[..., None] * np.array([0.7, 1.0, 1.0])
        if person.freckles:
            dots = np.clip(_noise(rng, size, (110,)) - 1.1, 0, 1) * (
                spot(2.8, 1.0, 2.4, 1.4) + 0.5 * spot(0, 2, 1, 2)
            )
            out *= 1 - 0.4 * person.freckles * np.clip(dots, 0, 1)[..., None] * np.array(
                [0.6, 0.9, 1.0]
            )
        if person.stubble:
            beard = _sigmoid((-0.9 - y + 0.10 * np.abs(x)) / 0.35) * (1 - self.lips)
            beard *= 1 - 0.75 * spot(2.6, -1.0, 1.1, 1.2)
            grain = 0.75 + 0.25 * _noise(rng, size, (200, 256))
            amount = (0.42 * person.stubble * np.clip(beard * grain, 0, 1))[..., None]
            out = out * (1 - amount) + amount * (np.array(person.hair) * 1.2 + 0.012)
        out = _crease(out, self._aged(person))
        inside = growth(p, person) + 0.16 * _noise(rng, size, (60, 150))
        thick = 0.5 if person.hair_style == "shaved" else 0.88
        hair = thick * _sigmoid(inside / 0.28)[..., None]
        out = (
            out * (1 - hair)
            + hair * np.array(person.hair) * (1 + 0.3 * _noise(rng, size, (120,)))[..., None]
        )
        lips = (self.lips * (1 + 0.06 * _noise(rng, size, (30, 90))))[..., None]
        out = out * (1 - np.clip(lips, 0, 1)) + np.clip(lips, 0, 1) * np.array(person.lips)
        brow = (0.5 * self._brow_shade(person) * (1 + 0.2 * _noise(rng, size, (150,))))[..., None]
        out = out * (1 - np.clip(brow, 0, 1)) + np.clip(brow, 0, 1) * np.array(person.hair)
        dark = np.clip(
            person.lashes * self.lash_upper + 0.35 * person.lashes * self.lash_lower, 0, 1
        )[..., None]
        out = out * (1 - 0.92 * dark) + 0.92 * dark * 0.018
        return np.clip(out, 0.004, 0.95).astype(np.float32)

    def relief(self, person: Person, *, size: int = 256) -> np.ndarray:
        """(T, T) height of the skin at rest in cm: pores, and the lines that age leaves.

        size: of the picture in pixels; pores finer than its pixels are made shallower, for they
        would come out as grain.
        """
        seen = min(1.0, size / 256) ** 1.5
        rng = np.random.default_rng([person.seed, 0x9E11])
        texels = len(self.position)
        x, y = self.position[..., 0], self.position[..., 1]
        oily = np.exp(-0.5 * ((x / 2.4) ** 2 + ((y - 1.5) / 4.0) ** 2))  # nose, cheeks beside it
        pores = np.minimum(_noise(rng, texels, (texels // 2,)), 0.4)
        fine = _noise(rng, texels, (texels // 4, texels // 7))
        rough = (0.0022 * pores + 0.0012 * fine) * (0.55 + 0.6 * oily) * (0.6 + 0.8 * person.age)
        rough *= seen
        lips = _noise(rng, texels, (texels // 3,)) * 0.003 * seen * self.lips
        return (rough * (1 - self.lips) + lips + self._valley(self._aged(person))).astype(
            np.float32
        )

    def roughness(self, person: Person) -> np.ndarray:
        """(T, T) of the skin: oilier on forehead, nose and chin, moist on the lips."""
        x, y = self.position[..., 0], self.position[..., 1]
        rng = np.random.default_rng([person.seed, 0x6105])
        oily = np.exp(-0.5 * ((x / 1.5) ** 2 + ((y - 1.0) / 3.0) ** 2))
        oily += 0.7 * np.exp(-0.5 * ((x / 3.5) ** 2 + ((y - 8.0) / 1.5) ** 2))
        oily += 0.4 * np.exp(-0.5 * (((np.abs(x) - 3.9) / 1.2) ** 2 + ((y - 1.6) / 0.9) ** 2))
        rough = 0.54 - (0.06 + 0.12 * person.gloss) * np.clip(oily, 0, 1)
        rough += 0.05 * _noise(rng, len(x), (len(x) // 4, len(x) // 9))
        rough = rough * (1 - self.lips) + self.lips * (0.33 if person.sex == "female" else 0.42)
        return np.clip(rough, 0.22, 0.8).astype(np.float32)

    def _aged(self, person: Person) -> np.ndarray:
        """(T, T) depth of the lines that age leaves in a face at rest."""
        depth = np.zeros(self.position.shape[:2], np.float32)
        for unit, amount in AGE_LINES.items():
            both = self.creases[unit, "left"] + self.creases[unit, "right"]
            depth += amount * person.age**1.5 * both
        return depth

    @staticmethod
    def _valley(depth: np.ndarray) -> np.ndarray:
        """Height in cm of lines of a depth 0..1."""
        return -0.085 * np.minimum(depth, 1.15)

    def lined(
        self,
        albedo: np.ndarray,
        relief: np.ndarray,
        activations: Activations,
        person: Person,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Colour (T, T, 3) and height (T, T) with the lines that the activations draw in the skin,
        deeper with age.
        """
        depth = np.zeros(albedo.shape[:2], np.float32)
        for unit, sides in activations.items():
            for side, amount in sides.items():
                for name in ("left", "right"):
                    if (unit, name) in self.creases and side not in (
                        "left" if name == "right" else "right",
                    ):
                        depth += amount * self.creases[unit, name] * (0.75 + 0.5 * person.age)
        if not depth.any():
            return albedo, relief
        return _crease(albedo, depth).astype(np.float32), relief + self._valley(depth)

    def _brow_shade(self, person: Person) -> np.ndarray:
        """(T, T) how much brow hair shades the skin under its strands."""
        x, y = np.abs(self.position[..., 0]), self.position[..., 1]
        shade = np.zeros(x.shape, np.float32)
        near = (y > 3.5) & (y < 8.5) & (x < 7.5) & (self.position[..., 2] > 5)
        points = np.stack([x[near], y[near]], 1)
        line = brow_line(self.rig, person)
        t = np.linspace(0, BROW_END - 0.06, 41)
        at = np.clip(t * 4, 0, 3.999)
        low = at.astype(int)
        fine = line[low] + (at - low)[:, None] * (line[low + 1] - line[low])
        d = np.linalg.norm(points[:, None] - fine[None], axis=-1) / (
            person.brow_thickness * brow_profile(t)
        )
        shade[near] = _sigmoid((0.92 - d.min(1)) / 0.16)
        return shade * person.brow_density


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-np.clip(x, -30, 30)))


def _crease(albedo: np.ndarray, depth: np.ndarray) -> np.ndarray:
    """Darken by the depth of lines, a little red as light is that comes out of a fold of skin."""
    shade = np.clip(depth, 0, 1.2)[..., None] * np.array([0.22, 0.30, 0.32], np.float32)
    return albedo * (1 - shade)


def _noise(rng: np.random.Generator, size: int, cells: tuple[int, ...]) -> np.ndarray:
    """(size, size) smooth noise of about unit variance, averaged over scales of `cells` a side."""
    total = np.zeros((size, size), np.float32)
    for n in cells:
        grid = rng.normal(0, 1, (n, n)).astype(np.float32)
        total += np.asarray(Image.fromarray(grid).resize((size, size), Image.Resampling.BICUBIC))
    return total / np.sqrt(len(cells))
