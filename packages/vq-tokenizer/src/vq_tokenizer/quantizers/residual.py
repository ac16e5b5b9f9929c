"""Residual quantizer: each codebook takes what those before left over (Zeghidour et al., 2021).

    r_0 = z      q_i = nearest code of r_i in codebook i      r_(i+1) = r_i - q_i      z ~ sum_i q_i

Shapes: N vectors, D width, Q codebooks.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from vq_tokenizer._distributed import rank
from vq_tokenizer.errors import VQTokenizerError
from vq_tokenizer.ops._draw_rows import uniform
from vq_tokenizer.ops._lookup import lookup
from vq_tokenizer.quantizers.base import CodebookStats, Quantizer
from vq_tokenizer.quantizers.moment import deferred
from vq_tokenizer.quantizers.vector import VectorQuantizer, linear

__all__ = ["ResidualQuantizer"]

_RANKS = 1 << 32  # so that no two processes draw the same depths


class ResidualQuantizer(Quantizer):
    """A stack of VectorQuantizers; indices have a last dimension of Q. The loss is their sum.

    num_codes: of each codebook, or one number a codebook. dim: D. num_quantizers: Q; may be left
    out where num_codes says it. shared: one codebook for all, which moves once a step.
    dropout: share of samples (entries of z's first dimension, or vectors of a flat z) that in
    training use only some of the codebooks, at least dropout_least and a multiple of
    dropout_multiple where that is below Q (SoundStream; a depth for each sample as in DAC). The
    indices left out are -1.
    gradient: to z, through the whole sum, "straight-through" or "rotation". code_dim: work in this
    many dimensions, between one projection in and one out. Everything else goes to each
    VectorQuantizer; codebook i is seeded with seed + i.
    """

    def __init__(
        self,
        num_codes: int | Sequence[int],
        dim: int,
        *,
        num_quantizers: int | None = None,
        shared: bool = False,
        dropout: float = 0.0,
        dropout_least: int = 1,
        dropout_multiple: int = 1,
        gradient: str = "straight-through",
        code_dim: int | None = None,
        channel_dim: int | None = None,
        seed: int = 0,
        **options: Any,
    ) -> None:
        super().__init__(channel_dim=channel_dim)
        self.sizes = _sizes(num_codes, num_quantizers)
        if options.get("metric", "euclidean") != "euclidean" or options.get("heads", 1) != 1:
            raise VQTokenizerError(
                "ResidualQuantizer: what is left over is a euclidean difference in the full width; "
                "metric and heads cannot be changed; put several into a ProductQuantizer for heads"
            )
        if shared and len(set(self.sizes)) > 1:
            raise VQTokenizerError(
                f"ResidualQuantizer: a shared codebook has one size, got {self.sizes}"
            )
        if not 0 <= dropout <= 1 or dropout_least < 1 or dropout_multiple < 1:
            raise VQTokenizerError(
                "ResidualQuantizer: dropout must be in [0, 1], dropout_least and dropout_multiple "
                f"positive, got {dropout}, {dropout_least} and {dropout_multiple}"
            )
        self.num_codes, self.dim, self.num_quantizers = max(self.sizes), dim, len(self.sizes)
        self.shared, self.gradient, self.seed = shared, gradient, seed
        self.dropout, self.dropout_least = dropout, dropout_least
        self.dropout_multiple = dropout_multiple
        width = code_dim or dim
        self.project_in = nn.Linear(dim, width) if code_dim else None
        self.project_out = nn.Linear(width, dim) if code_dim else None
        sizes = self.sizes[:1] if shared else self.sizes
        self.layers = nn.ModuleList(
            VectorQuantizer(size, width, seed=seed + i, gradient=gradient, **options)
            for i, size in enumerate(sizes)
        )

    def reset_parameters(self) -> None:
        """Everything as the constructor leaves it, for modules that were built on "meta"."""
        for module in (self.project_in, self.project_out, *self.layers):
            if module is not None:
                module.reset_parameters()

    def _quantize(
        self, flat: Tensor, keep: Tensor | None, lead: torch.Size
    ) -> tuple[Tensor, Tensor, Tensor]:
        x = flat if self.project_in is None else linear(self.project_in, flat)
        depth = self._depths(lead, flat.shape[0])
        rest, total, loss = x, torch.zeros_like(x), x.new_zeros(())
        indices: list[Tensor] = []
        layers = self.stack()
        # a shared codebook must be the same for all, so it moves after the last
        once = deferred(layers[0]) if self.shared else contextlib.nullcontext()
        with once:
            for i, layer in enumerate(layers):
                used = keep
                if depth is not None:
                    used = depth > i if keep is None else keep & (depth > i)
                part = layer(rest, used)
                rest = rest - part.codes.detach()
                total = total + part.codes.detach()
                indices.append(part.indices)
                loss = loss + part.loss
        # one gradient through the whole sum; through each layer it would count Q times
        place = torch.arange(x.shape[0], device=x.device)
        codes = lookup(x, total, place, gradient=self.gradient)
        if self.project_out is not None:
            codes = linear(self.project_out, codes)
        return codes, torch.stack(indices, -1), loss

    def _search(self, flat: Tensor) -> Tensor:
        rest = flat if self.project_in is None else linear(self.project_in, flat)
        indices: list[Tensor] = []
        for layer in self.stack():
            indices.append(layer.search(rest))
            rest = rest - layer.lookup(indices[-1]).to(rest.dtype)
        return torch.stack(indices, -1)

    def lookup(self, indices: Tensor) -> Tensor:
        """indices (..., q) with q <= Q -> codes (..., D) float32; fewer codebooks, coarser codes.

        -1 adds nothing, and a vector with nothing but -1 is zero.
        """
        if indices.ndim < 1 or not 1 <= indices.shape[-1] <= self.num_quantizers:
            raise VQTokenizerError(
                f"ResidualQuantizer.lookup: the last dimension of indices must be 1 to "
                f"{self.num_quantizers}, got {tuple(indices.shape)}"
            )
        parts = zip(self.stack(), indices.unbind(-1), strict=False)
        codes = torch.stack([layer.lookup(index) for layer, index in parts]).sum(0)
        if self.project_out is not None:
            codes = linear(self.project_out, codes)
            codes = torch.where((indices >= 0).any(-1, keepdim=True), codes, 0.0)
        return self._channels_back(codes)

    @property
    def codebook(self) -> Tensor:
        """There is none of the sums: see codebooks. Raises VQTokenizerError."""
        raise VQTokenizerError("ResidualQuantizer: take codebooks, which has one a layer")

    @property
    def codebooks(self) -> tuple[Tensor, ...]:
        """The codes (K, code_dim) of each of the Q codebooks."""
        return tuple(layer.codebook for layer in self.stack())

    def stats(self) -> CodebookStats:
        """Each codebook's figures: three tensors of (Q,)."""
        usage, perplexity, dead = zip(*(layer.stats() for layer in self.stack()), strict=True)
        return CodebookStats(torch.stack(usage), torch.stack(perplexity), torch.stack(dead))

    def _depths(self, lead: torch.Size, n: int) -> Tensor | None:
        """How many codebooks each vector uses, (N,) int64, or None for all."""
        if not self.training or not self.dropout:
            return None
        samples = lead[0] if len(lead) > 1 else n
        step = self.stack()[0].seen_step()
        place = torch.arange(samples, device=step.device) + rank() * _RANKS
        low = min(self.dropout_least, self.num_quantizers)
        span = self.num_quantizers - low + 1
        chance = uniform(place, 2 * step, self.seed)
        depth = low + (chance * span).long().clamp_max(span - 1)
        unit = self.dropout_multiple
        depth = ((depth + unit - 1) // unit * unit).clamp_max(self.num_quantizers)
        dropped = uniform(place, 2 * step + 1, self.seed) < self.dropout
        depth = torch.where(dropped, depth, self.num_quantizers)
        return depth.repeat_interleave(n // max(samples, 1), output_size=n)

    def _finish(self, pending: Any) -> None:
        """The layers move by themselves."""

    def stack(self) -> list[VectorQuantizer]:
        """The Q quantizers in order; of a shared codebook the same one Q times."""
        layers = [layer for layer in self.layers if isinstance(layer, VectorQuantizer)]
        return layers * self.num_quantizers if self.shared else layers

    def _state_type(self) -> torch.dtype:
        return self.stack()[0].counts.dtype

    def _device(self) -> torch.device:
        return self.stack()[0].counts.device


def _sizes(num_codes: int | Sequence[int], num_quantizers: int | None) -> tuple[int, ...]:
    """One number of codes for each codebook."""
    if isinstance(num_codes, int):
        if num_quantizers is None or num_quantizers < 1:
            raise VQTokenizerError(
                f"ResidualQuantizer: num_quantizers must be positive, got {num_quantizers}"
            )
        return (num_codes,) * num_quantizers
    sizes = tuple(num_codes)
    if not sizes or num_quantizers not in (None, len(sizes)):
        raise VQTokenizerError(
            f"ResidualQuantizer: num_codes {sizes} must have one entry for each of the "
            f"{num_quantizers} codebooks"
        )
    return sizes
