"""Skin: what is painted on the face for a person, and the lines that appear when units move.

Everything is painted in the rig's texture, in the coordinates of the mean face (cm): one texel
knows where on the mean face it lies (`SkinMap.position`), so a brow is painted where the brow bone
is, on every person. T texture size. Image row = v * T for this model (no flip).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from auface_gen.picture.people import Person
from auface_gen.picture.rest_pose import brow_line
from auface_gen.rig.move import Rig
from auface_gen.rig.units import Activations

__all__ = ["CREASES", "SkinMap"]

# Lines that units draw in the skin, as polylines on the mean face: (x, y) in cm on the face's
# own left (x > 0), mirrored for the
# right; then depth at level E and width in cm. Facts from FACS 2002's appearance changes; the
# coordinates are this project's.
CREASES: Mapping[str, tuple[tuple[tuple[tuple[float, float], ...], float, float], ...]] = {
    "AU1": (
        (((0.0, 7.25), (0.9, 7.35), (1.9, 7.15), (2.5, 6.95)), 1.1, 0.11),
        (((0.0, 7.95), (1.0, 8.05), (2.2, 7.8)), 0.95, 0.12),
        (((0.0, 8.65), (1.0, 8.75), (2.0, 8.5)), 0.55, 0.12),
    ),
    "AU2": (
        (((2.1, 7.35), (3.2, 7.65), (4.4, 7.4), (5.2, 6.8)), 1.05, 0.11),
        (((1.9, 8.05), (3.2, 8.4), (4.6, 8.05)), 0.9, 0.12),
        (((1.9, 8.75), (3.1, 9.0), (4.2, 8.75)), 0.5, 0.12),
    ),
    "AU4": (
        (((0.45, 5.0), (0.62, 5.7), (0.72, 6.6)), 0.75, 0.10),
        (((0.05, 4.35), (0.5, 4.25), (0.95, 4.45)), 0.4, 0.10),
    ),
    "AU6": (
        (((5.0, 3.35), (5.6, 3.2), (6.2, 2.85)), 0.6, 0.08),
        (((5.0, 3.6), (5.7, 3.65), (6.35, 3.55)), 0.6, 0.08),
        (((5.0, 3.85), (5.6, 4.15), (6.15, 4.4)), 0.5, 0.08),
        (((2.0, 2.35), (3.0, 2.0), (4.2, 2.2), (4.8, 2.6)), 0.45, 0.10),
    ),
    "AU7": ((((2.1, 2.75), (3.0, 2.45), (4.0, 2.6), (4.5, 2.9)), 0.4, 0.08),),
    "AU9": (
        (((0.0, 4.25), (0.45, 4.15), (0.9, 3.8)), 0.7, 0.09),
        (((0.0, 3.75), (0.5, 3.6), (1.0, 3.2)), 0.7, 0.09),
        (((0.25, 3.2), (0.8, 2.9), (1.25, 2.4)), 0.6, 0.09),
        (((1.45, 0.9), (1.75, 0.2), (2.2, -0.6)), 0.5, 0.13),
    ),
    "AU10": ((((1.55, 0.55), (1.95, -0.3), (2.55, -1.2), (2.9, -1.9)), 0.65, 0.13),),
    "AU11": ((((1.7, 0.2), (2.15, -0.7), (2.7, -1.5)), 0.55, 0.16),),
    "AU12": (
        (((1.75, 0.2), (2.35, -0.8), (3.0, -1.9), (3.45, -3.0)), 0.7, 0.14),
        (((3.3, -2.9), (3.55, -3.4), (3.45, -4.0)), 0.3, 0.12),
    ),
    "AU13": ((((1.75, 0.2), (2.4, -1.0), (2.8, -2.3)), 0.4, 0.14),),
    "AU14": ((((3.0, -2.85), (3.2, -3.45), (3.0, -4.1)), 0.85, 0.12),),
    "AU15": ((((2.75, -3.75), (3.05, -4.5), (2.95, -5.3)), 0.7, 0.14),),
    "AU17": (
        (((0.0, -5.35), (0.8, -5.45), (1.4, -5.85)), 0.6, 0.13),
        (((0.25, -6.1), (0.5, -6.3)), 0.4, 0.14),
        (((0.8, -6.35), (1.1, -6.2)), 0.4, 0.14),
        (((0.1, -6.8), (0.4, -6.95)), 0.35, 0.14),
    ),
    "AU18": (
        (((0.55, -1.75), (0.5, -2.3)), 0.4, 0.08),
        (((1.2, -1.8), (1.05, -2.4)), 0.4, 0.08),
        (((1.0, -5.0), (0.9, -4.6)), 0.35, 0.08),
    ),
    "AU20": ((((3.1, -3.2), (3.5, -3.9), (3.4, -4.8)), 0.35, 0.14),),
    "AU24": (
        (((0.0, -4.85), (0.9, -4.8), (1.6, -4.55)), 0.4, 0.12),
        (((0.7, -2.05), (1.3, -2.3), (1.9, -2.75)), 0.3, 0.12),
    ),
    "AU43": ((((2.0, 4.35), (3.1, 4.75), (4.3, 4.35)), 0.2, 0.1),),
}
_RESTING = {
    "AU12": 0.35,
    "AU1": 0.35,
    "AU2": 0.3,
    "AU4": 0.3,
    "AU6": 0.4,
    "AU15": 0.25,
}  # lines that age leaves


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
    brow_curve: np.ndarray

    @classmethod
    def build(cls, rig: Rig, size: int = 512) -> SkinMap:
        """Rasterise the mean face into its texture; about two seconds, once a process."""
        position = _position_map(rig, size)
        lm = rig.neutral[rig.landmarks68]
        lips = _polygon(_corner_uv(rig, rig.landmarks68[48:60]), size, blur=size / 256)
        upper, lower, socket = _lid_lines(rig, position, lm)
        creases = {}
        for unit, lines in CREASES.items():
            for side, sign in (("left", 1.0), ("right", -1.0)):
                creases[unit, side] = _lines(position, lines, sign)
        return cls(position, lips, upper, lower, socket, creases, brow_line(rig))

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
        hairline = 8.7 - 0.03 * np.abs(x) ** 2.2 + 0.15 * _noise(rng, size, (60,))
        ear = (p[..., 2] < 2.0) & (y < 4.4)
        temple = np.where(
            (y > 1.2) & ~ear, np.abs(x) - 6.75 - 0.25 * np.clip(3 - y, -2, 9), -1
        ) + 0.1 * _noise(rng, size, (60,))
        hair = np.maximum(_sigmoid((y - hairline) / 0.22), _sigmoid(temple / 0.15))[..., None] * 0.9
        out = (
            out * (1 - hair)
            + hair * np.array(person.hair) * (1 + 0.3 * _noise(rng, size, (120,)))[..., None]
        )
        lips = (self.lips * (1 + 0.06 * _noise(rng, size, (30, 90))))[..., None]
        out = out * (1 - np.clip(lips, 0, 1)) + np.clip(lips, 0, 1) * np.array(person.lips)
        out = self._brows(out, person, rng)
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

    def _aged(self, person: Person) -> np.ndarray:
        """(T, T) depth of the lines that age leaves in a face at rest."""
        depth = np.zeros(self.position.shape[:2], np.float32)
        for unit, amount in _RESTING.items():
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

    def _brows(self, base: np.ndarray, person: Person, rng: np.random.Generator) -> np.ndarray:
        """Brows as hair strokes on the bony ridge, drawn on a plane of the mean face and looked up
        by texel.
        """
        scale, x0, y0, w, h = (
            60.0,
            -7.5,
            3.5,
            15.0,
            4.5,
        )  # pixels a cm; left, bottom and extent in cm
        plane = Image.new("L", (int(w * scale), int(h * scale)), 0)
        draw = ImageDraw.Draw(plane)
        tilt, lift, arch = (
            rng.uniform(-0.12, 0.12),
            rng.uniform(-0.12, 0.08),
            rng.uniform(-0.1, 0.15),
        )
        curve = (
            self.brow_curve
            + np.array([0, lift])
            + np.outer(np.linspace(0, 1, 5), [0, tilt])
            + np.outer([0, 0.5, 1, 0.6, 0], [0, arch])
        )
        strokes = int(420 * person.brow_density)
        for sign in (1, -1):
            t = rng.random(strokes) ** 0.9
            across = np.clip(rng.normal(0, 0.36, strokes), -0.9, 0.9)
            for ti, ai in zip(t, across, strict=True):
                c, d = _curve(curve, ti)
                half = person.brow_thickness * (
                    0.62 + 0.5 * np.sin(np.pi * min(ti * 0.8 + 0.2, 1)) - 0.55 * max(0, ti - 0.55)
                )
                normal = np.array([-d[1], d[0]])
                root = c + normal * half * ai
                angle = 0.95 * (1 - ti) ** 2 - 0.22 * ai
                direction = d * np.cos(angle) + normal * np.sin(angle)
                tip = root + direction * rng.uniform(0.28, 0.5) * (0.8 if ti > 0.8 else 1.0)
                pts = [((sign * q[0] - x0) * scale, (y0 + h - q[1]) * scale) for q in (root, tip)]
                draw.line(
                    [pts[0], pts[1]], fill=int(rng.uniform(130, 245)), width=int(rng.integers(2, 4))
                )
        ink = np.asarray(plane.filter(ImageFilter.GaussianBlur(1.2)), np.float32) / 255
        soft = np.asarray(plane.filter(ImageFilter.GaussianBlur(7)), np.float32) / 255
        ink = np.clip(0.72 * ink + 0.62 * soft, 0, 1)
        px = np.clip(((self.position[..., 0] - x0) * scale).astype(int), 0, ink.shape[1] - 1)
        py = np.clip(((y0 + h - self.position[..., 1]) * scale).astype(int), 0, ink.shape[0] - 1)
        amount = (ink[py, px] * (self.position[..., 2] > 5))[..., None] * 0.93
        return base * (1 - amount) + amount * np.array(person.hair)


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-np.clip(x, -30, 30)))


def _crease(albedo: np.ndarray, depth: np.ndarray) -> np.ndarray:
    """Darken by the depth of lines, a little red as light is that comes out of a fold of skin."""
    shade = np.clip(depth, 0, 1.2)[..., None] * np.array([0.22, 0.30, 0.32], np.float32)
    return albedo * (1 - shade)


def _curve(points: np.ndarray, t: float) -> tuple[np.ndarray, np.ndarray]:
    """Point and unit direction at t in 0..1 of a polyline."""
    at = t * (len(points) - 1)
    i = min(int(at), len(points) - 2)
    d = points[i + 1] - points[i]
    return points[i] + (at - i) * d, d / np.linalg.norm(d)


def _noise(rng: np.random.Generator, size: int, cells: tuple[int, ...]) -> np.ndarray:
    """(size, size) smooth noise of about unit variance, averaged over scales of `cells` a side."""
    total = np.zeros((size, size), np.float32)
    for n in cells:
        grid = rng.normal(0, 1, (n, n)).astype(np.float32)
        total += np.asarray(Image.fromarray(grid).resize((size, size), Image.Resampling.BICUBIC))
    return total / np.sqrt(len(cells))


def _corner_uv(rig: Rig, vertices: np.ndarray) -> np.ndarray:
    """(n, 2) texture coordinates of vertices of the skin."""
    skin = rig.face_material == rig.materials.index("M_Face")
    ids, uvs = rig.faces[skin].ravel(), rig.face_uv[skin].ravel()
    return np.array([rig.uv[uvs[np.flatnonzero(ids == v)[0]]] for v in vertices])


def _polygon(uv: np.ndarray, size: int, blur: float) -> np.ndarray:
    """(size, size) mask of a closed smooth curve through uv points."""
    closed = np.vstack([uv[-1:], uv, uv[:2]])
    smooth = []
    for i in range(1, len(closed) - 2):  # Catmull-Rom
        a, b, c, d = closed[i - 1 : i + 3]
        for t in np.linspace(0, 1, 8, endpoint=False):
            smooth.append(
                0.5
                * (
                    2 * b
                    + (c - a) * t
                    + (2 * a - 5 * b + 4 * c - d) * t**2
                    + (3 * b - a - 3 * c + d) * t**3
                )
            )
    image = Image.new("L", (size * 4, size * 4), 0)
    ImageDraw.Draw(image).polygon([tuple(q * size * 4) for q in smooth], fill=255)
    image = image.filter(ImageFilter.GaussianBlur(4 * blur)).resize(
        (size, size), Image.Resampling.BOX
    )
    return np.asarray(image, np.float32) / 255


def _position_map(rig: Rig, size: int) -> np.ndarray:
    """(size, size, 3) mean-face position of every texel of the skin; (0, 0, -99) outside."""
    out = np.full((size, size, 3), (0.0, 0.0, -99.0), np.float32)
    for q, t in zip(
        rig.faces[rig.face_material == 0], rig.face_uv[rig.face_material == 0], strict=True
    ):
        for corners in ((0, 1, 2), (0, 2, 3)):
            if q[corners[2]] < 0:
                continue
            uv = rig.uv[t[list(corners)]] * size - 0.5
            low, high = np.floor(uv.min(0)).astype(int), np.ceil(uv.max(0)).astype(int)
            xs, ys = np.meshgrid(
                np.arange(max(low[0], 0), min(high[0], size - 1) + 1),
                np.arange(max(low[1], 0), min(high[1], size - 1) + 1),
            )
            m = np.array([uv[1] - uv[0], uv[2] - uv[0]]).T
            det = m[0, 0] * m[1, 1] - m[0, 1] * m[1, 0]
            if abs(det) < 1e-9 or xs.size == 0:
                continue
            dx, dy = xs - uv[0, 0], ys - uv[0, 1]
            b = (m[1, 1] * dx - m[0, 1] * dy) / det
            c = (-m[1, 0] * dx + m[0, 0] * dy) / det
            inside = (b >= -0.35) & (c >= -0.35) & (b + c <= 1.35)
            v = rig.neutral[q[list(corners)]]
            out[ys[inside], xs[inside]] = (
                v[0] + b[inside][:, None] * (v[1] - v[0]) + c[inside][:, None] * (v[2] - v[0])
            )
    return out


def _lid_lines(
    rig: Rig, position: np.ndarray, lm: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Masks of the upper and lower lash line, and of the shaded lid and socket, from the lids'
    edge landmarks.
    """
    upper = np.zeros(position.shape[:2], np.float32)
    lower, socket = upper.copy(), upper.copy()
    for up, down in (((36, 37, 38, 39), (39, 40, 41, 36)), ((42, 43, 44, 45), (45, 46, 47, 42))):
        for line, mask, width in ((up, upper, 0.11), (down, lower, 0.07)):
            d = _distance(position, lm[list(line)])
            mask[:] = np.maximum(mask, np.exp(-0.5 * (d / width) ** 2))
        d = _distance(position, lm[list(up)])
        above = position[..., 1] > np.interp(
            position[..., 0],
            np.sort(lm[list(up)][:, 0]),
            lm[list(up)][np.argsort(lm[list(up)][:, 0]), 1],
        )
        socket[:] = np.maximum(socket, np.exp(-0.5 * (d / 0.55) ** 2) * above)
    return upper, lower, socket


