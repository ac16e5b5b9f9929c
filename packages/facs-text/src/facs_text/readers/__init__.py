"""Codings out of the files that people have, as one row type.

``read(path)`` recognises the format by column names or file name, and yields Row after Row.

| format | what | kind | takes a folder |
|---|---|---|---|
| codes | a coding a line, or a table with a column codes | notation | |
| jsonl | JSON objects with codes or aus | notation or intensity | |
| openface2 | AUxx_r, AUxx_c | intensity, presence | |
| openface3 | action_units, eight numbers | probability | |
| pyfeat | AUxx | probability | |
| libreface | au_x, au_x_intensity | intensity, presence | |
| pyafar | Occ_au_x, Int_au_x | probability or intensity | |
| blendshapes | ARKit or MediaPipe shapes | probability | |
| bp4d, bp4d+ | AU_OCC | presence | yes |
| bp4d_intensity | AU_INT | intensity | yes |
| disfa, disfa+ | one file a unit | intensity | yes |
| ckplus | one file a sequence, its peak | notation | yes |
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from inspect import signature
from pathlib import Path
from typing import Any

from facs_text._errors import FacsTextError
from facs_text._notation import Coding, parse
from facs_text.readers import (
    _blendshapes,
    _bp4d,
    _disfa,
    _lines,
    _openface3,
    _simple,
    _trackers,
)
from facs_text.readers._row import KINDS, Row, coding_of, round_level

__all__ = [
    "FORMATS",
    "FRAME_OFFSETS",
    "KINDS",
    "Row",
    "read",
    "rows_and_errors",
    "sniff",
    "to_coding",
]

_READERS: dict[str, Any] = {
    "codes": _simple.codes,
    "jsonl": _simple.jsonl,
    "openface2": _trackers.openface2,
    "openface3": _openface3.openface3,
    "pyfeat": _trackers.pyfeat,
    "libreface": _trackers.libreface,
    "pyafar": _trackers.pyafar,
    "blendshapes": _blendshapes.blendshapes,
    "bp4d": _bp4d.bp4d,
    "bp4d+": _bp4d.bp4d,
    "bp4d_intensity": _bp4d.bp4d_intensity,
    "disfa": _disfa.disfa,
    "disfa+": _disfa.disfa_plus,
    "ckplus": _disfa.ckplus,
}
FORMATS: tuple[str, ...] = tuple(_READERS)
_FOLDERS = frozenset(("bp4d", "bp4d+", "bp4d_intensity", "disfa", "disfa+", "ckplus"))
_OTHER_NAMES = {
    "openface": "openface2", "py-feat": "pyfeat", "json": "jsonl", "plain": "codes",
    "arkit": "blendshapes", "mediapipe": "blendshapes", "ck+": "ckplus", "bp4dplus": "bp4d+",
    "disfaplus": "disfa+", "bp4d-intensity": "bp4d_intensity",
}  # fmt: skip
# Number of the image that shows an annotated frame, minus the annotation's number. One public
# loader of BP4D+ counts images from one less than the annotation; a corpus build checks it.
FRAME_OFFSETS: Mapping[str, int] = {name: -1 if name == "bp4d+" else 0 for name in FORMATS}


def sniff(path: str | Path) -> str:
    """Name of the format of a file, by its name and first lines. FacsTextError when none fits."""
    path = Path(path)
    if path.is_dir():
        raise FacsTextError(
            f"{path}: a folder; name its format, one of {', '.join(sorted(_FOLDERS))}"
        )
    if _disfa.CK_NAME.fullmatch(path.stem):
        return "ckplus"
    if _disfa.DISFA_NAME.fullmatch(path.stem):
        return "disfa"
    if _disfa.DISFA_PLUS_NAME.fullmatch(path.stem) and path.suffix == ".txt":
        return "disfa+"
    if _bp4d._UNIT_NAME.fullmatch(path.stem):
        return "bp4d_intensity"
    top = _lines.head(path)
    first = top[0].strip()
    if first.startswith("{"):
        try:
            data = json.loads(first)
        except (ValueError, RecursionError):
            data = {}
        keys = [str(k) for k in data] if isinstance(data, dict) else []
        if "blendshapes" in keys or _blendshapes.looks_like(keys):
            return "blendshapes"
        return "jsonl"
    plain = first.replace("\t", ",").replace(";", ",")
    names = [n.strip().strip('"').strip() for n in plain.split(",")]
    tracker = _trackers.tracker_of(names)
    if tracker:
        return tracker
    if _openface3.COLUMN in names:
        return "openface3"
    if _blendshapes.looks_like(names):
        return "blendshapes"
    if _bp4d.is_occurrence(first):
        return "bp4d"
    if {n.lower() for n in names} & set(_simple.CODE_COLUMNS):
        return "codes"
    try:
        parse(first.split("#")[0].strip() or "0")
        return "codes"
    except FacsTextError:
        raise FacsTextError(
            f"{path}: format not recognised from its first line {first[:80]!r}; "
            f"name it: {', '.join(FORMATS)}"
        ) from None


def read(
    path: str | Path,
    format: str = "auto",
    *,
    on_error: str = "raise",
    rejects: str | Path | None = None,
    **options: Any,
) -> Iterator[Row]:
    """Rows of a file or folder, streamed.

    format: one of FORMATS, or "auto" (see sniff). on_error: "raise" stops at the first bad row
    with a FacsTextError that names file and line; "skip" goes on, writing the reason of each to
    rejects (JSON lines) when given. options go to the reader of the format, such as subject,
    confidence (openface2), block (pyafar) and landmarks (openface2, pyfeat).
    """
    if on_error not in ("raise", "skip"):
        raise FacsTextError(f"on_error {on_error!r}; expected 'raise' or 'skip'")
    return _checked(rows_and_errors(path, format, **options), on_error, rejects)


def rows_and_errors(
    path: str | Path, format: str = "auto", **options: Any
) -> Iterator[Row | FacsTextError]:
    """Rows of a file or folder, with a FacsTextError in the place of each bad one."""
    path = Path(path)
    format = _OTHER_NAMES.get(format, format)
    if format == "auto":
        format = sniff(path)
    if format not in _READERS:
        raise FacsTextError(f"format {format!r}; expected auto or one of {', '.join(FORMATS)}")
    if not path.exists():
        raise FacsTextError(f"{path}: no such file or folder")
    if path.is_dir() and format not in _FOLDERS:
        raise FacsTextError(f"{path}: a folder; {format} reads a file")
    taken = signature(_READERS[format]).parameters
    for name in options:
        if name not in taken or name == "path":
            raise FacsTextError(f"format {format!r} takes no option {name!r}")
    rows: Iterator[Row | FacsTextError] = _READERS[format](path, **options)
    return rows


def _checked(
    rows: Iterator[Row | FacsTextError], on_error: str, rejects: str | Path | None
) -> Iterator[Row]:
    part = Path(f"{rejects}.part") if rejects is not None else None
    out = None
    try:
        for row in rows:
            if isinstance(row, Row):
                yield row
            elif on_error == "raise":
                raise row
            elif part is not None:
                if out is None:
                    out = part.open("w", encoding="utf-8")
                out.write(json.dumps({"reason": str(row)}, ensure_ascii=False) + "\n")
    finally:
        if out is not None and part is not None and rejects is not None:
            out.close()
            os.replace(part, rejects)


def to_coding(row: Row, *, threshold: float | None = None, scale: float | None = None) -> Coding:
    """The coding of a row whose values are not one by themselves, on your word.

    threshold: probabilities from it up are presence, without intensity. scale: values times
    scale, rounded, are levels 0..5 (scale=5 for rig activations). Exactly one of them, unless
    the row has a coding already.
    """
    if row.coding is not None and threshold is None and scale is None:
        return row.coding
    if (threshold is None) == (scale is None):
        raise FacsTextError(
            f"row {row.id} holds {row.kind} values; say threshold=... for presence or scale=... "
            "for levels"
        )
    if scale is not None:
        levels = {k: float(round_level(v * scale)) for k, v in row.values.items()}
        found = coding_of(levels, "intensity")
    else:
        assert threshold is not None
        found = coding_of({k: float(v >= threshold) for k, v in row.values.items()}, "presence")
    assert found is not None
    return found
