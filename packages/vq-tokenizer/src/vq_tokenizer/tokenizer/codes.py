"""The codes of a tokenizer, and the one that says "nothing changed".

FSQ has a code for that: the zero of its grid. A learned codebook has none, and gets a token beside
its codes, which stands for zero: it is taken where zero is nearer than any code. `still` below is
that token, None where the quantizer needs none. Shapes: B batch, h x w tokens, D code width.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from vq_tokenizer.errors import VQTokenizerError
from vq_tokenizer.quantizers.base import Quantizer
from vq_tokenizer.quantizers.scalar import FSQ, LFQ
from vq_tokenizer.quantizers.vector import VectorQuantizer
from vq_tokenizer.tokenizer.config import TokenizerConfig

__all__ = ["look_up", "make_quantizer", "nearest", "quantize", "still_token"]


def make_quantizer(c: TokenizerConfig) -> Quantizer:
    """The quantizer that a configuration names."""
    if c.quantizer == "fsq":
        return FSQ(c.fsq_levels, decay=c.decay, channel_dim=-1)
    if c.quantizer == "lfq":
        return LFQ(c.lfq_bits, commitment=c.commitment, decay=c.decay, channel_dim=-1)
    return VectorQuantizer(
        c.num_codes,
        c.code_dim,
        decay=c.decay,
        commitment=c.commitment,
        dead_share=c.dead_share,
        warm_decay=True,
        seed=c.seed,
        channel_dim=-1,
    )


def still_token(c: TokenizerConfig) -> int:
    """The token that says that nothing changed."""
    if c.quantizer == "vq":
        return c.num_codes
    levels = c.fsq_levels  # zero is in the middle, and the first digit the lowest
    return sum(n // 2 * math.prod(levels[:i]) for i, n in enumerate(levels))


def nearest(quantizer: Quantizer, z: Tensor, still: int | None) -> Tensor:
    """Tokens (B, h, w) of latents z (B, h, w, D)."""
    tokens = quantizer.search(z)
    if still is None:
        return tokens
    apart = (z - quantizer.lookup(tokens)).square().sum(-1)
    return torch.where(z.square().sum(-1) <= apart, still, tokens)


def quantize(quantizer: Quantizer, z: Tensor, still: int | None) -> tuple[Tensor, Tensor, Tensor]:
    """Codes (B, h, w, D) of latents z alike, tokens (B, h, w) and the loss, with gradients.

    A vector that zero stands for has no part in the codebook, but a gradient, to come back by.
    """
    if still is None:
        found = quantizer(z)
        return found.codes, found.indices, found.loss
    nothing = nearest(quantizer, z.detach(), still) == still
    codes, tokens, loss = quantizer(z, mask=~nothing)
    codes = torch.where(nothing[..., None], z - z.detach(), codes)
    return codes, torch.where(nothing, still, tokens), loss


def look_up(quantizer: Quantizer, tokens: Tensor, still: int | None) -> Tensor:
    """Codes (B, h, w, D) of tokens; their range is looked at where that waits for nothing."""
    if still is None:
        return quantizer.lookup(tokens)
    if tokens.numel() and tokens.device.type == "cpu" and not torch.compiler.is_compiling():
        low, high = (int(v) for v in torch.aminmax(tokens))
        if low < 0 or high > still:
            raise VQTokenizerError(
                f"Tokenizer.decode: tokens must be in [0, {still + 1}), got {low} to {high}"
            )
    return quantizer.lookup(torch.where(tokens == still, -1, tokens))
