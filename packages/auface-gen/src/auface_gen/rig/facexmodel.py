"""Reads ICT-FaceKit's published `FaceXModel` folder: one .obj for the mean face, one for each
identity mode and expression.

Every .obj has the same topology; an identity or expression is stored as the whole face moved, so
its shape is the difference to the mean.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from auface_gen.errors import AUFaceGenError

__all__ = ["KNOWN_MEAN_FACES", "mean_face_digest", "read_folder", "read_obj_vertices"]

_NEUTRAL = "generic_neutral_mesh.obj"
_MODES = 100
# Expressions that the kit has a file of, but that its list in vertex_indices.json leaves out.
_UNLISTED = ("PupilDilate_L", "PupilDilate_R", "cheekRaiser_L", "cheekRaiser_R")
_MEAN_FACE = {
    "neutral": np.float32,
    "faces": np.int32,
    "uv": np.float32,
    "face_uv": np.int32,
    "face_material": np.int8,
    "landmarks68": np.int32,
}

KNOWN_MEAN_FACES: dict[str, str] = {
    "24d3080ffe16215cf32c794d2a071448852daeca6b7e15b86e5b5b86db948f2c": "ICT-FaceKit light",
}
"""Editions of the kit by the SHA-256 of their mean face. Identities and expressions are not in it:
the packed arrays hold them at half precision, the published files do not.
"""


def mean_face_digest(arrays: Mapping[str, np.ndarray]) -> str:
    """SHA-256, in hex, of a rig's mean face: vertices, topology, texture coordinates, landmarks."""
    digest = hashlib.sha256()
    for name, kind in _MEAN_FACE.items():
        array = np.ascontiguousarray(arrays[name], kind)
        digest.update(f"{name} {array.shape};".encode() + array.tobytes())
    digest.update("\n".join(str(name) for name in arrays["materials"]).encode())
    return digest.hexdigest()


def read_folder(folder: str | Path) -> dict[str, np.ndarray]:
    """The arrays of `Rig.from_arrays`. Raises AUFaceGenError naming the file that is missing, cut
    short or of another topology.
    """
    folder = Path(folder)
    index = folder / "vertex_indices.json"
    try:
        names = json.loads(index.read_text("utf-8"))
        landmarks = np.array(names["idx_to_landmark_verts"])
        listed = [str(n) for n in names["expressions"]]
    except FileNotFoundError:
        raise AUFaceGenError(
            f"{index} is missing: give the FaceXModel folder of ICT-FaceKit"
        ) from None
    except (OSError, ValueError, KeyError, TypeError, RecursionError, OverflowError) as error:
        raise AUFaceGenError(f"{index} is not ICT-FaceKit's list of vertices: {error!r}") from error
    arrays = _read_mesh(folder / _NEUTRAL)
    count, corners = len(arrays["neutral"]), _corners(_lines(folder / _NEUTRAL))
    modes = [folder / f"identity{i:03d}.obj" for i in range(_MODES)]
    shapes = sorted(
        p for p in folder.glob("*.obj") if p.name != _NEUTRAL and not p.stem.startswith("identity")
    )
    wanted = [*modes, *(folder / f"{name}.obj" for name in sorted({*listed, *_UNLISTED}))]
    if lost := [path.name for path in wanted if not path.is_file()]:
        more = f" and {len(lost) - 5} more" if len(lost) > 5 else ""
        raise AUFaceGenError(
            f"{folder}: of the {len(wanted)} identities and expressions of ICT-FaceKit "
            f"{len(lost)} are missing: {', '.join(lost[:5])}{more}; copy the folder again"
        )

    def offsets(paths: list[Path]) -> np.ndarray:
        out = np.empty((len(paths), count, 3), np.float32)
        for i, path in enumerate(paths):
            lines = _lines(path)
            out[i] = _vertices(path, lines, count) - arrays["neutral"]
            _same_faces(path, _corners(lines), corners)
        return out

    return {
        **arrays,
        "identity": offsets(modes),
        "expression": offsets(shapes),
        "expression_names": np.array([p.stem for p in shapes]),
        "landmarks68": landmarks,
    }


