"""SimVQ (Zhu et al., 2024): fixed random codes seen through one learned linear layer.

    e_k = W c_k        c_k fixed, W learned

A step of W moves all codes together, so none is left behind and none needs a new start.
Shapes: N vectors, D width, K codes, F width of the fixed codes.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vq_tokenizer.errors import VQTokenizerError
from vq_tokenizer.ops._lookup import GRADIENTS, lookup_with_error
from vq_tokenizer.ops._nearest_code import nearest_code
from vq_tokenizer.quantizers.base import Quantizer, masked_mean
from vq_tokenizer.quantizers.moment import repeated

__all__ = ["SimVQ"]


class SimVQ(Quantizer):
    """Nearest code of a codebook that is a linear image of fixed random codes.

    num_codes, dim: K and D. commitment: weight of mean |z - code|^2 as it pulls the encoder; as it
    pulls the codes its weight is 1. gradient: to z, "straight-through" or "rotation". fixed_dim:
    F, D where not given. decay: of the counts. channel_dim: see Quantizer.
    """

    fixed: Tensor

    def __init__(
        self,
        num_codes: int,
        dim: int,
        *,
        commitment: float = 0.25,
        gradient: str = "rotation",
        fixed_dim: int | None = None,
        decay: float = 0.99,
        channel_dim: int | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__(channel_dim=channel_dim)
        if num_codes < 1 or dim < 1 or gradient not in GRADIENTS:
            raise VQTokenizerError(
                f"SimVQ: num_codes and dim must be positive and gradient one of {GRADIENTS}, got "
                f"{num_codes}, {dim} and {gradient!r}"
            )
        self.num_codes, self.dim, self.decay, self.seed = num_codes, dim, decay, seed
        self.commitment, self.gradient = commitment, gradient
        width = fixed_dim or dim
        self.register_buffer("fixed", torch.empty(num_codes, width))
        self.register_buffer("counts", torch.ones(num_codes))
        self.transform = nn.Linear(width, dim, bias=False)
        self._draw_fixed()

    def reset_parameters(self) -> None:
        """Everything as the constructor leaves it, for modules that were built on "meta"."""
        self.transform.reset_parameters()
        self.counts.fill_(1.0)
        self._draw_fixed()

    @torch.no_grad()
    def _draw_fixed(self) -> None:
        generator = torch.Generator().manual_seed(self.seed)
        codes = torch.randn(*self.fixed.shape, generator=generator, device="cpu")
        self.fixed.copy_(codes * self.fixed.shape[1] ** -0.5)

    def _quantize(
        self, flat: Tensor, keep: Tensor | None, lead: torch.Size
    ) -> tuple[Tensor, Tensor, Tensor]:
        codes = self._codes()
        plain = flat.detach()
        index = nearest_code(plain, codes.detach())
        chosen, error = lookup_with_error(flat, codes.detach(), index, gradient=self.gradient)
        total: Tensor | None = None
        if self.training and repeated():
            total = self.moment.before
        elif self._learning():
            good = error.detach().isfinite()
            total = self._count(index, good if keep is None else good & keep)
        if not repeated() and not torch.compiler.is_compiling():
            self.moment.before = total
        own = (plain - F.embedding(index, codes)).square()
        loss = self.commitment / self.dim * masked_mean(error[:, None], keep, total)
        return chosen, index, loss + masked_mean(own, keep, total)

    def _search(self, flat: Tensor) -> Tensor:
        return nearest_code(flat, self._codes())

    def _look_up(self, indices: Tensor) -> Tensor:
        return self._codes()[indices]

    def _codes(self) -> Tensor:
        """The codes (K, D) of this moment, with a gradient to the layer."""
        return F.linear(self.fixed, self.transform.weight.to(self.fixed.dtype))
