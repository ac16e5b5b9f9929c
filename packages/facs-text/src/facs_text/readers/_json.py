"""Rows out of JSON: an object a line, an array of objects, or one object.

An object holds "codes" as FACS notation, or "aus" as an object from unit to number or letter;
id, subject, frame alike. What LibreFace's library returns, detected_aus and au_intensities, is
read as its table is.

Numbers in "aus" are of the kind that the object says ("kind": "intensity"), that the caller
says, or that the file shows: one above 1 makes them levels 0..5, nothing but 0 and 1 presence;
fractions up to 1 may be probabilities as well, and are asked about.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from facs_text._coding import LETTERS
from facs_text._errors import FacsTextError
from facs_text.readers._codes import CODE_COLUMNS, ID_COLUMNS, notation_row, unit_key
from facs_text.readers._documents import values
from facs_text.readers._lines import start, stem_of
from facs_text.readers._names import unit_columns
from facs_text.readers._row import NUMBERS, OVER_ONE, Ids, Row, row_of_values
from facs_text.readers._table import ask_kind, check_kind
from facs_text.readers._wide import PICTURE

__all__ = ["JSON_IDS", "begins_as_json", "is_libreface", "jsonl", "libreface_json", "name_of"]

JSON_IDS = (*ID_COLUMNS, "image_path", "filename", "file")
_LIBREFACE = ("detected_aus", "au_intensities")


def name_of(data: Mapping[str, Any], path: Path, number: int) -> tuple[str, str, int | None]:
    """(id, subject, frame) of the number-th object of a file, from 1."""
    frame = _frame(data.get("frame", data.get("frame_idx", data.get("frame_index"))))
    key = next((k for k in JSON_IDS if data.get(k) not in (None, "")), None)
    subject = str(data.get("subject", ""))
    if key is not None:
        ident = str(data[key])
    else:
        ident = f"{stem_of(path)}:{number}" if frame is None else subject or stem_of(path)
    if key != "id" and frame is not None and not PICTURE.search(ident):
        ident += f"/{frame}"  # a video's
    return ident, subject, frame


def _frame(value: Any) -> int | None:
    if value is None or value == "":
        return None
    try:
        if isinstance(value, bool) or float(value) != int(float(value)):
            raise ValueError
        return int(float(value))
    except (TypeError, ValueError, OverflowError):
        raise FacsTextError(f"frame {value!r} is not a whole number") from None


def jsonl(path: Path, *, kind: str = "", fractions: str = "") -> Iterator[Row | FacsTextError]:
    """Rows of a JSON file. kind: what numbers in "aus" are. fractions: what they are where they
    are all 0 to 1 and do not show it.
    """
    known = check_kind(kind)
    ids = Ids()
    shown: str | None = None
    for number, (line, data) in enumerate(values(path), 1):
        if isinstance(data, FacsTextError):
            yield data
            continue
        try:
            if not isinstance(data, dict):
                raise FacsTextError("expected a JSON object")
            numbers = _numbers(data)
            said = data.get("kind") if data.get("kind") in NUMBERS else known
            if numbers and not said:
                shown = _kind(path) if shown is None else shown
                said = shown or check_kind(fractions)
                if not said:
                    raise ask_kind("'aus'")
            name = name_of(data, path, number)
            yield _row(data, said or "intensity", name, line, ids)
        except (ValueError, RecursionError) as error:
            yield FacsTextError(f"{path}, line {line}: {error}")


def _aus(data: Mapping[str, Any]) -> Any:
    return data.get("aus", data.get("AUs"))


def _numbers(data: Mapping[str, Any]) -> list[float]:
    """The numbers that "aus" gives units, where they are what the row is read from."""
    aus = _aus(data)
    if not isinstance(aus, dict) or any(isinstance(data.get(k), str) for k in CODE_COLUMNS):
        return []
    return [v for v in aus.values() if isinstance(v, int | float) and not isinstance(v, bool)]


def _kind(path: Path) -> str:
    """What the numbers of the file show; "" when they may be two kinds."""
    fractions = False
    for _, data in values(path):
        if not isinstance(data, dict) or data.get("kind") in NUMBERS:
            continue
        for value in _numbers(data):
            if value > OVER_ONE:
                return "intensity"
            fractions = fractions or value not in (-1, 0, 1)
    return "" if fractions else "presence"


def _row(
    data: Mapping[str, Any], kind: str, called: tuple[str, str, int | None], line: int, ids: Ids
) -> Row:
    ident, subject, frame = called
    ident = ids.unlike(ident)
    used = {*JSON_IDS, *CODE_COLUMNS, "AUs", "subject", "frame"}
    extra = {str(k): v if isinstance(v, str) else json.dumps(v) for k, v in data.items()
             if k not in used}  # fmt: skip
    if "file_name" in data and str(data["file_name"]) != ident:
        extra["file_name"] = str(data["file_name"])
    said = next((data[k] for k in CODE_COLUMNS if isinstance(data.get(k), str)), None)
    if said is not None:
        return notation_row(said, ident, subject, frame, line, extra)
    aus = _aus(data)
    if isinstance(aus, list):
        if not all(isinstance(x, str) for x in aus):
            raise FacsTextError("'aus' is a list of something else than codes such as 'AU12'")
        return notation_row("+".join(aus) or "0", ident, subject, frame, line, extra)
    if not isinstance(aus, dict):
        raise FacsTextError("no 'codes' (FACS notation) and no 'aus' (unit to level) in the object")
    found: dict[str, float] = {}
    missing = []
    for name, level in aus.items():
        key = unit_key(str(name))
        if key is None:
            raise FacsTextError(
                f"{str(name)[:40]!r} in 'aus' is not a unit such as 'AU12' or 'L12'"
            )
        value = None if level is None else _level(level, key, kind)
        if value is None:
            missing.append(key)
        else:
            found[key] = value
    return row_of_values(ident, subject, frame, found, kind, tuple(missing), line, extra)


def _level(value: Any, key: str, kind: str) -> float | None:
    """A checked number of a kind; letters are levels. None when it is missing (-1, NaN)."""
    if isinstance(value, str) and len(value) == 1 and value.upper() in LETTERS[1:]:
        if kind != "intensity":
            raise FacsTextError(f"{key} is {value!r}; expected a number of kind {kind}")
        return float(LETTERS.index(value.upper()))
    top = 5 if kind == "intensity" else 1
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise FacsTextError(f"{key} is {value!r:.40}; expected 0 to {top} or a letter A to E")
    if value == -1 or value != value:
        return None
    if not 0 <= value <= top * 1.05 or (kind == "presence" and value not in (0, 1)):
        wanted = "0 or 1" if kind == "presence" else f"0 to {top}"
        letter = " or a letter A to E" if kind == "intensity" else ""
        raise FacsTextError(f"{key} is {value!r:.40}; expected {wanted}{letter}")
    return min(float(value), float(top))


def begins_as_json(path: Path) -> bool:
    """Whether the first sign of a file is a brace or a bracket."""
    return start(path).lstrip()[:1] in ("{", "[")


def is_libreface(data: Any) -> bool:
    """Whether a JSON value is what LibreFace's library returns."""
    return isinstance(data, dict) and any(isinstance(data.get(k), dict) for k in _LIBREFACE)


