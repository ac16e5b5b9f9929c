"""Training by several processes, as torchrun starts them; one process is the usual case.

Each takes its part of every batch; gradients are averaged before each step, so that all of them
hold the same weights. The first one writes.
"""

from __future__ import annotations

import os
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import nn

from auface_gen.errors import AUFaceGenError
from vq_tokenizer._distributed import all_reduce, rank, world_size

__all__ = [
    "average_gradients",
    "device_of",
    "first_says",
    "is_first",
    "mean_of",
    "part_of",
    "wait_for_all",
]


T = TypeVar("T")


def device_of(device: str) -> torch.device:
    """The device of this process: of several, each has a card of its own."""
    if device == "cuda" and world_size() > 1:
        device = f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
    return torch.device(device)


def is_first() -> bool:
    """Whether this process is the one that writes."""
    return rank() == 0


def wait_for_all() -> None:
    """Go on when all have come here."""
    if world_size() > 1:
        dist.barrier()


def part_of(batch: list[T], part: int, parts: int) -> list[T]:
    """The part of a batch that is this process's, of those that its step is cut into."""
    pieces = world_size() * parts
    if len(batch) % pieces:
        raise AUFaceGenError(
            f"a batch of {len(batch)} cannot be cut into {pieces} parts ({world_size()} processes "
            f"times accumulate={parts}); use a multiple"
        )
    return batch[rank() * parts + part :: pieces]


def average_gradients(module: nn.Module) -> None:
    """Set each gradient to its mean over all processes, which must have the same ones."""
    if world_size() == 1:
        return
    grads = [p.grad for p in module.parameters() if p.grad is not None]
    flat = all_reduce(torch.cat([g.flatten() for g in grads])).div_(world_size())
    for grad, mean in zip(grads, flat.split([g.numel() for g in grads]), strict=True):
        grad.copy_(mean.view_as(grad))


def mean_of(value: float) -> float:
    """The mean of a number over all processes."""
    return _sum(value) / world_size()


def first_says(value: float) -> float:
    """The number that the first process has."""
    return _sum(value if is_first() else 0.0)


def _sum(value: float) -> float:
    if world_size() == 1:
        return value
    device = "cuda" if dist.get_backend() == "nccl" else "cpu"
    return float(all_reduce(torch.tensor(value, dtype=torch.float64, device=device)))
