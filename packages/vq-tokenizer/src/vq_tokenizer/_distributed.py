"""Sums over the ranks of torch.distributed; the identity where there is one process."""

from __future__ import annotations

import torch.distributed as dist
from torch import Tensor

__all__ = ["all_reduce", "interleave", "rank", "share_rows", "world_size"]


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


def interleave(rows: Tensor, total: int) -> Tensor:
    """This rank's part of a (total, D) tensor that is whole once summed over the ranks.

    rows: (M, D). Row j of rank r lands in row j * world + r, so all ranks take turns.
    """
    world = world_size()
    if world == 1:
        return rows[:total]
    part = rows.new_zeros(min(total, rows.shape[0] * world), rows.shape[1])
    own = part[rank() :: world]
    own.copy_(rows[: own.shape[0]])
    return part


def share_rows(rows: Tensor) -> Tensor:
    """As many rows as given, taken in turns from all ranks and the same on each; rows: (M, D)."""
    return all_reduce(interleave(rows, rows.shape[0])) if world_size() > 1 else rows
