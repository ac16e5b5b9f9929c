"""Pictures through a network a fixed number at a time, so that a result never depends on its
neighbours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aaad.errors import AAADError

__all__ = ["TOGETHER", "in_batches", "padded", "to_images"]

TOGETHER = 16
"""Images a pass."""


def to_images(value: Any, size: int, name: str) -> Tensor:
    """A uint8 tensor (B, 3, S, S) from a tensor or an array, or an `AAADError` saying why not."""
    images = value if isinstance(value, Tensor) else torch.as_tensor(np.asarray(value))
    if images.dtype != torch.uint8 or images.ndim != 4 or images.shape[1:] != (3, size, size):
        raise AAADError(
            f"{name}: got {images.dtype} {tuple(images.shape)}, "
            f"wanted torch.uint8 (B, 3, {size}, {size})"
        )
    return images


def padded(images: Tensor, device: torch.device) -> Tensor:
    """uint8 (b <= 16, 3, S, S) -> float (16, 3, S, S) in [0, 1], grey where there is none."""
    out = torch.full((TOGETHER, *images.shape[1:]), 0.5, device=device)
    out[: len(images)] = images.to(device).float() / 255.0
    return out


@torch.inference_mode()
def in_batches(
    net: Callable[[Tensor], Tensor], images: Any, *, size: int, width: int, device: torch.device
) -> NDArray[np.float32]:
    """uint8 (B, 3, S, S) through a network of `width` numbers a picture: float32 (B, width).

    Raises:
        AAADError: another type or shape.
    """
    x = to_images(images, size, "images")
    out = np.zeros((len(x), width), np.float32)
    for start in range(0, len(x), TOGETHER):
        count = min(TOGETHER, len(x) - start)
        part = padded(x[start : start + count], device)
        out[start : start + count] = net(part)[:count].float().cpu().numpy()
    return out
