"""Codings out of the files that people have, as one row type.

``read(path)`` recognises the format by its column names and yields Row after Row.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from facs_text._errors import FacsTextError
from facs_text.readers import _lines, _openface, _simple
from facs_text.readers._row import Row

__all__ = ["FORMATS", "Row", "read", "sniff"]

_READERS: dict[str, Any] = {
    "codes": _simple.codes,
    "jsonl": _simple.jsonl,
    "openface2": _openface.openface2,
}
FORMATS: tuple[str, ...] = tuple(_READERS)
_OTHER_NAMES = {"openface": "openface2", "json": "jsonl", "csv": "auto", "plain": "codes"}


def sniff(path: str | Path) -> str:
    """Name of the format of a file, from its first lines. FacsTextError when none fits."""
    path = Path(path)
    top = _lines.head(path)
    first = top[0].strip()
    if first.startswith("{"):
        return "jsonl"
    names = {n.strip().strip('"') for n in first.replace("\t", ",").replace(";", ",").split(",")}
    if any(_openface._COLUMN.match(n) for n in names):
        return "openface2"
    if {n.lower() for n in names} & set(_simple.CODE_COLUMNS):
        return "codes"
    try:
        from facs_text._notation import parse

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
    """Rows of a file, streamed.

    format: one of FORMATS, or "auto". on_error: "raise" stops at the first bad row with a
    FacsTextError that names file and line; "skip" goes on, writing the reason to rejects (JSON
    lines) when given. options go to the reader of the format (subject, confidence).
    """
    path = Path(path)
    if on_error not in ("raise", "skip"):
        raise FacsTextError(f"on_error {on_error!r}; expected 'raise' or 'skip'")
    format = _OTHER_NAMES.get(format, format)
    if path.is_dir():
        raise FacsTextError(f"{path}: a folder; name a file")
    if format == "auto":
        format = sniff(path)
    if format not in _READERS:
        raise FacsTextError(f"format {format!r}; expected auto or one of {', '.join(FORMATS)}")
    return _checked(_READERS[format](path, **options), on_error, rejects)


def _checked(
    rows: Iterator[Row | FacsTextError], on_error: str, rejects: str | Path | None
) -> Iterator[Row]:
    import json

    out = None
    try:
        for row in rows:
            if isinstance(row, Row):
                yield row
            elif on_error == "raise":
                raise row
            elif rejects is not None:
                if out is None:
                    out = Path(rejects).open("w", encoding="utf-8")
                out.write(json.dumps({"reason": str(row)}) + "\n")
    finally:
        if out is not None:
            out.close()
