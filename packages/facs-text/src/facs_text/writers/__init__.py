"""Rows out to the files that other tools read.

| format | what | takes |
|---|---|---|
| codes | a table of id, subject, frame and FACS notation | codings |
| openface2 | OpenFace 2's table: AUxx_r levels 0..5, AUxx_c presence | codings, intensities |
| blendshapes | Live Link Face's table: ARKit's 52 shapes, 0..1 | codings, shapes |

What a format has no place for (units, sides) is left out and counted, never silently dropped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from facs_text._errors import FacsTextError
from facs_text.files import Whole
from facs_text.readers import Row
from facs_text.writers._blendshapes import LiveLink
from facs_text.writers._openface2 import OpenFace2
from facs_text.writers._plain import PlainCodes

__all__ = ["FORMATS", "WriteReport", "lines", "write"]

_WRITERS: dict[str, Any] = {
    "codes": PlainCodes,
    "openface2": OpenFace2,
    "blendshapes": LiveLink,
}
FORMATS: tuple[str, ...] = tuple(_WRITERS)


@dataclass(slots=True)
class WriteReport:
    """What was written. rows: how many; left_out: rows that could not be scored; lost: in how
    many rows something had no place in the format, by what it was ("AU16", "sides of AU12").
    """

    rows: int = 0
    left_out: int = 0
    lost: Mapping[str, int] = field(default_factory=dict)


def lines(
    rows: Iterable[Row],
    format: str,
    *,
    threshold: float | None = None,
    report: WriteReport | None = None,
) -> Iterator[str]:
    """Lines of a file, their ends included; the header first. report is filled in on the way.

    threshold: probabilities from it up are presence; without it, blendshapes are written as they
    are, and the other formats refuse them with a FacsTextError.
    """
    if format not in _WRITERS:
        raise FacsTextError(f"format {format!r}; expected one of {', '.join(FORMATS)}")
    return _lines(rows, _WRITERS[format](threshold), report or WriteReport())


def _lines(rows: Iterable[Row], writer: Any, report: WriteReport) -> Iterator[str]:
    report.lost = writer.lost
    rows = iter(rows)
    first = next(rows, None)  # what cannot be read is told before anything is written
    yield writer.header() + "\n"
    for row in chain(() if first is None else (first,), rows):
        line = writer.line(row)
        if line is None:
            report.left_out += 1
            continue
        report.rows += 1
        yield line + "\n"


def write(
    rows: Iterable[Row], path: str | Path, format: str, *, threshold: float | None = None
) -> WriteReport:
    """Write rows to a file of a format; it is there whole or not at all."""
    report = WriteReport()
    with Whole(path) as file:
        for line in lines(rows, format, threshold=threshold, report=report):
            file.write(line)
        file.keep()
    return report
