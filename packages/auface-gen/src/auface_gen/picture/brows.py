"""Brows and lashes: ribbons that grow from the skin and go where it goes.

A brow hair grows up at the head of the brow, along it in the middle and down at its tail; lashes
grow from the lids' edges. Lengths are cm on the mean face.
"""

from __future__ import annotations

import numpy as np

from auface_gen.picture.people import Person
from auface_gen.picture.rest_pose import brow_line
from auface_gen.picture.strands import FrontOfFace, Ribbons, SkinPoints
from auface_gen.rig.move import Rig

__all__ = ["BrowsAndLashes"]

_LIDS = (((36, 37, 38, 39), 1.0), ((42, 43, 44, 45), 1.0), ((39, 40, 41, 36), -1.0),
         ((45, 46, 47, 42), -1.0))  # fmt: skip


class BrowsAndLashes:
    """The hairs of one person's brows and lids, bound to the skin of the mean face."""

    POINTS = 4

    def __init__(self, rig: Rig, front: FrontOfFace, person: Person) -> None:
        self._front = front
        self._rig, self._person = rig, person
        self._rng = np.random.default_rng([person.seed, 0xB205])
        self._brow, self._brow_lift, brow_width = self._brows()
        self._lash_ids, self._lash_share, self._lash = self._lids()
        self._width = np.concatenate([brow_width, self._lash["width"]])
        self._brow_tone = self._rng.uniform(0.25, 0.85, len(brow_width))

    def _brows(self) -> tuple[SkinPoints, np.ndarray, np.ndarray]:
        """Points (n k,) of the brows' hairs on the skin, their height above it and width."""
        rng, p = self._rng, self._person
        line = brow_line(self._rig, p)
        paths = []
        for sign in (1.0, -1.0):
            t = _along(rng, int(250 * p.brow_density))
            count = len(t)
            across = np.clip(rng.normal(0, 0.42, count), -1, 1)
            at = np.clip(t * 4, 0, 3.999)
            i = at.astype(int)
            d = line[i + 1] - line[i]
            centre = line[i] + (at - i)[:, None] * d
            d = d / np.linalg.norm(d, axis=1, keepdims=True)
            normal = np.stack([-d[:, 1], d[:, 0]], 1)
            half = p.brow_thickness * brow_profile(t)
            root = centre + normal * (half * across)[:, None]
            # Up at the head; along it further out; the upper hairs lie down, the lower ones rise.
            angle = 1.15 * (1 - t) ** 2.2 - 0.42 * across * (0.4 + t) + rng.normal(0, 0.13, count)
            length = rng.uniform(0.34, 0.56, count) * (1 - 0.5 * t)
            bend = -0.5 * angle
            steps = np.linspace(0, 1, self.POINTS)
            turn = angle[:, None] + bend[:, None] * steps
            step = d[:, None] * np.cos(turn)[..., None] + normal[:, None] * np.sin(turn)[..., None]
            path = root[:, None] + step * (length[:, None] * steps)[..., None]
            paths.append(path * [sign, 1])
        path = np.concatenate(paths)
        height = (
            np.array([0.005, 0.05, 0.06, 0.035])[None] * rng.uniform(0.6, 1.3, len(path))[:, None]
        )
        skin = self._front.bind(path.reshape(-1, 2))
        return skin, height.reshape(-1, 1), rng.uniform(0.018, 0.036, len(path))

    def _lids(self) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
        """Lashes: the two landmarks (n, 2) that each grows between, its share of the second, and
        how it grows.
        """
        rng, p = self._rng, self._person
        ids, share, up, out, length = [], [], [], [], []
        for line, sign in _LIDS:
            count = 34 if sign > 0 else 18
            t = np.sort(rng.uniform(0.06, 0.97, count))
            at = np.clip(t * 3, 0, 2.999)
            i = at.astype(int)
            lm = self._rig.landmarks68[list(line)]
            ids.append(np.stack([lm[i], lm[i + 1]], 1))
            share.append(at - i)
            x = self._rig.neutral[lm]
            middle = x[:, 0].mean()
            where = x[i, 0] + (at - i) * (x[i + 1, 0] - x[i, 0])
            out.append((where - middle) / 1.4 * rng.uniform(0.8, 1.2, count))
            up.append(np.full(count, sign))
            outer = np.clip(np.sign(middle) * (where - middle), -1.3, 1.3)
            full = 0.30 if sign > 0 else 0.13
            length.append(full * (0.75 + 0.22 * outer) * rng.uniform(0.75, 1.15, count))
        grown = {
            "up": np.concatenate(up),
            "out": np.concatenate(out),
            "length": np.concatenate(length) * (0.55 + 0.6 * p.lashes),
        }
        grown["width"] = rng.uniform(0.02, 0.032, len(grown["up"])) * (0.7 + 0.4 * p.lashes)
        return np.concatenate(ids), np.concatenate(share), grown

    def ribbons(self, vertices: np.ndarray, normals: np.ndarray) -> Ribbons:
        """The hairs on the moved face (V, 3), whose skin's normals are (V, 3)."""
        k = self.POINTS
        n = self._brow.of(normals)
        brow = (self._brow.of(vertices) + n * self._brow_lift).reshape(-1, k, 3)
        one, two = self._lash_ids.T
        share = self._lash_share[:, None]
        root = vertices[one] * (1 - share) + vertices[two] * share
        out = normals[one] * (1 - share) + normals[two] * share
        grow = self._lash
        along = out + np.stack([0.55 * grow["out"], 0.15 * grow["up"], 0.25 + 0 * grow["up"]], 1)
        along /= np.linalg.norm(along, axis=1, keepdims=True)
        s = np.linspace(0, 1, k)[None, :, None]
        curl = np.stack([0 * grow["up"], 0.75 * grow["up"], 0 * grow["up"]], 1)[:, None]
        lash = root[:, None] + (along[:, None] * s + curl * s**2) * grow["length"][:, None, None]
        return Ribbons(
            points=np.concatenate([brow, lash]),
            width=self._width,
            tone=np.concatenate([self._brow_tone, np.full(len(lash), 0.99)]),
            normals=np.concatenate([n.reshape(-1, k, 3), np.repeat(out[:, None], k, 1)]),
        )

    @property
    def count(self) -> int:
        return len(self._width)


BROW_END = 0.88
"""Where the hair of a brow ends, of the line from its head to the tail's landmark."""


def brow_profile(t: np.ndarray) -> np.ndarray:
    """(n,) half height of a brow at t (0 head, 1 tail), of its greatest."""
    head = np.clip(0.55 + 2.2 * t, 0, 1)
    return head * np.clip(1.05 - 0.85 * np.maximum(t - 0.4, 0) ** 1.4 / 0.6**1.4, 0.2, 1)


def _along(rng: np.random.Generator, count: int) -> np.ndarray:
    """(count,) where hairs grow, 0 to BROW_END: as dense at the thin tail as in the middle, and
    thinning out at its end.
    """
    t = rng.random(4 * count) * BROW_END
    odds = brow_profile(t) * np.clip((BROW_END - t) / 0.12, 0.15, 1)
    kept: np.ndarray = t[rng.random(len(t)) < odds / odds.max()][:count]
    return kept
