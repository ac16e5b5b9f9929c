"""Sums over the ranks of torch.distributed; the identity where there is one process."""

from __future__ import annotations

import torch.distributed as dist
from torch import Tensor

__all__ = ["all_reduce", "rank", "world_size"]


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
