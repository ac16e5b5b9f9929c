"""JSON values out of a file: an object a line, one array, or one object over many lines.

Streamed: no more than one value is held, and one longer than MAX_VALUE characters is an error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from facs_text._errors import FacsTextError
from facs_text.readers._lines import MAX_LINE, lines, pieces

__all__ = ["MAX_VALUE", "first", "values"]

MAX_VALUE = 1 << 24
_MARKS = re.compile(r'["\\{}\[\]]')


def first(path: Path) -> Any:
    """The first value that can be read, for recognising a format; None when there is none."""
    for _, value in islice(values(path), 20):
        if not isinstance(value, FacsTextError):
            return value
    return None


def values(path: Path) -> Iterator[tuple[int, Any]]:
    """(line it begins on, value) of each; a FacsTextError in the place of a bad one."""
    top = [t.strip() for _, t in islice(((n, t) for n, t in pieces(path) if t.strip()), 2)]
    if not top:
        raise FacsTextError(f"{path}: empty file; expected JSON")
    alone, cut = len(top) == 1, len(top[0]) >= MAX_LINE
    if top[0].startswith("[") and (alone or not _parses(top[0])):
        yield from _spread(path, depth=1)
    elif cut or (not alone and not _parses(top[0]) and not top[1].startswith("{")):
        yield from _spread(path, depth=0)
    else:
        for line, text in lines(path):
            if text.strip():
                yield line, _value(path, line, text)


def _parses(text: str) -> bool:
    """Whether a line is a value by itself."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _value(path: Path, line: int, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        return FacsTextError(f"{path}, line {line}: {error}")


def _spread(path: Path, *, depth: int) -> Iterator[tuple[int, Any]]:
    """Values over many lines: elements of an array (depth 1), or objects one after another (0)."""
    level, quoted, escaped = 0, False, -1
    held: list[str] = []
    began = size = count = 0
    opens = "{[" if depth else "{"
    for line, text in pieces(path):
        start = 0
        for mark in _MARKS.finditer(text):
            sign, at = mark[0], mark.start()
            if quoted:
                if at == escaped:
                    continue
                if sign == "\\":
                    escaped = at + 1
                quoted = sign != '"'
            elif sign == '"':
                quoted = True
            elif sign in "{[":
                if level == depth and sign in opens:
                    held, began, start, size = [], line, at, 0
                level += 1
            elif sign in "}]":
                level -= 1
                if level == depth and (depth or sign == "}"):
                    count += 1
                    yield began, _value(path, began, "".join([*held, text[start : at + 1]]))
                    held, start = [], at + 1
        escaped -= len(text)  # a backslash may be the last of a piece
        if level > depth:
            held.append(text[start:])
            size += len(text)
            if size > MAX_VALUE:
                raise FacsTextError(
                    f"{path}, line {began}: an object longer than {MAX_VALUE} characters"
                )
    if level or not count:
        what = "JSON that does not end; is it cut short?" if level else "no JSON object in it"
        raise FacsTextError(f"{path}, line {began or 1}: {what}")
