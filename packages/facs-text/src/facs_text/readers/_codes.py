"""FACS notation in files: a coding a line, a table with a column of codings, RAF-AU's list.

Plain codes: one coding a line ("1C+4D"), or a table with a column named codes (also coding,
facs, aus) and any of id, file_name, subject, frame. CASME II, SAMM and CAS(ME)3 are such tables,
saved from their workbooks: the column is "Action Units", rows are called Subject/Filename, and
the frame is the apex. RAF-AU: the picture's name, a blank and the coding.

A number beside others is read as a unit only where it cannot be a value: a coding in a file has
no 0 beside other codes and no code twice, and a file of nothing but numbers is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice, pairwise
from pathlib import Path

from facs_text._coding import Coding
from facs_text._errors import FacsTextError
from facs_text._notation import ITEM, parse
from facs_text.readers._lines import Table, lines, stem_of, whole
from facs_text.readers._row import Ids, Row

__all__ = ["CODE_COLUMNS", "ID_COLUMNS", "MICRO_COLUMNS", "RAF_LINE", "codes", "micro",
           "notation", "notation_row", "number_table", "rafau", "refuse_numbers",
           "unit_key"]  # fmt: skip

CODE_COLUMNS = ("codes", "coding", "facs", "aus")
MICRO_COLUMNS = ("action units", "action unit", "aus", "au")
ID_COLUMNS = ("id", "file_name", "image", "path", "name")
RAF_LINE = re.compile(r"(\S+\.(?:jpe?g|png|bmp))[\s,;]+(\S.*)", re.IGNORECASE)
_NOTHING = ("", "null", "none", "nan", "n/a", "na", "?", "-", "/")
_NUMBERS = re.compile(r"[-+]?[\d.]+(?:[\s,;]+[-+]?[\d.]+)+[\s,;]*")
_TEST = 200  # lines looked at for whether a file holds numbers


def unit_key(name: str) -> str | None:
    """The key a column or field name means: "AU12", "L12", "T28"; None when it is no unit."""
    try:
        actions = list(parse(name.replace("_", "")))
    except FacsTextError:
        return None
    if len(actions) != 1 or actions[0].level or actions[0].doubt:
        return None
    action = actions[0]
    prefix = {"both": "AU", "left": "L", "right": "R", "top": "T", "bottom": "B"}.get(action.side)
    return None if prefix is None else prefix + action.code


@lru_cache(maxsize=4096)
def notation(text: str) -> tuple[Coding, frozenset[str]]:
    """A coding out of a file, and the codes of units that it says are absent (AU25=0).

    FacsTextError for what parse refuses, and for rows of numbers that happen to be unit numbers:
    0 beside other codes, or a code twice.
    """
    low = text.lower()
    if " or " in low or "/" in text:
        raise FacsTextError(
            f"{text.strip()[:60]!r} gives alternatives, of which a coding has one; choose it"
        )
    coding = parse(text)
    items = list(ITEM.finditer(text))
    absent = {str(int(m["number"])) for m in items if m["digit"] == "0"}
    said = [
        (m["side"], m["inner"], m["dir"], (m["kind"] or "").upper() == "M", m["number"])
        for m in items
    ]
    if len(items) > 1 and any(m["number"] == "0" and m["digit"] is None for m in items):
        raise FacsTextError("0, a face at rest, beside other codes; these are numbers, not codes")
    if len(set(said)) < len(said):
        raise FacsTextError("a code stands twice; these are numbers, not codes")
    return coding, frozenset(absent - {a.code for a in coding} - {"0"})


def notation_row(
    text: str, ident: str, subject: str, frame: int | None, line: int, extra: dict[str, str]
) -> Row:
    """Row of a coding written as notation. values are levels, 0 where not scored."""
    coding, absent = notation(text)
    short = {"left": "L", "right": "R", "top": "T", "bottom": "B", "both": "AU"}
    values = {f"{short[a.side]}{a.code}": float(a.level) for a in coding if a.side in short}
    return Row(ident, subject, frame, values, "notation", (), coding, line, extra, absent=absent)


def _unscored(ident: str, subject: str, line: int, extra: dict[str, str]) -> Row:
    return Row(ident, subject, None, {}, "notation", (), None, line, extra)


def number_table(path: Path) -> FacsTextError | None:
    """The error for a file that holds a table of numbers without a header; None for codings.

    It is one when its lines are numbers parted by commas or blanks, and either one of them can
    be no coding, or they count up in the first column beside levels.
    """
    found: list[list[str]] = []
    for _, text in islice(((n, t) for n, t in lines(path) if t.strip()), _TEST):
        text = text.split("#")[0].strip()
        if not text:
            continue
        if not _NUMBERS.fullmatch(text):
            return None
        found.append([f for f in re.split(r"[\s,;]+", text) if f])
    if not found or not _no_codings(found):
        return None
    width = len(found[0])
    return FacsTextError(
        f"{path}, line 1: numbers, not codes: {width} a line without a header. Name the columns "
        "(format 'table' with columns='1,2,4,...'), or give a file of one unit its own name, "
        "such as SN001_au12.txt"
    )


def refuse_numbers(text: str, where: str) -> None:
    """FacsTextError when what stands behind a picture's name is a row of a table."""
    fields = [f for f in re.split(r"[\s,;]+", text) if f]
    if _NUMBERS.fullmatch(text) and _no_codings([fields]):
        raise FacsTextError(
            f"{where}: a picture and {len(fields)} numbers, not codes, without a header. Name the "
            "columns (format 'table' with columns='image,1,2,4,...')"
        )


