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
    first = top[0].strip()
    if any(_logs.is_facereader(line) for line in top):
        return "facereader"
    if any(_logs.is_imotions(line) for line in top):
        return "imotions"
    plain = first.replace("\t", ",").replace(";", ",")
    names = [n.strip().strip("\"'").strip() for n in plain.split(",")]
    found = _of_columns(list(dict.fromkeys(names)), first, f"{path}, line 1")
    if found:
        return found
    if _codes.RAF_LINE.fullmatch(first):
        return "rafau"
    numbers = _codes.number_table(path)
    if numbers is not None:
        raise numbers
    for line in top:
        text = line.split("#")[0].strip()
        if text:
            break
    try:
        _codes.notation(text or "0")
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
    if low & {"action units", "action unit"}:
        return "micro"
    if _openface3.COLUMN in low:
        return "openface3"
    if _blendshapes.looks_like(names):
        return "blendshapes"
    if _bp4d.is_occurrence(first):
        return "bp4d"
    return _trackers.tracker_of(names, where) or ""
