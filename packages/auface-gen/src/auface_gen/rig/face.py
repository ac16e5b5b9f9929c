"""The face rig: ICT-FaceKit's linear model, moved by FACS action units.

Source of the model: Li et al. 2020, "Learning Formation of Physically-Based Face Attributes";
public repository ICT-VGL/ICT-FaceKit (MIT). A user brings its `FaceXModel` folder, or the same
arrays packed in one `.npz`. Lengths are centimetres, +y up, +z out of the face, +x towards the
face's own left.

V vertices, Q faces, E expression shapes.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from auface_gen.errors import AUFaceGenError
from auface_gen.rig.correctives import Correctives
from auface_gen.rig.made_shapes import made_shapes

__all__ = ["Activations", "HeadPose", "Rig", "shape_weights", "unit_table"]

Activations = Mapping[str, Mapping[str, float]]
"""Effective activation 0..1 by unit and side, as `facs_text.Resolution.activations` gives it."""

_ARRAYS = {
    "neutral": 2,
    "identity": 3,
    "expression": 3,
    "expression_names": 1,
    "faces": 2,
    "uv": 2,
    "face_uv": 2,
    "face_material": 1,
    "materials": 1,
    "landmarks68": 1,
}


@dataclass(frozen=True)
class HeadPose:
    """Head rotation in degrees: yaw > 0 turns to the face's own left, pitch > 0 down, roll > 0
    tilts right.
    """

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0

    def matrix(self) -> np.ndarray:
        """(3, 3) rotation: roll, then pitch, then yaw."""
        y, p, r = np.deg2rad([self.yaw, self.pitch, self.roll])
        ry = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
        rx = np.array([[1, 0, 0], [0, np.cos(p), -np.sin(p)], [0, np.sin(p), np.cos(p)]])
        rz = np.array([[np.cos(r), -np.sin(r), 0], [np.sin(r), np.cos(r), 0], [0, 0, 1]])
        return ry @ rx @ rz

    def __add__(self, other: HeadPose) -> HeadPose:
        return HeadPose(self.yaw + other.yaw, self.pitch + other.pitch, self.roll + other.roll)


@cache
def unit_table() -> dict[str, Any]:
    """The table from units to shapes (`data/rig_units.json`)."""
    text = resources.files("auface_gen").joinpath("data/rig_units.json").read_text("utf-8")
    return json.loads(text)


@dataclass(frozen=True, eq=False)
class Rig:
    """A linear face: `neutral` (V, 3), `identity` (100, V, 3), `expression` (E, V, 3) and
    topology.
    """

    neutral: np.ndarray
    identity: np.ndarray
    expression: np.ndarray
    expression_names: tuple[str, ...]
    faces: np.ndarray
    uv: np.ndarray
    face_uv: np.ndarray
    face_material: np.ndarray
    materials: tuple[str, ...]
    landmarks68: np.ndarray

    @classmethod
    def load(cls, path: str | Path) -> Rig:
        """Read a packed `.npz` or a published `FaceXModel` folder.

        Raises AUFaceGenError when a file is missing, cut short, or of another topology.
        """
        path = Path(path)
        if path.is_dir():
            from auface_gen.rig.facexmodel import read_folder

            return cls.from_arrays(read_folder(path), where=str(path))
        if not path.is_file():
            raise AUFaceGenError(
                f"no rig at {path}: clone the public repository ICT-VGL/ICT-FaceKit and give its "
                "FaceXModel folder, or the packed .npz"
            )
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as packed:
                arrays = {k: packed[k] for k in _ARRAYS if k in packed}
        except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
            raise AUFaceGenError(f"{path} is not a whole .npz of the rig: {error}") from error
        return cls.from_arrays(arrays, where=str(path))

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray], *, where: str = "arrays") -> Rig:
        """Check shapes and build. Raises AUFaceGenError that names the array at fault."""
        for name, ndim in _ARRAYS.items():
            if name not in arrays:
                raise AUFaceGenError(f"{where}: the array {name!r} is missing")
            if np.ndim(arrays[name]) != ndim:
                raise AUFaceGenError(
                    f"{where}: {name!r} has {np.ndim(arrays[name])} dimensions, expected {ndim}"
                )
        a = {k: np.asarray(arrays[k]) for k in _ARRAYS}
        count = len(a["neutral"])
        for name in ("identity", "expression"):
            if a[name].shape[1:] != (count, 3):
                raise AUFaceGenError(
                    f"{where}: {name!r} is {a[name].shape}, expected (n, {count}, 3) "
                    "as 'neutral' has"
                )
        if a["faces"].shape != a["face_uv"].shape or a["faces"].shape[1] != 4:
            raise AUFaceGenError(f"{where}: 'faces' and 'face_uv' must both be (Q, 4)")
        if a["faces"].max() >= count or a["landmarks68"].max() >= count:
            raise AUFaceGenError(f"{where}: faces or landmarks point past the {count} vertices")
        if a["face_uv"].max() >= len(a["uv"]):
            raise AUFaceGenError(f"{where}: face_uv points past the {len(a['uv'])} coordinates")
        return cls(
            neutral=a["neutral"].astype(np.float32),
            identity=a["identity"].astype(np.float32),
            expression=a["expression"].astype(np.float32),
            expression_names=tuple(str(n) for n in a["expression_names"]),
            faces=a["faces"].astype(np.int32),
            uv=a["uv"].astype(np.float32),
            face_uv=a["face_uv"].astype(np.int32),
            face_material=a["face_material"].astype(np.int8),
            materials=tuple(str(n) for n in a["materials"]),
            landmarks68=a["landmarks68"].astype(np.int32),
        )

    @cached_property
    def shapes(self) -> dict[str, np.ndarray]:
        """Every shape by name, (V, 3) each: the kit's and the made ones (names begin with '+')."""
        kit = dict(zip(self.expression_names, self.expression, strict=True))
        ids = np.unique(self.faces[self.face_material == self.materials.index("M_Face")])
        skin = np.zeros(len(self.neutral), bool)
        skin[ids[ids >= 0]] = True
        return {**kit, **made_shapes(self.neutral, self.landmarks68, skin)}

    def person(self, coefficients: np.ndarray) -> np.ndarray:
        """(V, 3) resting face of the identity `coefficients` (n <= 100 standard deviations)."""
        c = np.asarray(coefficients, np.float32)
        if c.ndim != 1 or len(c) > len(self.identity):
            raise AUFaceGenError(
                f"identity coefficients have shape {c.shape}, expected (n,), "
                f"n <= {len(self.identity)}"
            )
        return self.neutral + np.tensordot(c, self.identity[: len(c)], axes=1)

    def weights(self, activations: Activations, *, raw: bool = False) -> dict[str, float]:
        """Shape weights of the activations. Raises AUFaceGenError on a unit the rig cannot show."""
        return shape_weights(activations, raw=raw)

    def offset(self, activations: Activations, *, raw: bool = False) -> np.ndarray:
        """(V, 3) displacement of the activations: the sum of shapes by `shape_weights`."""
        return self._sum(shape_weights(activations, raw=raw))

    def _sum(self, weights: Mapping[str, float]) -> np.ndarray:
        total = np.zeros_like(self.neutral)
        for name, weight in weights.items():
            try:
                total += weight * self.shapes[name]
            except KeyError:
                raise AUFaceGenError(f"the rig has no shape {name!r}") from None
        return total

    def pose(self, activations: Activations) -> HeadPose:
        """Head rotation asked for by units 51 to 56."""
        return _turn(activations, "head_degrees")

    @cached_property
    def eyes(self) -> tuple[np.ndarray, np.ndarray]:
        """Vertex ids of the left and the right eyeball."""
        out = []
        for side in ("Left", "Right"):
            keep = [self.materials.index(f"M_{part}{side}") for part in ("Sclera", "Iris")]
            ids = np.unique(self.faces[np.isin(self.face_material, keep)])
            out.append(ids[ids >= 0])
        return out[0], out[1]

    @cached_property
    def correctives(self) -> Correctives:
        """What mends the sum of shapes, made once for this rig."""
        return Correctives(self)

    def move(self, rest: np.ndarray, activations: Activations, *, raw: bool = False) -> np.ndarray:
        """(V, 3) the resting face `rest` doing the activations, eyeballs turned, head not yet
        posed.

        raw: the plain sum of the shapes, without correctives of any kind: the artefact that
        correctives are compared with (give it `codings.unresolved`).
        """
        weights = shape_weights(activations, raw=raw)
        moved = self.turn_eyes(rest + self._sum(weights), activations)
        if raw or not weights:
            return moved
        return self.correctives.apply(rest, moved, weights)

    def turn_eyes(self, moved: np.ndarray, activations: Activations) -> np.ndarray:
        """`moved` with the eyeballs turned, each about its middle, as units 61 to 64 ask."""
        gaze = _turn(activations, "gaze_degrees")
        if gaze == HeadPose():
            return moved
        out = moved.copy()
        rotation = gaze.matrix().astype(np.float32)
        for ids in self.eyes:
            centre = moved[ids].mean(0)
            out[ids] = (moved[ids] - centre) @ rotation.T + centre
        return out


