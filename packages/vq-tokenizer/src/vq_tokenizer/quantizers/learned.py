"""A codebook and how it moves: by moving average or by gradient, and what becomes of dead codes.

Moving average (van den Oord et al., 2017, appendix):

    n_k <- g n_k + (1 - g) |{z -> k}|
    m_k <- g m_k + (1 - g) sum of those z
    e_k  = m_k / n_k

All of that state is float32 buffers: an optimizer never sees it and autocast never rounds it.
Random choices depend on (seed, step), so a resumed run repeats them to the bit. Over several
processes the sums are those of all vectors, so all end with one codebook: the one that a single
process would have, up to the order of adding.

Shapes: K codes, D width of a code, M rows that were searched.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vq_tokenizer._distributed import all_reduce, world_size
from vq_tokenizer.ops._code_stats import code_stats
from vq_tokenizer.ops._draw_rows import draw_rows, merge_draws
from vq_tokenizer.ops._ema_update import dead_codes, ema_update, revive
from vq_tokenizer.ops._start_codes import start_codes
from vq_tokenizer.quantizers.base import Quantizer
from vq_tokenizer.quantizers.moment import repeated
from vq_tokenizer.quantizers.sharded import write_rows

__all__ = ["LearnedCodes"]

_NEVER = 1e-3  # share of an even split


class Before(NamedTuple):
    """What a forward pass found, for one that repeats it: codes (K, D), rows of all processes where
    the loss is divided by them, and the step."""

    codes: Tensor
    total: Tensor | None
    step: Tensor


class Batch(NamedTuple):
    """Statistics of one or more batches: counts (K,), sums (K, D), and the rows (R, D) drawn for
    dead codes with their keys (R,)."""

    counts: Tensor
    sums: Tensor
    keys: Tensor
    rows: Tensor


class LearnedCodes(Quantizer):
    """A quantizer with codes that move in training. Its attributes are VectorQuantizer's options.

    A subclass sets them, then calls `_make_state` and `_start_state`.
    """

    codes: Tensor
    sums: Tensor
    started: Tensor
    step: Tensor
    code_dim: int
    decay: float
    kmeans_iters: int
    warm_decay: bool
    metric: str
    learn: str
    seed: int

    def seen_step(self) -> Tensor:
        """The number of this step, scalar int64; in a repeated forward pass that of the first."""
        again = self.training and repeated() and self.moment.before is not None
        step: Tensor = self.moment.before.step if again else self.step
        return step

    def __setattr__(self, name: str, value: Any) -> None:
        # FSDP2 sets the parameter to its shard and, for the time of a forward pass, to a whole
        # copy that it then drops; what the pass writes to the codes must reach the shard.
        if name == "codes" and hasattr(value, "full_tensor"):
            self.moment.sharded = value
        super().__setattr__(name, value)

    def _make_state(self, width: int) -> None:
        """The codes (K, width), a parameter where they learn by gradient, and what moves them."""
        self.code_dim = width
        codes = torch.empty(self.num_codes, width)
        if self.learn == "ema":
            self.register_buffer("codes", codes)
            self.register_buffer("counts", torch.empty(self.num_codes))
            self.register_buffer("sums", torch.empty(self.num_codes, width))
        else:
            self.codes = nn.Parameter(codes)
            self.register_buffer("counts", torch.empty(self.num_codes))
        self.register_buffer("started", torch.empty((), dtype=torch.bool))
        self.register_buffer("step", torch.empty((), dtype=torch.int64))

    @torch.no_grad()
    def _start_state(self) -> None:
        """Random codes that depend on the seed alone, even counts, no step taken."""
        width = self.code_dim
        generator = torch.Generator().manual_seed(self.seed)
        start = torch.randn(self.num_codes, width, generator=generator, device="cpu")
        start = F.normalize(start, dim=1) if self.metric == "cosine" else start / math.sqrt(width)
        if self.codes.device.type != "meta":
            everything = torch.ones(self.num_codes, dtype=torch.bool, device=self.codes.device)
            write_rows(self.codes, self.moment.sharded, start.to(self.codes.device), everything)
        self.counts.fill_(1.0)
        if self.learn == "ema":
            self.sums.copy_(self.codes)
        self.started.fill_(False)
        self.step.fill_(0)
        self.moment.started = False

    def _whole(self) -> Tensor:
        """The codes (K, code_dim) in float32, also where FSDP2 has them in shards."""
        codes = self.codes
        if hasattr(codes, "full_tensor"):
            codes = codes.full_tensor()
        return codes.to(torch.promote_types(codes.dtype, torch.float32))

    def _unit(self, codes: Tensor) -> Tensor:
        """Codes as they are taken: a parameter may leave the unit sphere, a buffer does not."""
        if self.learn == "gradient" and self.metric == "cosine":
            return F.normalize(codes, dim=1)
        return codes

    def _before(self) -> Before:
        """The state that this pass sees; that of the pass which it repeats, where it does.

        It is a copy in training, because the codes move before the backward pass.
        """
        if self.training and repeated() and self.moment.before is not None:
            before: Before = self.moment.before
            return before
        codes = self._whole().detach()
        if not self.training:
            return Before(codes, None, self.step)
        before = Before(codes.clone(), None, self.step.clone())
        if not torch.compiler.is_compiling():
            self.moment.before = before
        return before

    def _with_gradient(self, codes: Tensor) -> Tensor:
        """These values, with a gradient to the parameter where the codes are one."""
        if self.learn == "ema":
            return codes
        live = self._whole()
        return codes + (live - live.detach()).nan_to_num()

    @torch.no_grad()
    def _start(self, x: Tensor, keep: Tensor | None) -> None:
        codes = self._whole().clone()
        sums = self.sums if self.learn == "ema" else torch.empty_like(codes)
        start_codes(
            codes,
            self.counts,
            sums,
            self.started,
            x,
            keep,
            self.metric,
            self.seed,
            self.kmeans_iters,
        )
        write_rows(self.codes, self.moment.sharded, codes, (codes != self._whole()).any(1))
        if torch.compiler.is_compiling() or x.device.type == "meta":
            # the flag cannot be asked; a batch without a mask has started it
            self.moment.started = keep is None
        else:
            self.moment.started = bool(self.started)

    @torch.no_grad()
    def _learn(self, x: Tensor, index: Tensor, error: Tensor, keep: Tensor | None) -> Tensor | None:
        """Take the batch's statistics; move, or keep them for later. Rows of all processes."""
        good = error.isfinite() if keep is None else keep & error.isfinite()
        look = x.device.type == "cpu" and not torch.compiler.is_compiling()  # nothing waits for it
        mask = None if look and bool(good.all()) else good
        counts, sums = code_stats(x, index, self.num_codes, mask=mask)
        rows, keys = x[:0], error[:0]
        if self.dead_share > 0 and not (look and self._all_live(counts)):
            count = min(self.num_codes, x.shape[0])
            # a code that was never used is about to jump to its vector: no second one goes there
            good = good & (self.counts[index] > _NEVER * self.counts.mean())
            drawn, keys = draw_rows(x, error, count, self.step, self.seed, mask=good)
            rows = x[drawn]
        batch = Batch(counts, sums, keys, rows)
        if self.moment.deferred:
            self.moment.pending = _joined(self.moment.pending, batch)
            return all_reduce(counts.sum()) if world_size() > 1 else None
        total = self._move(batch)
        return total if world_size() > 1 else None

    def _all_live(self, counts: Tensor) -> bool:
        """Whether this batch alone moves the codebook, and leaves no code dead."""
        if world_size() > 1 or self.moment.deferred:
            return False
        weight = self._weight(self.step)
        after = self.counts.lerp(counts, weight)
        return not bool(dead_codes(after, weight, self.dead_share)[1].any())

    def _finish(self, pending: Batch | None) -> None:
        if pending is None and world_size() == 1:
            return
        if pending is None:  # nothing here, but the others wait
            none = torch.zeros_like(self._whole())
            pending = Batch(torch.zeros_like(self.counts), none, none[:0, 0], none[:0])
        self._move(pending)

    def _move(self, batch: Batch) -> Tensor:
        """Sum over all processes, then move the codebook and its dead; how many rows there were."""
        counts, sums = batch.counts, batch.sums
        if world_size() > 1:
            packed = all_reduce(torch.cat([counts[:, None], sums], 1))
            counts, sums = packed[:, 0], packed[:, 1:]
        fresh = sums[:0]
        if self.dead_share > 0 and (len(batch.keys) or world_size() > 1):
            fresh = merge_draws(batch.keys, batch.rows, self.num_codes)
        total = counts.sum()
        self.step += total > 0
        weight = torch.where(
            total > 0, self._weight(self.step - 1), 0.0
        )  # without vectors nothing moves
        if self.learn == "ema":
            ema_update(
                self.codes, self.counts, self.sums, counts, sums, fresh, weight, self.dead_share
            )
            if self.metric == "cosine":
                self.codes.copy_(F.normalize(self.codes, dim=1))
            return total
        self.counts.lerp_(counts, weight)
        if self.dead_share > 0:
            codes = self._whole().clone()
            take = revive(
                codes, self.counts, torch.empty_like(codes), fresh, weight, self.dead_share
            )
            write_rows(self.codes, self.moment.sharded, codes, take)
        return total

    def _weight(self, before: Tensor) -> Tensor:
        """1 - decay of the step that has so many before it, on the codebook's device."""
        if not self.warm_decay:
            return torch.full_like(self.counts[0], 1.0 - self.decay)
        weight = 1.0 - ((1.0 + before) / (10.0 + before)).clamp_max(self.decay)
        return weight.to(self.counts.dtype)


def _joined(first: Batch | None, second: Batch) -> Batch:
    """Statistics of both. Of the drawn rows no more are kept than there are codes."""
    if first is None:
        return second
    keys, rows = torch.cat([first.keys, second.keys]), torch.cat([first.rows, second.rows])
    best = keys.topk(min(len(keys), len(first.counts)))
    return Batch(
        first.counts + second.counts,
        first.sums + second.sums,
        best.values,
        rows[best.indices],
    )
