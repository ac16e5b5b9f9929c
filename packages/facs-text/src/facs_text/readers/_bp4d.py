"""BP4D and BP4D+ annotation files.

Occurrence, ``AUCoding/AU_OCC/F001_T1.csv``: the header holds numbers, the first column (named 0)
is the frame, the others are units; 0 absent, 1 present, 9 not coded. Intensity,
``AU_INT/AU06/F001_T1_AU06.csv``: no header, frame and 0..5, 9 not coded; one unit a file.
Given a folder, all files in it are read, and intensity files of one sequence are joined.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from facs_text._coding import Coding
from facs_text._errors import FacsTextError
from facs_text._units import units
from facs_text.readers._lines import Table, lines, stem_of
from facs_text.readers._long import join
from facs_text.readers._row import Row, absent_units, coding_of

__all__ = ["bp4d", "bp4d_intensity", "is_occurrence"]

_NAME = re.compile(r"([FM]\d{3})_(T\d{1,2})", re.IGNORECASE)
_UNIT_NAME = re.compile(r"([FM]\d{3}_T\d{1,2})_AU(\d{1,2})", re.IGNORECASE)

_Said = tuple[dict[str, float], tuple[str, ...], Coding | None, frozenset[str]]


def is_occurrence(first: str) -> bool:
    """Whether a first line is the header of numbers of an occurrence file."""
    names = [n.strip().strip('"') for n in first.split(",")]
    return (
        len(names) > 3
        and all(n.isdigit() for n in names)
        and int(names[0]) == 0
        and (len(set(names)) == len(names) and names[1:3] == ["1", "2"])
    )


def _sequence(path: Path) -> tuple[str, str]:
    match = _NAME.match(stem_of(path))
    return (match[1].upper(), match[2].upper()) if match else (stem_of(path), "")


def bp4d(path: Path) -> Iterator[Row | FacsTextError]:
    """Presence rows of an occurrence file, or of all in a folder."""
    files = sorted(path.rglob("*.csv")) if path.is_dir() else [path]
    if not files:
        raise FacsTextError(f"{path}: no occurrence files (F001_T1.csv and the like) in it")
    for file in files:
        yield from _occurrence(file)


def _occurrence(path: Path) -> Iterator[Row | FacsTextError]:
    subject, task = _sequence(path)
    table = Table(path, ",")
    if not table.names[0].isdigit() or len(table.names) < 2:
        raise FacsTextError(
            f"{table.where()}: expected a header of unit numbers (0,1,2,4,...), "
            f"found {','.join(table.names)[:60]!r}"
        )
    known = {au.code for au in units() if au.kind in ("AU", "AD")}
    at = [(i, f"AU{int(n)}") for i, n in enumerate(table.names)
          if i and n.isdigit() and str(int(n)) in known]  # fmt: skip
    stem = f"{subject}/{task}/" if task else f"{subject}/"

    width = len(table.names)

    @lru_cache(maxsize=8192)
    def read(cells: str) -> _Said | str:
        """What the cells after the frame say; frames mostly repeat the one before."""
        texts = cells.split(",")
        if len(texts) != width - 1:
            return (
                f"{len(texts) + 1} fields under {width} column names; "
                "the row is cut short or has too many"
            )
        values: dict[str, float] = {}
        missing = []
        for i, key in at:
            text = texts[i - 1].strip()
            if text == "0" or text == "1":
                values[key] = float(text)
            elif text in ("9", "-1", "", "999"):
                missing.append(key)
            else:
                return f"{key} is {text[:20]!r}; expected 0, 1 or 9"
        coding = coding_of(values, "presence", missing)
        return values, tuple(missing), coding, absent_units(values, "presence", missing)

    for line, text in table.lines():
        frame, _, cells = text.partition(",")
        frame = frame.strip()
        if not (frame.isascii() and frame.isdigit() and len(frame) < 12):
            yield FacsTextError(f"{path}, line {line}: frame {frame[:20]!r} is not a whole number")
            continue
        got = read(cells)
        if isinstance(got, str):
            yield FacsTextError(f"{path}, line {line}: {got}")
            continue
        values, missing, coding, absent = got
        number = int(frame)
        yield Row(
            f"{stem}{number}", subject, number, values, "presence", missing, coding, line,
            absent=absent,
        )  # fmt: skip


def bp4d_intensity(path: Path) -> Iterator[Row | FacsTextError]:
    """Intensity rows of one file, or of a folder with the units of each sequence joined."""
    if not path.is_dir():
        files = {stem_of(path): [path]}
    else:
        files = {}
        for file in sorted(path.rglob("*.csv")):
            match = _UNIT_NAME.fullmatch(stem_of(file))
            if match:
                files.setdefault(match[1].upper(), []).append(file)
    if not files:
        raise FacsTextError(f"{path}: no intensity files (F001_T1_AU06.csv and the like) in it")
    for name, group in sorted(files.items()):
        subject, task = _sequence(Path(name + ".csv"))
        yield from join(
            [(_key(f), f, _long(f)) for f in group], f"{subject}/{task}".rstrip("/"), subject
        )


def _key(path: Path) -> str:
    match = _UNIT_NAME.fullmatch(stem_of(path))
    if not match:
        raise FacsTextError(
            f"{path}: the name does not say the unit; expected a name such as F001_T1_AU06.csv"
        )
    return f"AU{int(match[2])}"


def _long(path: Path) -> Iterator[tuple[int, str, str]]:
    for line, text in lines(path):
        if text.strip():
            frame, _, value = text.partition(",")
            yield line, frame.strip(), value.strip()
