"""Tables with one column a unit: the part that OpenFace, py-feat, LibreFace, PyAFAR share.

A block is a set of columns of one kind. Values are checked against the range of their kind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from facs_text._errors import FacsTextError
from facs_text._notation import Coding
from facs_text._units import unit
from facs_text.readers._lines import Table, number
from facs_text.readers._row import Row, coding_of

__all__ = ["TOP", "Block", "Frame", "blocks", "value_of", "wide"]

TOP = {"presence": 1.0, "intensity": 5.0, "probability": 1.0}


@dataclass(frozen=True, slots=True)
class Block:
    """Columns of one kind: (unit key, column index) pairs."""

    kind: str
    columns: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Frame:
    """What a row is called and whether its face was seen."""

    id: str
    subject: str
    number: int | None
    seen: bool


def blocks(
    table: Table, name: Callable[[str], tuple[str, str] | None], what: str
) -> dict[str, Block]:
    """Blocks by kind; name maps a column name to (kind, unit number) or None.

    FacsTextError when there is no such column, or one whose number is no unit.
    """
    found: dict[str, list[tuple[str, int]]] = {}
    for i, column in enumerate(table.names):
        match = name(column)
        if match is None:
            continue
        kind, code = match
        try:
            key = f"AU{unit(code).code}"
        except FacsTextError:
            key = "AU0"
        if key == "AU0":
            raise FacsTextError(
                f"{table.where()}: column {column!r} names no unit of FACS; remove or rename it"
            )
        if any(key == other for other, _ in found.get(kind, ())):
            raise FacsTextError(f"{table.where()}: two columns are {key}, one is {column!r}")
        found.setdefault(kind, []).append((key, i))
    if not found:
        raise FacsTextError(
            f"{table.where()}: no column named {what} among {len(table.names)} columns parted by "
            f"{table.delimiter!r}; is it another format, or another delimiter?"
        )
    return {kind: Block(kind, tuple(columns)) for kind, columns in found.items()}


def value_of(text: str, key: str, kind: str, table: Table) -> float | None:
    """A checked value; None when missing (empty, NaN, or -1). Small overshoot is clipped."""
    value = number(text, key, "")
    if value is None or value == -1.0:
        return None
    top = TOP[kind]
    if not -0.5 < value <= top + (0.0 if kind == "presence" else 0.1 * top):
        raise FacsTextError(f"{key} is {text.strip()}; expected 0 to {top:g}")
    if kind == "presence" and value not in (0.0, 1.0):
        raise FacsTextError(f"{key} is {text.strip()}; expected 0 or 1")
    return min(max(value, 0.0), top)


def wide(
    table: Table,
    main: Block,
    frame: Callable[[Sequence[str]], Frame],
    *,
    rest: Block | None = None,
    keep: Mapping[str, int] | None = None,
    landmarks: bool = False,
) -> Iterator[Row | FacsTextError]:
    """Rows of a table. main gives the kind; rest adds units that main does not have.

    landmarks: also read the columns x_0.., y_0.. of the face.
    """
    have = {key for key, _ in main.columns}
    rest_columns = tuple(x for x in rest.columns if x[0] not in have) if rest else ()
    every = (*main.columns, *rest_columns)
    at = [i for _, i in every]
    keys = tuple(key for key, _ in every)
    points = _points(table) if landmarks else []
    keep_items = tuple((keep or {}).items())

    @lru_cache(maxsize=8192)
    def read(
        *texts: str,
    ) -> tuple[Mapping[str, float], tuple[str, ...], Coding | None] | FacsTextError:
        values: dict[str, float] = {}
        missing: list[str] = []
        graded: dict[str, float] = {}
        binary: dict[str, float] = {}
        for n, (key, text) in enumerate(zip(keys, texts, strict=True)):
            kind = main.kind if n < len(main.columns) or rest is None else rest.kind
            try:
                value = value_of(text, key, kind, table)
            except FacsTextError as error:
                return error
            if value is None:
                missing.append(key)
                continue
            values[key] = value
            if kind == main.kind:
                graded[key] = value
            else:
                binary[key] = value
        coding = coding_of(graded, main.kind)
        if coding is not None and binary:
            coding = Coding([*coding, *(coding_of(binary, "presence") or ())])
        return values, tuple(missing), coding

    for fields in table.rows():
        if isinstance(fields, FacsTextError):
            yield fields
            continue
        try:
            here = frame(fields)
        except FacsTextError as error:
            yield error
            continue
        got = read(*[fields[i] for i in at])
        if isinstance(got, FacsTextError):
            yield FacsTextError(f"{table.where()}: {str(got).lstrip(': ')}")
            continue
        values, missing, coding = got if here.seen else ({}, keys, None)
        try:
            where = _where(fields, points, table) if points and here.seen else None
        except FacsTextError as error:
            yield error
            continue
        yield Row(
            here.id, here.subject, here.number, values, main.kind, missing, coding, table.line,
            {name: fields[i].strip() for name, i in keep_items}, where,
        )  # fmt: skip


def _points(table: Table) -> list[tuple[int, int]]:
    """Column indices of x and y of each landmark of the face."""
    at = {name: i for i, name in enumerate(table.names)}
    found: list[tuple[int, int]] = []
    while f"x_{len(found)}" in at and f"y_{len(found)}" in at:
        found.append((at[f"x_{len(found)}"], at[f"y_{len(found)}"]))
    if not found:
        raise FacsTextError(f"{table.where()}: no landmarks (columns x_0, y_0 and so on)")
    return found


def _where(
    fields: Sequence[str], points: list[tuple[int, int]], table: Table
) -> tuple[tuple[float, float], ...] | None:
    found: list[tuple[float, float]] = []
    for i, j in points:
        x = number(fields[i], table.names[i], table.where())
        y = number(fields[j], table.names[j], table.where())
        if x is None or y is None:
            return None
        found.append((x, y))
    return tuple(found)
