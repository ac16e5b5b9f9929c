"""OpenFace 3: a table whose action_units field holds eight numbers without names.

Their order is 1, 2, 4, 6, 9, 12, 25, 26, as the tool's own demo labels them; they are probability
like, though its page calls them intensities. Pictures have an image_path, videos a video_path and
a frame_index, and a frame without a face has empty fields.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from facs_text._errors import FacsTextError
from facs_text.readers._lines import Table, number
from facs_text.readers._row import Row
from facs_text.readers._wide import PICTURE, Frame, framer

__all__ = ["COLUMN", "ORDER", "openface3"]

COLUMN = "action_units"
ORDER = ("AU1", "AU2", "AU4", "AU6", "AU9", "AU12", "AU25", "AU26")
_PARTS = re.compile(r"[\s,;\[\]()]+")


def openface3(path: Path, *, subject: str = "") -> Iterator[Row | FacsTextError]:
    """Rows of an OpenFace 3 table, one for each face."""
    table = Table(path)
    at = table.at(COLUMN)
    if at is None:
        raise FacsTextError(f"{table.where()}: no column {COLUMN!r}; not OpenFace 3")
    frame = framer(
        table, subject=subject, frames=("frame_index", "frame"), faces=("face_id",),
        files=("image_path", "video_path"),
    )  # fmt: skip
    for fields in table.rows():
        if isinstance(fields, FacsTextError):
            yield fields
            continue
        try:
            yield _row(table, fields, at, frame)
        except FacsTextError as error:
            yield error


def _row(table: Table, fields: list[str], at: int, frame: Callable[[Sequence[str]], Frame]) -> Row:
    where = table.where()
    here = frame(fields)
    if here.number is None:
        here = replace(here, number=_last_number(here.id))
    texts = [t for t in _PARTS.split(fields[at]) if t]
    values: dict[str, float] = {}
    if texts and len(texts) != len(ORDER):
        raise FacsTextError(f"{where}: {len(texts)} numbers in {COLUMN}; expected {len(ORDER)}")
    for key, text in zip(ORDER, texts, strict=False):
        value = number(text, key, where)
        if value is None:
            continue
        if not -0.1 <= value <= 1.1:
            raise FacsTextError(f"{where}: {key} is {text}; expected 0 to 1")
        values[key] = min(max(value, 0.0), 1.0)
    missing = tuple(key for key in ORDER if key not in values)
    extra = {n: fields[i].strip() for n in ("timestamp", "emotion")
             if (i := table.at(n)) is not None}  # fmt: skip
    return Row(
        here.id, here.subject, here.number, values, "probability", missing, None, table.line, extra
    )


def _last_number(ident: str) -> int | None:
    """Number of a picture named like frame_0001.png."""
    name = ident.split("#")[0]
    digits = re.findall(r"\d+", Path(name).stem) if PICTURE.search(name) else []
    return int(digits[-1]) if digits and len(digits[-1]) < 12 else None
