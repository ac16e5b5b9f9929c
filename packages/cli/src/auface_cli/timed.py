"""A file of timed codings: a time and a coding a line, as text, table or JSON lines.

    0.0  0
    0.4  6C+12D
    1.2  0

Blank lines and lines that begin with # are passed over; so is a first line `time,codes`. A line may
be a JSON object {"time": 0.4, "codes": "6C+12D"} instead.
"""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import click

from facs_text import Coding, FacsTextError, parse

__all__ = ["read_timed"]


def read_timed(path: Path) -> list[tuple[float, Coding]]:
    """(time, coding) of each line, in the file's order; `-` is standard input.

    Raises FacsTextError that names file and line: no time, no notation, or a time that does not
    rise.
    """
    if not path.exists() and str(path) != "-":
        raise FacsTextError(f"{path}: no such file; it holds a time and a coding a line")
    try:
        with click.open_file(str(path), encoding="utf-8") as file:
            lines = file.read().splitlines()
    except (UnicodeDecodeError, IsADirectoryError) as error:
        raise FacsTextError(f"{path}: is no text file ({error})") from None
    found: list[tuple[float, Coding]] = []
    for number, line in enumerate(lines, 1):
        text = line.strip().lstrip("\ufeff")
        header = not found and re.fullmatch(r"time\s*[,;\s]\s*codes", text, re.IGNORECASE)
        if not text or text.startswith("#") or header:
            continue
        try:
            time, coding = _pair(text)
            if found and time <= found[-1][0]:
                raise FacsTextError(f"time {time:g} is not after {found[-1][0]:g}; sort the lines")
        except FacsTextError as error:
            raise FacsTextError(f"{path}, line {number}: {error}") from None
        found.append((time, coding))
    if not found:
        raise FacsTextError(f"{path}: no timed codings; write a time and a coding a line")
    return found


def _pair(text: str) -> tuple[float, Coding]:
    if text.startswith("{"):
        try:
            value = json.loads(text)
            time, codes = value["time"], value["codes"]
        except (ValueError, KeyError, RecursionError) as error:
            raise FacsTextError(
                f'not {{"time": seconds, "codes": "6C+12D"}}: {type(error).__name__} {error}'
            ) from None
    else:
        parts = re.split(r"[,;\s]\s*", text, maxsplit=1)
        if len(parts) != 2:
            raise FacsTextError(f"{text[:40]!r}: a time and a coding, such as 0.4 6C+12D")
        time, codes = parts
        codes = codes.strip().strip('"')
    try:
        seconds = float("nan") if isinstance(time, bool) else float(time)
    except (TypeError, ValueError):
        seconds = math.nan
    if not math.isfinite(seconds):
        raise FacsTextError(f"{time!r:.40} is no time; write seconds, such as 0.4")
    if not isinstance(codes, str):
        raise FacsTextError(f"{codes!r:.40} is no coding; write FACS notation, such as 6C+12D")
    return seconds, parse(codes)
