"""Long hair: a shell that falls behind the face, covers most of the ears and frames the cheeks.

It is behind every line that units draw, so it changes no unit; it makes people differ. Lengths are
cm in the rig's coordinates.
"""

from __future__ import annotations

import numpy as np

from auface_gen.picture.people import Person

__all__ = ["long_hair", "strands"]

_COLUMNS, _ROWS = 40, 16


def long_hair(person: Person) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vertices (n, 3), texture coordinates (n, 2) and triangles (m, 3) of the person's hair."""
    rng = np.random.default_rng([person.seed, 0x4A12])
    angle = np.linspace(-2.0, 2.0, _COLUMNS)  # the front and the sides
    down = np.linspace(0, 1, _ROWS)
    y = 11.5 - 24 * down
    above = np.clip((y - 2.5) / 10.5, 0, 0.995)
    wide = 10.2 * np.sqrt(1 - above**2) * (1 + 0.05 * np.clip(-y / 12, 0, 1))
    deep = 6.7 * np.sqrt(1 - above**2)
    wave = sum(
        np.sin(k * angle[None] + 0.25 * rng.normal() * y[:, None] + rng.uniform(0, 6.3))
        for k in (5, 9, 15)
    )
    swell = 1 + 0.012 * wave * rng.uniform(0.5, 1.5)
    x = wide[:, None] * np.sin(angle)[None] * swell
    z = -2.2 + deep[:, None] * np.cos(angle)[None] * swell
    vertices = np.stack([x, np.broadcast_to(y[:, None], x.shape), z], -1).reshape(-1, 3)
    uv = np.stack(np.meshgrid(angle / 4 + 0.5, down), -1).reshape(-1, 2)
    i, j = np.meshgrid(np.arange(_ROWS - 1), np.arange(_COLUMNS - 1), indexing="ij")
    a = (i * _COLUMNS + j).ravel()
    b = a + 1
    triangles = np.concatenate(
        [np.stack([a, a + _COLUMNS, b], 1), np.stack([b, a + _COLUMNS, b + _COLUMNS], 1)]
    )
    return vertices.astype(np.float32), uv.astype(np.float32), triangles.astype(np.uint32)


def strands(person: Person, size: int = 256) -> np.ndarray:
    """(size, size, 3) linear RGB: strands that run down the shell."""
    rng = np.random.default_rng([person.seed, 0x57A2])
    tone = np.zeros(size, np.float32)
    for cells in (24, 64, 128):
        tone += np.interp(
            np.arange(size), np.linspace(0, size, cells), rng.normal(0, 1, cells)
        ).astype(np.float32)
    shade = np.clip(1 + 0.28 * tone, 0.35, 1.8)[None, :, None]
    return (np.broadcast_to(shade, (size, size, 1)) * np.array(person.hair)).astype(np.float32)
