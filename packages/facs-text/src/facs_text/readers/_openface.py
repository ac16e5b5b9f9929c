"""OpenFace 2: CSV with AUxx_r (intensity 0..5) and AUxx_c (presence 0 or 1).

Only the blocks that were asked for are written and older builds put a blank before each name, so
columns are found by name. Frames without success, or below a confidence, are missing, not
neutral. Intensities are taken where they are written, presence for the units that only have it
(28); both may disagree, being trained on different data.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from facs_text._errors import FacsTextError
from facs_text.readers._lines import Table, number
from facs_text.readers._row import Row, coding_of

__all__ = ["openface2"]

_COLUMN = re.compile(r"^AU(\d\d)_(r|c)$")


def openface2(
    path: Path, *, subject: str = "", confidence: float = 0.0
) -> Iterator[Row | FacsTextError]:
    """Rows of an OpenFace 2 CSV, one for each face of each frame.

    confidence: faces the tracker is less sure of are missing.
    """
    table = Table(path)
    at = {name: i for i, name in enumerate(table.names)}
    graded: list[tuple[str, int]] = []
    binary: list[tuple[str, int]] = []
    for name, i in at.items():
        match = _COLUMN.match(name)
        if match:
            key = f"AU{int(match[1])}"
            (graded if match[2] == "r" else binary).append((key, i))
    if not graded and not binary:
        raise FacsTextError(
            f"{path}, line {table.line}: no column named like AU12_r or AU12_c; not OpenFace 2"
        )
    have = {key for key, _ in graded}
    binary = [(key, i) for key, i in binary if key not in have]
    kind = "intensity" if graded else "presence"
    frame, face = at.get("frame"), at.get("face_id", at.get("face"))
    extra_names = [n for n in ("timestamp", "confidence", "success", "face_id") if n in at]
    for fields in table.rows():
        if isinstance(fields, FacsTextError):
            yield fields
            continue
        try:
            yield _row(table, fields, path, at, graded, binary, kind, frame, face,
                       subject, confidence, extra_names)  # fmt: skip
        except FacsTextError as error:
            yield error


def _row(
    table: Table,
    fields: list[str],
    path: Path,
    at: dict[str, int],
    graded: list[tuple[str, int]],
    binary: list[tuple[str, int]],
    kind: str,
    frame: int | None,
    face: int | None,
    subject: str,
    confidence: float,
    extra_names: list[str],
) -> Row:
    where = table.where()
    seen = True
    if "success" in at:
        seen = (number(fields[at["success"]], "success", where) or 0.0) > 0
    if "confidence" in at:
        sure = number(fields[at["confidence"]], "confidence", where)
        seen = seen and sure is not None and sure >= confidence
    values: dict[str, float] = {}
    missing: list[str] = []
    for group, top in ((graded, 5.0), (binary, 1.0)):
        for key, i in group:
            value = number(fields[i], key, where)
            if value is None or not seen:
                missing.append(key)
            elif not -1.0 <= value <= top + 0.5:
                raise FacsTextError(f"{where}: {key} is {fields[i].strip()}; expected 0 to {top:g}")
            else:
                values[key] = min(max(value, 0.0), top)
    at_frame = number(fields[frame], "frame", where) if frame is not None else None
    index = int(at_frame) if at_frame is not None else None
    name = path.stem if index is None else f"{path.stem}/{index}"
    face_text = fields[face].strip() if face is not None else ""
    if face_text not in ("", "0"):
        name += f"#{face_text}"
    coding = coding_of({k: v for k, v in values.items() if k in dict(graded)}, "intensity")
    if binary and coding is not None:
        have = coding_of({k: v for k, v in values.items() if k in dict(binary)}, "presence")
        coding = type(coding)([*coding, *(have or ())])
    return Row(
        name, subject or path.stem, index, values, kind, tuple(missing), coding if seen else None,
        table.line, {n: fields[at[n]].strip() for n in extra_names},
    )  # fmt: skip
