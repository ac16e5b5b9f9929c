"""Quantizers without a learned codebook: their codes are a grid.

FSQ (Mentzer et al., 2024): each dimension is bounded and rounded to one of a few levels.
LFQ (Yu et al., 2024): each dimension is its sign, and an entropy term keeps all codes in use.

Shapes: N vectors, D width, K codes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from vq_tokenizer._distributed import all_reduce, world_size
from vq_tokenizer.errors import VQTokenizerError
from vq_tokenizer.quantizers.base import Quantized, Quantizer, masked_mean

__all__ = ["FSQ", "LFQ"]


class FSQ(Quantizer):
    """Finite scalar quantization: K is the product of levels, D their number; no loss.

    levels: values of each dimension, 2 or more each, e.g. (8, 5, 5, 5) for 1000 codes. Codes lie
    in [-1, 1]; the first dimension is the least significant digit of an index.
    """

    levels: Tensor
    base: Tensor

    def __init__(self, levels: Sequence[int], *, decay: float = 0.99) -> None:
        super().__init__()
        if not levels or any(level < 2 for level in levels):
            raise VQTokenizerError(f"FSQ: levels must be 2 or more each, got {tuple(levels)}")
        self.num_codes, self.dim, self.decay = math.prod(levels), len(levels), decay
        base = [math.prod(levels[:i]) for i in range(len(levels))]
        self.register_buffer("levels", torch.tensor(levels), persistent=False)
        self.register_buffer("base", torch.tensor(base), persistent=False)
        self.register_buffer("counts", torch.ones(self.num_codes))

    def forward(self, z: Tensor, mask: Tensor | None = None) -> Quantized:
        """z (..., D) of any size -> Quantized; the gradient passes rounding but not the bound."""
        with torch.autocast(z.device.type, enabled=False):
            flat, keep = self._flatten(z, mask)
            bounded = self._bound(flat)
            digits = bounded.detach().round()
            codes = (digits + (bounded - bounded.detach())) / self._half()  # exactly the digits
            index = self._index(digits)
            if self.training and flat.shape[0]:
                self._count(index, keep, self.decay)
            if keep is not None:
                codes = torch.where(keep[:, None], codes, 0.0)
                index = torch.where(keep, index, -1)
        loss = flat.new_zeros(())
        return Quantized(codes.to(z.dtype).reshape(z.shape), index.reshape(z.shape[:-1]), loss)

    @torch.no_grad()
    def search(self, z: Tensor) -> Tensor:
        """z (..., D) -> indices (...) int64."""
        flat, _ = self._flatten(z, None)
        return self._index(self._bound(flat).round()).reshape(z.shape[:-1])

    def lookup(self, indices: Tensor) -> Tensor:
        """indices (...) int64 in [0, K) -> codes (..., D) float32 in [-1, 1]."""
        self._check_indices(indices)
        digits = indices[..., None] // self.base % self.levels
        return (digits - self.levels // 2) / self._half()

    def _half(self) -> Tensor:
        return (self.levels // 2).float()

    def _bound(self, z: Tensor) -> Tensor:
        """z to the open interval whose roundings are the levels; 0 stays where codes are."""
        half = (self.levels - 1) * (1 + 1e-3) / 2
        offset = torch.where(self.levels % 2 == 0, 0.5, 0.0)
        return (z + (offset / half).atanh()).tanh() * half - offset

    def _index(self, digits: Tensor) -> Tensor:
        index: Tensor = ((digits.long() + self.levels // 2) * self.base).sum(-1)
        return index


class LFQ(Quantizer):
    """Lookup-free quantization: K = 2^D codes, the corners of the cube {-1, 1}^D.

    bits: D. commitment: weight of mean |z - code|^2. entropy: weight of (mean entropy of one
    vector's assignment - diversity * entropy of the mean assignment). temperature: of the soft
    assignment, sigmoid(4 z / temperature) a bit. group: the mean assignment is taken over groups
    of this many bits, so the memory is N x 2^group and never N x K.
    """

    base: Tensor

    def __init__(
        self,
        bits: int,
        *,
        commitment: float = 0.25,
        entropy: float = 0.1,
        diversity: float = 1.0,
        temperature: float = 1.0,
        group: int = 8,
        decay: float = 0.99,
    ) -> None:
        super().__init__()
        if not 1 <= bits <= 24:
            raise VQTokenizerError(f"LFQ: bits must be 1 to 24, got {bits}")
        if not 1 <= group <= 12 or temperature <= 0:
            raise VQTokenizerError(
                f"LFQ: group must be 1 to 12 and temperature positive, got {group} and "
                f"{temperature}"
            )
        self.num_codes, self.dim, self.decay = 1 << bits, bits, decay
        self.commitment, self.entropy, self.diversity = commitment, entropy, diversity
        self.temperature, self.group = temperature, group
        self.register_buffer("base", 1 << torch.arange(bits), persistent=False)
        self.register_buffer("counts", torch.ones(self.num_codes))

    def forward(self, z: Tensor, mask: Tensor | None = None) -> Quantized:
        """z (..., D) -> Quantized, straight through; z = 0 counts as -1."""
        with torch.autocast(z.device.type, enabled=False):
            flat, keep = self._flatten(z, mask)
            signs = torch.where(flat.detach() > 0, 1.0, -1.0)
            index = ((signs > 0) * self.base).sum(1)
            loss = self.commitment * masked_mean((flat - signs).square(), keep)
            if self.training and flat.shape[0]:
                if self.entropy:
                    loss = loss + self.entropy * self._entropy_loss(flat, keep)
                self._count(index, keep, self.decay)
            codes = signs + (flat - flat.detach())
            if keep is not None:
                codes = torch.where(keep[:, None], codes, 0.0)
                index = torch.where(keep, index, -1)
        return Quantized(codes.to(z.dtype).reshape(z.shape), index.reshape(z.shape[:-1]), loss)

    @torch.no_grad()
    def search(self, z: Tensor) -> Tensor:
        """z (..., D) -> indices (...) int64; bit i is set where dimension i is positive."""
        flat, _ = self._flatten(z, None)
        return ((flat > 0) * self.base).sum(1).reshape(z.shape[:-1])

    def lookup(self, indices: Tensor) -> Tensor:
        """indices (...) int64 in [0, K) -> codes (..., D) float32, each -1 or 1."""
        self._check_indices(indices)
        return (indices[..., None] // self.base % 2).float() * 2 - 1

    def _entropy_loss(self, z: Tensor, keep: Tensor | None) -> Tensor:
        """A vector's bits are independent, so its entropy is exact; the mean's is taken by
        group."""
        on = (4 * z / self.temperature).sigmoid()  # (N, D)
        bit = -(on * on.clamp_min(1e-12).log() + (1 - on) * (1 - on).clamp_min(1e-12).log())
        each = masked_mean(bit, keep) * self.dim
        rows = on.new_tensor(float(on.shape[0])) if keep is None else keep.sum().float()
        together = z.new_zeros(())
        for part in on.split(self.group, dim=1):
            joint = on.new_ones(on.shape[0], 1)
            for p in part.unbind(1):
                joint = torch.cat([joint * (1 - p[:, None]), joint * p[:, None]], 1)
            if keep is not None:
                joint = torch.where(keep[:, None], joint, 0.0)
            mean = _shared_mean(joint.sum(0), rows)
            together = together - (mean * mean.clamp_min(1e-12).log()).sum()
        return each - self.diversity * together


def _shared_mean(total: Tensor, rows: Tensor) -> Tensor:
    """total / rows over all ranks; the gradient is that of this rank's share."""
    if world_size() == 1:
        return total / rows.clamp_min(1)
    shared = all_reduce(torch.cat([total.detach(), rows[None]]))
    # DDP averages gradients over ranks, so this rank's part enters world_size times
    own = (total - total.detach()) * world_size()
    return (shared[:-1] + own) / shared[-1].clamp_min(1)
