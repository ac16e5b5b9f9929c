"""Detectors on disk: a folder of `config.json` and `model.safetensors`, nothing else, no pickle.

config.json: {"format": "aaad-detector-1", "id": ..., "model": DetectorConfig, "temperature":
{"with_neutral": [A], "alone": [A]}, "held_out": what it scores on true images of unseen
people, "training": what made it, enough to make it again}.
model.safetensors: the network's parameters and buffers, half precision in what ships.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from ..errors import AAADError
from ..files import whole, write_text
from .fit import build_to_fit
from .model import DetectorConfig, DetectorNet, build

__all__ = [
    "digest",
    "load_json",
    "load_tensors",
    "read_detector",
    "save_json",
    "save_tensors",
    "write_detector",
]

FORMAT = "aaad-detector-1"


def save_tensors(
    tensors: dict[str, Tensor], path: Path, metadata: dict[str, str] | None = None
) -> None:
    """Write a safetensors file whole."""
    plain = {name: t.detach().cpu().contiguous().clone() for name, t in tensors.items()}
    with whole(path) as beside:
        save_file(plain, beside, metadata=metadata)


def save_json(values: dict[str, Any], path: Path) -> None:
    """Write a JSON object whole."""
    write_text(path, json.dumps(values, indent=1) + "\n")


def load_json(path: Path) -> dict[str, Any]:
    """A JSON object, or an `AAADError` that names the file."""
    try:
        if path.exists() and not path.is_file():
            raise OSError("is no file")
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise AAADError(f"{path}: no such file") from None
    except (OSError, ValueError, RecursionError) as error:
        raise AAADError(f"{path}: cannot be read as JSON ({error})") from None
    if not isinstance(values, dict):
        raise AAADError(f"{path}: holds no JSON object")
    return values


def load_tensors(path: Path) -> dict[str, Tensor]:
    """Tensors by name, or an `AAADError` that names the file (cut in half, not safetensors)."""
    if not path.is_file():
        raise AAADError(f"{path}: no such file")
    try:
        return load_file(path)
    except (SafetensorError, OSError, ValueError, RuntimeError, TypeError, KeyError) as error:
        raise AAADError(f"{path}: cannot be read as safetensors ({error})") from None


def digest(path: Path) -> str:
    """The first twelve hexadecimal digits of a file's sha256."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def write_detector(
    net: DetectorNet,
    folder: Path,
    *,
    name: str,
    temperature: dict[str, list[float]],
    training: dict[str, Any],
    held_out: dict[str, Any] | None = None,
    half: bool = True,
) -> None:
    """Write config.json and model.safetensors into `folder`, made when it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {
        key: value.half() if half and value.is_floating_point() else value
        for key, value in net.state_dict().items()
    }
    save_tensors(tensors, folder / "model.safetensors")
    save_json(
        {
            "format": FORMAT,
            "id": name,
            "model": net.config.to_json(),
            "temperature": temperature,
            "held_out": held_out or {},
            "training": training,
        },
        folder / "config.json",
    )


def read_detector(folder: Path) -> tuple[DetectorNet, dict[str, Any]]:
    """The network (float32, ready to predict) and what config.json says of it.

    Raises:
        AAADError: a file is missing, broken or of another format, or a tensor does not fit; each
            wrong name is listed.
    """
    config = load_json(folder / "config.json")
    if config.get("format") != FORMAT:
        raise AAADError(
            f"{folder / 'config.json'}: format is {config.get('format')!r}, wanted {FORMAT!r}"
        )
    if not isinstance(config.get("model"), dict):
        raise AAADError(f"{folder / 'config.json'}: has no `model`")
    place = folder / "config.json"
    net = build_to_fit(
        lambda: build(DetectorConfig.from_json(config["model"])),
        folder / "model.safetensors",
        place,
    )
    given = load_tensors(folder / "model.safetensors")
    wanted = net.state_dict()
    wrong = [f"missing {name}" for name in wanted if name not in given]
    wrong += [f"unknown {name}" for name in given if name not in wanted]
    wrong += [
        f"{name} is {tuple(given[name].shape)}, wanted {tuple(wanted[name].shape)}"
        for name in wanted
        if name in given and given[name].shape != wanted[name].shape
    ]
    if wrong:
        raise AAADError(f"{folder / 'model.safetensors'}: " + "; ".join(sorted(wrong)[:8]))
    odd = [n for n, t in given.items() if t.is_floating_point() != wanted[n].is_floating_point()]
    if odd:
        raise AAADError(f"{folder / 'model.safetensors'}: {odd[0]} is {given[odd[0]].dtype}")
    net.load_state_dict({name: t.to(wanted[name].dtype) for name, t in given.items()})
    columns = len(net.config.columns)
    temperature = config.get("temperature")
    for kind in ("with_neutral", "alone"):
        values = temperature.get(kind) if isinstance(temperature, dict) else None
        if not (
            isinstance(values, list)
            and len(values) == columns
            and all(isinstance(x, int | float) and 1e-3 <= x <= 1e3 for x in values)
        ):
            raise AAADError(
                f"{place}: temperature.{kind} must be {columns} numbers from 0.001 to 1000"
            )
    if not isinstance(config.get("id"), str) or not config["id"].isprintable():
        raise AAADError(f"{place}: id must be a line of text, is {config.get('id')!r:.60}")
    if not isinstance(config.get("held_out", {}), dict):
        raise AAADError(f"{place}: held_out must be an object, is {config['held_out']!r:.60}")
    net.train(False)
    bad = [name for name, t in net.state_dict().items() if not torch.isfinite(t).all()]
    if bad:
        raise AAADError(f"{folder / 'model.safetensors'}: not finite: {', '.join(bad[:8])}")
    return net, config
