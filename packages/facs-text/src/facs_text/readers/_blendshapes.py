"""ARKit and MediaPipe blendshapes: 0..1 by shape, mapped to units where there is one.

Left and right are the subject's. Shapes without a unit (mouthLeft, mouthShrugUpper, _neutral)
are left out; some units have no shape (11, 13, 21, 38, 39). eyeLookInLeft is the left eye turned
to the nose: the gaze goes to the face's right (62). Names may be in camel or Pascal case, as Live
Link Face writes them. Values are activations of a rig and become no intensities by themselves.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from facs_text._errors import FacsTextError
from facs_text.readers._lines import Table, lines, number
from facs_text.readers._row import Row

__all__ = ["SHAPES", "blendshapes", "looks_like"]

# shape (lower case) to unit key; a unit of several shapes takes their mean
SHAPES: dict[str, str] = {
    "browinnerup": "AU1", "browouterupleft": "L2", "browouterupright": "R2",
    "browdownleft": "L4", "browdownright": "R4", "eyewideleft": "L5", "eyewideright": "R5",
    "cheeksquintleft": "L6", "cheeksquintright": "R6", "eyesquintleft": "L7",
    "eyesquintright": "R7", "eyeblinkleft": "L43", "eyeblinkright": "R43",
    "nosesneerleft": "L9", "nosesneerright": "R9", "mouthupperupleft": "L10",
    "mouthupperupright": "R10", "mouthsmileleft": "L12", "mouthsmileright": "R12",
    "mouthdimpleleft": "L14", "mouthdimpleright": "R14", "mouthfrownleft": "L15",
    "mouthfrownright": "R15", "mouthlowerdownleft": "L16", "mouthlowerdownright": "R16",
    "mouthshruglower": "AU17", "mouthpucker": "AU18", "mouthstretchleft": "L20",
    "mouthstretchright": "R20", "mouthfunnel": "AU22", "mouthpressleft": "AU24",
    "mouthpressright": "AU24", "mouthrollupper": "T28", "mouthrolllower": "B28",
    "mouthclose": "AU8", "jawopen": "AU26", "jawforward": "AU29", "jawleft": "L30",
    "jawright": "R30", "cheekpuff": "AU34", "tongueout": "AU19", "eyelookoutleft": "AU61",
    "eyelookinright": "AU61", "eyelookinleft": "AU62", "eyelookoutright": "AU62",
    "eyelookupleft": "AU63", "eyelookupright": "AU63", "eyelookdownleft": "AU64",
    "eyelookdownright": "AU64",
}  # fmt: skip


def looks_like(names: list[str]) -> bool:
    """Whether column names are those of blendshapes."""
    return sum(n.strip().lower() in SHAPES for n in names) >= 3


def blendshapes(path: Path, *, subject: str = "") -> Iterator[Row | FacsTextError]:
    """Rows of a table with a column a shape, or of JSON lines with an object of shapes."""
    for _, text in lines(path):
        if text.strip():
            if text.lstrip().startswith("{"):
                return _json(path, subject)
            break
    return _table(path, subject)


def _table(path: Path, subject: str) -> Iterator[Row | FacsTextError]:
    table = Table(path)
    columns = [(i, n, SHAPES[n.lower()]) for i, n in enumerate(table.names) if n.lower() in SHAPES]
    if not columns:
        raise FacsTextError(f"{table.where()}: no column named like a blendshape, such as jawOpen")
    lower = [n.lower() for n in table.names]
    frame = next((lower.index(n) for n in ("frame", "frame_idx") if n in lower), None)
    for fields in table.rows():
        if isinstance(fields, FacsTextError):
            yield fields
            continue
        try:
            where = table.where()
            shapes = {name: number(fields[i], name, where) for i, name, _ in columns}
            at = number(fields[frame], "frame", where) if frame is not None else None
            index = int(at) if at is not None else None
            ident = f"{path.stem}/{index}" if index is not None else f"{path.stem}:{table.line}"
            yield _row(ident, subject or path.stem, index, shapes, table.line, where)
        except FacsTextError as error:
            yield error


def _json(path: Path, subject: str) -> Iterator[Row | FacsTextError]:
    for line, text in lines(path):
        if not text.strip():
            continue
        where = f"{path}, line {line}"
        try:
            data: Any = json.loads(text)
            if not isinstance(data, dict):
                raise FacsTextError("expected a JSON object")
            given = data.get("blendshapes", data)
            if isinstance(given, list):  # MediaPipe's list of categories
                given = {
                    x.get("category_name", x.get("categoryName")): x.get("score")
                    for x in given
                    if isinstance(x, dict)
                }
            if not isinstance(given, dict):
                raise FacsTextError("'blendshapes' must be an object from shape to value")
            shapes = {
                str(k): number(str(v), str(k), where)
                for k, v in given.items()
                if str(k).lower() in SHAPES
            }
            frame = data.get("frame")
            index = frame if isinstance(frame, int) and not isinstance(frame, bool) else None
            ident = str(data.get("id", data.get("file_name", f"{path.stem}:{line}")))
            who = subject or str(data.get("subject", path.stem))
            yield _row(ident, who, index, shapes, line, where)
        except (ValueError, RecursionError) as error:
            said = str(error)
            yield FacsTextError(said if said.startswith(str(path)) else f"{where}: {said}")


def _row(
    ident: str,
    subject: str,
    frame: int | None,
    shapes: dict[str, float | None],
    line: int,
    where: str,
) -> Row:
    together: dict[str, list[float | None]] = {}
    for name, value in shapes.items():
        if value is not None and not -0.05 <= value <= 1.05:
            raise FacsTextError(f"{where}: {name} is {value:g}; expected 0 to 1")
        together.setdefault(SHAPES[name.lower()], []).append(value)
    values: dict[str, float] = {}
    missing = []
    for key, found in together.items():
        known = [v for v in found if v is not None]
        if known:
            values[key] = min(max(sum(known) / len(known), 0.0), 1.0)
        else:
            missing.append(key)
    return Row(ident, subject, frame, values, "probability", tuple(missing), None, line)
