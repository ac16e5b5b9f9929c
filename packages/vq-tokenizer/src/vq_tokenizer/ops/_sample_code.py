"""A code drawn at random, the nearer the likelier, instead of the nearest one.

    P(k) = exp(-|x - c_k|^2 / T) / sum_j exp(-|x - c_j|^2 / T)

The draw is by the inverse of the cumulated distribution, so it needs one random number a vector
and not one a score; it depends on (step, seed) and the vector's place. As T goes to 0 it becomes
the nearest code. Scores are held for a few vectors at a time. Shapes: N vectors, K codes, D width.
"""

from __future__ import annotations

import torch
from torch import Tensor

from vq_tokenizer.errors import VQTokenizerError
from vq_tokenizer.ops._draw_rows import uniform

__all__ = ["sample_code"]

_SCORES = 1 << 20  # scores at a time


def sample_code(
    x: Tensor, codes: Tensor, temperature: Tensor, step: Tensor, *, seed: int = 0
) -> Tensor:
    """Index of a code drawn for each vector, (N,) int64.

    x: (N, D), codes: (K, D) floating point. temperature: scalar tensor, T above, positive, in
    squared units of x. step: scalar int64 tensor. Vectors that are not finite get index 0 and codes
    that are not finite are never drawn. Raises VQTokenizerError for shapes that cannot be.
    """
    if x.ndim != 2 or codes.ndim != 2 or x.shape[1] != codes.shape[1] or not len(codes):
        raise VQTokenizerError(
            f"sample_code: x must be (N, D) and codes (K, D), got {tuple(x.shape)} and "
            f"{tuple(codes.shape)}"
        )
    index: Tensor = torch.ops.vq_tokenizer.sample_code(x, codes, temperature, step, seed)
    return index


@torch.library.custom_op("vq_tokenizer::sample_code", mutates_args=())
def _sample_code(x: Tensor, codes: Tensor, temperature: Tensor, step: Tensor, seed: int) -> Tensor:
    codes = codes.to(x.dtype)
    bad = ~codes.isfinite().all(1)
    codes = codes.masked_fill(bad[:, None], 0.0)
    middle = codes.mean(0)  # small numbers lose less to rounding
    codes = codes - middle
    half = (codes.square().sum(1) * 0.5).masked_fill(bad, torch.inf)
    place = torch.arange(x.shape[0], device=x.device)
    chance = uniform(place, step, seed).to(x.dtype)[:, None]
    found = []
    for part, u in zip(
        x.split(max(1, _SCORES // len(codes))),
        chance.split(max(1, _SCORES // len(codes))),
        strict=True,
    ):
        logits = ((part - middle) @ codes.t() - half) * (2.0 / temperature)
        up_to = logits.softmax(1).cumsum(1)
        index = torch.searchsorted(up_to, u * up_to[:, -1:], right=True)[:, 0]
        index = index.clamp_max(len(codes) - 1)
        found.append(torch.where(part.isfinite().all(1), index, 0))
    return torch.cat(found) if found else x.new_empty(0, dtype=torch.int64)


@_sample_code.register_fake
def _(x: Tensor, codes: Tensor, temperature: Tensor, step: Tensor, seed: int) -> Tensor:
    return x.new_empty(x.shape[0], dtype=torch.int64)
