"""What commands share in reading and writing: JSON lines, files written whole, progress."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import click

from facs_text.files import Whole, whole

__all__ = ["Whole", "emit", "note", "progress", "whole", "write_text"]

T = TypeVar("T")


def emit(value: Any) -> None:
    """One JSON object as one line on standard output."""
    click.echo(json.dumps(value, ensure_ascii=False))


def note(message: str) -> None:
    """A line for the person, on standard error: standard output is for results."""
    click.echo(message, err=True)


def progress(items: Iterable[T], *, what: str, total: int | None = None) -> Iterator[T]:
    """A bar on standard error, where that is a terminal."""
    from tqdm import tqdm

    yield from tqdm(items, desc=what, total=total, file=sys.stderr, disable=not sys.stderr.isatty())


def write_text(path: Path, text: str) -> None:
    """Write beside and rename."""
    with Whole(path) as file:
        file.write(text)
        file.keep()
