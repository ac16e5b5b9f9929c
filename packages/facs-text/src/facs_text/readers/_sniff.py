"""Which format a file is in, by its name and its first lines."""

from __future__ import annotations

from pathlib import Path

from facs_text._errors import FacsTextError
from facs_text.readers import (
    _blendshapes,
    _bp4d,
    _codes,
    _disfa,
    _documents,
    _json,
    _lines,
    _logs,
    _openface3,
    _trackers,
)
from facs_text.readers._names import unit_columns

__all__ = ["sniff_file"]

_PREAMBLE = 60  # lines that a log may have before its header


def sniff_file(path: Path, formats: tuple[str, ...]) -> str:
    """Name of the format of a file. FacsTextError, listing formats, when none fits."""
    named = _by_name(path)
    if named:
        return named
    if _json.begins_as_json(path):
        return _of_json(path)
    top = _lines.head(path, _PREAMBLE)
    if any(_logs.is_facereader(line) for line in top):
        return "facereader"
    if any(_logs.is_imotions(line) for line in top):
        return "imotions"
    return _of_header(path, top) or _of_list(path, top, formats)


def _of_header(path: Path, top: list[str]) -> str:
    """Format of a table by the names of its columns; "" for none."""
    where = f"{path}, line 1"
    first, second = (_fields(line) for line in (top[0], top[1] if len(top) > 1 else ""))
    found = _of_columns(list(dict.fromkeys(first)), top[0].strip(), where)
    if found != "table" or len(unit_columns(list(dict.fromkeys(first)))[0]) < len(first):
        if found:
            return found
        first, second = top[0].split(), top[1].split() if len(top) > 1 else []
    return "table" if _headed(first, second, where) else ""


def _fields(line: str) -> list[str]:
    plain = line.replace("\t", ",").replace(";", ",")
    return [n.strip().strip("\"'").strip() for n in plain.split(",")]


def _headed(names: list[str], values: list[str], where: str) -> bool:
    """Whether names head columns of units with values under them: two codings do not."""
    if len(values) != len(names) or len(set(names)) < len(names):
        return False
    units = unit_columns(names, where=where)[0]
    return bool(units) and not any(values[u.index].strip()[:2].upper() == "AU" for u in units)


def _of_list(path: Path, top: list[str], formats: tuple[str, ...]) -> str:
    """Format of a list of codings. FacsTextError for what is none."""
    first = top[0].strip()
    listed = _codes.RAF_LINE.fullmatch(first)
    if listed is not None:
        _codes.refuse_numbers(listed[2], f"{path}, line 1")
        return "rafau"
    numbers = _codes.number_table(path)
    if numbers is not None:
        raise numbers
    text = next((t for t in (line.split("#")[0].strip() for line in top) if t), "0")
    try:
        _codes.notation(text)
        return "codes"
    except FacsTextError as error:
        said = f" ({error})" if text[:1].isdigit() or text[:2].upper() == "AU" else ""
        raise FacsTextError(
            f"{path}: format not recognised from its first line {first[:80]!r}{said}; "
            f"name it: {', '.join(formats)}"
        ) from None


def _by_name(path: Path) -> str:
    stem = _lines.stem_of(path)
    if _disfa.CK_NAME.fullmatch(stem):
        return "ckplus"
    if _disfa.DISFA_NAME.fullmatch(stem):
        return "disfa"
    if _disfa.DISFA_PLUS_NAME.fullmatch(stem) and ".txt" in path.suffixes:
        return "disfa+"
    return "bp4d_intensity" if _bp4d._UNIT_NAME.fullmatch(stem) else ""


def _of_json(path: Path) -> str:
    data = _documents.first(path)
    if _json.is_libreface(data):
        return "libreface"
    return "blendshapes" if _blendshapes.is_result(data) else "jsonl"


def _of_columns(names: list[str], first: str, where: str) -> str:
    low = {n.lower() for n in names}
    if low & set(_codes.CODE_COLUMNS):
        return "codes"
    if low & {"action units", "action unit"} or (
        "au" in low and any(n.startswith(("onset", "apex")) for n in low)
    ):
        return "micro"
    if _openface3.COLUMN in low:
        return "openface3"
    if _blendshapes.looks_like(names):
        return "blendshapes"
    if _bp4d.is_occurrence(first):
        return "bp4d"
    return _trackers.tracker_of(names, where) or ""
