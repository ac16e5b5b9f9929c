"""auface info: packages, versions, devices, weights."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any

import click

from auface_cli.doctor import OURS, WEIGHTS, checks
from auface_cli.output import emit

__all__ = ["command"]

_NEEDED = ("torch", "numpy", "safetensors", "pillow", "einops", "triton", "mitsuba", "click")


@click.command("info")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(as_json: bool) -> None:
    """Say which packages, devices and weights are here, and whether they are in order.

    A bug report should bring along what `auface info --json` prints.
    """
    looked = list(checks())
    facts: dict[str, Any] = {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "packages": {name: _version(name) for name in OURS},
        "needs": {name: _version(name) for name in _NEEDED},
        "devices": _devices(),
        "weights": {
            check.name.removeprefix(WEIGHTS): check.said
            for check in looked
            if check.name.startswith(WEIGHTS)
        },
    }
    if as_json:
        ok = all(check.ok for check in looked)
        emit({**facts, "ok": ok, "checks": [check.to_json() for check in looked]})
        return
    for key, value in facts.items():
        if isinstance(value, dict):
            for name, one in value.items():
                click.echo(f"{name:<14} {one if one is not None else 'not installed'}")
        else:
            shown = ", ".join(value) if isinstance(value, list) else value
            click.echo(f"{key:<14} {shown}")
    for check in looked:
        click.echo(f"{'in order' if check.ok else 'WRONG':<14} {check.name}: {check.said}")


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _devices() -> list[str]:
    found = ["cpu"]
    if find_spec("torch") is not None:
        import torch

        found += [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    return found
