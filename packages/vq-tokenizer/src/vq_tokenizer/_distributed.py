"""Several processes of torch.distributed as torchrun starts them; one process is the usual case."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor

__all__ = ["all_reduce", "rank", "together", "world_size"]

P = ParamSpec("P")
T = TypeVar("T")


def world_size() -> int:
    """Number of processes of the default group, 1 where there is none."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def rank() -> int:
    """This process's number in the default group, 0 where there is none."""
    return dist.get_rank() if world_size() > 1 else 0


def all_reduce(tensor: Tensor) -> Tensor:
    """The sum of tensor over all ranks, in place."""
    if world_size() > 1:
        dist.all_reduce(tensor)
    return tensor


def together(lost: type[Exception]) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Decorates a trainer that has a keyword `device`: it joins the processes that torchrun started
    along with this one, if it did and none has joined them yet, and leaves them at its end.

    Raises `lost` when another of them ends before its time.
    """

    def decorate(train: Callable[P, T]) -> Callable[P, T]:
        @functools.wraps(train)
        def joined(*args: P.args, **kwargs: P.kwargs) -> T:
            own = int(os.environ.get("WORLD_SIZE", "1")) > 1 and world_size() == 1
            try:
                if own:
                    _join(str(kwargs.get("device", "cpu")))
                return train(*args, **kwargs)
            except RuntimeError as error:
                if world_size() == 1 or not _of_the_group(error):
                    raise
                raise lost(
                    f"train: another of the {world_size()} processes has ended or cannot be "
                    "reached; see what it said, and start all of them again to resume the run"
                ) from error
            finally:
                # Left to the interpreter's end, torch's threads may abort a process that is done.
                if own and world_size() > 1:
                    dist.destroy_process_group()

        return joined

    return decorate


def _join(device: str) -> None:
    if device == "cuda":
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    dist.init_process_group("nccl" if device.startswith("cuda") else "gloo")


def _of_the_group(error: RuntimeError) -> bool:
    """Whether it is said of the processes' connection; gloo has no type of its own for that."""
    return isinstance(error, dist.DistError) or "gloo" in str(error).lower()
