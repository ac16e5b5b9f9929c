"""Product quantizer: parts of a vector, each with a quantizer of its own (Jegou et al., 2011).

    z = (z_1, ..., z_G)      q = (q_1(z_1), ..., q_G(z_G))

Heads with a codebook each, or, with residual quantizers as parts, a grouped residual quantizer.
Shapes: N vectors, D width, G parts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from vq_tokenizer.errors import VQTokenizerError
from vq_tokenizer.quantizers.base import CodebookStats, Quantizer

__all__ = ["ProductQuantizer"]


class ProductQuantizer(Quantizer):
    """Quantizers side by side; indices have a dimension of G after z's.

    parts: quantizers whose widths add up to D, all of one kind of indices. The loss is the mean of
    theirs, weighted by width. channel_dim: see Quantizer; the parts' own is not looked at.
    """

    def __init__(self, parts: Sequence[Quantizer], *, channel_dim: int | None = None) -> None:
        super().__init__(channel_dim=channel_dim)
        if not parts:
            raise VQTokenizerError("ProductQuantizer: needs at least one part")
        self.parts = nn.ModuleList(parts)
        self.dim = sum(part.dim for part in parts)
        self.num_codes = max(part.num_codes for part in parts)
        for part in parts:
            part.channel_dim = None

    def _quantize(
        self, flat: Tensor, keep: Tensor | None, lead: torch.Size
    ) -> tuple[Tensor, Tensor, Tensor]:
        made = [part(x, keep) for part, x in self._cut(flat)]
        codes, indices, losses = zip(*made, strict=True)
        loss = sum(one * part.dim for one, part in zip(losses, self._parts(), strict=True))
        return torch.cat(codes, 1), torch.stack(indices, 1), loss / self.dim

    def _search(self, flat: Tensor) -> Tensor:
        return torch.stack([part.search(x) for part, x in self._cut(flat)], 1)

    def lookup(self, indices: Tensor) -> Tensor:
        """indices (..., G), or (..., G, Q) of residual parts -> codes (..., D) float32."""
        parts = self._parts()
        axis = -2 if hasattr(parts[0], "num_quantizers") else -1
        if indices.ndim < -axis or indices.shape[axis] != len(parts):
            raise VQTokenizerError(
                f"ProductQuantizer.lookup: dimension {axis} of indices must be {len(parts)}, got "
                f"{tuple(indices.shape)}"
            )
        pairs = zip(parts, indices.unbind(axis), strict=True)
        return self._channels_back(torch.cat([part.lookup(index) for part, index in pairs], -1))

    @property
    def codebook(self) -> Tensor:
        """There is one a part. Raises VQTokenizerError."""
        raise VQTokenizerError("ProductQuantizer: take the codebook of each of parts")

    def stats(self) -> CodebookStats:
        """Each part's figures: three tensors of (G,) or (G, Q)."""
        usage, perplexity, dead = zip(*(part.stats() for part in self._parts()), strict=True)
        return CodebookStats(torch.stack(usage), torch.stack(perplexity), torch.stack(dead))

    def _cut(self, flat: Tensor) -> list[tuple[Quantizer, Tensor]]:
        parts = self._parts()
        return list(zip(parts, flat.split([part.dim for part in parts], dim=1), strict=True))

    def _finish(self, pending: Any) -> None:
        """The parts move by themselves."""

    def _parts(self) -> list[Quantizer]:
        return [part for part in self.parts if isinstance(part, Quantizer)]

    def _state_type(self) -> torch.dtype:
        return self._parts()[0]._state_type()

    def _device(self) -> torch.device:
        return self._parts()[0]._device()
