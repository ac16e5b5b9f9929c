"""Weights held against the model that a configuration describes, before anything is allocated.

A configuration and a file of weights may come from anybody. The header of the file says how many
numbers it holds; a model that would have more than that is refused while it is being described, on
PyTorch's `meta` device, where a tensor of any size costs nothing. Numbers that are not finite are
refused by name.
"""

from __future__ import annotations

import dataclasses
import json
import struct
import threading
import typing
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.modules import module as hooks

from vq_tokenizer.errors import VQTokenizerError

__all__ = ["build_to_fit", "check_finite", "from_fields", "header_of", "read_json"]

Config = TypeVar("Config")
Model = TypeVar("Model", bound=nn.Module)
Shapes = dict[str, tuple[int, ...]]
_MOST_HEADER = 100_000_000  # bytes: what safetensors itself allows
_SPARE = 1 << 22  # numbers of buffers that a model makes for itself and does not store
_MODULES = 4  # modules a stored tensor; one without tensors (an activation) counts as well


def header_of(path: Path) -> Shapes:
    """Name and shape of every tensor of a safetensors file, which is not read further.

    Raises VQTokenizerError when it is missing or no such file.
    """
    try:
        if not path.is_file():
            raise VQTokenizerError(f"{path}: no such file; check the path")
        with path.open("rb") as file:
            size = struct.unpack("<Q", file.read(8))[0]
            if size > _MOST_HEADER:
                raise ValueError(f"a header of {size} bytes")
            head = file.read(size)
            if len(head) < size:
                raise ValueError(f"a header of {size} bytes, and {len(head)} are there")
            said = json.loads(head)
        return {
            str(name): tuple(int(n) for n in entry["shape"])
            for name, entry in said.items()
            if name != "__metadata__"
        }
    except VQTokenizerError:
        raise
    except (OSError, ValueError, TypeError, KeyError, AttributeError, struct.error,
            OverflowError, RecursionError) as error:  # fmt: skip
        raise VQTokenizerError(
            f"{path}: damaged or cut safetensors file ({error}); copy or save it again"
        ) from None


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in a file. Raises VQTokenizerError that names what holds none."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise VQTokenizerError(f"{path}: no such file") from None
    except (OSError, ValueError, RecursionError) as error:
        raise VQTokenizerError(f"{path}: cannot be read as JSON: {error}") from None
    if not isinstance(values, dict):
        raise VQTokenizerError(f"{path}: holds no JSON object")
    return values


def from_fields(kind: type[Config], values: Mapping[str, Any]) -> Config:
    """The dataclass `kind` of plain values, as JSON has them: lists stand for tuples.

    Raises VQTokenizerError that names a field that there is not, is missing, or is of another type
    or not finite.
    """
    known = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    if unknown := sorted(set(values) - set(known)):
        raise VQTokenizerError(f"{kind.__name__}: unknown field {', '.join(unknown)}")
    hints = typing.get_type_hints(kind)
    given = {name: _typed(kind, name, value, hints[name]) for name, value in values.items()}
    try:
        return kind(**given)
    except TypeError as error:
        raise VQTokenizerError(f"{kind.__name__}: {error}") from None


def _typed(kind: type, name: str, value: Any, hint: Any) -> Any:
    """The value where it is of the field's type, and VQTokenizerError otherwise."""
    inner = typing.get_args(hint)
    if typing.get_origin(hint) is tuple and isinstance(value, list | tuple):
        return tuple(_typed(kind, name, one, inner[0]) for one in value)
    if inner and type(None) in inner and value is None:
        return None
    wanted = next((one for one in inner if one is not type(None)), hint) if inner else hint
    number = isinstance(value, int | float) and not isinstance(value, bool)
    fits = {
        int: number and isinstance(value, int) and abs(value) < 2**63,
        float: number and abs(value) < 1e300,
        bool: isinstance(value, bool),
        str: isinstance(value, str),
    }
    if fits.get(wanted, not isinstance(value, list | dict)):
        return float(value) if wanted is float else value
    wants = getattr(wanted, "__name__", str(wanted))
    raise VQTokenizerError(f"{kind.__name__}: {name} is {value!r:.60}; expected {wants}")


class _TooLarge(Exception):
    """A model that has more than its file of weights."""


def build_to_fit(
    make: Callable[[], Model], weights: Path, config: object, *, copies: int = 0
) -> Model:
    """The model that `make` builds, once it is known to fit the file of weights.

    It is built on the meta device first, and stopped there as soon as it has more modules or
    numbers than the file can be of. config: what an error names as describing it. copies: how
    often it copies a layer of its own, which nothing sees while it is done.

    Raises VQTokenizerError when it cannot be built, or is larger than the file.
    """
    stored = header_of(weights)
    try:
        if copies > len(stored):
            raise _TooLarge
        with _at_most(stored), torch.device("meta"):
            make()
        return make()
    except VQTokenizerError as error:
        raise VQTokenizerError(f"{config}: bad model entry: {error}") from None
    except _TooLarge:
        raise VQTokenizerError(
            f"{config}: describes a larger model than {weights.name} holds; take the two from one "
            "run"
        ) from None
    except Exception as error:  # numbers of any kind reach torch's constructors, which say anything
        said = " ".join(str(error).split())[:200] or type(error).__name__
        raise VQTokenizerError(f"{config}: bad model entry: {said}") from None


@contextmanager
def _at_most(stored: Shapes) -> Iterator[None]:
    """While this lasts, modules of this thread are counted; too many raise _TooLarge."""
    numbers = sum(_count(shape) for shape in stored.values()) + _SPARE
    modules = _MODULES * len(stored) + 64
    mine = threading.get_ident()

    def tensor(module: nn.Module, name: str, value: Tensor | None) -> None:
        nonlocal numbers
        if threading.get_ident() == mine and value is not None:
            numbers -= value.numel()
            if numbers < 0:
                raise _TooLarge

    def below(module: nn.Module, name: str, value: nn.Module | None) -> None:
        nonlocal modules
        if threading.get_ident() == mine:
            modules -= 1
            if modules < 0:
                raise _TooLarge

    handles = [
        hooks.register_module_parameter_registration_hook(tensor),
        hooks.register_module_buffer_registration_hook(tensor),
        hooks.register_module_module_registration_hook(below),
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _count(shape: tuple[int, ...]) -> int:
    total = 1
    for side in shape:
        total *= max(0, side)
    return total


def check_finite(tensors: Mapping[str, Tensor], source: object) -> None:
    """Raise VQTokenizerError naming the tensors that hold numbers which are not finite."""
    bad = [
        name
        for name, tensor in tensors.items()
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all())
    ]
    if bad:
        more = f" and {len(bad) - 4} more" if len(bad) > 4 else ""
        raise VQTokenizerError(f"{source}: not finite: {', '.join(bad[:4])}{more}; train it again")
