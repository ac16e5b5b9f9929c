"""OpenFace 3: a table whose action_units field holds eight numbers without names.

Their order is 1, 2, 4, 6, 9, 12, 25, 26, as the tool's own demo labels them; they are probability
like, though its page calls them intensities.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from facs_text._errors import FacsTextError
from facs_text.readers._lines import Table, number
from facs_text.readers._row import Row

__all__ = ["COLUMN", "ORDER", "openface3"]

COLUMN = "action_units"
ORDER = ("AU1", "AU2", "AU4", "AU6", "AU9", "AU12", "AU25", "AU26")


def openface3(path: Path, *, subject: str = "") -> Iterator[Row | FacsTextError]:
    """Rows of an OpenFace 3 table, one for each face."""
    table = Table(path)
    at = {name: i for i, name in enumerate(table.names)}
    if COLUMN not in at:
        raise FacsTextError(f"{table.where()}: no column {COLUMN!r}; not OpenFace 3")
    for fields in table.rows():
        if isinstance(fields, FacsTextError):
            yield fields
            continue
        try:
            yield _row(table, fields, at, subject)
        except FacsTextError as error:
            yield error


def _row(table: Table, fields: list[str], at: dict[str, int], subject: str) -> Row:
    where = table.where()
    image = fields[at["image_path"]].strip() if "image_path" in at else ""
    face = fields[at["face_id"]].strip() if "face_id" in at else ""
    ident = image or f"{table.path.stem}:{table.line}"
    if face not in ("", "0"):
        ident += f"#{face}"
    digits = re.findall(r"\d+", Path(image).stem)
    texts = [t for t in re.split(r"[\s,;\[\]()]+", fields[at[COLUMN]]) if t]
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
    extra: dict[str, str] = {n: fields[at[n]].strip() for n in ("timestamp", "emotion") if n in at}
    return Row(
        ident, subject or table.path.stem, int(digits[-1]) if digits else None, values,
        "probability", missing, None, table.line, extra,
    )  # fmt: skip
