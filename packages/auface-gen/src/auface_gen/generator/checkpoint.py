"""Model folders: config.json beside model.safetensors, read strictly, written whole."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from auface_gen.columns import COLUMNS
from auface_gen.errors import AUFaceGenError
from auface_gen.files import write_whole
from vq_tokenizer import VQTokenizerError
from vq_tokenizer.weights import build_to_fit, check_finite

__all__ = [
    "build",
    "read_folder",
    "read_shown",
    "read_tensors",
    "restore",
    "weights_folder",
    "write_folder",
    "write_json",
    "write_tensors",
]


Model = TypeVar("Model", bound=torch.nn.Module)


def weights_folder(part: str = "") -> Path:
    """Folder of the weights shipped with the package. Raises AUFaceGenError when they are not
    there.
    """
    folder = Path(str(resources.files("auface_gen").joinpath("weights"))) / part
    if not folder.is_dir():
        raise AUFaceGenError(
            f"the package holds no weights at {folder.name!r}; reinstall auface-gen, "
            "or give a model folder"
        )
    return folder


def write_json(path: Path, value: Any) -> None:
    """Write JSON, whole or not at all."""
    write_whole(path, (json.dumps(value, indent=1) + "\n").encode())


def write_tensors(
    path: Path, tensors: dict[str, Tensor], metadata: dict[str, str] | None = None
) -> None:
    """Write safetensors, whole or not at all."""
    plain = {k: v.detach().cpu().contiguous() for k, v in tensors.items()}
    write_whole(path, save(plain, metadata))


def write_folder(
    folder: str | Path, config: dict[str, Any], tensors: dict[str, Tensor], *, half: bool = False
) -> None:
    """Write a model folder; `half` stores floating tensors as fp16."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if half:
        tensors = {k: v.half() if v.is_floating_point() else v for k, v in tensors.items()}
    write_tensors(folder / "model.safetensors", tensors)
    write_json(folder / "config.json", config)


def read_tensors(path: str | Path) -> dict[str, Tensor]:
    """Tensors of a safetensors file. Raises AUFaceGenError when it is missing or not whole."""
    try:
        tensors = load_file(path)
        check_finite(tensors, path)
        return tensors
    except VQTokenizerError as error:
        raise AUFaceGenError(str(error)) from None
    except FileNotFoundError:
        raise AUFaceGenError(
            f"{path} is missing; train a model first, or give the folder of one"
        ) from None
    except (SafetensorError, OSError, ValueError, RuntimeError, TypeError, KeyError) as error:
        raise AUFaceGenError(
            f"{path} is not a whole safetensors file ({error}); copy or train it again"
        ) from error


def read_folder(folder: str | Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """(config, tensors) of a model folder. Raises AUFaceGenError that names the file at fault."""
    folder = Path(folder)
    path = folder / "config.json"
    try:
        if path.exists() and not path.is_file():
            raise OSError("is no file")
        config = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise AUFaceGenError(f"{path} is missing: {folder} is not a model folder") from None
    except (OSError, ValueError, RecursionError) as error:
        raise AUFaceGenError(f"{path} is not JSON: {error}") from error
    if not isinstance(config, dict):
        raise AUFaceGenError(f"{path} holds {type(config).__name__}, expected an object")
    return config, read_tensors(folder / "model.safetensors")


def read_shown(config: dict[str, Any], where: Path) -> list[bool]:
    """Which columns a generator has learned to show. Raises AUFaceGenError where it is not said."""
    shown = config.get("shown")
    if (
        not isinstance(shown, list)
        or len(shown) != len(COLUMNS)
        or not all(isinstance(one, bool) for one in shown)
    ):
        raise AUFaceGenError(f"{where}: shown must be {len(COLUMNS)} times true or false")
    return shown


def build(make: Callable[[], Model], folder: str | Path) -> Model:
    """The model that `make` builds from folder/config.json, once it is known to be no larger than
    folder/model.safetensors (see vq_tokenizer.weights.build_to_fit). Raises AUFaceGenError.
    """
    weights, config = Path(folder) / "model.safetensors", Path(folder) / "config.json"
    try:
        return build_to_fit(make, weights, config)
    except VQTokenizerError as error:
        raise AUFaceGenError(str(error)) from None


def restore(model: torch.nn.Module, tensors: dict[str, Tensor], where: str | Path) -> None:
    """Load tensors into the model, all and only its own. Raises AUFaceGenError naming each that
    does not fit.
    """
    own = model.state_dict()
    wrong = [f"{k}: missing" for k in sorted(own.keys() - tensors.keys())]
    wrong += [f"{k}: not of this model" for k in sorted(tensors.keys() - own.keys())]
    wrong += [
        f"{k}: {tuple(tensors[k].shape)}, expected {tuple(own[k].shape)}"
        for k in sorted(own.keys() & tensors.keys())
        if tensors[k].shape != own[k].shape
    ]
    if wrong:
        raise AUFaceGenError(
            f"{where} does not fit the config: "
            + "; ".join(wrong[:8])
            + (" ..." if len(wrong) > 8 else "")
        )
    if odd := [
        k for k, v in tensors.items() if v.is_floating_point() != own[k].is_floating_point()
    ]:
        raise AUFaceGenError(f"{where}: {', '.join(odd[:4])}: {tensors[odd[0]].dtype} is no weight")
    model.load_state_dict({k: v.to(own[k].dtype) for k, v in tensors.items()})
