"""What a process saw, on disk, and the parts of several put together: the same bits as one.

A part is a .npz of plain arrays (nothing is unpickled): pred, rest, target, mask, true, what else
was seen, and the words as one JSON text. A score sorts its rows by what they hold, so neither the
order of the parts nor how many there are changes it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from aaad.errors import AAADError
from aaad.files import whole
from aaad.npz import read_npz
from aaad.seen import Seen

__all__ = ["merge_parts", "part_of_rank", "read_part", "write_part"]

FORMAT = "aaad-part-2"
_MOST = 1 << 34  # bytes of a part; three million pictures
_LISTS = ("files", "codes", "texts", "subjects", "before")
_SHARED = ("columns", "presence", "detector", "ceiling", "about", "true_people")
_EXTRA = "extra."


def part_of_rank(environment: Mapping[str, str]) -> tuple[int, int]:
    """The part (I, N) of a process that torchrun (or mpirun, by the same names) has started.

    Raises:
        AAADError: RANK and WORLD_SIZE are not set, or no rank of so many.
    """
    try:
        rank, count = int(environment["RANK"]), int(environment["WORLD_SIZE"])
    except (KeyError, ValueError):
        raise AAADError(
            "part rank: RANK and WORLD_SIZE are not set; start with torchrun, or say I/N"
        ) from None
    if not 0 <= rank < count:
        raise AAADError(f"part rank: RANK is {rank} of a WORLD_SIZE of {count}")
    return rank + 1, count


def write_part(path: str | Path, seen: Seen, *, part: tuple[int, int]) -> None:
    """Write what was seen in part (I, N) of the pictures."""
    words: dict[str, Any] = {name: getattr(seen, name) for name in (*_LISTS, *_SHARED)}
    words |= {"format": FORMAT, "part": list(part)}
    arrays = {"pred": seen.pred, "target": seen.target, "mask": seen.mask}
    if seen.rest is not None:
        arrays["rest"] = seen.rest
    if seen.true is not None:
        arrays["true"] = seen.true
    arrays |= {f"{_EXTRA}{name}": values for name, values in seen.extra.items()}
    text = np.frombuffer(json.dumps(words).encode("utf-8"), np.uint8)
    with whole(path) as beside, beside.open("wb") as file:
        np.savez(file, words=text, **arrays)  # type: ignore[arg-type]


def read_part(path: str | Path) -> tuple[Seen, tuple[int, int]]:
    """The inverse of `write_part`; an `AAADError` names a file that is none."""
    try:
        arrays = _arrays(Path(path))
        words = json.loads(arrays.pop("words").tobytes().decode("utf-8"))
        if words.get("format") != FORMAT:
            raise AAADError(f"{path}: format is {words.get('format')!r}, wanted {FORMAT!r}")
        first, last = (int(x) for x in words["part"])
        seen = Seen(
            pred=arrays["pred"],
            rest=arrays.get("rest"),
            target=arrays["target"],
            mask=arrays["mask"].astype(bool),
            columns=tuple(words["columns"]),
            presence=tuple(words["presence"]),
            detector=str(words["detector"]),
            ceiling=words["ceiling"],
            extra={
                name.removeprefix(_EXTRA): values
                for name, values in arrays.items()
                if name.startswith(_EXTRA)
            },
            about=dict(words["about"]),
            true=arrays.get("true"),
            true_people=tuple(words["true_people"]),
            **{name: list(words[name]) for name in _LISTS},
        )
    except AAADError:
        raise
    except (
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        OverflowError,
        RecursionError,
    ) as error:
        raise AAADError(f"{path}: is no part of a score ({error})") from None
    _check(path, seen)
    return seen, (first, last)


def _arrays(path: Path) -> dict[str, Any]:
    try:
        return read_npz(path, most=_MOST)
    except AAADError as error:
        raise AAADError(f"{path}: is no part of a score ({error})") from None


def _check(path: str | Path, seen: Seen) -> None:
    """AAADError where lists and arrays are of different shapes, or hold what they should not."""
    rows, columns = len(seen.files), len(seen.columns)
    shapes = {"pred": (rows, columns, 6), "target": (rows, columns, 6), "mask": (rows, columns)}
    if seen.rest is not None:
        shapes["rest"] = (rows, columns, 6)
    for name, shape in shapes.items():
        array = getattr(seen, name)
        if array.shape != shape or array.dtype.kind not in "fb":
            raise AAADError(f"{path}: {name} is {array.dtype} {array.shape}, wanted {shape}")
    for name in _LISTS:
        values = getattr(seen, name)
        kinds = str | None if name == "before" else str
        if len(values) != rows or not all(isinstance(value, kinds) for value in values):
            raise AAADError(f"{path}: {name} must be {rows} texts")
    for name, values in seen.extra.items():
        if len(values) != rows or values.dtype.kind not in "fiub":
            raise AAADError(f"{path}: {name} must be {rows} rows of numbers")
    if not isinstance(seen.ceiling, int | float | None):
        raise AAADError(f"{path}: ceiling is {seen.ceiling!r:.60}")
    if not all(isinstance(name, str) for name in (*seen.columns, *seen.presence)):
        raise AAADError(f"{path}: columns must be names of units")


def merge_parts(paths: Sequence[str | Path]) -> Seen:
    """All parts of one score, in the order of the pictures' paths.

    Raises:
        AAADError: a part is missing or twice there, or they come from different detectors.
    """
    if not paths:
        raise AAADError("no parts to merge")
    read = [read_part(path) for path in paths]
    count = read[0][1][1]
    numbers = sorted(number for _, (number, of) in read if of == count)
    if numbers != list(range(1, count + 1)):
        missing = sorted(set(range(1, count + 1)) - set(numbers))
        said = f"missing {', '.join(map(str, missing))}" if missing else "one is there twice"
        raise AAADError(f"{len(paths)} parts of {count}: {said}")
    parts = [seen for seen, _ in read]
    for name in _SHARED:
        if any(getattr(seen, name) != getattr(parts[0], name) for seen in parts):
            raise AAADError(f"the parts differ in their {name}; see all with the same detector")
    files = [file for seen in parts for file in seen.files]
    order = sorted(range(len(files)), key=files.__getitem__)
    whole_of: dict[str, Any] = {
        name: np.concatenate([getattr(seen, name) for seen in parts])[order]
        for name in ("pred", "target", "mask")
    }
    still = [seen.rest for seen in parts if seen.rest is not None]
    whole_of["rest"] = np.concatenate(still)[order] if len(still) == len(parts) else None
    whole_of["extra"] = {
        name: np.concatenate([seen.extra[name] for seen in parts])[order]
        for name in sorted(parts[0].extra)
        if all(name in seen.extra for seen in parts)
    }
    whole_of["true"] = parts[0].true
    for name in _LISTS:
        values = [x for seen in parts for x in getattr(seen, name)]
        whole_of[name] = [values[i] for i in order]
    return Seen(**whole_of, **{name: getattr(parts[0], name) for name in _SHARED})
