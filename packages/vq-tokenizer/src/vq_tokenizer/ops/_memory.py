"""Large tensors of a processor on large pages.

glibc takes every allocation of 32 MiB and more afresh from the system and gives it back, so a
tensor of that size costs a page fault for each 4 KiB: as long as filling it ten times over.
Linux serves the same memory in 2 MiB pages to those who ask.
"""

from __future__ import annotations

import math
import mmap
from collections.abc import Sequence

import torch
from torch import Tensor

__all__ = ["empty"]

_LARGE = 32 << 20  # bytes: what glibc's malloc recycles lies below


def empty(shape: Sequence[int], dtype: torch.dtype, device: torch.device) -> Tensor:
    """torch.empty, contiguous; on large pages where that pays and the system has them."""
    size = math.prod(shape) * dtype.itemsize
    if size < _LARGE or device.type != "cpu" or not hasattr(mmap, "MADV_HUGEPAGE"):
        return torch.empty(shape, dtype=dtype, device=device)
    try:
        memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        memory.madvise(mmap.MADV_HUGEPAGE)
    except OSError:  # a kernel without them, or a limit on mappings
        return torch.empty(shape, dtype=dtype, device=device)
    return torch.frombuffer(memory, dtype=dtype).view(shape)  # keeps the mapping
