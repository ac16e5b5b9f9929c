"""Checkpoint folders: `config.json` beside `model.safetensors`; nothing is ever unpickled.

config.json: {"format": "vq_tokenizer", "version": 1, "model": {TokenizerConfig}, "train": {...}}.
model.safetensors: the module's state dict. Parameters may be stored in half precision; loading
brings them back to float32. Buffers (the codebook) are stored as they are. Files are written
beside their name and renamed, so a reader sees the old one or the new one and never half of one.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from vq_tokenizer.errors import VQTokenizerError
from vq_tokenizer.files import write_bytes, write_text
from vq_tokenizer.tokenizer.model import Tokenizer, TokenizerConfig
from vq_tokenizer.weights import build_to_fit, check_finite

__all__ = [
    "detectors_of",
    "load_checkpoint",
    "load_strict",
    "read_tensors",
    "save_checkpoint",
    "write_tensors",
]

FORMAT, VERSION = "vq_tokenizer", 1


def save_checkpoint(
    model: Tokenizer,
    folder: str | os.PathLike[str],
    *,
    dtype: torch.dtype | None = None,
    train: Mapping[str, Any] | None = None,
) -> Path:
    """Write model to folder (made if need be) and return its path.

    dtype: of the parameters on disk, e.g. torch.float16 for half the size; None keeps theirs.
    train: what trained the model, kept in config.json as it is.
    """
    root = Path(folder)
    root.mkdir(parents=True, exist_ok=True)
    parameters = {name for name, _ in model.named_parameters()}
    state = {
        name: tensor.to(dtype) if dtype is not None and name in parameters else tensor
        for name, tensor in model.state_dict().items()
    }
    write_tensors(root / "model.safetensors", state)
    config = {
        "format": FORMAT,
        "version": VERSION,
        "model": model.config.to_json(),
        "train": dict(train or {}),
    }
    write_text(root / "config.json", json.dumps(config, indent=2, sort_keys=True) + "\n")
    return root


def load_checkpoint(
    folder: str | os.PathLike[str], *, device: str | torch.device = "cpu"
) -> Tokenizer:
    """The Tokenizer saved in folder, float32, in evaluation mode, on device.

    Raises VQTokenizerError when a file is missing, cut or of another kind, or when any tensor is
    missing, unexpected or of another shape (each is named).
    """
    root = Path(folder)
    config_path = root / "config.json"
    values = _read_config(config_path)
    weights = root / "model.safetensors"
    model = build_to_fit(
        lambda: Tokenizer(TokenizerConfig.from_json(values.get("model") or {})),
        weights,
        config_path,
    )
    state = read_tensors(weights)[0]
    check_finite(state, weights)
    load_strict(model, state, weights)
    return model.to(device).eval()


def detectors_of(folder: str | os.PathLike[str]) -> list[str]:
    """Ids of the detectors that the tokenizer in folder was trained to please, none of which may
    score what it draws.

    Empty where there were none, or where config.json does not say. Raises VQTokenizerError when
    config.json cannot be read, or names them by anything but a list of texts.
    """
    path = Path(folder) / "config.json"
    train = _read_config(path).get("train")
    names = train.get("detectors", []) if isinstance(train, dict) else []
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise VQTokenizerError(f"{path}: detectors must be a list of texts, is {names!r:.60}")
    return names


def _read_config(config_path: Path) -> dict[str, Any]:
    """What config.json says. Raises VQTokenizerError when it is missing or of another kind."""
    try:
        if config_path.exists() and not config_path.is_file():
            raise OSError("is no file")
        values = json.loads(config_path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise VQTokenizerError(
            f"{config_path}: no such file; give the folder that save_checkpoint wrote"
        ) from None
    except (OSError, ValueError, RecursionError) as error:
        raise VQTokenizerError(f"{config_path}: cannot be read as JSON: {error}") from None
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        raise VQTokenizerError(f"{config_path}: not a {FORMAT} checkpoint")
    if values.get("version") != VERSION:
        raise VQTokenizerError(
            f"{config_path}: version {values.get('version')!r}, but this package reads {VERSION}"
        )
    return values


def load_strict(module: nn.Module, state: Mapping[str, Tensor], source: object) -> None:
    """Copy state into module, casting to the module's types; names every tensor that does not
    fit."""
    own = module.state_dict()
    problems = [f"missing {name}" for name in own if name not in state]
    problems += [f"unexpected {name}" for name in state if name not in own]
    problems += [
        f"{name} is {tuple(state[name].shape)}, expected {tuple(own[name].shape)}"
        for name in own
        if name in state and state[name].shape != own[name].shape
    ]
    if problems:
        raise VQTokenizerError(
            f"{source}: not the weights of the model in its configuration; take the two from one "
            "run: " + "; ".join(problems)
        )
    try:
        module.load_state_dict(dict(state))
    except (RuntimeError, TypeError, ValueError) as error:  # a type that cannot be cast
        raise VQTokenizerError(f"{source}: {' '.join(str(error).split())[:300]}") from None


def write_tensors(
    path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str] | None = None
) -> None:
    """Write a safetensors file beside path and rename it onto path."""
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    # save_file would leave it unreadable for anyone else
    write_bytes(path, save(plain, metadata=dict(metadata or {})))


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors and metadata of a safetensors file. Raises VQTokenizerError when missing or
    damaged."""
    if not path.is_file():
        raise VQTokenizerError(f"{path}: no such file; check the path")
    try:
        with safe_open(path, framework="pt") as file:
            names = list(file.keys())
            return {name: file.get_tensor(name) for name in names}, file.metadata() or {}
    except (SafetensorError, OSError, ValueError, RuntimeError, TypeError, KeyError) as error:
        raise VQTokenizerError(
            f"{path}: damaged or cut safetensors file ({error}); copy or save it again"
        ) from None