def libreface_json(
    path: Path, *, subject: str = "", kind: str = ""
) -> Iterator[Row | FacsTextError]:
    """Rows of what LibreFace's library returns, as JSON: intensities lead, presence adds."""
    ids = Ids()
    for number, (line, data) in enumerate(values(path), 1):
        if isinstance(data, FacsTextError):
            yield data
            continue
        try:
            if not is_libreface(data):
                raise FacsTextError(f"no {' or '.join(_LIBREFACE)} in the object")
            ident, who, frame = name_of(data, path, number)
            yield _libreface(
                data, ids.unlike(ident), subject or who or stem_of(path), frame, line, kind
            )
        except (ValueError, RecursionError) as error:
            yield FacsTextError(f"{path}, line {line}: {error}")


def _libreface(
    data: Mapping[str, Any], ident: str, subject: str, frame: int | None, line: int, kind: str
) -> Row:
    blocks: dict[str, dict[str, float]] = {}
    missing: list[str] = []
    for name, said in zip(_LIBREFACE, ("presence", "intensity"), strict=True):
        cells = {str(k): v for k, v in (data.get(name) or {}).items()}
        names = list(cells)
        for column in unit_columns(names, where=name)[0]:
            raw = cells[names[column.index]]
            value = None if raw is None else _level(raw, column.key, said)
            if value is None:
                missing.append(column.key)
            else:
                blocks.setdefault(said, {})[column.key] = value
    graded = blocks.get("intensity", {}) if kind != "presence" else {}
    binary = {k: v for k, v in blocks.get("presence", {}).items() if k not in graded}
    gone = tuple(k for k in dict.fromkeys(missing) if k not in graded and k not in binary)
    said = "intensity" if graded else "presence"
    return row_of_values(ident, subject, frame, graded, said, gone, line, binary=binary)
