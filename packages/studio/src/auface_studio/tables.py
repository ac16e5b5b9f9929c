"""Another tool's table as codings: what a person drops on the page.

`facs_text.readers` knows the formats; it reads files, so the bytes go through a temporary one.
"""

from __future__ import annotations

import tempfile
from pathlib import Path, PurePosixPath
from typing import Any

from auface_studio.errors import StudioError
from facs_text import FacsTextError, describe, readers, resolve

__all__ = ["codings_of"]

_SHOWN = 200
_SUFFIXES = (".csv", ".tsv", ".txt", ".json", ".jsonl")


def codings_of(data: bytes, name: str, *, most: int = _SHOWN) -> dict[str, Any]:
    """{"rows": [{id, codes, text}], "left_out": n}: the first rows that hold a coding.

    name is only looked at for its ending. Raises StudioError or FacsTextError for what is no table.
    """
    suffix = PurePosixPath(name.replace("\\", "/")).suffix.lower()
    if suffix not in _SUFFIXES:
        raise StudioError(f"a table ends in one of {', '.join(_SUFFIXES)}")
    rows: list[dict[str, Any]] = []
    left_out = 0
    with tempfile.TemporaryDirectory(prefix="auface-") as folder:
        path = Path(folder) / f"table{suffix}"
        path.write_bytes(data)
        try:
            for row in readers.read(path):
                if len(rows) >= most:
                    break
                coding = row.coding
                if coding is None and row.values and row.kind == "probability":
                    coding = readers.to_coding(row, threshold=0.5)
                if coding is None:
                    left_out += 1
                    continue
                text = describe(resolve(coding), detail="brief").text
                rows.append({"id": row.id, "codes": str(coding), "text": text})
        except FacsTextError as error:
            raise StudioError(str(error).replace(str(path), "the table")) from None
    if not rows:
        raise StudioError("the table holds no row with units that could be read")
    return {"rows": rows, "left_out": left_out}
