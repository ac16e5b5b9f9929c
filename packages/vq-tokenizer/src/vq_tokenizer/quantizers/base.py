"""What every quantizer offers: one interface, so that a model can change its quantizer by name."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from vq_tokenizer._distributed import all_reduce
from vq_tokenizer.errors import VQTokenizerError

__all__ = ["CodebookStats", "Quantized", "Quantizer"]


class Quantized(NamedTuple):
    """What a quantizer returns: codes (..., D) with a gradient to the input, indices (...),
    loss."""

    codes: Tensor
    indices: Tensor
    loss: Tensor


class CodebookStats(NamedTuple):
    """How the codebook is used, by its moving counts: three scalar tensors, no host sync.

    usage: share of codes in use, 0 to 1; perplexity: 1 to K; dead: codes below the dead line.
    """

    usage: Tensor
    perplexity: Tensor
    dead: Tensor


class Quantizer(nn.Module):
    """Vectors to indices and back: forward, search, lookup, stats; attributes num_codes and dim.

    Subclasses have a float32 buffer `counts` (num_codes,): moving counts of the codes' use.
    """

    num_codes: int
    dim: int
    counts: Tensor
    dead_share: float = 0.05

    def forward(self, z: Tensor, mask: Tensor | None = None) -> Quantized:
        """z (..., D) -> Quantized. In training mode statistics and learned codebooks move.

        mask: (...) bool; where it is False the code is zero, the index -1, and the vector counts
        for nothing: neither loss nor gradient nor statistics.
        """
        raise NotImplementedError

    def search(self, z: Tensor) -> Tensor:
        """z (..., D) -> indices (...) int64. Never moves anything."""
        raise NotImplementedError

    def lookup(self, indices: Tensor) -> Tensor:
        """indices (...) int64 in [0, num_codes) -> codes (..., D) float32."""
        raise NotImplementedError

    def stats(self) -> CodebookStats:
        """Usage, perplexity and dead codes by the moving counts."""
        share = self.counts / self.counts.sum().clamp_min(1e-12)
        entropy = -(share * share.clamp_min(1e-12).log()).sum()
        dead = share < max(self.dead_share, 1e-6) / self.num_codes
        return CodebookStats(1.0 - dead.float().mean(), entropy.exp(), dead.sum())

    def _flatten(self, z: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """z as (N, D) in the state's type (float32, or float64 after .double()), mask as (N,)."""
        if z.ndim < 1 or z.shape[-1] != self.dim or not z.is_floating_point():
            raise VQTokenizerError(
                f"{type(self).__name__}: the last dimension of z must be {self.dim}, got "
                f"{z.dtype} {tuple(z.shape)}"
            )
        flat = z.reshape(-1, self.dim).to(torch.promote_types(self.counts.dtype, torch.float32))
        if mask is None:
            return flat, None
        if mask.shape != z.shape[:-1] or mask.dtype != torch.bool:
            raise VQTokenizerError(
                f"{type(self).__name__}: mask must be bool {tuple(z.shape[:-1])}, got "
                f"{mask.dtype} {tuple(mask.shape)}"
            )
        return flat, mask.reshape(-1)

    def _check_indices(self, indices: Tensor) -> None:
        """Integers in range; the range is looked at on a processor only, where that costs no
        sync."""
        name = type(self).__name__
        if indices.is_floating_point() or indices.dtype == torch.bool:
            raise VQTokenizerError(f"{name}.lookup: indices must be integers, got {indices.dtype}")
        if indices.numel() and indices.device.type == "cpu" and not torch.compiler.is_compiling():
            low, high = int(indices.min()), int(indices.max())
            if low < 0 or high >= self.num_codes:
                raise VQTokenizerError(
                    f"{name}.lookup: indices must be in [0, {self.num_codes}), got {low} to {high}"
                )

    @torch.no_grad()
    def _count(self, indices: Tensor, mask: Tensor | None, decay: float) -> None:
        """Move the counts of a quantizer that learns nothing from them; indices (N,)."""
        if mask is not None:
            indices = torch.where(mask, indices, self.num_codes)
        new = torch.zeros(self.num_codes + 1, dtype=self.counts.dtype, device=indices.device)
        new = new.index_add(0, indices, torch.ones_like(indices, dtype=new.dtype))
        self.counts.lerp_(all_reduce(new)[: self.num_codes], 1.0 - decay)


def masked_mean(value: Tensor, mask: Tensor | None) -> Tensor:
    """Mean of value (N, D) over the rows where mask (N,) is True; 0 where there are none."""
    if mask is None:
        return value.mean() if value.numel() else value.sum()
    kept = torch.where(mask[:, None], value, 0.0)
    return kept.sum() / (mask.sum() * value.shape[1]).clamp_min(1)
