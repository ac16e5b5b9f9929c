"""A network held against its file of weights before anything is allocated.

The header of the file says how many numbers it holds; a network that would have more is refused
while it is being described, on PyTorch's `meta` device, where a tensor of any size costs nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import TypeVar

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn
from torch.nn.modules import module as hooks

from aaad.errors import AAADError

__all__ = ["build_to_fit"]

Net = TypeVar("Net", bound=nn.Module)
_SPARE = 1 << 22  # numbers of buffers that a network makes for itself and does not store


class _TooLarge(Exception):
    """A network that has more than its file of weights."""


def build_to_fit(make: Callable[[], Net], weights: Path, config: Path) -> Net:
    """The network that `make` builds, once it is known to fit the file of weights.

    Raises:
        AAADError: it cannot be built, or is larger than the file; names the config.
    """
    numbers = _numbers(weights)
    try:
        with _at_most(numbers + _SPARE), torch.device("meta"):
            make()
        return make()
    except AAADError as error:
        raise AAADError(f"{config}: {error}") from None
    except _TooLarge:
        raise AAADError(
            f"{config}: describes a larger network than {weights.name} holds; take the two from "
            "one run"
        ) from None
    except Exception as error:  # numbers of any kind reach torch's constructors, which say anything
        said = " ".join(str(error).split())[:200] or type(error).__name__
        raise AAADError(f"{config}: describes no network: {said}") from None


def _numbers(weights: Path) -> int:
    if not weights.is_file():
        raise AAADError(f"{weights}: no such file")
    try:
        with safe_open(weights, framework="pt") as file:
            return sum(prod(file.get_slice(name).get_shape()) for name in file.keys())  # noqa: SIM118
    except (SafetensorError, OSError, ValueError, TypeError, OverflowError) as error:
        raise AAADError(f"{weights}: cannot be read as safetensors ({error})") from None


@contextmanager
def _at_most(numbers: int) -> Iterator[None]:
    """While this lasts, the tensors of this thread's modules are counted; _TooLarge beyond."""
    left, mine = numbers, threading.get_ident()

    def counted(module: nn.Module, name: str, value: Tensor | None) -> None:
        nonlocal left
        if value is not None and threading.get_ident() == mine:
            left -= value.numel()
            if left < 0:
                raise _TooLarge

    handles = (
        hooks.register_module_parameter_registration_hook(counted),
        hooks.register_module_buffer_registration_hook(counted),
    )
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
