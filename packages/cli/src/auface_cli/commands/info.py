"""auface info: packages, versions, devices, weights."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any

import click

from ..output import emit

__all__ = ["command"]

_PACKAGES = ("auface", "facs-text", "vq-tokenizer", "auface-gen", "aaad")
_NEEDED = ("torch", "numpy", "safetensors", "pillow", "einops", "triton", "mitsuba", "click")


@click.command("info")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(as_json: bool) -> None:
    """Say which packages, devices and weights are here."""
    facts: dict[str, Any] = {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "packages": {name: _version(name) for name in _PACKAGES},
        "needs": {name: _version(name) for name in _NEEDED},
        "devices": _devices(),
        "weights": _weights(),
    }
    if as_json:
        emit(facts)
        return
    for key, value in facts.items():
        if isinstance(value, dict):
            for name, one in value.items():
                click.echo(f"{name:<14} {one if one is not None else 'not installed'}")
        else:
            shown = ", ".join(value) if isinstance(value, list) else value
            click.echo(f"{key:<14} {shown}")


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


def _weights() -> dict[str, str]:
    """What each model says of itself, or why it cannot be used."""
    found: dict[str, str] = {}
    if find_spec("auface_gen") and find_spec("torch"):
        from auface_gen import AUFace

        try:
            found["generator"] = AUFace.from_pretrained(device="cpu").digest
        except ValueError as error:
            found["generator"] = str(error)
    if find_spec("aaad") and find_spec("torch"):
        from aaad import Detector

        try:
            found["detector"] = Detector.from_pretrained(device="cpu").id
        except ValueError as error:
            found["detector"] = str(error)
    return found
