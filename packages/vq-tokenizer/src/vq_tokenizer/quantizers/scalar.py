"""Quantizers without a learned codebook: their codes are a grid.

FSQ (Mentzer et al., 2024): each dimension is bounded and rounded to one of a few levels.
LFQ (Yu et al., 2024): each dimension is its sign, and an entropy term keeps all codes in use.

A vector with a NaN has index 0, is not counted, and keeps its NaN in the codes.
Shapes: N vectors, D width, K codes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from vq_tokenizer._distributed import all_reduce, world_size
from vq_tokenizer.errors import VQTokenizerError
from vq_tokenizer.quantizers.base import Quantizer, masked_mean
from vq_tokenizer.quantizers.moment import repeated

__all__ = ["FSQ", "LFQ"]

_TINY = 1e-12


class FSQ(Quantizer):
    """Finite scalar quantization: K is the product of levels, D their number; no loss.

    levels: values of each dimension, 2 or more each, e.g. (8, 5, 5, 5) for 1000 codes. Codes lie
    in [-1, 1]; the first dimension is the least significant digit of an index. decay: of the
    counts. channel_dim: see Quantizer.
    """

    levels: Tensor
    base: Tensor

    def __init__(
        self, levels: Sequence[int], *, decay: float = 0.99, channel_dim: int | None = None
    ) -> None:
        super().__init__(channel_dim=channel_dim)
        if not levels or any(level < 2 for level in levels):
            raise VQTokenizerError(f"FSQ: levels must be 2 or more each, got {tuple(levels)}")
        self.num_codes, self.dim, self.decay = math.prod(levels), len(levels), decay
        self._levels = tuple(levels)
        self.register_buffer("counts", torch.ones(self.num_codes))
        self._constants(self.counts.device)

    def reset_parameters(self) -> None:
        """Even counts, as the constructor leaves them."""
        self.counts.fill_(1.0)

    def _constants(self, device: torch.device) -> None:
        base = [math.prod(self._levels[:i]) for i in range(self.dim)]
        self.register_buffer("levels", torch.tensor(self._levels, device=device), persistent=False)
        self.register_buffer("base", torch.tensor(base, device=device), persistent=False)

    def _quantize(
        self, flat: Tensor, keep: Tensor | None, lead: torch.Size
    ) -> tuple[Tensor, Tensor, Tensor]:
        bounded = self._bound(flat)
        digits = bounded.detach().round()
        codes = (digits + (bounded - bounded.detach())) / self._half()  # exactly the digits
        index, good = self._index(digits)
        if self._learning():
            self._count(index, good if keep is None else good & keep)
        return codes, index, flat.new_zeros(())

    def _search(self, flat: Tensor) -> Tensor:
        return self._index(self._bound(flat).round())[0]

    def _look_up(self, indices: Tensor) -> Tensor:
        digits = indices[..., None] // self.base % self.levels
        return (digits - self.levels // 2) / self._half()

    def _half(self) -> Tensor:
        return (self.levels // 2).float()

    def _bound(self, z: Tensor) -> Tensor:
        """z to the open interval whose roundings are the levels; 0 stays where codes are."""
        half = (self.levels - 1) * (1 + 1e-3) / 2
        offset = torch.where(self.levels % 2 == 0, 0.5, 0.0)
        return (z + (offset / half).atanh()).tanh() * half - offset

    def _index(self, digits: Tensor) -> tuple[Tensor, Tensor]:
        """Indices (N,) of digits (N, D), and which of them are of numbers, (N,) bool."""
        good = ~digits.isnan().any(1)
        digits = torch.where(good[:, None], digits, -(self.levels // 2))
        return ((digits.long() + self.levels // 2) * self.base).sum(-1), good


class LFQ(Quantizer):
    """Lookup-free quantization: K = 2^D codes, the corners of the cube {-1, 1}^D.

    bits: D; bit i of an index is set where dimension i is positive, and 0 counts as negative.
    commitment: weight of mean |z - code|^2. entropy: weight of (mean entropy of one vector's
    assignment - diversity * entropy of the mean assignment). temperature: of the soft assignment,
    sigmoid(4 z / temperature) a bit. group: the mean assignment is taken over groups of this many
    bits, so the memory is N x 2^group and never N x K. decay: of the counts. channel_dim: see
    Quantizer.
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
        channel_dim: int | None = None,
    ) -> None:
        super().__init__(channel_dim=channel_dim)
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
        self.register_buffer("counts", torch.ones(self.num_codes))
        self._constants(self.counts.device)

    def reset_parameters(self) -> None:
        """Even counts, as the constructor leaves them."""
        self.counts.fill_(1.0)

    def _constants(self, device: torch.device) -> None:
        base = 1 << torch.arange(self.dim, device=device)
        self.register_buffer("base", base, persistent=False)

    def _quantize(
        self, flat: Tensor, keep: Tensor | None, lead: torch.Size
    ) -> tuple[Tensor, Tensor, Tensor]:
        signs = torch.where(flat.detach() > 0, 1.0, -1.0)
        index = self._search(flat)
        again = repeated() and self.moment.before is not None
        seen: list[Tensor | None] = list(self.moment.before) if again else []
        total = seen.pop(0) if again else None
        if self._learning():
            good = ~flat.detach().isnan().any(1)
            total = self._count(index, good if keep is None else good & keep)
        sums: list[Tensor | None] = [total]
        loss = self.commitment * masked_mean((flat - signs).square(), keep, total)
        if self.training and self.entropy:
            loss = loss + self.entropy * self._entropy_loss(flat, keep, total, seen, sums)
        if not again and not torch.compiler.is_compiling():
            self.moment.before = sums
        return signs + (flat - flat.detach()), index, loss

    def _search(self, flat: Tensor) -> Tensor:
        good = ~flat.isnan().any(1)
        return torch.where(good, ((flat > 0) * self.base).sum(1), 0)

    def _look_up(self, indices: Tensor) -> Tensor:
        return (indices[..., None] // self.base % 2).float() * 2 - 1

    def _entropy_loss(
        self,
        z: Tensor,
        keep: Tensor | None,
        total: Tensor | None,
        seen: list[Tensor | None],
        sums: list[Tensor | None],
    ) -> Tensor:
        """A vector's bits are independent, so its entropy is exact; the mean's is taken by group.

        seen: sums over all processes which a pass that this one repeats has made; else this one's
        are added to sums.
        """
        on = (4 * z / self.temperature).sigmoid()  # (N, D)
        bit = -(on * on.clamp_min(_TINY).log() + (1 - on) * (1 - on).clamp_min(_TINY).log())
        each = masked_mean(bit, keep, total) * self.dim
        rows = on.new_tensor(float(on.shape[0])) if keep is None else keep.sum().to(on.dtype)
        together = z.new_zeros(())
        for part in on.split(self.group, dim=1):
            joint = on.new_ones(on.shape[0], 1)
            for p in part.unbind(1):
                joint = torch.cat([joint * (1 - p[:, None]), joint * p[:, None]], 1)
            if keep is not None:
                joint = torch.where(keep[:, None], joint, 0.0)
            shared = seen.pop(0) if seen else None
            if shared is None:
                shared = all_reduce(torch.cat([joint.detach().sum(0), rows[None]]))
            sums.append(shared)
            mean = _shared_mean(joint.sum(0), shared)
            together = together - (mean * mean.clamp_min(_TINY).log()).sum()
        return each - self.diversity * together


def _shared_mean(own: Tensor, shared: Tensor) -> Tensor:
    """The mean over all processes of this one's sums (K,); shared (K + 1,) has the sums of all and
    the number of rows. The gradient is that of this process's share, times their number, for DDP
    takes the mean of gradients."""
    return (shared[:-1] + (own - own.detach()) * world_size()) / shared[-1].clamp_min(1)
