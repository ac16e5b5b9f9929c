"""Plain codes and JSON lines.

Plain codes: one coding a line ("1C+4D"), or a table with a column named codes (also coding,
facs, aus) and any of id, file_name, subject, frame. JSON lines: objects with "codes" as FACS
notation, or "aus" as an object from unit to level 0..5 or letter; id, subject, frame alike.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from facs_text._errors import FacsTextError
from facs_text._notation import LETTERS, Coding, parse
from facs_text.readers._lines import Table, lines
from facs_text.readers._row import Row, coding_of

__all__ = ["CODE_COLUMNS", "ID_COLUMNS", "codes", "jsonl", "unit_key"]

CODE_COLUMNS = ("codes", "coding", "facs", "aus")
ID_COLUMNS = ("id", "file_name", "image", "path", "name")


def unit_key(name: str) -> str | None:
    """The key a column or field name means: "AU12", "L12", "T28"; None when it is no unit."""
    try:
        actions = list(parse(name))
    except FacsTextError:
        return None
    if len(actions) != 1 or actions[0].level or actions[0].doubt:
        return None
    action = actions[0]
    prefix = {"both": "AU", "left": "L", "right": "R", "top": "T", "bottom": "B"}.get(action.side)
    return None if prefix is None else prefix + action.code


def notation_row(
    coding: Coding, ident: str, subject: str, frame: int | None, line: int, extra: dict[str, str]
) -> Row:
    """Row of a coding written as notation. values are levels, 0 where not scored."""
    short = {"left": "L", "right": "R", "top": "T", "bottom": "B", "both": "AU"}
    values = {f"{short[a.side]}{a.code}": float(a.level) for a in coding if a.side in short}
    return Row(ident, subject, frame, values, "notation", (), coding, line, extra)


def codes(path: Path, table: bool | None = None) -> Iterator[Row | FacsTextError]:
    """Rows of a file of codings. table: whether it has a header; None looks at the first line."""
    if table is None:
        table = False
        for _, text in lines(path):
            if text.strip():
                names = {n.strip().strip('"').lower() for n in _cells(text)}
                table = bool(names & set(CODE_COLUMNS))
                break
    if table:
        yield from _code_table(path)
        return
    empty = True
    for line, text in lines(path):
        text = text.split("#")[0].strip()
        if not text:
            continue
        empty = False
        try:
            coding = parse(text)
        except FacsTextError as error:
            yield FacsTextError(f"{path}, line {line}: {error}")
            continue
        yield notation_row(coding, f"{path.stem}:{line}", "", None, line, {})
    if empty:
        raise FacsTextError(f"{path}: empty file; expected one coding a line")


def _cells(text: str) -> list[str]:
    return text.replace("\t", ",").replace(";", ",").split(",")


def _code_table(path: Path) -> Iterator[Row | FacsTextError]:
    table = Table(path)
    names = [n.lower() for n in table.names]
    at = next(names.index(n) for n in CODE_COLUMNS if n in names)
    ident = next((names.index(n) for n in ID_COLUMNS if n in names), None)
    subject = names.index("subject") if "subject" in names else None
    frame = names.index("frame") if "frame" in names else None
    used = {at, ident, subject, frame}
    for fields in table.rows():
        if isinstance(fields, FacsTextError):
            yield fields
            continue
        try:
            coding = parse(fields[at])
            number = _frame(fields[frame].strip()) if frame is not None else None
        except FacsTextError as error:
            yield FacsTextError(f"{table.where()}: {error}")
            continue
        extra = {n: fields[i] for i, n in enumerate(table.names) if i not in used}
        yield notation_row(
            coding,
            fields[ident].strip() if ident is not None else f"{path.stem}:{table.line}",
            fields[subject].strip() if subject is not None else "",
            number, table.line, extra,
        )  # fmt: skip


def _frame(value: Any) -> int | None:
    if value is None or value == "":
        return None
    try:
        if isinstance(value, bool) or float(value) != int(float(value)):
            raise ValueError
        return int(float(value))
    except (TypeError, ValueError, OverflowError):
        raise FacsTextError(f"frame {value!r} is not a whole number") from None


def jsonl(path: Path) -> Iterator[Row | FacsTextError]:
    """Rows of a JSON lines file."""
    empty = True
    for line, text in lines(path):
        if not text.strip():
            continue
        empty = False
        try:
            yield _json_row(json.loads(text), path, line)
        except (ValueError, RecursionError) as error:
            yield FacsTextError(f"{path}, line {line}: {error}")
    if empty:
        raise FacsTextError(f"{path}: empty file; expected one JSON object a line")


def _json_row(data: Any, path: Path, line: int) -> Row:
    if not isinstance(data, dict):
        raise FacsTextError("expected a JSON object")
    ident = next((str(data[k]) for k in ID_COLUMNS if k in data), f"{path.stem}:{line}")
    subject = str(data.get("subject", ""))
    frame = _frame(data.get("frame"))
    used = {*ID_COLUMNS, *CODE_COLUMNS, "subject", "frame"}
    extra = {str(k): v if isinstance(v, str) else json.dumps(v) for k, v in data.items()
             if k not in used}  # fmt: skip
    said = next((data[k] for k in CODE_COLUMNS if isinstance(data.get(k), str)), None)
    if said is not None:
        return notation_row(parse(said), ident, subject, frame, line, extra)
    aus = data.get("aus", data.get("AUs"))
    if isinstance(aus, list):
        if not all(isinstance(x, str) for x in aus):
            raise FacsTextError("'aus' is a list of something else than codes such as 'AU12'")
        coding = parse("+".join(aus) or "0")
        return notation_row(coding, ident, subject, frame, line, extra)
    if not isinstance(aus, dict):
        raise FacsTextError("no 'codes' (FACS notation) and no 'aus' (unit to level) in the object")
    values, missing = {}, []
    for name, level in aus.items():
        key = unit_key(str(name))
        if key is None:
            raise FacsTextError(
                f"{str(name)[:40]!r} in 'aus' is not a unit such as 'AU12' or 'L12'"
            )
        if level is None:
            missing.append(key)
        else:
            values[key] = _level(level, key)
    return Row(
        ident, subject, frame, values, "intensity", tuple(missing), coding_of(values, "intensity"),
        line, extra,
    )  # fmt: skip


def _level(value: Any, key: str) -> float:
    if isinstance(value, str) and len(value) == 1 and value.upper() in LETTERS[1:]:
        return float(LETTERS.index(value.upper()))
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 5:
        raise FacsTextError(f"{key} is {value!r}; expected 0 to 5 or a letter A to E")
    return float(value)