def _distance(position: np.ndarray, line: np.ndarray) -> np.ndarray:
    """(T, T) distance in cm from each texel to a polyline (n, d), d = 2 or 3."""
    p = position[..., : line.shape[1]]
    best = np.full(p.shape[:2], np.inf, np.float32)
    for a, b in pairwise(line):
        ab = b - a
        t = np.clip(((p - a) @ ab) / (ab @ ab), 0, 1)
        best = np.minimum(best, np.linalg.norm(p - (a + t[..., None] * ab), axis=-1))
    return best


def _lines(position: np.ndarray, lines: tuple[Any, ...], sign: float) -> np.ndarray:
    """(T, T) depth of one unit's lines on one side, fading at their ends."""
    out = np.zeros(position.shape[:2], np.float32)
    front = position[..., 2] > 3
    for points, depth, width in lines:
        line = np.array(points, np.float32) * [sign, 1]
        d = _distance(position, line)
        ends = np.minimum(*(np.linalg.norm(position[..., :2] - line[i], axis=-1) for i in (0, -1)))
        fade = np.ones_like(d) if abs(line[0, 0]) < 0.06 else np.clip(0.35 + ends / 0.5, 0, 1)
        out = np.maximum(out, depth * np.exp(-0.5 * (d / width) ** 2) * fade * front)
    return out
