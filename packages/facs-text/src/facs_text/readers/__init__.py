"""Codings out of the files that people have, as one row type.

``read(path)`` recognises the format by column names or file name, and yields Row after Row.

| format | what | kind | takes a folder |
|---|---|---|---|
| codes | a coding a line, or a table with a column codes | notation | |
| jsonl | JSON objects with codes or aus, a line each or in an array | as said | |
| table | a column a unit: ABAW, DISFA made wide, EmotioNet, own tables | as said | |
| micro | CASME II, SAMM, CAS(ME)3: a column Action Units | notation | |
| rafau | RAF-AU: a picture's name and its coding | notation | |
| openface2 | AUxx_r, AUxx_c | intensity, presence | |
| openface3 | action_units, eight numbers | probability | |
| pyfeat | AUxx | probability | |
| libreface | au_x, au_x_intensity, or what its library returns | intensity, presence | |
| pyafar | Occ_au_x, Int_au_x | probability or intensity | |
| facereader | Action Unit xx, letters | intensity | |
| imotions | AUx Evidence | probability | |
| blendshapes | ARKit or MediaPipe shapes | probability | |
| bp4d, bp4d+ | AU_OCC | presence | yes |
| bp4d_intensity | AU_INT | intensity | yes |
| disfa, disfa+ | one file a unit | intensity | yes |
| ckplus | one file a sequence, its peak | notation | yes |

Files may be gzipped, in UTF-16, have any line ends, semicolons and decimal commas.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from inspect import signature
from pathlib import Path
from typing import Any

from facs_text._coding import Coding
from facs_text._errors import FacsTextError
from facs_text.readers import (
    _blendshapes,
    _bp4d,
    _codes,
    _disfa,
    _json,
    _logs,
    _openface3,
    _table,
    _trackers,
)
from facs_text.readers._rejects import Rejects
from facs_text.readers._row import KINDS, Row, coding_of, round_level
from facs_text.readers._sniff import sniff_file

__all__ = [
    "FORMATS",
    "FRAME_OFFSETS",
    "KINDS",
    "Rejects",
    "Row",
    "read",
    "rows_and_errors",
    "sniff",
    "to_coding",
]


def _libreface(
    path: Path,
    *,
    subject: str = "",
    kind: str = "",
    tell: Callable[[str], None] | None = None,
) -> Iterator[Row | FacsTextError]:
    """LibreFace's table, or what its library returns as JSON."""
    if _json.begins_as_json(path):
        return _json.libreface_json(path, subject=subject, kind=kind)
    return _trackers.libreface(path, subject=subject, kind=kind, tell=tell)


_READERS: dict[str, Any] = {
    "codes": _codes.codes,
    "jsonl": _json.jsonl,
    "table": _table.table,
    "micro": _codes.micro,
    "rafau": _codes.rafau,
    "openface2": _trackers.openface2,
    "openface3": _openface3.openface3,
    "pyfeat": _trackers.pyfeat,
    "libreface": _libreface,
    "pyafar": _trackers.pyafar,
    "facereader": _logs.facereader,
    "imotions": _logs.imotions,
    "blendshapes": _blendshapes.blendshapes,
    "bp4d": _bp4d.bp4d,
    "bp4d+": _bp4d.bp4d,
    "bp4d_intensity": _bp4d.bp4d_intensity,
    "disfa": _disfa.disfa,
    "disfa+": _disfa.disfa_plus,
    "ckplus": _disfa.ckplus,
}
FORMATS: tuple[str, ...] = tuple(_READERS)
_FOLDERS = frozenset(("bp4d", "bp4d+", "bp4d_intensity", "disfa", "disfa+", "ckplus"))
_OTHER_NAMES = {
    "openface": "openface2", "py-feat": "pyfeat", "json": "jsonl", "plain": "codes",
    "arkit": "blendshapes", "mediapipe": "blendshapes", "ck+": "ckplus", "bp4dplus": "bp4d+",
    "disfaplus": "disfa+", "bp4d-intensity": "bp4d_intensity", "casme2": "micro",
    "casme": "micro", "samm": "micro", "casme3": "micro", "raf-au": "rafau", "wide": "table",
    "abaw": "table", "emotionet": "table", "noldus": "facereader", "facet": "imotions",
}  # fmt: skip
# Number of the image that shows an annotated frame, minus the annotation's number. One public
# loader of BP4D+ counts images from one less than the annotation; a corpus build checks it.
FRAME_OFFSETS: Mapping[str, int] = {name: -1 if name == "bp4d+" else 0 for name in FORMATS}


