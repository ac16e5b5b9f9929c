"""Residual quantizer: each codebook takes what those before left over (Zeghidour et al., 2021).

    r_0 = z      q_i = nearest code of r_i in codebook i      r_(i+1) = r_i - q_i      z ~ sum_i q_i

Shapes: D width, Q codebooks.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from vq_tokenizer.errors import VQTokenizerError
from vq_tokenizer.quantizers.base import CodebookStats, Quantized
from vq_tokenizer.quantizers.vector import VectorQuantizer

__all__ = ["ResidualQuantizer"]


class ResidualQuantizer(nn.Module):
    """A stack of VectorQuantizers; indices have a last dimension of Q.

    num_codes, dim: of each codebook. num_quantizers: Q. Everything else goes to VectorQuantizer;
    codebook i is seeded with seed + i. The loss is the sum of theirs.
    """

    def __init__(
        self, num_codes: int, dim: int, *, num_quantizers: int, seed: int = 0, **options: Any
    ) -> None:
        super().__init__()
        if num_quantizers < 1:
            raise VQTokenizerError(
                f"ResidualQuantizer: num_quantizers must be positive, got {num_quantizers}"
            )
        if options.get("metric", "euclidean") != "euclidean" or options.get("code_dim"):
            raise VQTokenizerError(
                "ResidualQuantizer: what is left over is a euclidean difference in the full width; "
                "metric and code_dim cannot be changed"
            )
        self.num_codes, self.dim, self.num_quantizers = num_codes, dim, num_quantizers
        self.layers = nn.ModuleList(
            VectorQuantizer(num_codes, dim, seed=seed + i, **options) for i in range(num_quantizers)
        )

    def forward(self, z: Tensor, mask: Tensor | None = None) -> Quantized:
        """z (..., D), mask (...) -> codes (..., D), indices (..., Q), loss; see Quantizer."""
        rest, codes, loss = z, torch.zeros_like(z), z.new_zeros((), dtype=torch.float32)
        indices: list[Tensor] = []
        for layer in self.layers:
            part = layer(rest, mask)
            rest = rest - part.codes.detach()
            codes = codes + part.codes.detach()
            indices.append(part.indices)
            loss = loss + part.loss
        # straight through the whole sum once; through each layer it would count Q times
        through = z - z.detach()
        if mask is not None:
            through = torch.where(mask[..., None], through, 0.0)
        return Quantized(codes + through, torch.stack(indices, -1), loss)

    @torch.no_grad()
    def search(self, z: Tensor) -> Tensor:
        """z (..., D) -> indices (..., Q) int64."""
        indices: list[Tensor] = []
        for layer in self._layers():
            indices.append(layer.search(z))
            z = z - layer.lookup(indices[-1]).to(z.dtype)
        return torch.stack(indices, -1)

    def lookup(self, indices: Tensor) -> Tensor:
        """indices (..., q) with q <= Q -> codes (..., D) float32; fewer codebooks, coarser
        codes."""
        if indices.ndim < 1 or not 1 <= indices.shape[-1] <= self.num_quantizers:
            raise VQTokenizerError(
                f"ResidualQuantizer.lookup: the last dimension of indices must be 1 to "
                f"{self.num_quantizers}, got {tuple(indices.shape)}"
            )
        parts = zip(self._layers(), indices.unbind(-1), strict=False)
        codes = [layer.lookup(index) for layer, index in parts]
        return torch.stack(codes).sum(0)

    def stats(self) -> CodebookStats:
        """Each codebook's figures: three tensors of (Q,)."""
        usage, perplexity, dead = zip(*(layer.stats() for layer in self._layers()), strict=True)
        return CodebookStats(torch.stack(usage), torch.stack(perplexity), torch.stack(dead))

    def _layers(self) -> list[VectorQuantizer]:
        return [layer for layer in self.layers if isinstance(layer, VectorQuantizer)]
