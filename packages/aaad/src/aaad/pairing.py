"""Which row of a detector's table is of which picture.

By name where rows carry names; else by order or number of the frames, with the pictures sorted by
path and those at rest counted in. Of several faces in one picture the one that the detector is
surest of is taken.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from aaad.errors import AAADError
from aaad.tables import Table

__all__ = ["Pairs", "pair"]

_SECOND = re.compile(r"#\d+$")
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Pairs:
    """`rows`: of each picture the row of the table, or -1. `several`: pictures with more than one
    face, of which the best was taken."""

    rows: list[int]
    several: int


def pair(
    table: Table, scored: Sequence[Path], everything: Sequence[Path], *, tell: Tell, name: str
) -> Pairs:
    """Rows of `table` for the pictures `scored`, which are some of `everything` (those at rest
    too, sorted). `name` is the table's file, for what is told.

    Raises:
        AAADError: neither names nor counts fit; says both.
    """
    faces = _faces(table)
    found = _by_name(faces, scored)
    if not any(found):
        found = _by_frame(table, faces, scored, everything, tell=tell, name=name)
    several = sum(len(group) > 1 for group in found)
    if several:
        tell(f"{name}: {several} pictures have several faces; the surest was taken of each")
    lacking = sum(not group for group in found)
    if lacking:
        tell(f"{name}: has no row for {lacking} of {len(scored)} pictures")
    return Pairs([_best(table, group) if group else -1 for group in found], several)


def _faces(table: Table) -> dict[str, list[int]]:
    """Rows by what they are called, second faces with the first."""
    out: dict[str, list[int]] = {}
    for k, ident in enumerate(table.ids):
        out.setdefault(_SECOND.sub("", ident), []).append(k)
    return out


def _by_name(faces: dict[str, list[int]], scored: Sequence[Path]) -> list[list[int]]:
    """By the whole path, by folder and name, by name, by stem: the first that fits one alone."""
    keys: dict[tuple[str, ...], list[list[int]]] = {}
    for ident, rows in faces.items():
        for key in _keys(PurePosixPath(ident.replace("\\", "/"))):
            keys.setdefault(key, []).append(rows)
    out: list[list[int]] = []
    for path in scored:
        fits: list[list[int]] = []
        for key in _keys(PurePosixPath(path.resolve().as_posix())):
            fits = keys.get(key, [])
            if fits:
                break
        if len(fits) > 1:
            raise AAADError(
                f"{path}: {len(fits)} pictures in the table have this name; "
                "write names with their folder"
            )
        out.append(fits[0] if fits else [])
    return out


def _keys(path: PurePosixPath) -> list[tuple[str, ...]]:
    parts = path.parts
    keys = [("path", *parts)] if len(parts) > 2 else []
    if len(parts) > 1:
        keys.append(("folder", parts[-2], parts[-1]))
    return [*keys, ("name", path.name), ("stem", path.stem)]


def _by_frame(
    table: Table,
    faces: dict[str, list[int]],
    scored: Sequence[Path],
    everything: Sequence[Path],
    *,
    tell: Tell,
    name: str,
) -> list[list[int]]:
    """By the order of frames, or by the number in the pictures' names."""
    frames: dict[object, list[int]] = {}
    numbered = all(frame is not None for frame in table.frames)
    if numbered:
        for k, frame in enumerate(table.frames):
            frames.setdefault(frame, []).append(k)
        order = [frames[number] for number in sorted(f for f in frames if isinstance(f, int))]
    else:
        order = list(faces.values())
    for pictures in (everything, scored):
        if len(order) == len(pictures):
            rest = "" if len(pictures) == len(scored) else ", those at rest included"
            tell(f"{name}: carries no file names; taken in the order of the sorted pictures{rest}")
            by_path = dict(zip(pictures, order, strict=True))
            return [by_path[path] for path in scored]
    numbers = [_last_number(path) for path in scored]
    if numbered and None not in numbers and set(numbers) <= set(frames):
        tell(f"{name}: carries no file names; frames taken for the numbers in them")
        return [frames[number] for number in numbers]
    raise AAADError(
        f"{name}: none of its {len(order)} pictures or frames has the name of one of the "
        f"{len(scored)} pictures, and their number is not that of all {len(everything)} either"
    )


def _last_number(path: Path) -> int | None:
    found = re.findall(r"\d{1,12}", path.stem)
    return int(found[-1]) if found else None


def _best(table: Table, rows: Sequence[int]) -> int:
    """The face that the source is surest of; unsaid, the one with most units; then the first."""

    def rank(k: int) -> tuple[float, int, int]:
        sure = float(table.sure[k])
        return (-np.inf if np.isnan(sure) else sure, int(table.mask[k].sum()), -k)

    return max(rows, key=rank)
