"""Landmarks that others have found: by the name of the picture."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from aaad.errors import AAADError
from aaad.points import checked_points
from facs_text import readers

__all__ = ["read_landmarks"]


def read_landmarks(path: str | Path, format: str = "auto") -> dict[str, NDArray[np.float64]]:
    """(68, 2) pixels by file name and by its stem, the first face of each.

    `path`: JSON lines with `file_name` and `landmarks` (a corpus's metadata.jsonl), or a table of
    OpenFace or py-feat with x_0, y_0 and so on, read by `facs_text.readers`.

    Raises:
        AAADError: a line that cannot be read, or a file without landmarks; names file and line.
        facs_text.FacsTextError: a table that cannot be read.
    """
    place = Path(path)
    if not place.is_file():
        raise AAADError(f"{place}: no such file")
    found: dict[str, NDArray[np.float64]] = {}
    lines = (
        _lines(place)
        if place.suffix.lower() in (".json", ".jsonl", ".ndjson")
        else _rows(place, format)
    )
    for name, points in lines:
        base = PurePosixPath(name.replace("\\", "/")).name
        for key in (base, PurePosixPath(base).stem):
            found.setdefault(key, points)
    if not found:
        raise AAADError(f"{place}: holds no landmarks")
    return found


def _lines(path: Path) -> list[tuple[str, NDArray[np.float64]]]:
    out = []
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            name, points = row["file_name"], row["landmarks"]
        except (ValueError, KeyError, TypeError) as error:
            raise AAADError(
                f"{path}, line {number}: wanted file_name and landmarks ({error})"
            ) from None
        out.append((str(name), checked_points(points, f"{path}, line {number}: landmarks")))
    return out


def _rows(path: Path, format: str) -> list[tuple[str, NDArray[np.float64]]]:
    out = []
    for row in readers.read(path, format, landmarks=True):
        if row.landmarks is not None:
            out.append((row.id, checked_points(row.landmarks, f"{path}, line {row.line}")))
    return out
