"""Tables with one column a unit: the part that OpenFace, py-feat, LibreFace, PyAFAR share.

A block is a set of columns of one kind. Values are checked against the range of their kind.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from facs_text._coding import Coding
from facs_text._errors import FacsTextError
from facs_text.readers._lines import Table, number, stem_of, whole
from facs_text.readers._names import Column, said_unread
from facs_text.readers._row import Ids, Row, absent_units, coding_of

__all__ = ["PICTURE", "TOP", "Block", "Frame", "Tell", "blocks", "framer", "keep", "tell_unread",
           "value_of", "wide"]  # fmt: skip

TOP = {"presence": 1.0, "intensity": 5.0, "probability": 1.0}
PICTURE = re.compile(r"\.(jpe?g|png|bmp|webp|tiff?|gif|heic|pgm|ppm)$", re.IGNORECASE)
Tell = Callable[[str], None] | None


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


def tell_unread(table: Table, unread: Sequence[str], tell: Tell) -> None:
    """Say which columns look like units and are not read: to tell, else as a Python warning."""
    if not unread:
        return
    said = said_unread(table.where(), unread)
    if tell is not None:
        tell(said)
    else:
        warnings.warn(said, stacklevel=2)


def blocks(table: Table, columns: Sequence[Column], what: str) -> dict[str, Block]:
    """Blocks of columns by what their names say of their values.

    FacsTextError, naming what was looked for, when there are none.
    """
    found: dict[str, list[tuple[str, int]]] = {}
    for column in columns:
        found.setdefault(column.block, []).append((column.key, column.index))
    if not found:
        raise FacsTextError(
            f"{table.where()}: no column named {what} among {len(table.names)} columns parted by "
            f"{table.delimiter!r}; is it another format, or another delimiter?"
        )
    return {kind: Block(kind, tuple(pairs)) for kind, pairs in found.items()}


def value_of(text: str, key: str, kind: str, gone: frozenset[float]) -> float | None:
    """A checked value; None when it is missing: empty, NaN, or one of gone.

    Small overshoot is clipped.
    """
    value = number(text, key, "")
    if value is None or value in gone:
        return None
    top = TOP[kind]
    if not -0.5 < value <= top + (0.0 if kind == "presence" else 0.1 * top):
        raise FacsTextError(f"{key} is {text.strip()}; expected 0 to {top:g}")
    if kind == "presence" and value not in (0.0, 1.0):
        raise FacsTextError(f"{key} is {text.strip()}; expected 0 or 1")
    return min(max(value, 0.0), top)


def framer(
    table: Table,
    *,
    subject: str,
    frames: Sequence[str],
    faces: Sequence[str] = (),
    files: Sequence[str] = (),
    subjects: Sequence[str] = (),
    success: str = "",
    confidence: str = "",
    sure: float = 0.0,
) -> Callable[[Sequence[str]], Frame]:
    """What names a row of a table and says whether its face was seen.

    The row is called by its picture where a column of files names one, by the video and the
    frame where that column names a video, by a column id as it stands, and by the table and the
    frame or line otherwise.
    """
    frame, face, file = table.at(*frames), table.at(*faces), table.at(*files)
    who = table.at(*subjects)
    ok = table.at(success) if success else None
    trust = table.at(confidence) if confidence else None
    exact = file is not None and table.names[file].lower() == "id"
    stem = stem_of(table.path)
    ids = Ids()

    def name(fields: Sequence[str]) -> Frame:
        where = table.where()
        index = whole(fields[frame], table.names[frame], where) if frame is not None else None
        ident = _unquoted(fields[file].strip()) if file is not None else ""
        if not ident:
            ident = f"{stem}/{index}" if index is not None else f"{stem}:{table.line}"
        elif index is not None and not exact and not PICTURE.search(ident):
            ident += f"/{index}"
        number_of_face = _face(fields[face]) if face is not None and not exact else ""
        if number_of_face:
            ident += f"#{number_of_face}"
        elif file is not None or face is None:
            ident = ids.unlike(ident)
        seen = ok is None or (number(fields[ok], success, where) or 0.0) > 0
        if seen and trust is not None:
            certain = number(fields[trust], confidence, where)
            seen = certain is not None and certain >= sure
        person = fields[who].strip() if who is not None else ""
        return Frame(ident, subject or person or stem, index, seen)

    return name


def _unquoted(text: str) -> str:
    """Text without a pair of quotes around it."""
    quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "'\""
    return text[1:-1] if quoted else text


def _face(text: str) -> str:
    """Number or name of a face within its frame; empty for the first."""
    text = text.strip()
    if text.endswith(".0"):
        text = text[:-2]
    return "" if text.lower() in ("", "0", "nan") else text


def keep(table: Table, *names: str) -> dict[str, int]:
    """Columns that a reader passes on as they are."""
    return {n: i for i, n in enumerate(table.names) if n in names}


def wide(
    table: Table,
    main: Block,
    frame: Callable[[Sequence[str]], Frame],
    *,
    rest: Block | None = None,
    gone: Sequence[float] = (-1.0,),
    keep: Mapping[str, int] | None = None,
    landmarks: bool = False,
) -> Iterator[Row | FacsTextError]:
    """Rows of a table. main gives the kind; rest adds units that main lacks or has no value of.

    gone: values that mean that a unit was not scored. landmarks: also read the columns x_0..,
    y_0.. of the face.
    """
    read = _reader(main, rest, frozenset(gone))
    keys = tuple(dict.fromkeys(key for b in (main, rest) if b for key, _ in b.columns))
    at = [i for b in (main, rest) if b for _, i in b.columns]
    points = _points(table) if landmarks else []
    keep_items = tuple((keep or {}).items())
    for fields in table.rows():
        if isinstance(fields, FacsTextError):
            yield fields
            continue
        try:
            here = frame(fields)
            got = read(*[fields[i] for i in at])
            where = _where(fields, points, table) if points and here.seen else None
        except FacsTextError as error:
            said = str(error)
            named = said.startswith(str(table.path))
            yield error if named else FacsTextError(f"{table.where()}: {said.lstrip(': ')}")
            continue
        values, missing, coding, absent = got if here.seen else _unseen(keys)
        yield Row(
            here.id, here.subject, here.number, values, main.kind, missing, coding, table.line,
            {name: fields[i].strip() for name, i in keep_items}, where, absent,
        )  # fmt: skip


_Said = tuple[Mapping[str, float], tuple[str, ...], Coding | None, frozenset[str]]


def _unseen(keys: tuple[str, ...]) -> _Said:
    return {}, keys, None, frozenset()


def _reader(main: Block, rest: Block | None, gone: frozenset[float]) -> Callable[..., _Said]:
    """What the texts of the blocks' cells say; cells mostly repeat, so the last are kept."""
    columns = [(key, main.kind) for key, _ in main.columns]
    columns += [(key, rest.kind) for key, _ in rest.columns] if rest is not None else []

    @lru_cache(maxsize=8192)
    def read(*texts: str) -> _Said:
        graded: dict[str, float] = {}
        binary: dict[str, float] = {}
        for (key, kind), text in zip(columns, texts, strict=True):
            if key in graded:  # the main block has it
                continue
            value = value_of(text, key, kind, gone)
            if value is not None:
                (graded if kind == main.kind else binary)[key] = value
        values = graded | binary
        missing = tuple(dict.fromkeys(key for key, _ in columns if key not in values))
        coding = coding_of(graded, main.kind, missing, binary=binary)
        return values, missing, coding, absent_units(values, main.kind, missing)

    return read


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
