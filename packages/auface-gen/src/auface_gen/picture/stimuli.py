"""Pictures of exact units outside a corpus: single ones, sheets, and sequences over time."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from auface_gen.errors import AUFaceGenError
from auface_gen.files import write_whole
from auface_gen.picture.mitsuba_variant import fastest_variant
from auface_gen.picture.people import Light, Person
from auface_gen.picture.render import RigMeshes, Sitting, mitsuba
from auface_gen.picture.skin import SkinMap
from auface_gen.rig.move import Rig
from auface_gen.rig.units import Activations

__all__ = ["Stage", "frame_levels", "scaled", "sheet", "write_png"]


class Stage:
    """A rig on which people are rendered at one size.

    rig: folder or .npz; size: pixels a side; samples: a pixel; transparent: pictures with alpha
    and without a backdrop. Raises AUFaceGenError without the rig or mitsuba.
    """

    def __init__(
        self, rig: str | Path, *, size: int = 512, samples: int = 32, transparent: bool = False
    ) -> None:
        self._rig = Rig.load(rig)
        mitsuba(fastest_variant())
        self._size, self._samples, self._transparent = size, samples, transparent
        # A texel should be no larger than a pixel; the face fills two thirds of its texture.
        self._skin = SkinMap.build(self._rig, 512 if size <= 256 else 1024)
        self._meshes = RigMeshes(self._rig)

    def sitting(self, person: int, light: int | None = None) -> Sitting:
        """The made-up person of that number, under the light of its own number unless told."""
        return Sitting(
            self._rig,
            self._meshes,
            self._skin,
            Person.from_seed(person),
            Light.from_seed(person if light is None else light),
            size=self._size,
            samples=self._samples,
        )

    def picture(self, sitting: Sitting, activations: Activations) -> np.ndarray:
        """(size, size, 3) uint8 sRGB, or (size, size, 4) with alpha where that was asked for."""
        return sitting.render(activations, transparent=self._transparent)


def frame_levels(frames: int) -> list[float]:
    """How far along each of `frames` pictures is, 0 (rest) to 1 (apex): 40% onset, 20% apex and
    40% offset, which start and end gently.
    """
    if frames < 3:
        raise AUFaceGenError(f"frames={frames}: a sequence has at least 3 (rest, apex, rest)")
    t = np.linspace(0, 1, frames)
    way = np.clip(np.minimum(t, 1 - t) / 0.4, 0, 1)
    if frames == 3:
        way[1] = 1.0
    return [float(v) for v in way * way * (3 - 2 * way)]


def scaled(activations: Activations, level: float) -> dict[str, dict[str, float]]:
    """The activations times a level 0..1."""
    return {unit: {s: a * level for s, a in sides.items()} for unit, sides in activations.items()}


def sheet(rows: list[list[np.ndarray]]) -> np.ndarray:
    """Pictures (size, size, c) of one size side by side, row under row."""
    return np.concatenate([np.concatenate(row, 1) for row in rows], 0)


def write_png(path: Path, picture: np.ndarray) -> None:
    """Write the picture whole or not at all, in folders that are made where they are missing.

    Raises AUFaceGenError that names the file when it cannot be written.
    """
    file = BytesIO()
    Image.fromarray(picture).save(file, format="PNG")
    write_whole(path, file.getvalue())
