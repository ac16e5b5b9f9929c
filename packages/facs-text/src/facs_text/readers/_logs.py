"""Logs of commercial coders: Noldus FaceReader and iMotions (FACET).

FaceReader's detailed log has lines about the analysis, then a header with Video Time and columns
such as "Action Unit 12 - Lip Corner Puller", one for each side where sides are on. NotActive and
the letters A to E are exact levels of FACS; FIND_FAILED and FIT_FAILED are frames without a face.

iMotions has lines that begin with #, then a header with "AU12 Evidence": log10 of the odds that a
human coder would see the unit, which is a probability of 1 / (1 + 10^-evidence).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from facs_text._coding import LETTERS
from facs_text._errors import FacsTextError
from facs_text.readers._lines import Table, number, stem_of
from facs_text.readers._names import Column, unit_columns
from facs_text.readers._row import Ids, Row, code_of, row_of_values
from facs_text.readers._wide import Tell, framer, tell_unread

__all__ = ["facereader", "imotions", "is_facereader", "is_imotions"]

_LOST = ("find_failed", "fit_failed", "unknown", "no_data", "", "nan", "-")


def is_facereader(line: str) -> bool:
    """Whether a line is the header of a FaceReader log."""
    low = line.lower()
    return "action unit " in low and ("video time" in low or "neutral" in low)


def is_imotions(line: str) -> bool:
    """Whether a line is the header of an iMotions export with FACET's units."""
    return not line.startswith("#") and " evidence" in line.lower() and "au" in line.lower()


def facereader(
    path: Path, *, subject: str = "", tell: Tell = None
) -> Iterator[Row | FacsTextError]:
    """Rows of a FaceReader detailed log. Where a unit has both sides, those are read."""
    table = Table(path, header=is_facereader)
    columns, unread = unit_columns(table.names, where=table.where())
    tell_unread(table, unread, tell)
    if not columns:
        raise FacsTextError(f"{table.where()}: no column named like 'Action Unit 12 - ...'")
    sided = {code_of(c.key) for c in columns if c.key[0] in "LR"}
    columns = [c for c in columns if c.key[0] in "LR" or code_of(c.key) not in sided]
    time = table.at("Video Time", "Time")
    ids = Ids()
    for fields in table.rows():
        if isinstance(fields, FacsTextError):
            yield fields
            continue
        try:
            values, missing = _letters(fields, columns, table)
        except FacsTextError as error:
            yield error
            continue
        when = fields[time].strip() if time is not None else str(table.line)
        extra = {"time": when} if time is not None else {}
        yield row_of_values(
            ids.unlike(f"{stem_of(path)}:{when}"), subject or stem_of(path), None, values,
            "intensity", missing, table.line, extra,
        )  # fmt: skip


def _letters(
    fields: list[str], columns: list[Column], table: Table
) -> tuple[dict[str, float], tuple[str, ...]]:
    values: dict[str, float] = {}
    missing = []
    for column in columns:
        text = fields[column.index].strip()
        if text.lower() in _LOST:
            missing.append(column.key)
        elif text.replace(" ", "").lower() == "notactive":
            values[column.key] = 0.0
        elif len(text) == 1 and text.upper() in LETTERS[1:]:
            values[column.key] = float(LETTERS.index(text.upper()))
        else:
            hint = ""
            if text[:1].isdigit():
                hint = "; export action units as letters, or read it with format 'table'"
            raise FacsTextError(
                f"{table.where()}: {column.key} is {text[:20]!r}; expected NotActive or "
                f"A to E{hint}"
            )
    return values, tuple(missing)


def imotions(path: Path, *, subject: str = "", tell: Tell = None) -> Iterator[Row | FacsTextError]:
    """Rows of an iMotions export with FACET's evidence, one a frame."""
    table = Table(path, header=is_imotions)
    found, unread = unit_columns(table.names, where=table.where())
    columns = [c for c in found if c.block == "evidence"]
    tell_unread(table, unread, tell)
    if not columns:
        raise FacsTextError(f"{table.where()}: no column named like 'AU12 Evidence'")
    frame = framer(
        table, subject=subject, frames=("FrameNo", "FrameIndex"),
        subjects=("Respondent", "Name", "RespondentName"),
    )  # fmt: skip
    faces = table.at("NoOfFaces")
    for fields in table.rows():
        if isinstance(fields, FacsTextError):
            yield fields
            continue
        try:
            where = table.where()
            here = frame(fields)
            seen = faces is None or (number(fields[faces], "NoOfFaces", where) or 0.0) > 0
            odds = [(c.key, number(fields[c.index], c.key, where)) for c in columns]
        except FacsTextError as error:
            yield error
            continue
        values = {
            key: 1.0 / (1.0 + 10.0 ** -min(max(x, -30.0), 30.0))
            for key, x in odds if seen and x is not None
        }  # fmt: skip
        missing = tuple(key for key, _ in odds if key not in values)
        yield row_of_values(
            here.id, here.subject, here.number, values, "probability", missing, table.line
        )
