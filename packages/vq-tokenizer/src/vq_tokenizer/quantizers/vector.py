"""Vector quantizer: the nearest code of a learned codebook, whose moves stand in learned.py.

Shapes: N vectors, K codes, D width, H heads; M = N * H rows that are searched.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vq_tokenizer.errors import VQTokenizerError
from vq_tokenizer.ops._lookup import GRADIENTS, lookup_with_error
from vq_tokenizer.ops._nearest_code import METRICS, PRECISIONS, nearest_code
from vq_tokenizer.ops._sample_code import sample_code
from vq_tokenizer.quantizers.base import masked_mean
from vq_tokenizer.quantizers.learned import LearnedCodes
from vq_tokenizer.quantizers.terms import entropy_term, orthogonality_term

__all__ = ["VectorQuantizer", "linear"]


class VectorQuantizer(LearnedCodes):
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
        width = code_dim or dim // heads
        self.project_in = nn.Linear(dim, width * heads) if code_dim else None
        self.project_out = nn.Linear(width * heads, dim) if code_dim else None
        self._make_state(width)
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

    def extra_repr(self) -> str:
        """Shown by print(module)."""
        return (
            f"num_codes={self.num_codes}, dim={self.dim}, metric={self.metric}, learn={self.learn}"
        )

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

    def _start_state(self) -> None:
        super()._start_state()
        if self.sample_temperature:
            self.temperature.fill_(self.sample_temperature)

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


def linear(layer: nn.Linear, x: Tensor) -> Tensor:
    """The layer in x's type, for x stays float32 where a model is in half precision."""
    bias = None if layer.bias is None else layer.bias.to(x.dtype)
    return F.linear(x, layer.weight.to(x.dtype), bias)
