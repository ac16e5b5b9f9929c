"""Distributions from what other detectors have written: OpenFace, py-feat, LibreFace and the like.

The files are read by `facs_text.readers`, by column name. What a number means decides what
becomes of it:

- an intensity 0..5 is a level, split between the two levels around it;
- a presence or a probability p is known at two levels only: 1 - p on absent, p on present. Its
  column is named in `presence`, and only presence is compared;
- a coding is its target.

A unit of which the source does not tell the sides apart has one column, `AU12` instead of `AU12L`
and `AU12R`: what is asked of it is the stronger side. A unit that a source does not know, or could
not score in a frame, is masked out: missing is not absent.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aaad.asked import level_distribution, target
from aaad.columnar import Columns, read_openface
from aaad.columns import COLUMNS, column, unit_of
from aaad.errors import AAADError
from facs_text import readers

__all__ = ["Table", "from_rows", "read_table"]

_KEY = re.compile(r"^(?:AU)?(?P<before>[LRTB])?(?P<code>\d{1,2})(?P<after>[LRTB])?$")
_SCORES = ("FaceScore", "confidence")
"""How sure a source is that it sees a face, best first."""
_OPENFACE = ("auto", "openface", "openface2")


@dataclass(frozen=True)
class Table:
    """What a detector wrote of M faces.

    pred (M, K, 6) float32 and mask (M, K) over `columns`; `presence` names those of which only
    presence is known. Of each row its id, subject, frame (None: not given), and how sure the
    source is of the face (NaN: not said).
    """

    pred: NDArray[np.float32]
    mask: NDArray[np.bool_]
    columns: tuple[str, ...]
    presence: tuple[str, ...]
    ids: tuple[str, ...]
    subjects: tuple[str, ...]
    frames: tuple[int | None, ...]
    sure: NDArray[np.float64]


def read_table(path: str | Path, format: str = "auto", **options: Any) -> Table:
    """Read a detector's file; `format` and options as in `facs_text.readers.read`.

    Raises:
        facs_text.FacsTextError: the file cannot be read; names file and line.
        AAADError: it holds no rows, or values of a kind that is no detection.
    """
    if format in _OPENFACE and not options:
        columns = read_openface(Path(path))
        if columns is not None:
            return _from_columns(columns, Path(path).stem)
    table = from_rows(readers.read(path, format, **options))
    if not table.ids:
        raise AAADError(f"{path}: holds no rows")
    return table


def from_rows(rows: Iterable[readers.Row]) -> Table:
    """Make the table of rows that are read already."""
    found = _Found()
    for row in rows:
        found.add(row)
    return found.table()


class _Found:
    """Rows as they come in: of each unit and side, which rows have which value."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.subjects: list[str] = []
        self.frames: list[int | None] = []
        self.sure = array("d")
        self.codings: dict[int, Any] = {}
        self.values: dict[tuple[str, str], tuple[array[int], array[float]]] = {}
        self.presence: set[str] = set()
        self._places: dict[str, tuple[str, str] | None] = {}

    def add(self, row: readers.Row) -> None:
        """Take in one row."""
        number = len(self.ids)
        self.ids.append(row.id)
        self.subjects.append(row.subject)
        self.frames.append(row.frame)
        self.sure.append(_sure(row))
        if row.kind == "notation":
            if row.coding is not None:
                self.codings[number] = row.coding
            return
        if row.kind not in ("intensity", "presence", "probability"):
            raise AAADError(f"row {row.id}: values of the kind {row.kind!r} are no detection")
        graded = row.kind == "intensity"
        if graded:
            # OpenFace has a grade for some units and only presence for others (28), in one row.
            self.presence.update(f"AU{a.code}" for a in row.coding or () if a.level == 0)
        for key, value in row.values.items():
            place = self._place(key)
            if place is None:
                continue
            if not graded:
                if not 0.0 <= value <= 1.0:
                    raise AAADError(
                        f"row {row.id}: {place[0]} is {value}, wanted a number from 0 to 1"
                    )
                self.presence.add(place[0])
            rows, numbers = self.values.setdefault(place, (array("q"), array("d")))
            rows.append(number)
            numbers.append(value)

    def _place(self, key: str) -> tuple[str, str] | None:
        """("AU12", "L") of L12 and AU12L, ("AU12", "") of AU12 and of one lip."""
        if key not in self._places:
            match = _KEY.match(key)
            place = None
            if match is not None:
                side = match["before"] or match["after"] or ""
                place = f"AU{int(match['code'])}", side if side in "LR" else ""
            self._places[key] = place
        return self._places[key]

    def columns(self) -> tuple[str, ...]:
        """Sided columns for the units that some row has by side, or codes; one for the others."""
        sided = {unit for unit, side in self.values if side}
        out = []
        for name in COLUMNS:
            unit = unit_of(name)
            out.append(name if unit in sided or (self.codings and not self.values) else unit)
        return tuple(dict.fromkeys(out))

    def table(self) -> Table:
        """All of them as arrays."""
        columns, count = self.columns(), len(self.ids)
        presence = tuple(name for name in columns if unit_of(name) in self.presence)
        pred = np.zeros((count, len(columns), 6), np.float32)
        pred[..., 0] = 1.0
        mask = np.zeros((count, len(columns)), bool)
        for a, name in enumerate(columns):
            unit, side = column(name)
            sides = {"left": ("L", ""), "right": ("R", "")}.get(side, ("", "L", "R"))
            strongest = np.full(count, -1.0)
            for place in ((unit, s) for s in sides):
                if place in self.values:
                    rows, numbers = self.values[place]
                    np.maximum.at(strongest, np.asarray(rows), np.asarray(numbers))
            here = strongest >= 0.0
            mask[:, a] = here
            if name in presence:
                p = np.clip(strongest[here], 0.0, 1.0)
                pred[here, a, 0], pred[here, a, 1:] = 1.0 - p, p[:, None] / 5.0
            else:
                pred[here, a] = level_distribution(np.clip(strongest[here], 0.0, 5.0) / 5.0)
        for number, coding in self.codings.items():
            pred[number], mask[number] = target(coding, columns), True
        return Table(
            pred,
            mask,
            columns,
            presence,
            tuple(self.ids),
            tuple(self.subjects),
            tuple(self.frames),
            np.asarray(self.sure),
        )


