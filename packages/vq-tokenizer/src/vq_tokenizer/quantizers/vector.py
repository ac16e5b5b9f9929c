"""Vector quantizer with a learned codebook, by moving average or by gradient.

Moving average (van den Oord et al., 2017, appendix):

    n_k <- g n_k + (1 - g) |{z -> k}|
    m_k <- g m_k + (1 - g) sum of those z
    e_k  = m_k / n_k

All of that state is float32 buffers: an optimizer never sees it and autocast never rounds it.
Random choices depend on (seed, step), so a resumed run repeats them to the bit.

Shapes: N vectors, K codes, D width.
"""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vq_tokenizer._distributed import all_reduce, interleave, world_size
from vq_tokenizer.errors import VQTokenizerError
from vq_tokenizer.ops.code_stats import code_stats
from vq_tokenizer.ops.ema_update import draw_rows, ema_update, revive
from vq_tokenizer.ops.lookup import GRADIENTS, lookup_with_error
from vq_tokenizer.ops.nearest_code import METRICS, PRECISIONS, nearest_code
from vq_tokenizer.ops.start_codes import start_codes
from vq_tokenizer.quantizers.base import CodebookStats, Quantized, Quantizer, masked_mean

__all__ = ["CodebookStats", "Quantized", "VectorQuantizer"]

_SOFT_ROWS = 1024  # vectors that the entropy term looks at: its memory is this times K


