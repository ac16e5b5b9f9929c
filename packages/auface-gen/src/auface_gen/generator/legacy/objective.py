"""What the generator learns to do: which tokens are hidden from it, what guessing them wrong
costs, and how well it does on people it has not seen.

B batch, T tokens, K codes.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from auface_gen.generator.legacy.batches import draw_batch
from auface_gen.generator.legacy.model import FaceTransformer
from auface_gen.generator.legacy.token_set import TokenSet
from auface_gen.generator.run import GeneratorRun

__all__ = ["generator_loss", "mask_tokens", "measure", "near_codes"]


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
    return torch.where(rank < (share * t).ceil().clamp_min(1), mask_id, tokens)


def near_codes(codebook: Tensor) -> Tensor:
    """(K, K) how the softened probability is spread: over a code's neighbours by distance, none on
    itself.
    """
    d = torch.cdist(codebook, codebook).square()
    near = d.topk(min(5, len(d)), dim=1, largest=False).values[:, 1:].mean()
    return torch.softmax((-d / near).fill_diagonal_(-torch.inf), 1)


def generator_loss(
    logits: Tensor, target: Tensor, weight: Tensor, near: Tensor, soften: float
) -> Tensor:
    """Weighted cross-entropy against (1 - soften) on the right code and `soften` on its
    neighbours; a scalar.
    """
    log_p = torch.log_softmax(logits, -1)
    right = log_p.gather(2, target[..., None])[..., 0]
    spread = (log_p * near[target]).sum(-1) if soften else right
    return -(((1 - soften) * right + soften * spread) * weight).sum() / weight.sum()


@torch.no_grad()
def measure(
    model: FaceTransformer, data: TokenSet, run: GeneratorRun, *, batches: int = 4
) -> dict[str, float]:
    """Held-out likelihood from nothing known: nats a token, and how often the likeliest code is
    right where the face moved and elsewhere.
    """
    was, totals, device = model.training, np.zeros(4), model.place.device
    model.eval()
    for i in range(batches):
        # Steps that no run has, so that what is measured is never what is trained on.
        drawn = draw_batch(data, run, -1 - i & 0x7FFFFFFF, 32)
        grid, rest, clauses, said = (t.to(device) for t in drawn)
        target, neutral = model.to_cells(grid), model.to_cells(rest)
        hidden = torch.full_like(target, model.mask_id)
        log_p = torch.log_softmax(model(hidden, neutral, clauses, said), -1)
        right, moved = log_p.argmax(-1) == target, target != neutral
        nats = -log_p.gather(2, target[..., None])[..., 0]
        found = (nats.mean(), nats[moved].mean(), right[moved].float().mean())
        totals += [*(float(v) for v in found), float(right[~moved].float().mean())]
    model.train(was)
    names = ("nats", "nats_moved", "right_moved", "right_still")
    return {n: float(t / batches) for n, t in zip(names, totals, strict=True)}
