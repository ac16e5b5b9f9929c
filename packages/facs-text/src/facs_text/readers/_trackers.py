"""Trackers that write one wide table: OpenFace 2, py-feat, LibreFace, PyAFAR.

Columns are found by name, in any of its spellings: blocks are written only when asked for, older
builds put a blank before each name, and order differs. A face that was not found is missing, not
neutral.

OpenFace 2: AUxx_r intensity, AUxx_c presence. py-feat: AUxx, probabilities. LibreFace: au_x
presence, au_x_intensity. PyAFAR: Occ_au_x probability, Int_au_x intensity. Where a table has
both, intensities lead and presence adds the units that have no intensity; for PyAFAR, whose
two blocks are of kinds that do not mix, kind="intensity" or "probability" picks one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from facs_text._errors import FacsTextError
from facs_text.readers._lines import Table
from facs_text.readers._names import unit_columns
from facs_text.readers._row import Row
from facs_text.readers._wide import Block, Tell, blocks, framer, keep, tell_unread, wide

__all__ = ["libreface", "openface2", "pyafar", "pyfeat", "tracker_of"]

# What py-feat writes beside its units.
_PYFEAT_COLUMNS = frozenset(
    ("FaceScore", "FaceRectX", "input", "anger", "Anger", "happiness", "Happy", "Pitch")
)
_PYFEAT_UNITS = frozenset(f"AU{n:02d}" for n in (1, 2, 4, 5, 6, 7, 9, 10, 11, 12, 14, 15, 17, 20,
                                                 23, 24, 25, 26, 28, 43))  # fmt: skip


def tracker_of(names: Sequence[str], where: str = "") -> str | None:
    """Which tracker writes columns of these names; "table" for units of no tracker's naming."""
    columns, _ = unit_columns(names, where=where)
    if not columns:
        return None
    said = [names[c.index] for c in columns]
    by_block = {c.block for c in columns}
    if any(n[:7].lower() in ("occ_au_", "int_au_") for n in said):
        return "pyafar"
    if any(n.startswith("au_") for n in said) and by_block == {"", "intensity"}:
        return "libreface"
    if by_block & {"intensity", "presence"}:
        return "openface2"
    pyfeat = set(said) & _PYFEAT_UNITS
    if len(pyfeat) >= 2 and (_PYFEAT_COLUMNS & set(names) or pyfeat == _PYFEAT_UNITS):
        return "pyfeat"
    return "table"


def _blocks(table: Table, what: str, tell: Tell, *kinds: str) -> dict[str, Block]:
    """Blocks of these kinds; columns of other kinds are told."""
    columns, unread = unit_columns(table.names, where=table.where())
    wanted = [c for c in columns if c.block in kinds]
    tell_unread(table, unread + [table.names[c.index] for c in columns if c not in wanted], tell)
    return blocks(table, wanted, what)


def openface2(
    path: Path,
    *,
    subject: str = "",
    confidence: float = 0.0,
    landmarks: bool = False,
    kind: str = "",
    tell: Tell = None,
) -> Iterator[Row | FacsTextError]:
    """Rows of an OpenFace 2 table, old or new, one for each face of each frame.

    confidence: faces that the tracker is less sure of are missing. landmarks: bring them too.
    kind: "presence" reads the AUxx_c columns alone; None takes both blocks.
    """
    table = Table(path)
    found = _blocks(table, "like AU12_r or AU12_c", tell, "intensity", "presence")
    frame = framer(
        table, subject=subject, frames=("frame",), faces=("face_id", "face"), files=("id",),
        success="success", confidence="confidence", sure=confidence,
    )  # fmt: skip
    main = _main(found, kind, path)
    rest = found.get("presence") if main.kind == "intensity" else None
    return wide(
        table, main, frame, rest=rest, landmarks=landmarks,
        keep=keep(table, "timestamp", "confidence", "success", "face_id"),
    )  # fmt: skip


def _main(found: dict[str, Block], kind: str, path: Path) -> Block:
    """The block that leads."""
    chosen = kind or ("intensity" if "intensity" in found else "presence")
    if chosen not in found:
        raise FacsTextError(f"{path}: no columns of kind {chosen!r}; it has {', '.join(found)}")
    return found[chosen]


def pyfeat(
    path: Path, *, subject: str = "", landmarks: bool = False, tell: Tell = None
) -> Iterator[Row | FacsTextError]:
    """Rows of a py-feat Fex table: probabilities, which are no intensities."""
    table = Table(path)
    found = _blocks(table, "like AU01", tell, "")
    frame = framer(
        table, subject=subject, frames=("frame",), faces=("Identity", "face_id"), files=("input",)
    )
    main = Block("probability", found[""].columns)
    return wide(table, main, frame, keep=keep(table, "FaceScore", "input"), landmarks=landmarks)


def libreface(
    path: Path, *, subject: str = "", kind: str = "", tell: Tell = None
) -> Iterator[Row | FacsTextError]:
    """Rows of a LibreFace table. kind: "presence" reads the au_x columns alone."""
    table = Table(path)
    found = _blocks(table, "like au_12 or au_12_intensity", tell, "", "intensity")
    if "" in found:
        found["presence"] = Block("presence", found.pop("").columns)
    frame = framer(
        table, subject=subject, frames=("frame_idx", "frame"), files=("image_path", "file_name")
    )
    main = _main(found, kind, path)
    rest = found.get("presence") if main.kind == "intensity" else None
    return wide(table, main, frame, rest=rest, keep=keep(table, "frame_time_in_ms"))


def pyafar(
    path: Path, *, subject: str = "", kind: str = "", tell: Tell = None
) -> Iterator[Row | FacsTextError]:
    """Rows of a PyAFAR table. kind: "probability" (where it is there) or "intensity"."""
    table = Table(path)
    what = "like Occ_au_12 or Int_au_12"
    found = _blocks(table, what, tell, "probability", "intensity")
    frame = framer(table, subject=subject, frames=("Frame", "frame"), faces=("Person_ID",))
    main = _main(found, kind or ("probability" if "probability" in found else ""), path)
    return wide(table, main, frame)
