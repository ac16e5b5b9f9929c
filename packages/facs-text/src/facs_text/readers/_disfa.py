"""DISFA, DISFA+ and CK+ label files.

DISFA, ``ActionUnit_Labels/SN001/SN001_au1.txt``: frame and 0..5 a line, frames from 1, parted by
a comma or blanks. DISFA+, ``Labels/SN001/TRIAL/AU1.txt``: two lines of header, then
``12.jpg   3``. CK+, ``FACS/S005/001/S005_001_00000011_facs.txt``: the peak frame only, a unit and
its intensity a line; intensity 0 there means present and not scored. Given a folder, all
files under it are read and the units of a sequence joined.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from facs_text._coding import Action, Coding
from facs_text._errors import FacsTextError
from facs_text._units import unit
from facs_text.readers._lines import lines, number, stem_of
from facs_text.readers._long import join
from facs_text.readers._row import Row

__all__ = ["CK_NAME", "DISFA_NAME", "DISFA_PLUS_NAME", "ckplus", "disfa", "disfa_plus"]

DISFA_NAME = re.compile(r"(SN\d{3})_au(\d{1,2})", re.IGNORECASE)
DISFA_PLUS_NAME = re.compile(r"AU(\d{1,2})", re.IGNORECASE)
CK_NAME = re.compile(r"(S\d{3})_(\d{3})_(\d{8})_facs", re.IGNORECASE)
_PARTS = re.compile(r"[\s,;]+")


def disfa(path: Path) -> Iterator[Row | FacsTextError]:
    """Intensity rows of a label file, of a subject's folder, or of the folder of all."""
    groups: dict[str, list[tuple[int, Path]]] = {}
    for file in sorted(path.rglob("*.txt")) if path.is_dir() else [path]:
        match = DISFA_NAME.fullmatch(stem_of(file))
        if match:
            groups.setdefault(match[1].upper(), []).append((int(match[2]), file))
    if not groups:
        raise FacsTextError(f"{path}: no label files named like SN001_au1.txt")
    for subject, group in sorted(groups.items()):
        group.sort()
        yield from join([(f"AU{n}", f, _pairs(f)) for n, f in group], subject, subject)


def _pairs(path: Path) -> Iterator[tuple[int, str, str]]:
    for line, text in lines(path):
        fields = _PARTS.split(text.strip())
        if fields != [""]:
            yield line, fields[0], fields[1] if len(fields) > 1 else "?"


def disfa_plus(path: Path) -> Iterator[Row | FacsTextError]:
    """Intensity rows of a label file, of a trial's folder, or of the folder of all."""
    groups: dict[Path, list[tuple[int, Path]]] = {}
    for file in sorted(path.rglob("*.txt")) if path.is_dir() else [path]:
        match = DISFA_PLUS_NAME.fullmatch(stem_of(file))
        if match:
            groups.setdefault(file.parent, []).append((int(match[1]), file))
    if not groups:
        raise FacsTextError(f"{path}: no label files named like AU1.txt")
    for folder, group in sorted(groups.items()):
        group.sort()
        subject = folder.parent.name or folder.name
        name = f"{subject}/{folder.name}"
        yield from join([(f"AU{n}", f, _images(f)) for n, f in group], name, subject)


def _images(path: Path) -> Iterator[tuple[int, str, str]]:
    count = 0
    for line, text in lines(path):
        if not text.strip() or text.lstrip().startswith("#"):
            continue
        count += 1
        fields = _PARTS.split(text.strip())
        stem, dot, _ = fields[0].rpartition(".")
        if dot and len(fields) > 1:
            yield line, stem.lstrip("0") or "0", fields[1]
        elif count > 2:
            yield line, fields[0], "?"


def ckplus(path: Path) -> Iterator[Row | FacsTextError]:
    """One row for each FACS file: the peak frame of a sequence."""
    files = sorted(path.rglob("*_facs.txt")) if path.is_dir() else [path]
    if not files:
        raise FacsTextError(f"{path}: no files named like S005_001_00000011_facs.txt")
    for file in files:
        try:
            yield _ck(file)
        except FacsTextError as error:
            yield error


def _ck(path: Path) -> Row:
    match = CK_NAME.fullmatch(stem_of(path))
    subject = match[1].upper() if match else stem_of(path)
    frame = int(match[3]) if match else None
    ident = f"{subject}/{match[2]}/{match[1]}_{match[2]}_{match[3]}" if match else stem_of(path)
    actions: dict[str, Action] = {}
    for line, text in lines(path):
        fields = text.split()
        if not fields:
            continue
        where = f"{path}, line {line}"
        if len(fields) != 2:
            raise FacsTextError(
                f"{where}: {len(fields)} fields; expected a unit and its intensity "
                "(one field a line is a PSPI score, four are UNBC's)"
            )
        code = number(fields[0], "unit", where)
        level = number(fields[1], "intensity", where)
        if code is None or code != int(code) or level is None or level not in range(6):
            raise FacsTextError(f"{where}: {text.strip()[:40]!r}; expected a unit and 0 to 5")
        try:
            au = unit(str(int(code)))
            if au.code == "0":
                raise FacsTextError("0 is no unit")
        except FacsTextError:
            raise FacsTextError(f"{where}: no unit {int(code)} in FACS") from None
        side = "both" if au.whole else "one"
        actions[au.code] = Action(au.code, side, int(level) if au.graded else 0)
    coding = Coding(actions.values())
    values = {f"AU{a.code}": float(a.level) for a in coding}
    return Row(ident, subject, frame, values, "notation", (), coding, 1)
