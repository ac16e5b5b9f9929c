"""ARKit and MediaPipe blendshapes: 0..1 by shape, mapped to units where there is one.

Tables with a column a shape, in camel or Pascal case (Live Link Face), sides as Left or _L; and
JSON, as objects from shape to value or as MediaPipe's libraries return it: face_blendshapes
(Python) or faceBlendshapes (JavaScript), a list of faces, each a list of categories. Values are
activations of a rig and become no intensities by themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from facs_text._errors import FacsTextError
from facs_text.readers._documents import values
from facs_text.readers._json import begins_as_json, name_of
from facs_text.readers._lines import Table, number, stem_of
from facs_text.readers._row import Ids, Row
from facs_text.readers._shapes import GAZE, SHAPES, unit_of_shape
from facs_text.readers._table import FILE_COLUMNS, FRAME_COLUMNS
from facs_text.readers._wide import framer

__all__ = ["blendshapes", "is_result", "looks_like"]

_RESULTS = ("blendshapes", "face_blendshapes", "faceBlendshapes")
_UNITS = tuple(dict.fromkeys(SHAPES.values()))


def looks_like(names: list[str]) -> bool:
    """Whether column names are those of blendshapes."""
    return sum(unit_of_shape(n) is not None for n in names) >= 3


def is_result(data: Any) -> bool:
    """Whether a JSON value holds blendshapes."""
    if isinstance(data, list):  # a face's categories, or faces
        return any(is_result(x) for x in data[:3])
    if not isinstance(data, dict):
        return False
    named = any(k in data for k in ("category_name", "categoryName", "categories"))
    return named or any(k in data for k in _RESULTS) or looks_like([str(k) for k in data])


def blendshapes(path: Path, *, subject: str = "") -> Iterator[Row | FacsTextError]:
    """Rows of a table with a column a shape, or of JSON with an object of shapes."""
    return _json(path, subject) if begins_as_json(path) else _table(path, subject)


def _table(path: Path, subject: str) -> Iterator[Row | FacsTextError]:
    table = Table(path)
    columns = [(i, n) for i, n in enumerate(table.names) if unit_of_shape(n) is not None]
    if not columns:
        raise FacsTextError(f"{table.where()}: no column named like a blendshape, such as jawOpen")
    frame = framer(table, subject=subject, frames=FRAME_COLUMNS, files=FILE_COLUMNS)
    for fields in table.rows():
        if isinstance(fields, FacsTextError):
            yield fields
            continue
        try:
            where = table.where()
            here = frame(fields)
            shapes = [(name, number(fields[i], name, where)) for i, name in columns]
            yield _row(here.id, here.subject, here.number, shapes, table.line, where)
        except FacsTextError as error:
            yield error


def _json(path: Path, subject: str) -> Iterator[Row | FacsTextError]:
    ids = Ids()
    for count, (line, data) in enumerate(values(path), 1):
        where = f"{path}, line {line}"
        if isinstance(data, FacsTextError):
            yield data
            continue
        try:
            about = data if isinstance(data, dict) else {}
            ident, who, frame = name_of(about, path, count)
            given = next((data[k] for k in _RESULTS if k in about), data)
            for shapes in _faces(given, where):
                yield _row(
                    ids.unlike(ident), subject or who or stem_of(path), frame, shapes, line, where
                )
        except (ValueError, RecursionError) as error:
            said = str(error)
            yield FacsTextError(said if said.startswith(str(path)) else f"{where}: {said}")


Shapes = list[tuple[str, float | None]]


def _faces(given: Any, where: str) -> Iterator[Shapes]:
    """The shapes of each face; one face without any where none was found."""
    if isinstance(given, dict) and "categories" not in given:
        yield _named(given.items(), where)
        return
    faces = given if isinstance(given, list) else [given]
    if faces and all(isinstance(x, dict) and "categories" not in x for x in faces):
        faces = [faces]  # one face's categories
    for face in faces or [[]]:
        categories = face.get("categories") if isinstance(face, dict) else face
        if not isinstance(categories, list):
            raise FacsTextError("blendshapes must be an object from shape to value, or a list")
        yield _named(
            ((x.get("category_name", x.get("categoryName")), x.get("score"))
             for x in categories if isinstance(x, dict)), where,
        )  # fmt: skip


def _named(pairs: Any, where: str) -> Shapes:
    return [
        (str(name), None if value is None else number(str(value), str(name), where))
        for name, value in pairs
        if unit_of_shape(str(name)) is not None
    ]


def _row(ident: str, subject: str, frame: int | None, shapes: Shapes, line: int, where: str) -> Row:
    together: dict[str, list[float | None]] = {}
    for name, value in shapes:
        key = unit_of_shape(name)
        assert key is not None
        top = 2.0 if key in GAZE else 1.1
        if value is not None and not -0.1 <= value <= top:
            raise FacsTextError(f"{where}: {name} is {value:g}; expected 0 to 1")
        together.setdefault(key, []).append(value)
    values_: dict[str, float] = {}
    missing = [] if together else list(_UNITS)
    for key, found in together.items():
        known = [min(max(v, 0.0), 1.0) for v in found if v is not None]
        if known:
            values_[key] = sum(known) / len(known)
        else:
            missing.append(key)
    return Row(ident, subject, frame, values_, "probability", tuple(missing), None, line)