class VectorQuantizer(Quantizer):
    """Nearest code of a learned codebook.

    num_codes, dim: K and D. decay: of the moving averages, in [0, 1).
    commitment: weight of mean |z - code|^2 in the returned loss (it pulls the encoder, so it is
        the beta of the paper; with learn="gradient" the codebook's own term has weight 1).
    kmeans_iters: Lloyd steps on the first training batch, which starts the codebook; 0 keeps the
        random one. dead_share: a code whose moving count falls below this share of an even split
        is dead, and starts again from a badly served vector of the batch; 0 switches it off.
    warm_decay: use (1 + step) / (10 + step) while that is below decay, so that the codebook keeps
        up with an encoder that learns fast in its first hundred steps; without it codebooks
        collapse there.
    metric: "euclidean", or "cosine": vectors and codes are brought to unit length.
    learn: "ema" or "gradient" (codes are then a parameter). gradient: to z, "straight-through" or
        "rotation". precision: of the search, see ops.nearest_code.
    entropy, orthogonality: weights of two terms for learn="gradient": soft assignments that are
        sure of themselves and together even (Yu et al., 2024), and codes at right angles.
    code_dim: search in this many dimensions, through a linear projection in and out.
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
        metric: str = "euclidean",
        learn: str = "ema",
        gradient: str = "straight-through",
        precision: str = "exact",
        entropy: float = 0.0,
        orthogonality: float = 0.0,
        code_dim: int | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__()
        if num_codes < 1 or dim < 1:
            raise VQTokenizerError(
                f"VectorQuantizer: num_codes and dim must be positive, got {num_codes} and {dim}"
            )
        if not 0.0 <= decay < 1.0:
            raise VQTokenizerError(f"VectorQuantizer: decay must be in [0, 1), got {decay}")
        choices: dict[str, tuple[str, tuple[str, ...]]] = {
            "metric": (metric, METRICS),
            "learn": (learn, ("ema", "gradient")),
        }
        choices |= {"gradient": (gradient, GRADIENTS), "precision": (precision, PRECISIONS)}
        for name, (value, allowed) in choices.items():
            if value not in allowed:
                raise VQTokenizerError(f"VectorQuantizer: {name} {value!r} is not one of {allowed}")
        if learn == "ema" and (entropy or orthogonality):
            raise VQTokenizerError(
                "VectorQuantizer: entropy and orthogonality act by gradient; use learn='gradient'"
            )
        self.num_codes, self.dim, self.decay = num_codes, dim, decay
        self.commitment, self.kmeans_iters = commitment, kmeans_iters
        self.dead_share, self.warm_decay, self.seed = dead_share, warm_decay, seed
        self.metric, self.learn, self.gradient = metric, learn, gradient
        self.precision, self.entropy, self.orthogonality = precision, entropy, orthogonality
        width = code_dim or dim
        self.project_in = nn.Linear(dim, width) if code_dim else None
        self.project_out = nn.Linear(width, dim) if code_dim else None
        start = torch.randn(num_codes, width, generator=torch.Generator().manual_seed(seed))
        start = F.normalize(start, dim=1) if metric == "cosine" else start / math.sqrt(width)
        if learn == "ema":
            self.register_buffer("codes", start)
            self.register_buffer("counts", torch.ones(num_codes))
            self.register_buffer("sums", start.clone())
        else:
            self.codes = nn.Parameter(start)
            self.register_buffer("counts", torch.ones(num_codes))
        self.register_buffer("started", torch.zeros((), dtype=torch.bool))
        self.register_buffer("step", torch.zeros((), dtype=torch.int64))
        self._known_started = False  # spares asking the buffer, which would wait for the device
        self.register_load_state_dict_post_hook(_forget_start)

    def forward(self, z: Tensor, mask: Tensor | None = None) -> Quantized:
        """z (..., D) -> Quantized; in training the codebook moves, after these codes are taken."""
        with torch.autocast(z.device.type, enabled=False):
            flat, keep = self._flatten(z, mask)
            x = self._enter(flat)  # (N, code width)
            plain = x.detach()
            if self.training and not self._known_started and x.shape[0]:
                self._start(plain, keep)
            index = nearest_code(
                plain, self.codes.detach(), metric=self.metric, precision=self.precision
            )
            taken = self._codebook()
            codes, error = lookup_with_error(x, taken.detach(), index, gradient=self.gradient)
            loss = self.commitment / x.shape[1] * masked_mean(error[:, None], keep)
            if self.learn == "gradient":
                loss = loss + self._codebook_loss(plain, taken, index, keep)
            if self.training and x.shape[0]:
                self._update(plain, index, codes.detach(), error.detach(), keep)
            codes = self._leave(codes)
            if keep is not None:
                codes = torch.where(keep[:, None], codes, 0.0)
                index = torch.where(keep, index, -1)
        return Quantized(codes.to(z.dtype).reshape(z.shape), index.reshape(z.shape[:-1]), loss)

    @torch.no_grad()
    def search(self, z: Tensor) -> Tensor:
        """z (..., D) -> indices (...) int64. Never moves the codebook."""
        with torch.autocast(z.device.type, enabled=False):
            x = self._enter(self._flatten(z, None)[0])
            index = nearest_code(x, self.codes, metric=self.metric, precision=self.precision)
        return index.reshape(z.shape[:-1])

    def lookup(self, indices: Tensor) -> Tensor:
        """indices (...) int64 in [0, K) -> codes (..., D) float32."""
        self._check_indices(indices)
        return self._leave(self._codebook()[indices])

    def extra_repr(self) -> str:
        """Shown by print(module)."""
        return (
            f"num_codes={self.num_codes}, dim={self.dim}, metric={self.metric}, learn={self.learn}"
        )

    def _enter(self, flat: Tensor) -> Tensor:
        """(N, D) to the space of the codes."""
        x = flat if self.project_in is None else self.project_in(flat)
        return F.normalize(x, dim=1) if self.metric == "cosine" else x

    def _leave(self, codes: Tensor) -> Tensor:
        return codes if self.project_out is None else self.project_out(codes)

    def _codebook(self) -> Tensor:
        """Codes as they are taken: a parameter may leave the unit sphere, a buffer does not."""
        if self.learn == "ema":
            return self.codes
        codes = self.codes.clone()  # revival writes to the parameter before the backward pass
        return F.normalize(codes, dim=1) if self.metric == "cosine" else codes

    def _codebook_loss(
        self, x: Tensor, codes: Tensor, index: Tensor, keep: Tensor | None
    ) -> Tensor:
        """What moves a codebook that learns by gradient; x (N, D) is a constant here."""
        loss = masked_mean((x - F.embedding(index, codes)).square(), keep)
        if self.entropy:
            some = x[:: max(1, -(-x.shape[0] // _SOFT_ROWS))]
            share = (some @ codes.t() * 2 - codes.square().sum(1)).softmax(1)  # (n, K)
            each = -(share * share.clamp_min(1e-12).log()).sum(1).mean()
            mean = share.mean(0)
            together = -(mean * mean.clamp_min(1e-12).log()).sum()
            loss = loss + self.entropy * (each - together)
        if self.orthogonality:
            unit = F.normalize(codes[: 4 * _SOFT_ROWS], dim=1)
            gram = unit @ unit.t()
            off = gram - torch.diag_embed(gram.diagonal())
            loss = loss + self.orthogonality * off.square().mean()
        return loss

    @torch.no_grad()
    def _start(self, x: Tensor, keep: Tensor | None) -> None:
        sums = self.sums if self.learn == "ema" else torch.empty_like(self.codes)
        start_codes(
            self.codes,
            self.counts,
            sums,
            self.started,
            x,
            keep,
            self.metric,
            self.seed,
            self.kmeans_iters,
        )
        self._known_started = True

    @torch.no_grad()
    def _update(
        self, x: Tensor, index: Tensor, chosen: Tensor, error: Tensor, keep: Tensor | None
    ) -> None:
        """Statistics of the batch, over all ranks in one sum, then the codebook and its dead."""
        counts, sums = code_stats(x, index, self.num_codes, mask=keep)
        self.step += 1
        fresh = x[:0]
        if self.dead_share > 0:
            if keep is not None:
                error = torch.where(keep, error, 0.0)  # drawn last
            rows = draw_rows(error, min(self.num_codes, x.shape[0]), self.step, self.seed)
            fresh = x[rows]
            if keep is not None:
                fresh = torch.where(keep[rows, None], fresh, chosen[rows])
        if world_size() > 1:
            part = interleave(fresh, self.num_codes)  # (M, D)
            filled = part.shape[0]
            part = F.pad(part, (0, 0, 0, self.num_codes - filled))
            packed = all_reduce(torch.cat([counts[:, None], sums, part], 1))
            counts, sums, fresh = packed.tensor_split([1, 1 + x.shape[1]], 1)
            counts, fresh = counts[:, 0], fresh[:filled]
        weight = self._weight()
        if self.learn == "ema":
            ema_update(
                self.codes, self.counts, self.sums, counts, sums, fresh, weight, self.dead_share
            )
            if self.metric == "cosine":
                self.codes.copy_(F.normalize(self.codes, dim=1))
            return
        self.counts.lerp_(counts, weight)
        revive(self.codes, self.counts, torch.empty_like(self.codes), fresh, self.dead_share)

    def _weight(self) -> Tensor:
        """1 - decay of this step, on the codebook's device."""
        if not self.warm_decay:
            return torch.full_like(self.counts[0], 1.0 - self.decay)
        before = self.step - 1
        return 1.0 - ((1.0 + before) / (10.0 + before)).clamp_max(self.decay)


def _forget_start(module: nn.Module, keys: Any) -> None:
    module._known_started = False  # type: ignore[assignment]
