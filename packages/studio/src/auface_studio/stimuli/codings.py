"""The codings of a design: its [[coding]] tables, and the rows of a table beside it."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path, PurePosixPath
from typing import Any

from auface_studio.errors import StudioError
from auface_studio.stimuli.values import line_of_text, only_keys
from facs_text import Coding, FacsTextError, parse, preset, understand

__all__ = ["parse_table", "read_codings", "read_table_beside"]

_CODING = {"name", "codes", "text", "preset"}


def read_codings(rows: Any) -> list[tuple[str, Coding]]:
    """Names and codings of the [[coding]] tables. Raises StudioError that says which is wrong."""
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise StudioError("codings are written as [[coding]] tables")
    found = []
    for n, row in enumerate(rows, 1):
        where = f"coding {n}"
        only_keys(row, _CODING, where)
        ways = [key for key in ("codes", "text", "preset") if row.get(key) is not None]
        if len(ways) != 1 or not isinstance(row[ways[0]], str):
            raise StudioError(f"{where}: give one of codes, text and preset, as text")
        value = row[ways[0]]
        try:
            coding = _coding(ways[0], value)
        except FacsTextError as error:
            raise StudioError(f"{where}: {error}") from None
        name = row.get("name", value if ways[0] == "preset" else str(coding))
        found.append((_name(name, where), coding))
    return found


def _coding(way: str, value: str) -> Coding:
    if way == "codes":
        return parse(value)
    if way == "preset":
        return preset(value).coding
    understood = understand(value)
    if understood.unparsed:
        spans = ", ".join(repr(s.text) for s in understood.unparsed)
        raise StudioError(f"not understood: {spans}; say it otherwise, or give codes")
    return understood.coding


def read_table_beside(name: Any, folder: Path | None) -> list[tuple[str, Coding]]:
    """Names and codings of the table `name`, which lies in the design's folder and nowhere else.

    Raises StudioError that names it; folder is None where the design is no file.
    """
    if not isinstance(name, str) or folder is None:
        raise StudioError("table names a file beside the design; here, paste its rows instead")
    parts = PurePosixPath(name.replace("\\", "/"))
    if parts.is_absolute() or ".." in parts.parts or ":" in name:
        raise StudioError(f"table {name!r} leads out of the design's folder; put it beside it")
    path = folder / parts
    if not path.resolve().is_relative_to(folder.resolve()):
        raise StudioError(f"table {name!r} leads out of the design's folder; put it beside it")
    try:
        return parse_table(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise StudioError(f"table {name!r}: {error.strerror}") from None
    except (StudioError, UnicodeDecodeError) as error:
        raise StudioError(f"table {name!r}: {error}") from None


def parse_table(text: str) -> list[tuple[str, Coding]]:
    """Rows of a pasted table: columns name and codes by their heads, or codes alone, a line each.

    Commas, semicolons or tabs part columns. Raises StudioError that names the line.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        return []
    heads = [h.strip().lower() for h in re.split(r"[,;\t]", lines[0])]
    if "codes" not in heads:
        return [_row("", line, n) for n, line in enumerate(lines, 1)]
    mark = next((m for m in "\t;," if m in lines[0]), ",")
    rows = csv.DictReader(io.StringIO("\n".join([mark.join(heads), *lines[1:]])), delimiter=mark)
    try:
        read = [(row.get("name") or "", row.get("codes") or "") for row in rows]
    except csv.Error as error:
        raise StudioError(f"line {rows.line_num}: {error}") from None
    return [_row(name, codes, line) for line, (name, codes) in enumerate(read, 2)]


def _row(name: str, codes: str, line: int) -> tuple[str, Coding]:
    try:
        coding = parse(codes)
    except FacsTextError as error:
        raise StudioError(f"line {line}: {error}") from None
    return _name(name or str(coding), f"line {line}"), coding


def _name(value: Any, where: str) -> str:
    text = line_of_text(value, f"{where}: name")
    if not re.search(r"[A-Za-z0-9]", text):
        raise StudioError(f"{where}: name {text!r} has no letter or digit")
    return text
