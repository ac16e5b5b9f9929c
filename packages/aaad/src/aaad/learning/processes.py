"""Training by several processes, as torchrun starts them; one process is the usual case.

Each takes its part of every batch. Gradients, and the running means of normalisation, are averaged
before each step, so that all of them hold the same weights. The first one writes.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn

from aaad.errors import AAADError, WorkFailed

__all__ = [
    "average",
    "first_says",
    "is_first",
    "pick_device",
    "processes",
    "rank",
    "share",
    "together",
    "wait_for_all",
]

P = ParamSpec("P")
T = TypeVar("T")


def processes() -> int:
    """How many train together."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def rank() -> int:
    """This process's number among them."""
    return dist.get_rank() if processes() > 1 else 0


def is_first() -> bool:
    """Whether this process is the one that writes and speaks."""
    return rank() == 0


def wait_for_all() -> None:
    """Go on when all have come here."""
    if processes() > 1:
        dist.barrier()


def pick_device(device: str) -> str:
    """`auto` is the accelerator where there is one; of several processes, each has its own."""
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cuda" and processes() > 1:
        device = f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
    return device


def share(batch: int) -> slice:
    """The rows of a batch that are this process's.

    Raises:
        AAADError: the batch cannot be cut into parts of one size.
    """
    if batch % processes():
        raise AAADError(
            f"batch={batch} cannot be shared by {processes()} processes; use a multiple"
        )
    return slice(rank(), None, processes())


def average(net: nn.Module, loss: Tensor) -> Tensor:
    """Set each gradient and running mean to its mean over all processes; the mean of their losses
    (scalars). A parameter that no loss has reached counts as one with a gradient of 0."""
    if processes() == 1:
        return loss.detach()
    shared = [_grad_of(parameter) for parameter in net.parameters()]
    shared += [buffer for buffer in net.buffers() if buffer.is_floating_point()]
    flat = torch.cat([loss.detach().float().view(1), *(t.flatten() for t in shared)])
    dist.all_reduce(flat)
    mean, *parts = flat.div_(processes()).split([1, *(t.numel() for t in shared)])
    for tensor, part in zip(shared, parts, strict=True):
        tensor.copy_(part.view_as(tensor))
    return mean[0]


def _grad_of(parameter: nn.Parameter) -> Tensor:
    if parameter.grad is None:
        parameter.grad = torch.zeros_like(parameter)
    return parameter.grad


def first_says(value: float) -> float:
    """The number that the first process has."""
    if processes() == 1:
        return value
    device = "cuda" if dist.get_backend() == "nccl" else "cpu"
    said = torch.tensor(value, dtype=torch.float64, device=device)
    dist.broadcast(said, 0)
    return float(said)


def together(train: Callable[P, T]) -> Callable[P, T]:
    """Decorates a trainer that has a keyword `device`: it joins the processes that torchrun started
    along with this one, if it did and none has joined them yet, and leaves them at its end.

    Raises:
        WorkFailed: another of them ended before its time.
    """

    @functools.wraps(train)
    def joined(*args: P.args, **kwargs: P.kwargs) -> T:
        own = int(os.environ.get("WORLD_SIZE", "1")) > 1 and processes() == 1
        try:
            if own:
                _join(str(kwargs.get("device", "auto")))
            return train(*args, **kwargs)
        except RuntimeError as error:
            if processes() == 1 or not _of_the_group(error):
                raise
            raise WorkFailed(
                f"train: another of the {processes()} processes has ended or cannot be reached; "
                "see what it said, and start all of them again to resume the run"
            ) from error
        finally:
            # Left to the interpreter's end, torch's threads may abort a process that is done.
            if own and processes() > 1:
                dist.destroy_process_group()

    return joined


def _join(device: str) -> None:
    cuda = pick_device(device).startswith("cuda")
    if cuda:
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    dist.init_process_group("nccl" if cuda else "gloo")


def _of_the_group(error: RuntimeError) -> bool:
    """Whether it is said of the processes' connection; gloo has no type of its own for that."""
    return isinstance(error, dist.DistError) or "gloo" in str(error).lower()
