"""Trackers that write one wide table: OpenFace 2, py-feat, LibreFace, PyAFAR.

Columns are found by name: blocks are written only when asked for, older builds put a blank before
each name, and order differs. A face that was not found is missing, not neutral.

OpenFace 2: AUxx_r intensity, AUxx_c presence. py-feat: AUxx, probabilities. LibreFace: au_x
presence, au_x_intensity. PyAFAR: Occ_au_x probability, Int_au_x intensity. Where a table has
both, intensities lead and presence adds the units that have no intensity; for PyAFAR, whose
two blocks are of kinds that do not mix, block="intensity" or "probability" picks one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from facs_text._errors import FacsTextError
from facs_text.readers._lines import Table, number
from facs_text.readers._row import Row
from facs_text.readers._wide import Frame, blocks, wide

__all__ = ["libreface", "openface2", "pyafar", "pyfeat", "tracker_of"]

_OPENFACE = re.compile(r"AU(\d\d)_([rc])")
_PYFEAT = re.compile(r"AU(\d\d)")
_LIBREFACE = re.compile(r"au_(\d{1,2})(_intensity)?")
_PYAFAR = re.compile(r"(Occ|Int)_au_(\d{1,2})", re.IGNORECASE)


def _openface_name(name: str) -> tuple[str, str] | None:
    match = _OPENFACE.fullmatch(name)
    return match and ("intensity" if match[2] == "r" else "presence", match[1])


def _pyfeat_name(name: str) -> tuple[str, str] | None:
    match = _PYFEAT.fullmatch(name)
    return match and ("probability", match[1])


def _libreface_name(name: str) -> tuple[str, str] | None:
    match = _LIBREFACE.fullmatch(name)
    return match and ("intensity" if match[2] else "presence", match[1])


def _pyafar_name(name: str) -> tuple[str, str] | None:
    match = _PYAFAR.fullmatch(name)
    return match and ("probability" if match[1].lower() == "occ" else "intensity", match[2])


def tracker_of(names: Sequence[str]) -> str | None:
    """Which tracker writes columns of these names."""
    for tracker, name in (
        ("openface2", _openface_name), ("libreface", _libreface_name), ("pyafar", _pyafar_name),
    ):  # fmt: skip
        if any(name(n) for n in names):
            return tracker
    if sum(_pyfeat_name(n) is not None for n in names) >= 2:
        return "pyfeat"
    return None


def _framer(
    table: Table,
    *,
    subject: str,
    frames: Sequence[str],
    faces: Sequence[str] = (),
    files: Sequence[str] = (),
    success: str = "",
    confidence: str = "",
    sure: float = 0.0,
) -> Callable[[Sequence[str]], Frame]:
    at = {name: i for i, name in enumerate(table.names)}

    def first(names: Sequence[str]) -> int | None:
        return next((at[n] for n in names if n in at), None)

    frame, face, file = first(frames), first(faces), first(files)
    ok, trust = at.get(success), at.get(confidence)
    stem = table.path.stem

    def name(fields: Sequence[str]) -> Frame:
        where = table.where()
        index: int | None = None
        if frame is not None:
            value = number(fields[frame], table.names[frame], where)
            if value is not None:
                if value != int(value):
                    raise FacsTextError(f"{where}: frame {fields[frame]!r} is not a whole number")
                index = int(value)
        if file is not None and fields[file].strip():
            ident = fields[file].strip()
        else:
            ident = f"{stem}/{index}" if index is not None else f"{stem}:{table.line}"
        if face is not None and fields[face].strip() not in ("", "0", "0.0"):
            ident += f"#{fields[face].strip()}"
        seen = ok is None or (number(fields[ok], success, where) or 0.0) > 0
        if seen and trust is not None:
            certain = number(fields[trust], confidence, where)
            seen = certain is not None and certain >= sure
        return Frame(ident, subject or stem, index, seen)

    return name


def _keep(table: Table, names: Sequence[str]) -> dict[str, int]:
    return {n: i for i, n in enumerate(table.names) if n in names}


def openface2(
    path: Path, *, subject: str = "", confidence: float = 0.0, landmarks: bool = False
) -> Iterator[Row | FacsTextError]:
    """Rows of an OpenFace 2 table, old or new, one for each face of each frame.

    confidence: faces that the tracker is less sure of are missing. landmarks: bring them too.
    """
    table = Table(path)
    found = blocks(table, _openface_name, "like AU12_r or AU12_c")
    frame = _framer(
        table, subject=subject, frames=("frame",), faces=("face_id", "face"),
        success="success", confidence="confidence", sure=confidence,
    )  # fmt: skip
    main = found.get("intensity") or found["presence"]
    rest = found.get("presence") if main.kind == "intensity" else None
    keep = _keep(table, ("timestamp", "confidence", "success", "face_id"))
    return wide(table, main, frame, rest=rest, keep=keep, landmarks=landmarks)


def pyfeat(
    path: Path, *, subject: str = "", landmarks: bool = False
) -> Iterator[Row | FacsTextError]:
    """Rows of a py-feat Fex table: probabilities, which are no intensities."""
    table = Table(path)
    found = blocks(table, _pyfeat_name, "like AU01")
    frame = _framer(
        table, subject=subject, frames=("frame",), faces=("Identity", "face_id"), files=("input",)
    )
    keep = _keep(table, ("FaceScore", "input"))
    return wide(table, found["probability"], frame, keep=keep, landmarks=landmarks)


def libreface(path: Path, *, subject: str = "") -> Iterator[Row | FacsTextError]:
    """Rows of a LibreFace table."""
    table = Table(path)
    found = blocks(table, _libreface_name, "like au_12 or au_12_intensity")
    frame = _framer(
        table, subject=subject, frames=("frame_idx", "frame"), files=("image_path", "file_name")
    )
    main = found.get("intensity") or found["presence"]
    rest = found.get("presence") if main.kind == "intensity" else None
    return wide(table, main, frame, rest=rest, keep=_keep(table, ("frame_time_in_ms",)))


def pyafar(path: Path, *, subject: str = "", block: str = "") -> Iterator[Row | FacsTextError]:
    """Rows of a PyAFAR table. block: "probability" (default when there) or "intensity"."""
    table = Table(path)
    found = blocks(table, _pyafar_name, "like Occ_au_12 or Int_au_12")
    block = block or ("probability" if "probability" in found else "intensity")
    if block not in found:
        raise FacsTextError(f"{path}: no block {block!r}; it has {', '.join(found)}")
    frame = _framer(table, subject=subject, frames=("Frame", "frame"), faces=("Person_ID",))
    return wide(table, found[block], frame)
