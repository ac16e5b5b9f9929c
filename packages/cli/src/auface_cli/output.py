"""What commands say: JSON lines on standard output, notes and progress on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

import click

__all__ = ["emit", "note", "progress"]

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