def _turn(activations: Activations, table: str) -> HeadPose:
    """The rotation that the units of a table of degrees ask for, summed."""
    pose = HeadPose()
    degrees = unit_table()[table]
    for name, sides in activations.items():
        if (code := name.removeprefix("AU")) in degrees:
            axis, at_e = degrees[code]
            pose = pose + HeadPose(**{axis: at_e * max(sides.values())})
    return pose


def shape_weights(activations: Activations, *, raw: bool = False) -> dict[str, float]:
    """Shape weights of the activations, by the table, with the correctives of `_correct` unless
    `raw`.

    Raises AUFaceGenError on a unit that is not in the table.
    """
    table = unit_table()
    out: dict[str, float] = {}

    def add(shapes: Mapping[str, float], amount: float) -> None:
        for shape, weight in shapes.items():
            out[shape] = out.get(shape, 0.0) + weight * amount

    for name, sides in activations.items():
        code = name.removeprefix("AU")
        for side, amount in sides.items():
            if code in table["sided"]:
                letters = {"left": "L", "right": "R", "both": "LR"}.get(side)
                if letters is None:
                    raise AUFaceGenError(f"{name} has no side {side!r}: left, right or both")
                for letter in letters:
                    shapes = table["sided"][code]
                    add({k.replace("{S}", letter): w for k, w in shapes.items()}, amount)
            elif code in table["whole"]:
                add(table["whole"][code], amount)
            elif code + {"left": "L", "right": "R"}.get(side, "") in table["whole"]:
                add(table["whole"][code + {"left": "L", "right": "R"}[side]], amount)
            elif code in table["lips"]:
                for lip in ("top", "bottom") if side == "both" else (side,):
                    if lip not in table["lips"][code]:
                        raise AUFaceGenError(f"{name} has no side {side!r}: top, bottom or both")
                    add(table["lips"][code][lip], amount)
            elif code not in table["head_degrees"]:
                raise AUFaceGenError(f"the rig cannot show {name}; see rig_units.json")
    return out if raw else _correct(out, activations)