def sniff(path: str | Path) -> str:
    """Name of the format of a file, by its name and first lines. FacsTextError when none fits."""
    path = Path(path)
    if path.is_dir():
        raise FacsTextError(
            f"{path}: a folder; name its format, one of {', '.join(sorted(_FOLDERS))}"
        )
    return sniff_file(path, FORMATS)


def read(
    path: str | Path,
    format: str = "auto",
    *,
    on_error: str = "raise",
    rejects: str | Path | None = None,
    **options: Any,
) -> Iterator[Row]:
    """Rows of a file or folder, streamed.

    format: one of FORMATS, or "auto" (see sniff). on_error: "raise" stops at the first bad row
    with a FacsTextError that names file and line; "skip" reads the next, and lists what was left
    out and why at rejects (see Rejects) when given. tell and options: see rows_and_errors.
    """
    if on_error not in ("raise", "skip"):
        raise FacsTextError(f"on_error {on_error!r}; expected 'raise' or 'skip'")
    return _checked(rows_and_errors(path, format, **options), on_error, rejects, Path(path))


def rows_and_errors(
    path: str | Path,
    format: str = "auto",
    *,
    tell: Callable[[str], None] | None = None,
    fractions: str = "",
    **options: Any,
) -> Iterator[Row | FacsTextError]:
    """Rows of a file or folder, with a FacsTextError in the place of each bad one.

    tell: takes notes, such as a column that looks like a unit and is not read; without it they
    are Python warnings. fractions: "probability" or "intensity", what numbers from 0 to 1 are
    where neither the file nor kind says it. options go to the reader of the format: subject,
    kind (table, jsonl, openface2, libreface, pyafar), columns (table, for a file without a
    header), confidence (openface2) and landmarks (openface2, pyfeat).
    """
    path = Path(path)
    format = _OTHER_NAMES.get(format.lower(), format.lower())
    if format == "auto":
        format = sniff(path)
    if format not in _READERS:
        raise FacsTextError(f"format {format!r}; expected auto or one of {', '.join(FORMATS)}")
    if not path.exists():
        raise FacsTextError(f"{path}: no such file or folder")
    if path.is_dir() and format not in _FOLDERS:
        raise FacsTextError(f"{path}: a folder; {format} reads a file")
    taken = signature(_READERS[format]).parameters
    for name in options:
        if name not in taken or name in ("path", "table"):
            raise FacsTextError(f"format {format!r} takes no option {name!r}")
    if "tell" in taken:
        options["tell"] = tell
    if "fractions" in taken:
        options["fractions"] = fractions
    rows: Iterator[Row | FacsTextError] = _READERS[format](path, **options)
    return rows


def _checked(
    rows: Iterator[Row | FacsTextError], on_error: str, rejects: str | Path | None, source: Path
) -> Iterator[Row]:
    if on_error == "raise" or rejects is None:
        for row in rows:
            if isinstance(row, Row):
                yield row
            elif on_error == "raise":
                raise row
        return
    with Rejects(rejects, source) as left_out:
        for row in rows:
            if isinstance(row, Row):
                yield row
            else:
                left_out.add_error(row)
        left_out.keep()


def to_coding(row: Row, *, threshold: float | None = None, scale: float | None = None) -> Coding:
    """The coding of a row whose values are not one by themselves, on your word.

    threshold: probabilities from it up are presence, without intensity. scale: values times
    scale, rounded, are levels 0..5 (scale=5 for rig activations). Exactly one of them, unless
    the row has a coding already. FacsTextError when nothing in the row was scored.
    """
    if row.coding is not None and threshold is None and scale is None:
        return row.coding
    if not row.values and row.coding is None:
        raise FacsTextError(f"row {row.id} could not be scored; it has no coding")
    if (threshold is None) == (scale is None):
        raise FacsTextError(
            f"row {row.id} holds {row.kind} values; say threshold=... for presence or scale=... "
            "for levels"
        )
    if scale is not None:
        levels = {k: float(round_level(v * scale)) for k, v in row.values.items()}
        found = coding_of(levels, "intensity")
    else:
        assert threshold is not None
        found = coding_of({k: float(v >= threshold) for k, v in row.values.items()}, "presence")
    assert found is not None
    return found