def _from_columns(found: Columns, stem: str) -> Table:
    """The same table as `from_rows` makes of the readers' rows."""
    columns = tuple(dict.fromkeys(unit_of(name) for name in COLUMNS))
    # As the readers have it, a unit is known by presence alone once it was present.
    present = {u for u in found.binary if bool((found.values[u] == 1.0).any())}
    count = len(found.frames)
    pred = np.zeros((count, len(columns), 6), np.float32)
    pred[..., 0] = 1.0
    mask = np.zeros((count, len(columns)), bool)
    for a, unit in enumerate(columns):
        if unit not in found.values:
            continue
        value = found.values[unit]
        here = mask[:, a] = ~np.isnan(value)
        if unit in present:
            pred[here, a, 0], pred[here, a, 1:] = 1.0 - value[here], value[here, None] / 5.0
        else:
            pred[here, a] = level_distribution(value[here] / 5.0)
    frames = tuple(map(int, found.frames.tolist()))
    ids = tuple(
        f"{stem}/{frame}#{face}" if face else f"{stem}/{frame}"
        for frame, face in zip(frames, map(int, found.faces.tolist()), strict=True)
    )
    return Table(
        pred,
        mask,
        columns,
        tuple(unit for unit in columns if unit in present),
        ids,
        (stem,) * count,
        frames,
        found.sure,
    )


def _sure(row: readers.Row) -> float:
    for name in _SCORES:
        text = row.extra.get(name, "")
        try:
            return float(text)
        except ValueError:
            continue
    return float("nan")
