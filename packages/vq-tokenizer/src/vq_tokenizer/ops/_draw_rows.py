"""Rows drawn in proportion to their error, as k-means++ draws them: candidates for new codes.

    key_n = log(error_n) - log(-log(u_n))        the M largest keys are a draw without replacement

(Gumbel top-k.) The noise u_n is a hash of the row itself, the step and the seed. So the same rows
are drawn from the same vectors however they are split into batches or over processes, on any
device, and equal rows have equal keys, so that copies are known. What is hashed is a projection
of the row to 11 bits, so that rounding seldom changes it. Nothing waits for the device.

Shapes: N vectors, D width, M rows drawn.
"""

from __future__ import annotations

import torch
from torch import Tensor

from vq_tokenizer._distributed import all_reduce, rank, world_size

__all__ = ["draw_rows", "merge_draws", "row_words", "uniform"]

_WORD = 0xFFFFFFFF


def draw_rows(
    x: Tensor, error: Tensor, count: int, step: Tensor, seed: int, *, mask: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """count rows drawn in proportion to error: (rows (count,) int64, keys (count,)), best first.

    x: (N, D), N >= count. error: (N,) not negative. step: scalar int64 tensor. mask: (N,) bool.
    The key is -inf where mask is False or error is zero, NaN or infinite: those rows are drawn
    last and are none to use.
    """
    if mask is not None:
        error = torch.where(mask, error, 0.0)
    rows, keys = torch.ops.vq_tokenizer.draw_rows(x, error, count, step, seed)
    return rows, keys


def row_words(x: Tensor, seed: int) -> Tensor:
    """A number for each row of x (N, D) that is the row's own, (N,) int64."""
    place = torch.arange(x.shape[1], device=x.device)
    weights = uniform(place, torch.zeros_like(place[0]), seed) - 0.25
    return (x @ weights.to(x.dtype)).float().view(torch.int32).long() >> 12


def merge_draws(keys: Tensor, rows: Tensor, count: int) -> Tensor:
    """The count best rows of all draws of all processes, each vector once: (count, D).

    keys: (M,) of this process's rows (M, D); M may differ between processes. Rows that are missing
    are NaN and stand last. Collective where there are several processes.
    """
    if keys.shape[0] > count:
        keys, best_own = keys.topk(count)
        rows = rows[best_own]
    short = count - keys.shape[0]
    keys = torch.nn.functional.pad(keys, (0, short), value=-torch.inf)
    rows = torch.nn.functional.pad(rows, (0, 0, 0, short))
    world, size = world_size(), keys.shape[0]
    if world > 1:
        table = keys.new_zeros(world, size)
        table[rank()] = keys
        best = all_reduce(table).flatten().topk(count)  # of all processes, the same on each
        own = best.indices // size == rank()
        rows = torch.where(own[:, None], rows[best.indices % size], 0.0)
        rows = all_reduce(rows.contiguous())
        keys = best.values
    else:
        best = keys.topk(count)
        rows, keys = rows[best.indices], best.values
    # equal vectors have equal keys, so copies stand next to each other
    usable = keys > -torch.inf
    usable[1:] &= (rows[1:] != rows[:-1]).any(1)
    order = usable.long().argsort(descending=True, stable=True)
    return torch.where(usable[:, None], rows, torch.nan)[order]


def uniform(word: Tensor, step: Tensor, seed: int) -> Tensor:
    """float32 in (0, 1) from integers (N,) int64, a step and a seed: a 32-bit hash of them."""
    h = (word & _WORD) ^ (word >> 32 & _WORD)
    h = (h + step * 0x9E3779B1 + (seed * 0x85EBCA6B & _WORD)) & _WORD
    for factor in (0x45D9F3B, 0x119DE1F3, 0x45D9F3B):
        h = ((h ^ (h >> 16)) * factor) & _WORD
    h = h ^ (h >> 16)
    return ((h >> 8).to(torch.float32) + 0.5) * 2.0**-24


@torch.library.custom_op("vq_tokenizer::draw_rows", mutates_args=())
def _draw_rows(
    x: Tensor, error: Tensor, count: int, step: Tensor, seed: int
) -> tuple[Tensor, Tensor]:
    noise = uniform(row_words(x, seed), step, seed)
    keys = error.float().log() - (-noise.log()).log()
    keys = torch.where((error > 0) & error.isfinite(), keys, -torch.inf)
    best = keys.topk(count)
    return best.indices, best.values


@_draw_rows.register_fake
def _(x: Tensor, error: Tensor, count: int, step: Tensor, seed: int) -> tuple[Tensor, Tensor]:
    return error.new_empty(count, dtype=torch.int64), error.new_empty(count, dtype=torch.float32)
