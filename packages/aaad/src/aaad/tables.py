"""Distributions from what other detectors have written: OpenFace, py-feat, LibreFace and the like.

The files are read by `facs_text.readers`, by column name. What a number means decides what
becomes of it:

- an intensity 0..5 is a level, split between the two levels around it;
- a presence or a probability p puts 1 - p on level 0 and spreads p evenly over A..E, because the
  source says nothing about strength;
- a coding is its target.

A detector that does not tell the sides apart says the same of both. A unit that a source does not
know, or could not score in a frame, is masked out: missing is not absent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facs_text import readers

from .columns import COLUMNS, column
from .errors import AAADError
from .asked import level_distribution, target

__all__ = ["Table", "from_rows", "read_table"]

_KEY = re.compile(r"^(?:AU)?(?P<before>[LRTB])?(?P<code>\d{1,2})(?P<after>[LRTB])?$")
_SIDE = {"L": "left", "R": "right"}


@dataclass(frozen=True)
class Table:
    """pred (N, A, 6), mask (N, A), and of each row its id, subject and frame (None: not given)."""

    pred: NDArray[np.float64]
    mask: NDArray[np.bool_]
    ids: tuple[str, ...]
    subjects: tuple[str, ...]
    frames: tuple[int | None, ...]


def read_table(path: str | Path, format: str = "auto", **options: Any) -> Table:
    """Read a detector's file; `format` and options as in `facs_text.readers.read`.

    Raises:
        facs_text.FacsTextError: the file cannot be read; names file and line.
        AAADError: it holds no rows, or values of a kind that is no detection.
    """
    table = from_rows(readers.read(path, format, **options))
    if not table.ids:
        raise AAADError(f"{path}: holds no rows")
    return table


def from_rows(rows: Iterable[readers.Row]) -> Table:
    """The same from rows that are read already."""
    pred, mask, ids, subjects, frames = [], [], [], [], []
    for row in rows:
        p, m = _row(row)
        pred.append(p)
        mask.append(m)
        ids.append(row.id)
        subjects.append(row.subject)
        frames.append(row.frame)
    shape = (len(ids), len(COLUMNS))
    return Table(
        np.stack(pred) if pred else np.zeros((*shape, 6)),
        np.stack(mask) if mask else np.zeros(shape, bool),
        tuple(ids),
        tuple(subjects),
        tuple(frames),
    )


def _row(row: readers.Row) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    if row.kind == "notation" and row.coding is not None:
        return target(row.coding), np.ones(len(COLUMNS), bool)
    if row.kind not in ("intensity", "presence", "probability"):
        raise AAADError(f"row {row.id}: values of the kind {row.kind!r} are no detection")
    # OpenFace has a grade for some units and only presence for others (28), in one row.
    present_only = {f"AU{a.code}" for a in row.coding or () if a.level == 0}
    found: dict[tuple[str, str], float] = {}
    for key, value in row.values.items():
        match = _KEY.match(key)
        if match is None:
            continue
        side = _SIDE.get(match["before"] or match["after"] or "", "both")
        place = (f"AU{int(match['code'])}", side)
        found[place] = max(value, found.get(place, 0.0))
    pred, mask = np.zeros((len(COLUMNS), 6)), np.zeros(len(COLUMNS), bool)
    pred[:, 0] = 1.0
    for a, name in enumerate(COLUMNS):
        unit, side = column(name)
        sides = (side, "both") if side != "both" else ("both", "left", "right")
        values = [found[unit, s] for s in sides if (unit, s) in found]
        if not values:
            continue
        mask[a] = True
        value = max(values)
        if row.kind == "intensity" and unit not in present_only:
            pred[a] = level_distribution(min(max(value, 0.0), 5.0) / 5.0)
        else:
            if not 0.0 <= value <= 1.0:
                raise AAADError(f"row {row.id}: {unit} is {value}, wanted a number from 0 to 1")
            pred[a, 0], pred[a, 1:] = 1.0 - value, value / 5.0
    return pred, mask
