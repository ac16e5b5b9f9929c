"""Masked tokens: which are hidden from the transformer, and what guessing them wrong costs.

B pictures, T tokens, N hidden ones, K codes, C code width.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

__all__ = ["NearCodes", "mask_tokens", "token_loss"]

_NEAR = 8


def mask_tokens(
    tokens: Tensor, mask_id: int, generator: torch.Generator, all_masked: float
) -> Tensor:
    """Mask exactly ceil(cos(u pi / 2) T) tokens of each row (B, T), u uniform; all of them in a
    share of rows.
    """
    b, t = tokens.shape
    u = torch.rand(b, 1, generator=generator)
    whole = torch.rand(b, 1, generator=generator) < all_masked
    share = torch.where(whole, torch.ones(()), torch.cos(u * math.pi / 2))
    rank = torch.rand(b, t, generator=generator).argsort(1).argsort(1)
    hidden = rank < (share * t).ceil().clamp_min(1)
    return torch.where(hidden.to(tokens.device), mask_id, tokens)


class NearCodes:
    """The codes nearest to each in the codebook (K, C), and how a softened target is spread over
    them: by distance, none on the code itself.
    """

    def __init__(self, codebook: Tensor) -> None:
        near = min(_NEAR, len(codebook) - 1)
        d = torch.cdist(codebook, codebook).square().fill_diagonal_(torch.inf)
        nearest = d.topk(near, dim=1, largest=False)
        scale = nearest.values.mean().clamp_min(1e-9)
        self.codes, self.share = nearest.indices, torch.softmax(-nearest.values / scale, 1)

    def expected(self, log_p: Tensor, target: Tensor) -> Tensor:
        """log_p (N, K), target (N,) -> (N,) the mean log-likelihood of the target's neighbours."""
        return (log_p.gather(1, self.codes[target]) * self.share[target]).sum(1)


def token_loss(
    logits: Tensor,
    target: Tensor,
    *,
    still: int,
    near: NearCodes,
    moved_weight: float,
    soften: float,
) -> Tensor:
    """Cross-entropy of hidden tokens, logits (N, K) and target (N,); a scalar.

    A token that says something weighs `moved_weight` against 1, and its target is 1 - `soften` on
    itself and `soften` on its neighbours: a code beside the right one is nearly right.
    """
    log_p = torch.log_softmax(logits.float(), 1)
    moved = target != still
    right = log_p.gather(1, target[:, None])[:, 0]
    share = torch.where(moved, soften, 0.0)
    each = (1 - share) * right + share * near.expected(log_p, target)
    weight = torch.where(moved, moved_weight, 1.0)
    return -(each * weight).sum() / weight.sum()