def _no_codings(rows: list[list[str]]) -> bool:
    """Whether rows of numbers are not the units of one face each."""
    for row in rows:
        plain = all(f.isdigit() for f in row)
        if not plain or "0" in row or len({int(f) for f in row}) < len(row):
            return True
    one_width = len({len(row) for row in rows}) == 1
    counts_up = all(int(b[0]) == int(a[0]) + 1 for a, b in pairwise(rows))
    return len(rows) > 2 and one_width and counts_up


def codes(path: Path, table: bool | None = None) -> Iterator[Row | FacsTextError]:
    """Rows of a file of codings. table: whether it has a header; None looks at the first line."""
    if table is None:
        table = False
        for _, text in lines(path):
            if text.strip():
                names = {n.strip().strip('"').lower() for n in _cells(text)}
                table = bool(names & set(CODE_COLUMNS))
                break
    if table:
        yield from _code_table(path)
        return
    numbers = number_table(path)
    if numbers is not None:
        raise numbers
    empty = True
    for line, text in lines(path):
        text = text.split("#")[0].strip()
        if not text:
            continue
        empty = False
        try:
            yield notation_row(text, f"{stem_of(path)}:{line}", "", None, line, {})
        except FacsTextError as error:
            yield FacsTextError(f"{path}, line {line}: {error}")
    if empty:
        raise FacsTextError(f"{path}: empty file; expected one coding a line")


def _cells(text: str) -> list[str]:
    return text.replace("\t", ",").replace(";", ",").split(",")


def _code_table(path: Path) -> Iterator[Row | FacsTextError]:
    table = Table(path)
    at = table.at(*CODE_COLUMNS)
    if at is None:
        raise FacsTextError(f"{table.where()}: no column named {', '.join(CODE_COLUMNS)}")
    ident, subject, frame = table.at(*ID_COLUMNS), table.at("subject"), table.at("frame")
    used = {at, ident, subject, frame}
    ids = Ids()
    for fields in table.rows():
        if isinstance(fields, FacsTextError):
            yield fields
            continue
        try:
            where = table.where()
            number = whole(fields[frame], "frame", where) if frame is not None else None
            extra = {n: fields[i] for i, n in enumerate(table.names) if i not in used}
            name = ids.unlike(fields[ident].strip()) if ident is not None else ""
            yield notation_row(
                fields[at], name or f"{stem_of(path)}:{table.line}",
                fields[subject].strip() if subject is not None else "", number, table.line, extra,
            )  # fmt: skip
        except FacsTextError as error:
            said = str(error)
            yield error if said.startswith(where) else FacsTextError(f"{where}: {said}")


def micro(path: Path) -> Iterator[Row | FacsTextError]:
    """Rows of the table of CASME II, SAMM or CAS(ME)3, one a clip; frame is the apex."""
    table = Table(path)
    at = table.at(*MICRO_COLUMNS)
    if at is None:
        raise FacsTextError(f"{table.where()}: no column named 'Action Units'")
    who, clip = table.at("subject"), table.at("filename", "file name", "clip")
    apex = table.at("apex", "apexframe", "apex frame", "apexf")
    used = {at, who}
    ids = Ids()
    for fields in table.rows():
        if isinstance(fields, FacsTextError):
            yield fields
            continue
        where = table.where()
        extra = {n: fields[i].strip() for i, n in enumerate(table.names) if i not in used and n}
        subject = fields[who].strip() if who is not None else ""
        name = fields[clip].strip() if clip is not None else str(table.line)
        ident = ids.unlike(f"{subject or stem_of(path)}/{name}")
        text = fields[at].strip()
        try:
            if text.lower() in _NOTHING:
                yield _unscored(ident, subject, table.line, extra)
                continue
            said = fields[apex].strip() if apex is not None else ""
            frame = whole(said, "apex", where) if said not in ("/", "-") else None
            yield notation_row(text, ident, subject, frame, table.line, extra)
        except FacsTextError as error:
            told = str(error)
            yield error if told.startswith(where) else FacsTextError(f"{where}: {told}")


def rafau(path: Path) -> Iterator[Row | FacsTextError]:
    """Rows of RAF-AU's list. "null" says that nothing was coded, which is no face at rest."""
    ids = Ids()
    for line, text in lines(path):
        if not text.strip():
            continue
        match = RAF_LINE.fullmatch(text.strip())
        if match is None:
            yield FacsTextError(
                f"{path}, line {line}: expected a picture's name, a blank and a coding, "
                f"found {text.strip()[:40]!r}"
            )
            continue
        ident = ids.unlike(match[1])
        try:
            if match[2].strip().lower() in _NOTHING:
                yield _unscored(ident, "", line, {})
            else:
                yield notation_row(match[2], ident, "", None, line, {})
        except FacsTextError as error:
            yield FacsTextError(f"{path}, line {line}: {error}")
