"""The option --part I/N of commands that do a share of a work, as one job of an array."""

from __future__ import annotations

from typing import Any

import click

__all__ = ["part_option"]


def part_option(context: click.Context, option: click.Parameter, text: str | None) -> Any:
    """(I, N) of "I/N"."""
    if text is None:
        return None
    first, slash, count = text.partition("/")
    if not (slash and first.isdecimal() and count.isdecimal()):
        raise click.BadParameter(f"{text!r} is no part; write I/N, as 1/8", context, option)
    if not 1 <= int(first) <= int(count):
        raise click.BadParameter(f"{text!r}: from 1/{count} to {count}/{count}", context, option)
    return int(first), int(count)