def read_obj_vertices(path: Path, expected: int) -> np.ndarray:
    """(expected, 3) float64 vertices of an .obj. Raises AUFaceGenError when there are fewer or
    more.
    """
    return _vertices(path, _lines(path), expected)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("ascii", errors="replace").splitlines()
    except OSError as error:
        raise AUFaceGenError(f"{path} cannot be read: {error}") from error


def _vertices(path: Path, lines: list[str], expected: int) -> np.ndarray:
    rows = [(n, line.split()) for n, line in enumerate(lines, 1) if line.startswith("v ")]
    if len(rows) != expected:
        raise AUFaceGenError(
            f"{path} has {len(rows)} vertices, expected {expected}: "
            "cut short, or of another topology"
        )
    out = np.empty((expected, 3))
    for i, (number, row) in enumerate(rows):
        out[i] = _numbers(path, number, row[1:4], 3)
    return out


def _corners(lines: list[str]) -> list[tuple[int, str]]:
    """(line, text) of each face."""
    return [(n, line.strip()) for n, line in enumerate(lines, 1) if line.startswith("f ")]


def _same_faces(path: Path, found: list[tuple[int, str]], mean: list[tuple[int, str]]) -> None:
    """Raise AUFaceGenError when a shape's faces are not those of the mean face: its vertices are
    then other points, even where there are as many.
    """
    if len(found) != len(mean):
        raise AUFaceGenError(
            f"{path} has {len(found)} faces, {_NEUTRAL} has {len(mean)}: "
            "one of them is cut short, or of another topology"
        )
    for (line, one), (_, other) in zip(found, mean, strict=True):
        if one != other and _ids(one) != _ids(other):
            raise AUFaceGenError(
                f"{path}:{line}: the face {one!r} is {other!r} in {_NEUTRAL}: of another topology, "
                "or cut short"
            )


def _ids(face: str) -> list[str]:
    """Vertex numbers of a face's line."""
    return [corner.split("/")[0] for corner in face.split()[1:]]


def _numbers(path: Path, number: int, fields: list[str], count: int) -> list[float]:
    try:
        values = [float(f) for f in fields]
    except ValueError:
        values = []
    if len(values) != count or not np.isfinite(values).all():
        raise AUFaceGenError(
            f"{path}:{number}: expected {count} numbers, found {' '.join(fields)[:60]!r}"
        )
    return values


def _read_mesh(path: Path) -> dict[str, np.ndarray]:
    """Vertices, texture coordinates, quads (a triangle has -1 last) and materials of the mean
    face.
    """
    try:
        text = path.read_text("ascii", errors="replace")
    except OSError as error:
        raise AUFaceGenError(f"{path} cannot be read: {error}") from error
    vertices, uv, faces, face_uv, materials, face_material = [], [], [], [], [], []
    for number, line in enumerate(text.splitlines(), 1):
        fields = line.split()
        if not fields or fields[0] not in ("v", "vt", "f", "usemtl"):
            continue
        if fields[0] == "v":
            vertices.append(_numbers(path, number, fields[1:4], 3))
        elif fields[0] == "vt":
            uv.append(_numbers(path, number, fields[1:3], 2))
        elif fields[0] == "usemtl":
            materials.append(" ".join(fields[1:]))
        else:
            corners = [c.split("/") for c in fields[1:]]
            if (
                len(corners) not in (3, 4)
                or not materials
                or any(len(c) < 2 or not (c[0].isdigit() and c[1].isdigit()) for c in corners)
            ):
                raise AUFaceGenError(
                    f"{path}:{number}: expected a triangle or quad with texture coordinates, "
                    "under a material"
                )
            faces.append([int(c[0]) - 1 for c in corners] + [-1] * (4 - len(corners)))
            face_uv.append([int(c[1]) - 1 for c in corners] + [-1] * (4 - len(corners)))
            face_material.append(len(materials) - 1)
    if not vertices or not faces or "M_EyeLashes" not in materials:
        raise AUFaceGenError(
            f"{path} is cut short: {len(vertices)} vertices, {len(faces)} faces, "
            f"{len(materials)} materials"
        )
    return {
        "neutral": np.array(vertices),
        "uv": np.array(uv),
        "faces": np.array(faces),
        "face_uv": np.array(face_uv),
        "materials": np.array(materials),
        "face_material": np.array(face_material),
    }
