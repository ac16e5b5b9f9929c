"""The painted iris, in linear RGB."""

from __future__ import annotations

import numpy as np

from auface_gen.picture.people import Light, Person
from auface_gen.picture.resting import IRIS_RADIUS

__all__ = ["iris_texture"]


def iris_texture(person: Person, light: Light, radius: float, size: int = 256) -> np.ndarray:
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
