"""Networks on disk: config.json and model.safetensors, written whole, never unpickled."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from aaad.errors import AAADError
from aaad.files import whole, write_text
from aaad.learning.fit import build_to_fit

__all__ = [
    "digest",
    "load_json",
    "load_tensors",
    "read_config",
    "read_model",
    "save_json",
    "save_tensors",
    "write_model",
]

Net = TypeVar("Net", bound=nn.Module)


def save_tensors(
    tensors: dict[str, Tensor], path: Path, metadata: dict[str, str] | None = None
) -> None:
    """Write a safetensors file whole."""
    plain = {name: t.detach().cpu().contiguous().clone() for name, t in tensors.items()}
    with whole(path) as beside:
        beside.write_bytes(save(plain, metadata=metadata))  # save_file's would be its owner's alone


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


def write_model(net: nn.Module, folder: Path, config: dict[str, Any], *, half: bool = True) -> None:
    """Write config.json and model.safetensors into `folder`, made when it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {
        key: value.half() if half and value.is_floating_point() else value
        for key, value in net.state_dict().items()
    }
    save_tensors(tensors, folder / "model.safetensors")
    save_json(config, folder / "config.json")


def read_config(folder: Path, wanted: str, *former: str) -> dict[str, Any]:
    """config.json of a folder, which must be of the format `wanted`, or of a former one, and have
    a `model` and, in one line, an `id`."""
    config = load_json(folder / "config.json")
    if config.get("format") not in (wanted, *former):
        raise AAADError(
            f"{folder / 'config.json'}: format is {config.get('format')!r}, wanted {wanted!r}"
        )
    if not isinstance(config.get("model"), dict):
        raise AAADError(f"{folder / 'config.json'}: has no `model`")
    place, held_out = folder / "config.json", config.get("held_out", {})
    if not isinstance(config.get("id"), str) or not config["id"].isprintable():
        raise AAADError(f"{place}: id must be a line of text, is {config.get('id')!r:.60}")
    if not isinstance(held_out, dict):
        raise AAADError(f"{place}: held_out must be an object, is {held_out!r:.60}")
    return config


def read_model(make: Callable[[], Net], folder: Path) -> Net:
    """The network that `make` builds from config.json, filled from model.safetensors and set to
    predict. Nothing is allocated before the file is known to hold as much as the network.

    Raises:
        AAADError: it describes no network, or does not fit the file, or a tensor is not finite.
    """
    net = build_to_fit(make, folder / "model.safetensors", folder / "config.json")
    _restore(net, folder / "model.safetensors")
    return net


def _restore(net: nn.Module, path: Path) -> None:
    """Fill a network from a file and set it to predict.

    Raises:
        AAADError: a tensor is missing, unknown, of another shape or not finite; each is listed.
    """
    given, wanted = load_tensors(path), net.state_dict()
    wrong = [f"missing {name}" for name in wanted if name not in given]
    wrong += [f"unknown {name}" for name in given if name not in wanted]
    wrong += [
        f"{name} is {tuple(given[name].shape)}, wanted {tuple(wanted[name].shape)}"
        for name in wanted
        if name in given and given[name].shape != wanted[name].shape
    ]
    if wrong:
        raise AAADError(f"{path}: " + "; ".join(sorted(wrong)[:8]))
    odd = [n for n, t in given.items() if t.is_floating_point() != wanted[n].is_floating_point()]
    if odd:
        raise AAADError(f"{path}: {odd[0]} is {given[odd[0]].dtype}")
    net.load_state_dict({name: t.to(wanted[name].dtype) for name, t in given.items()})
    net.train(False)
    bad = [name for name, t in net.state_dict().items() if not torch.isfinite(t).all()]
    if bad:
        raise AAADError(f"{path}: not finite: {', '.join(bad[:8])}")
