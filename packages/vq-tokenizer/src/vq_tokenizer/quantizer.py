"""Vector quantizer with an exponential-moving-average codebook (van den Oord et al., 2017,
appendix).

    n_k <- g n_k + (1 - g) |{z -> k}|        m_k <- g m_k + (1 - g) sum of those z        e_k = m_k
    / n_k

All state is float32 buffers: an optimizer never sees it and autocast never rounds it. Random
choices come from a generator seeded by (seed, step), so a resumed run repeats them to the bit.

Shapes: N vectors, K codes, D width.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from vq_tokenizer.errors import VQTokenizerError
from vq_tokenizer.ops import nearest_code

__all__ = ["CodebookStats", "Quantized", "VectorQuantizer"]


class Quantized(NamedTuple):
    """What a quantizer returns: codes (..., D) with a gradient to the input, indices (...),
    loss."""

    codes: Tensor
    indices: Tensor
    loss: Tensor


class CodebookStats(NamedTuple):
    """How the codebook is used, by its moving counts: all three are scalar tensors, no host sync.

    usage: share of codes in use, 0 to 1; perplexity: 1 to K; dead: codes below the dead line.
    """

    usage: Tensor
    perplexity: Tensor
    dead: Tensor


class VectorQuantizer(nn.Module):
    """Nearest code of a learned codebook, straight-through gradient, codebook by moving average.

    num_codes, dim: K and D. decay: of the moving averages, in [0, 1).
    commitment: weight of mean |z - code|^2 in the returned loss.
    kmeans_iters: Lloyd steps on the first training batch, which starts the codebook; 0 keeps the
        random one. dead_share: a code whose moving count falls below this share of an even split
        is dead, and starts again from a badly served vector of the batch; 0 switches it off.
    warm_decay: use (1 + step) / (10 + step) while that is below decay, so that the codebook keeps
    up with
        an encoder that learns fast in its first hundred steps; without it codebooks collapse there.
    """

    codes: Tensor
    counts: Tensor
    sums: Tensor
    started: Tensor
    step: Tensor

    def __init__(
        self,
        num_codes: int,
        dim: int,
        *,
        decay: float = 0.99,
        commitment: float = 0.25,
        kmeans_iters: int = 10,
        dead_share: float = 0.05,
        warm_decay: bool = False,
        seed: int = 0,
    ) -> None:
        super().__init__()
        if num_codes < 1 or dim < 1:
            raise VQTokenizerError(
                f"VectorQuantizer: num_codes and dim must be positive, got {num_codes} and {dim}"
            )
        if not 0.0 <= decay < 1.0:
            raise VQTokenizerError(f"VectorQuantizer: decay must be in [0, 1), got {decay}")
        self.num_codes, self.dim, self.decay = num_codes, dim, decay
        self.commitment, self.kmeans_iters = commitment, kmeans_iters
        self.dead_share, self.warm_decay, self.seed = dead_share, warm_decay, seed
        start = torch.randn(num_codes, dim, generator=torch.Generator().manual_seed(seed))
        self.register_buffer("codes", start / math.sqrt(dim))
        self.register_buffer("counts", torch.ones(num_codes))
        self.register_buffer("sums", self.codes.clone())
        self.register_buffer("started", torch.zeros((), dtype=torch.bool))
        self.register_buffer("step", torch.zeros((), dtype=torch.int64))

    def forward(self, z: Tensor) -> Quantized:
        """z (..., D) -> Quantized. In training mode the codebook moves, after these codes are
        taken."""
        if z.ndim < 1 or z.shape[-1] != self.dim:
            raise VQTokenizerError(
                f"VectorQuantizer: the last dimension of z must be {self.dim}, got {tuple(z.shape)}"
            )
        with torch.autocast(z.device.type, enabled=False):
            flat = z.reshape(-1, self.dim).float()  # (N, D)
            if self.training and not bool(self.started):
                self._start(flat.detach())
            index = nearest_code(flat.detach(), self.codes)
            chosen = self.codes[index]
            loss = self.commitment * (flat - chosen).square().mean()
            if flat.shape[0] == 0:
                loss = flat.sum()
            through = flat + (chosen - flat).detach()
            if self.training and flat.shape[0]:
                self._update(flat.detach(), index, chosen)
        return Quantized(through.to(z.dtype).reshape(z.shape), index.reshape(z.shape[:-1]), loss)

    @torch.no_grad()
    def search(self, z: Tensor) -> Tensor:
        """z (..., D) -> indices (...) int64. Never moves the codebook."""
        flat = z.reshape(-1, self.dim).float()
        return nearest_code(flat, self.codes).reshape(z.shape[:-1])

    def lookup(self, indices: Tensor) -> Tensor:
        """indices (...) int64 in [0, K) -> codes (..., D) float32."""
        if indices.is_floating_point() or indices.dtype == torch.bool:
            raise VQTokenizerError(f"lookup: indices must be integers, got {indices.dtype}")
        if indices.numel() and indices.device.type == "cpu":
            low, high = int(indices.min()), int(indices.max())
            if low < 0 or high >= self.num_codes:
                raise VQTokenizerError(
                    f"lookup: indices must be in [0, {self.num_codes}), got {low} to {high}"
                )
        return self.codes[indices]

    def stats(self) -> CodebookStats:
        """Usage, perplexity and dead codes by the moving counts."""
        share = self.counts / self.counts.sum().clamp_min(1e-12)
        entropy = -(share * share.clamp_min(1e-12).log()).sum()
        dead = share < max(self.dead_share, 1e-6) / self.num_codes
        return CodebookStats(1.0 - dead.float().mean(), entropy.exp(), dead.sum())

    def extra_repr(self) -> str:
        """Shown by print(module)."""
        return f"num_codes={self.num_codes}, dim={self.dim}, decay={self.decay}"

    @torch.no_grad()
    def _update(self, z: Tensor, index: Tensor, chosen: Tensor) -> None:
        """Moving averages of counts and sums, codes from them, then dead codes start again."""
        n = torch.bincount(index, minlength=self.num_codes).to(self.counts.dtype)
        m = torch.zeros_like(self.sums).index_add_(0, index, z)
        decay: float | Tensor = self.decay
        if self.warm_decay:
            decay = ((1.0 + self.step) / (10.0 + self.step)).clamp_max(self.decay)
        self.counts.lerp_(n, 1.0 - decay)
        self.sums.lerp_(m, 1.0 - decay)
        alive = self.counts > 1e-6
        mean = self.sums / self.counts.clamp_min(1e-6)[:, None]
        self.codes.copy_(torch.where(alive[:, None], mean, self.codes))
        self.step += 1
        if self.dead_share > 0:
            self._revive(z, (z - chosen).square().sum(1))

    def _revive(self, z: Tensor, error: Tensor) -> None:
        """Put dead codes on vectors drawn in proportion to their squared error (as k-means++ does).

        Gumbel top-k draws without replacement and with fixed shapes, so nothing waits for a device.
        """
        even = self.counts.sum() / self.num_codes
        dead = self.counts < self.dead_share * even
        noise = torch.rand(error.shape, generator=self._generator(z.device), device=z.device)
        gumbel = -(-noise.clamp(1e-12, 1 - 1e-7).log()).log()
        drawn = (
            (error.clamp_min(1e-20).log() + gumbel).topk(min(self.num_codes, z.shape[0])).indices
        )
        rank = dead.long().cumsum(0) - 1
        take = dead & (rank < drawn.shape[0])
        fresh = z[drawn[rank.clamp(0, drawn.shape[0] - 1)]]  # (K, D)
        count = even * 0.25  # enough to live through some hundred steps unless it is chosen
        self.codes.copy_(torch.where(take[:, None], fresh, self.codes))
        self.counts.copy_(torch.where(take, count, self.counts))
        self.sums.copy_(torch.where(take[:, None], fresh * count, self.sums))

    @torch.no_grad()
    def _start(self, z: Tensor) -> None:
        """k-means on the first batch: z (N, D). Codes without a vector stay where they began."""
        if z.shape[0] == 0:
            return
        if self.kmeans_iters > 0:
            order = torch.randperm(z.shape[0], generator=self._generator(z.device), device=z.device)
            picked = order[torch.arange(self.num_codes, device=z.device) % z.shape[0]]
            self.codes.copy_(z[picked])
            for _ in range(self.kmeans_iters):
                index = nearest_code(z, self.codes)
                n = torch.bincount(index, minlength=self.num_codes).to(z.dtype)
                m = torch.zeros_like(self.codes).index_add_(0, index, z)
                mean = m / n.clamp_min(1.0)[:, None]
                self.codes.copy_(torch.where((n > 0)[:, None], mean, self.codes))
            even = z.shape[0] / self.num_codes
            self.counts.fill_(even)
            self.sums.copy_(self.codes * even)
        self.started.fill_(True)

    def _generator(self, device: torch.device) -> torch.Generator:
        """A generator that depends on the seed and the step only."""
        mixed = (self.seed * 1_000_003 + int(self.step)) % (1 << 62)
        return torch.Generator(device=device).manual_seed(mixed)
