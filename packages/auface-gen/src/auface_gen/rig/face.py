"""The face's arrays: ICT-FaceKit's linear model, read and checked.

Source of the model: Li et al. 2020, "Learning Formation of Physically-Based Face Attributes";
public repository ICT-VGL/ICT-FaceKit (MIT). A user brings its `FaceXModel` folder, or the same
arrays packed in one `.npz`. Lengths are centimetres, +y up, +z out of the face, +x towards the
face's own left.

V vertices, Q faces, E expression shapes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np

from auface_gen.errors import AUFaceGenError
from auface_gen.rig.made_shapes import made_shapes
from auface_gen.rig.npz import read_npz

__all__ = ["Face"]

_MOST = 1 << 30  # bytes of a rig; the published one has 200 million
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


_NAMES = ("expression_names", "materials")
_POINTS = ("neutral", "identity", "expression", "uv")
_NEEDED = ("M_Face", "M_ScleraLeft", "M_IrisLeft", "M_ScleraRight", "M_IrisRight")


def _check(a: Mapping[str, np.ndarray], where: str) -> None:
    """Raise AUFaceGenError naming the array that is of another shape or kind, not finite, or points
    past what it points to.
    """
    for name, array in a.items():
        kinds = "US" if name in _NAMES else "f" if name in _POINTS else "iu"
        if array.dtype.kind not in kinds and not (name in _POINTS and array.dtype.kind in "iu"):
            raise AUFaceGenError(f"{where}: {name!r} holds {array.dtype}, expected other numbers")
        if not array.size:
            raise AUFaceGenError(f"{where}: {name!r} is empty")
    for name in _POINTS:
        bad = np.argwhere(~np.isfinite(a[name]))
        if len(bad):
            raise AUFaceGenError(f"{where}: {name!r} is not finite at {tuple(map(int, bad[0]))}")
    count = len(a["neutral"])
    if a["neutral"].shape != (count, 3) or a["uv"].shape[1] != 2:
        raise AUFaceGenError(f"{where}: expected 'neutral' (V, 3) and 'uv' (n, 2)")
    for name in ("identity", "expression"):
        if a[name].shape[1:] != (count, 3):
            raise AUFaceGenError(
                f"{where}: {name!r} is {a[name].shape}, expected (n, {count}, 3) as 'neutral' has"
            )
    if len(a["expression_names"]) != len(a["expression"]):
        raise AUFaceGenError(
            f"{where}: {len(a['expression_names'])} names of {len(a['expression'])} expressions"
        )
    if a["faces"].shape != a["face_uv"].shape or a["faces"].shape[1] != 4:
        raise AUFaceGenError(f"{where}: 'faces' and 'face_uv' must both be (Q, 4)")
    if a["face_material"].shape != (len(a["faces"]),) or len(a["landmarks68"]) != 68:
        raise AUFaceGenError(f"{where}: expected a material of each face and 68 landmarks")
    # A triangle's fourth corner is -1.
    for name, low, high in (
        ("faces", -1, count),
        ("landmarks68", 0, count),
        ("face_uv", -1, len(a["uv"])),
        ("face_material", 0, len(a["materials"])),
    ):
        if a[name].min() < low or a[name].max() >= high:
            raise AUFaceGenError(
                f"{where}: {name!r} has {a[name].min()} to {a[name].max()}: {_points_past(name)}"
            )
    try:
        materials = [str(name) for name in a["materials"]]
        [str(name) for name in a["expression_names"]]
    except (ValueError, SystemError) as error:  # code points that there are not
        raise AUFaceGenError(f"{where}: a name is no text: {error}") from None
    if lost := [name for name in _NEEDED if name not in materials]:
        raise AUFaceGenError(f"{where}: there is no material {', '.join(lost)}")


def _points_past(name: str) -> str:
    past = {"face_uv": "coordinates", "face_material": "materials"}.get(name, "vertices")
    return f"it points past the {past} that there are"


@dataclass(frozen=True, eq=False)
class Face:
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
    def load(cls, path: str | Path) -> Self:
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
            arrays = read_npz(path, names=_ARRAYS, most=_MOST)
        except AUFaceGenError as error:
            said = str(error).rpartition("cannot be read as an .npz: ")[2]
            raise AUFaceGenError(f"{path} is not a whole .npz of the rig: {said}") from None
        return cls.from_arrays(arrays, where=str(path))

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray], *, where: str = "arrays") -> Self:
        """Check shapes and build. Raises AUFaceGenError that names the array at fault."""
        for name, ndim in _ARRAYS.items():
            if name not in arrays:
                raise AUFaceGenError(f"{where}: the array {name!r} is missing")
            if np.ndim(arrays[name]) != ndim:
                raise AUFaceGenError(
                    f"{where}: {name!r} has {np.ndim(arrays[name])} dimensions, expected {ndim}"
                )
        a = {k: np.asarray(arrays[k]) for k in _ARRAYS}
        _check(a, where)
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

    def material_ids(self, *names: str) -> np.ndarray:
        """Vertex ids of the faces of these materials, in order."""
        keep = [self.materials.index(name) for name in names]
        ids: np.ndarray = np.unique(self.faces[np.isin(self.face_material, keep)])
        return ids[ids >= 0]

    @cached_property
    def eyes(self) -> tuple[np.ndarray, np.ndarray]:
        """Vertex ids of the left and the right eyeball."""
        left, right = (
            self.material_ids(f"M_Sclera{side}", f"M_Iris{side}") for side in ("Left", "Right")
        )
        return left, right

    @cached_property
    def shapes(self) -> dict[str, np.ndarray]:
        """Every shape by name, (V, 3) each: the kit's and the made ones (names begin with '+')."""
        kit = dict(zip(self.expression_names, self.expression, strict=True))
        skin = np.zeros(len(self.neutral), bool)
        skin[self.material_ids("M_Face")] = True
        return {**kit, **made_shapes(self.neutral, self.landmarks68, skin, kit)}

    def person(self, coefficients: np.ndarray) -> np.ndarray:
        """(V, 3) resting face of the identity `coefficients` (n <= 100 standard deviations)."""
        c = np.asarray(coefficients, np.float32)
        if c.ndim != 1 or len(c) > len(self.identity):
            raise AUFaceGenError(
                f"identity coefficients have shape {c.shape}, expected (n,), "
                f"n <= {len(self.identity)}"
            )
        return self.neutral + np.tensordot(c, self.identity[: len(c)], axes=1)

    def landmarks(self, vertices: np.ndarray) -> np.ndarray:
        """(68, 3) the landmarks of a face `vertices` (V, 3), in its units.

        Order and meaning are iBUG's (Sagonas et al. 2013), with the face's right at 0: jaw 0 to
        16, brows 17 to 26, nose 27 to 35, eyes 36 to 47, outer lips 48 to 59, inner lips 60 to
        67. Which vertex shows which is ICT-FaceKit's (`idx_to_landmark_verts` of its
        vertex_indices.json), carried as `landmarks68`.
        """
        return vertices[self.landmarks68]
