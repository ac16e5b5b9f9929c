"""The option --device of commands that compute: a slip in it is told before anything is loaded."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

import click

__all__ = ["device_option"]

F = TypeVar("F", bound=Callable[..., Any])


def device_option(*, default: str, help: str) -> Callable[[F], F]:
    """--device: cpu, cuda or cuda:N, and auto where that is the default."""
    return click.option("--device", default=default, show_default=True, callback=_known, help=help)


def _known(context: click.Context, option: click.Parameter, text: str) -> str:
    """The device, which this machine has."""
    if text == "cpu" or (text == "auto" and option.default == "auto"):
        return text
    match = re.fullmatch(r"cuda(?::(\d{1,3}))?", text)
    if match is None:
        also = ", or auto" if option.default == "auto" else ""
        raise click.BadParameter(f"{text!r}: write cpu, cuda or cuda:N{also}", context, option)
    import torch

    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if int(match[1] or 0) >= count:
        there = "no GPU" if count == 0 else "only cuda:0" if count == 1 else f"only {count} GPUs"
        raise click.BadParameter(
            f"{text!r}: torch finds {there} on this machine; cpu always works", context, option
        )
    return text
