"""Writing to codes that are a parameter, also where FSDP2 (fully_shard) keeps it in shards."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

__all__ = ["write_rows"]


@torch.no_grad()
def write_rows(own: Tensor, shard: Any, codes: Tensor, take: Tensor) -> None:
    """Set the rows of `own` (K, D), where take (K,) is True, to those of codes (K, D).

    Within a forward pass under FSDP2 a quantizer's codes are a whole copy, possibly in half
    precision, that lives until the pass ends; `shard`, the DTensor which the optimizer moves (None
    without FSDP2), is written beside it. All processes give the same values, so nothing is sent.
    """
    if not hasattr(own, "full_tensor"):
        own.copy_(torch.where(take[:, None], codes.to(own.dtype), own))
    if shard is None:
        return
    from torch.distributed.tensor import DTensor, Replicate

    whole = [Replicate()] * shard.device_mesh.ndim

    def cut(tensor: Tensor) -> Tensor:
        """This process's part of what all have."""
        held = DTensor.from_local(tensor, shard.device_mesh, whole, run_check=False)
        part: Tensor = held.redistribute(placements=shard.placements)
        return part

    rows = take[:, None].expand_as(codes).contiguous()
    shard.copy_(torch.where(cut(rows), cut(codes.to(shard.dtype)), shard))
