"""Files that hold one unit each, frame by frame: joined to rows of all units."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from facs_text._errors import FacsTextError
from facs_text._units import unit
from facs_text.readers._row import Row, row_of_values

__all__ = ["join"]

Lines = Iterator[tuple[int, str, str]]


def join(
    files: list[tuple[str, Path, Lines]],
    name: str,
    subject: str,
    *,
    missing: tuple[str, ...] = ("9", "-1"),
) -> Iterator[Row | FacsTextError]:
    """Rows by frame of one sequence, out of (unit key, file, (line, frame, value) of its lines).

    The files must count the same frames in the same order; a frame that one lacks is missing
    that unit. Values are 0..5.
    """
    for key, _, _ in files:
        unit(key)
    heads: list[tuple[int, int, str] | FacsTextError | None] = [
        _next(rows, path) for _, path, rows in files
    ]
    last = -1
    while True:
        for n, head in enumerate(heads):
            while isinstance(head, FacsTextError):
                yield head
                head = heads[n] = _next(files[n][2], files[n][1])
        frames = [head[1] for head in heads if isinstance(head, tuple)]
        if not frames:
            return
        frame = min(frames)
        if frame <= last:
            found = zip(files, heads, strict=True)
            late = next(f for f, h in found if isinstance(h, tuple) and h[1] == frame)
            yield FacsTextError(f"{late[1]}: frame {frame} comes after frame {last}")
        last = max(last, frame)
        values: dict[str, float] = {}
        gone: list[str] = []
        line = 0
        problem: FacsTextError | None = None
        for n, (key, path, rows) in enumerate(files):
            head = heads[n]
            if not isinstance(head, tuple) or head[1] != frame:
                gone.append(key)
                continue
            line = line or head[0]
            if head[2] in missing or head[2].lower() == "nan" or not head[2]:
                gone.append(key)
            elif head[2] in _LEVELS:
                values[key] = _LEVELS[head[2]]
            else:
                problem = FacsTextError(
                    f"{path}, line {head[0]}: {key} is {head[2][:20]!r}; expected 0 to 5 or 9"
                )
            heads[n] = _next(rows, path)
        if problem is not None:
            yield problem
            continue
        yield row_of_values(
            f"{name}/{frame}", subject, frame, values, "intensity", tuple(gone), line
        )


_LEVELS = {str(n): float(n) for n in range(6)} | {f"{n}.0": float(n) for n in range(6)}


def _next(rows: Lines, path: Path) -> tuple[int, int, str] | FacsTextError | None:
    for line, frame, value in rows:
        if not (frame.isascii() and frame.isdigit() and len(frame) < 12):
            return FacsTextError(f"{path}, line {line}: frame {frame[:20]!r} is not a whole number")
        return line, int(frame), value
    return None
