"""OpenFace tables of hundreds of thousands of frames, by columns.

`facs_text.readers` reads any table and says of each line what is wrong with it, at some 15,000
lines a second. A table of OpenFace is numbers alone, so that all of it can be parsed at once, ten
times as fast. What is not as it should be anywhere in the file (a word, an empty field, a value
out of range, a row cut short) is left to the readers, which name the line: this one gives up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

__all__ = ["Columns", "read_openface"]

Array = NDArray[np.float64]
_UNIT = re.compile(r"AU(\d\d)_([rc])")
_FACE = ("frame", "face_id", "confidence", "success")
_BLOCK = 16 << 20
_ALLOWED = b"0123456789eE+-., \t\r\n"
_MOST = 120
"""Columns; of a wider table (with landmarks) most would be parsed for nothing."""


class Columns:
    """What a table of OpenFace says of M faces: `frames`, `faces` and `sure` (M,), `values` of each
    unit (M,) with NaN where it was not scored, `binary` the units known by presence alone."""

    def __init__(self, names: list[str], numbers: Array) -> None:
        at = {name: k for k, name in enumerate(names)}
        self.frames, self.faces, self.sure = (
            numbers[:, at[name]] for name in ("frame", "face_id", "confidence")
        )
        seen = (numbers[:, at["success"]] > 0) & (self.sure >= 0)
        self.values: dict[str, Array] = {}
        self.binary: set[str] = set()
        self.sound = _whole(self.frames) and _whole(self.faces)
        for name, k in at.items():
            match = _UNIT.fullmatch(name)
            if match is None:
                continue
            unit, kind = f"AU{int(match[1])}", match[2]
            if kind == "c" and f"AU{match[1]}_r" in at:
                continue  # its grade is there, which says more
            value = numbers[:, k].copy()
            self.sound &= _in_range(value, kind)
            if kind == "c":
                self.binary.add(unit)
            value[~seen] = np.nan
            self.values[unit] = value


def _whole(numbers: Array) -> bool:
    return bool((numbers == np.floor(numbers)).all() and (np.abs(numbers) < 2**53).all())


def _in_range(value: Array, kind: str) -> bool:
    """Whether no value needs the readers: grades are clipped to 0..5 from a little beyond."""
    if kind == "c":
        return bool(((value == 0.0) | (value == 1.0)).all())
    fine = bool(((value > -0.5) & (value <= 5.5)).all())
    np.clip(value, 0.0, 5.0, out=value)
    return fine


def read_openface(path: Path) -> Columns | None:
    """The columns of a table of OpenFace 2; None where it is another table or needs the readers."""
    try:
        with path.open("rb") as file:
            names = [name.strip() for name in file.readline(1 << 16).decode("ascii").split(",")]
            if len(names) > _MOST or not set(_FACE) <= set(names) or len(set(names)) < len(names):
                return None
            if not any(_UNIT.fullmatch(name) and name.endswith("_r") for name in names):
                return None
            if any("au" in name.lower() and not _UNIT.fullmatch(name) for name in names):
                return None
            parts = list(_parsed(file, len(names)))
    except (OSError, ValueError):
        return None
    if not parts:
        return None
    found = Columns(names, np.concatenate(parts))
    return found if found.sound else None


def _parsed(file: IO[bytes], width: int) -> Iterator[Array]:
    """Blocks of whole rows (n, width); ValueError where something is no table of numbers."""
    rest = b""
    while True:
        block = file.read(_BLOCK)
        text, rest = rest + block, b""
        if block:
            cut = text.rfind(b"\n") + 1
            if not cut:
                raise ValueError("a line of megabytes")
            text, rest = text[:cut], text[cut:]
        text = text.strip()
        if text:
            yield _numbers(text, width)
        if not block:
            return


def _numbers(text: bytes, width: int) -> Array:
    if text.translate(None, _ALLOWED):
        raise ValueError("something that is no number")
    letters = np.frombuffer(text, np.uint8)
    starts = np.concatenate([[0], np.flatnonzero(letters == ord("\n")) + 1])
    commas = np.add.reduceat(letters == ord(","), starts, dtype=np.int32)
    if not (commas == width - 1).all():
        raise ValueError("a row that is cut short or has too many fields")
    joined = text.replace(b"\r", b"").replace(b"\n", b",")
    # numpy takes a blank between commas for a number.
    if b",," in joined.translate(None, b" \t"):
        raise ValueError("an empty field")
    numbers = np.fromstring(joined.decode("ascii"), dtype=np.float64, sep=",")
    if len(numbers) != len(starts) * width:
        raise ValueError("a field that is no number")
    return numbers.reshape(-1, width)
