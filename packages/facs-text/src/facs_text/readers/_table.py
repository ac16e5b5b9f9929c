"""A plain wide table: a column a unit, of a kind that the user states.

Aff-Wild2's (ABAW) AU lists with -1, DISFA or BP4D made wide, EmotioNet with 999, the labels that
LibreFace trains on, and what people make with pandas. Where the kind is not stated it is taken
from the numbers as far as they show it: one above 1 makes them intensities, nothing but 0 and 1
makes them presence; other numbers up to 1 may be either, and are asked about.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from facs_text._errors import FacsTextError
from facs_text.readers._lines import Table, number
from facs_text.readers._names import Column, unit_columns
from facs_text.readers._row import NUMBERS, OVER_ONE, Row
from facs_text.readers._wide import Block, Tell, blocks, framer, keep, tell_unread, wide

__all__ = ["FILE_COLUMNS", "FRAME_COLUMNS", "GONE", "ask_kind", "check_kind", "table"]

GONE = (-1.0, 9.0, 99.0, 999.0)
FILE_COLUMNS = (
    "id", "file_name", "filename", "file", "image_path", "image", "img", "path", "name", "input",
    "url", "video_path", "video",
)  # fmt: skip
FRAME_COLUMNS = ("frame", "frame_idx", "frame_index", "frameno", "frame_number", "frame_id")
_SUBJECTS = ("subject", "subject_id", "participant", "person")
_FACES = ("face_id", "face", "face_index", "person_id")
_MOST = 2_000_000  # rows looked at for their kind


def check_kind(kind: str) -> str:
    """A stated kind, or FacsTextError."""
    if kind not in ("", *NUMBERS):
        raise FacsTextError(f"kind {kind!r}; expected one of {', '.join(NUMBERS)}")
    return kind


def ask_kind(where: str) -> FacsTextError:
    """The question that numbers from 0 to 1 leave open."""
    return FacsTextError(
        f"{where}: all numbers are 0 to 1, and may be probabilities or intensities; say which "
        "with kind 'probability' (0 to 1) or 'intensity' (0 to 5)"
    )


def table(
    path: Path,
    *,
    kind: str = "",
    columns: str = "",
    subject: str = "",
    fractions: str = "",
    tell: Tell = None,
) -> Iterator[Row | FacsTextError]:
    """Rows of a wide table. -1, 9, 99 and 999 are units that were not scored.

    kind: "presence", "intensity" or "probability". columns: names, parted by commas, for a file
    without a header ("frame,1,2,4"). fractions: the kind of numbers up to 1 that do not show it.
    """
    names = [n.strip() for n in columns.split(",")] if columns else []
    here = Table(path, names=names)
    found, unread = unit_columns(here.names, where=here.where())
    if not found or columns:
        found, unread = unit_columns(here.names, bare=True, where=here.where())
    tell_unread(here, unread, tell)
    by_block = blocks(here, found, "like a unit, such as AU12")
    chosen = check_kind(kind) or _kind(path, names, found, by_block) or check_kind(fractions)
    if not chosen:
        raise ask_kind(str(path))
    main = by_block.get(chosen) or next(iter(by_block.values()))
    frame = framer(
        here, subject=subject, frames=FRAME_COLUMNS, faces=_FACES, files=FILE_COLUMNS,
        subjects=_SUBJECTS,
    )  # fmt: skip
    used = {c.index for c in found}
    rest = [n for i, n in enumerate(here.names) if i not in used and len(here.names) <= 64]
    return wide(here, Block(chosen, main.columns), frame, gone=GONE, keep=keep(here, *rest))


def _kind(path: Path, names: list[str], columns: list[Column], by_block: dict[str, Block]) -> str:
    """The kind that the columns' names or the file's numbers show, "" when they show none."""
    said = [k for k in ("intensity", "presence", "probability") if k in by_block]
    if said and "" not in by_block:
        return said[0]
    fractions = False
    for fields in islice(Table(path, names=names).rows(), _MOST):
        if isinstance(fields, FacsTextError):
            continue
        for column in columns:
            try:
                value = number(fields[column.index], column.key, "")
            except FacsTextError:
                continue  # the row is told when it is read
            if value is None or value in GONE:
                continue
            if value > OVER_ONE:
                return "intensity"
            fractions = fractions or value not in (0.0, 1.0)
    return "" if fractions else "presence"