def _correct(weights: dict[str, float], activations: Activations) -> dict[str, float]:
    """Mend where a sum of shapes breaks: lids through the eye, lips through each other."""
    for letter in "LR":
        blink, wide = weights.get(f"eyeBlink_{letter}", 0.0), weights.get(f"eyeWide_{letter}", 0.0)
        squint = f"eyeSquint_{letter}"
        if squint in weights and blink > 0:  # a shut lid has nothing left to narrow
            weights[squint] *= max(0.0, 1 - blink)
        if blink > 0 and wide > 0:
            weights[f"eyeBlink_{letter}"] = max(0.0, blink - wide)
        down = f"eyeLookDown_{letter}"
        if down in weights:  # looking down lowers the lid already
            weights[f"eyeBlink_{letter}"] = min(
                weights.get(f"eyeBlink_{letter}", 0.0), 1 - 0.35 * weights[down]
            )
    jaw = weights.get("jawOpen", 0.0)
    seal = max(
        (max(activations.get(u, {}).values(), default=0.0) for u in ("AU24", "AU28", "AU8")),
        default=0.0,
    )
    if jaw > 0 and seal > 0:  # lips held together under a lowered jaw
        weights["mouthClose"] = weights.get("mouthClose", 0.0) + jaw * min(1.0, 2 * seal)
    if jaw > 0 and "mouthShrugLower" in weights:
        weights["mouthShrugLower"] *= 1 - 0.6 * min(1.0, jaw)
    return weights
