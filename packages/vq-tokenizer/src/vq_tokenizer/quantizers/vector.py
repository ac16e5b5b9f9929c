"""Vector quantizer with a learned codebook, by moving average or by gradient.

Moving average (van den Oord et al., 2017, appendix):

    n_k <- g n_k + (1 - g) |{z -> k}|
    m_k <- g m_k + (1 - g) sum of those z
    e_k  = m_k / n_k

All of that state is float32 buffers: an optimizer never sees it and autocast never rounds it.
Random choices depend on (seed, step), so a resumed run repeats them to the bit. Over several
processes the sums are those of all vectors, so all end with one codebook: the one that a single
process would have, up to the order of adding.

Shapes: N vectors, K codes, D width, H heads; M = N * H rows that are searched.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vq_tokenizer._distributed import all_reduce, world_size
from vq_tokenizer.errors import VQTokenizerError
from vq_tokenizer.ops._code_stats import code_stats
from vq_tokenizer.ops._draw_rows import draw_rows, merge_draws
from vq_tokenizer.ops._ema_update import dead_codes, ema_update, revive
from vq_tokenizer.ops._lookup import GRADIENTS, lookup_with_error
from vq_tokenizer.ops._nearest_code import METRICS, PRECISIONS, nearest_code
from vq_tokenizer.ops._sample_code import sample_code
from vq_tokenizer.ops._start_codes import start_codes
from vq_tokenizer.quantizers.base import Quantizer, masked_mean, repeated
from vq_tokenizer.quantizers.sharded import write_rows
from vq_tokenizer.quantizers.terms import entropy_term, orthogonality_term

__all__ = ["VectorQuantizer", "linear"]

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
    entropy, entropy_temperature, diversity: weight and settings of terms.entropy_term, which pulls
        the encoder, and the codes where they learn by gradient. orthogonality: weight of
        terms.orthogonality_term, for learn="gradient".
    code_dim: search in this many dimensions, through a linear projection in and out.
    heads: cut each vector into H parts (of code_dim each, where given), which share the codebook;
        indices then are (..., H).
    sample_temperature: above 0, training draws codes at random instead of the nearest ones, see
        ops.sample_code; `anneal` lowers it. channel_dim: see Quantizer.
    """

    codes: Tensor
    sums: Tensor
    started: Tensor
    step: Tensor
    temperature: Tensor

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
        entropy_temperature: float = 1.0,
        diversity: float = 1.0,
        orthogonality: float = 0.0,
        code_dim: int | None = None,
        heads: int = 1,
        sample_temperature: float = 0.0,
        channel_dim: int | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__(channel_dim=channel_dim)
        self.num_codes, self.dim, self.heads, self.decay = num_codes, dim, heads, decay
        self.commitment, self.kmeans_iters = commitment, kmeans_iters
        self.dead_share, self.warm_decay, self.seed = dead_share, warm_decay, seed
        self.metric, self.learn, self.gradient = metric, learn, gradient
        self.precision, self.orthogonality = precision, orthogonality
        self.entropy, self.entropy_temperature = entropy, entropy_temperature
        self.diversity, self.sample_temperature = diversity, sample_temperature
        self._check_options(code_dim)
        self.code_dim = width = code_dim or dim // heads
        self.project_in = nn.Linear(dim, width * heads) if code_dim else None
        self.project_out = nn.Linear(width * heads, dim) if code_dim else None
        codes = torch.empty(num_codes, width)
        if learn == "ema":
            self.register_buffer("codes", codes)
            self.register_buffer("counts", torch.empty(num_codes))
            self.register_buffer("sums", torch.empty(num_codes, width))
        else:
            self.codes = nn.Parameter(codes)
            self.register_buffer("counts", torch.empty(num_codes))
        self.register_buffer("started", torch.empty((), dtype=torch.bool))
        self.register_buffer("step", torch.empty((), dtype=torch.int64))
        if sample_temperature:  # only then, so that other state dicts stay as they are
            self.register_buffer("temperature", torch.empty(()))
        self._start_state()

    def reset_parameters(self) -> None:
        """Everything as the constructor leaves it, for modules that were built on "meta"."""
        for layer in (self.project_in, self.project_out):
            if layer is not None:
                layer.reset_parameters()
        self._start_state()

    @torch.no_grad()
    def anneal(self, temperature: float) -> None:
        """Set the temperature of the draw; the constructor must have been given one above 0."""
        if not self.sample_temperature or temperature <= 0:
            raise VQTokenizerError(
                "VectorQuantizer.anneal: needs a positive temperature, and a quantizer made with "
                f"sample_temperature above 0, got {temperature}; eval() takes the nearest code"
            )
        self.temperature.fill_(temperature)

    def seen_step(self) -> Tensor:
        """The number of this step, scalar int64; in a repeated forward pass that of the first."""
        again = self.training and repeated() and self.moment.before is not None
        step: Tensor = self.moment.before.step if again else self.step
        return step

    def extra_repr(self) -> str:
        """Shown by print(module)."""
        return (
            f"num_codes={self.num_codes}, dim={self.dim}, metric={self.metric}, learn={self.learn}"
        )

    def __setattr__(self, name: str, value: Any) -> None:
        # FSDP2 sets the parameter to its shard and, for the time of a forward pass, to a whole
        # copy that it then drops; what the pass writes to the codes must reach the shard.
        if name == "codes" and hasattr(value, "full_tensor"):
            self.moment.sharded = value
        super().__setattr__(name, value)

    def _check_options(self, code_dim: int | None) -> None:
        name = type(self).__name__
        if self.num_codes < 1 or self.dim < 1:
            raise VQTokenizerError(
                f"{name}: num_codes and dim must be positive, got {self.num_codes} and {self.dim}"
            )
        if not 0.0 <= self.decay < 1.0:
            raise VQTokenizerError(f"{name}: decay must be in [0, 1), got {self.decay}")
        for option, allowed in {
            "metric": METRICS,
            "learn": ("ema", "gradient"),
            "gradient": GRADIENTS,
            "precision": PRECISIONS,
        }.items():
            if (value := getattr(self, option)) not in allowed:
                raise VQTokenizerError(f"{name}: {option} {value!r} is not one of {allowed}")
        if self.learn == "ema" and self.orthogonality:
            raise VQTokenizerError(
                f"{name}: orthogonality acts on the codes by gradient; use learn='gradient'"
            )
        if self.entropy_temperature <= 0 or self.sample_temperature < 0:
            raise VQTokenizerError(
                f"{name}: entropy_temperature must be positive and sample_temperature not "
                f"negative, got {self.entropy_temperature} and {self.sample_temperature}"
            )
        if self.heads < 1 or (code_dim is None and self.dim % self.heads):
            raise VQTokenizerError(
                f"{name}: heads must be positive and divide dim {self.dim}, got {self.heads}; "
                "or give code_dim, the width of each head"
            )

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
        if self.sample_temperature:
            self.temperature.fill_(self.sample_temperature)
        self.moment.started = False

    def _quantize(
        self, flat: Tensor, keep: Tensor | None, lead: torch.Size
    ) -> tuple[Tensor, Tensor, Tensor]:
        x = self._enter(flat)  # (M, code_dim)
        plain = x.detach()
        if keep is not None and self.heads > 1:
            keep = keep.repeat_interleave(self.heads)
        learning = self._learning()
        if learning and not self.moment.started:
            self._start(plain, keep)

        before = self._before()
        codes = self._unit(self._with_gradient(before.codes))
        index = self._choose(plain, codes.detach(), before.step)
        chosen, error = lookup_with_error(x, codes.detach(), index, gradient=self.gradient)

        total = before.total
        if learning:
            total = self._learn(plain, index, error.detach(), keep)
            if not torch.compiler.is_compiling():
                self.moment.before = before._replace(total=total)
        loss = self.commitment / x.shape[1] * masked_mean(error[:, None], keep, total)
        if self.learn == "gradient":
            own = (plain - F.embedding(index, codes)).square()
            loss = loss + masked_mean(own, keep, total)
        if self.entropy:
            term = entropy_term(
                x,
                codes,
                keep,
                temperature=self.entropy_temperature,
                diversity=self.diversity,
            )
            loss = loss + self.entropy * term
        if self.orthogonality:
            loss = loss + self.orthogonality * orthogonality_term(codes)
        return self._leave(chosen), self._by_head(index), loss

    def _search(self, flat: Tensor) -> Tensor:
        x, codes = self._enter(flat), self._whole()
        index = nearest_code(x, codes, metric=self.metric, precision=self.precision)
        return self._by_head(index)

    def _look_up(self, indices: Tensor) -> Tensor:
        codes = self._unit(self._whole())[indices]  # (..., code_dim), with heads (..., H, code_dim)
        if self.heads > 1:
            codes = codes.flatten(-2)
        return codes if self.project_out is None else linear(self.project_out, codes)

    def lookup(self, indices: Tensor) -> Tensor:
        """indices (...), with a last dimension of H where there are heads -> codes (..., D).

        -1 gives zeros, in all heads of a vector where one of them has it.
        """
        if self.heads == 1:
            return super().lookup(indices)
        if indices.ndim < 1 or indices.shape[-1] != self.heads:
            raise VQTokenizerError(
                f"VectorQuantizer.lookup: the last dimension of indices must be {self.heads} "
                f"heads, got {tuple(indices.shape)}"
            )
        self._check_indices(indices)
        codes = self._look_up(indices.clamp_min(0))
        known = (indices >= 0).all(-1, keepdim=True)
        return self._channels_back(torch.where(known, codes, 0.0))

    @property
    def codebook(self) -> Tensor:
        """All codes (K, D) as `lookup` gives them; with heads, those of one head, (K, code_dim)."""
        if self.heads == 1:
            return super().codebook
        return self._unit(self._whole())

    def _enter(self, flat: Tensor) -> Tensor:
        """(N, D) to the space of the codes, (M, code_dim)."""
        x = flat if self.project_in is None else linear(self.project_in, flat)
        x = x.reshape(-1, self.code_dim)
        return F.normalize(x, dim=1) if self.metric == "cosine" else x

    def _leave(self, codes: Tensor) -> Tensor:
        """(M, code_dim) back to (N, D)."""
        if self.heads > 1:
            codes = codes.reshape(-1, self.heads * self.code_dim)
        return codes if self.project_out is None else linear(self.project_out, codes)

    def _by_head(self, index: Tensor) -> Tensor:
        return index if self.heads == 1 else index.reshape(-1, self.heads)

    def _choose(self, x: Tensor, codes: Tensor, step: Tensor) -> Tensor:
        if self.training and self.sample_temperature:
            return sample_code(x, codes, self.temperature, step, seed=self.seed)
        return nearest_code(x, codes, metric=self.metric, precision=self.precision)

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


def linear(layer: nn.Linear, x: Tensor) -> Tensor:
    """The layer in x's type, for x stays float32 where a model is in half precision."""
    bias = None if layer.bias is None else layer.bias.to(x.dtype)
    return F.linear(x, layer.weight.to(x.dtype), bias)


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
