"""Anatomical prior: for each unit and side, where on the aligned crop the face moves.

Taken from the rig: each unit at level E on the mean face, the shift of the visible skin, seen from
the front in the crop that the renderer uses, splatted on a grid and scaled to a maximum of 1.
Generated models carry the maps they were trained with. A columns (see `columns`), G cells a side.
"""

from __future__ import annotations

import numpy as np

from auface_gen.columns import COLUMNS
from auface_gen.rig.crop import crop_square
from auface_gen.rig.move import Rig

__all__ = ["region_maps"]


def region_maps(rig: Rig, grid: int = 16) -> np.ndarray:
    """(A, grid, grid) float32 in 0..1; row 0 is the forehead, and the face's own left is at the
    right.

    Units that turn the whole head have maps of ones.
    """
    fine = 64
    skin = np.unique(rig.faces[np.isin(rig.face_material, [rig.materials.index("M_Face")])])
    eyes = np.concatenate(rig.eyes)
    ids = np.concatenate([skin[skin >= 0], eyes])
    centre, half = crop_square(rig.neutral[rig.landmarks68])
    middle = centre[1]
    p = rig.neutral[ids]
    facing = p[:, 2] > 2.0
    col = ((p[:, 0] + half) / (2 * half) * fine).astype(int)
    row = ((middle + half - p[:, 1]) / (2 * half) * fine).astype(int)
    inside = facing & (col >= 0) & (col < fine) & (row >= 0) & (row < fine)
    cell = (row * fine + col)[inside]
    maps = np.ones((len(COLUMNS), grid, grid), np.float32)
    for i, (name, side) in enumerate(COLUMNS):
        moved = rig.move(rig.neutral, {name: {side: 1.0}})
        shift = np.linalg.norm((moved - rig.neutral)[ids], axis=1)[inside]
        if shift.max() < 1e-4:
            continue
        peak = np.zeros(fine * fine, np.float32)
        np.maximum.at(peak, cell, shift.astype(np.float32))
        smooth = _blur(peak.reshape(fine, fine))
        pooled = smooth.reshape(grid, fine // grid, grid, fine // grid).max((1, 3))
        maps[i] = pooled / pooled.max()
    return maps


def _blur(image: np.ndarray) -> np.ndarray:
    """Blur by about two cells of the fine grid, to fill between vertices and reach the lines
    beside what moves.
    """
    kernel = np.exp(-0.5 * (np.arange(-5, 6) / 1.8) ** 2)
    kernel /= kernel.sum()
    for axis in (0, 1):
        image = np.apply_along_axis(np.convolve, axis, image, kernel, mode="same")
    return image.astype(np.float32)
