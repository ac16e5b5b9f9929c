"""A weight for each pixel, from outside: how what matters in a picture reaches the losses."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from torch import Tensor

from vq_tokenizer.errors import VQTokenizerError
from vq_tokenizer.tokenizer.checkpoint import read_tensors

__all__ = ["PixelWeights", "load_weights", "name_weights"]

PixelWeights = Callable[[Sequence[str]], Tensor]


def name_weights(weights: PixelWeights | str | os.PathLike[str] | None) -> str | None:
    """What a checkpoint says of the per-pixel weights: a file by its digest."""
    if weights is None or callable(weights):
        return None if weights is None else "a function"
    return "sha256 " + hashlib.sha256(Path(weights).read_bytes()).hexdigest()[:12]


def load_weights(
    weights: PixelWeights | str | os.PathLike[str] | None, size: int
) -> PixelWeights | None:
    """A callable from picture names to (B, S, S) weights."""
    if weights is None or callable(weights):
        return weights
    tensors, _ = read_tensors(Path(weights))
    if set(tensors) != {"weights"} or tensors["weights"].shape != (size, size):
        shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
        raise VQTokenizerError(
            f"{weights}: expected one tensor `weights` of ({size}, {size}), got {shapes}"
        )
    plane = tensors["weights"].float()
    if not bool((plane.isfinite() & (plane >= 0)).all()) or float(plane.sum()) <= 0:
        raise VQTokenizerError(f"{weights}: weights must be finite, not negative and not all zero")
    return lambda names: plane.expand(len(names), -1, -1)
