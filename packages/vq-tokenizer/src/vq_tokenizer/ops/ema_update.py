"""Moving averages of a codebook, and a new start for its dead codes, in place.

    n_k <- n_k + (n'_k - n_k) w       m_k <- m_k + (m'_k - m_k) w        e_k = m_k / n_k
    dead_k: n_k < s * mean(n)         j-th dead code <- j-th of the fresh vectors, n = mean(n) / 4

Nothing waits for the device and no shape depends on how many codes are dead.
Shapes: K codes, D width, M fresh vectors.
"""

from __future__ import annotations

import torch
from torch import Tensor

from vq_tokenizer.ops._triton import next_power_of_2, tl, triton, use_triton

__all__ = ["draw_rows", "ema_update", "ema_update_reference", "ema_update_triton", "revive"]

_ALIVE = 1e-6  # a code with a smaller moving count keeps its place
_GRACE = 0.25  # of an even share: enough to live through some hundred steps unless chosen


def ema_update(
    codes: Tensor,
    counts: Tensor,
    sums: Tensor,
    new_counts: Tensor,
    new_sums: Tensor,
    fresh: Tensor,
    weight: Tensor,
    dead_share: float,
) -> None:
    """Move codes (K, D), counts (K,) and sums (K, D), all float32, in place.

    new_counts (K,), new_sums (K, D): of this batch. weight: scalar tensor, 1 - decay. fresh (M, D):
    vectors for dead codes, best first; M may be 0. dead_share: share of an even split below
    which a code is dead; 0 for none.
    """
    torch.ops.vq_tokenizer.ema_update(
        codes, counts, sums, new_counts, new_sums, fresh, weight, dead_share
    )


def ema_update_reference(
    codes: Tensor,
    counts: Tensor,
    sums: Tensor,
    new_counts: Tensor,
    new_sums: Tensor,
    fresh: Tensor,
    weight: Tensor,
    dead_share: float,
) -> None:
    """Plain torch; same meaning as ema_update."""
    counts.lerp_(new_counts, weight)
    sums.lerp_(new_sums, weight)
    mean = sums / counts.clamp_min(_ALIVE)[:, None]
    codes.copy_(torch.where((counts > _ALIVE)[:, None], mean, codes))
    revive(codes, counts, sums, fresh, dead_share)


def revive(codes: Tensor, counts: Tensor, sums: Tensor, fresh: Tensor, dead_share: float) -> None:
    """Only the new start of dead codes; arguments as in ema_update."""
    if dead_share <= 0 or fresh.shape[0] == 0:
        return
    even = counts.sum() / counts.shape[0]
    dead = counts < dead_share * even
    rank = dead.long().cumsum(0) - 1
    take = dead & (rank < fresh.shape[0])
    vectors = fresh[rank.clamp(0, fresh.shape[0] - 1)]  # (K, D)
    count = even * _GRACE
    codes.copy_(torch.where(take[:, None], vectors, codes))
    counts.copy_(torch.where(take, count, counts))
    sums.copy_(torch.where(take[:, None], vectors * count, sums))


if triton is not None:

    @triton.jit
    def ema_kernel(  # type: ignore[no-untyped-def]
        codes_ptr,
        counts_ptr,
        sums_ptr,
        new_counts_ptr,
        new_sums_ptr,
        weight_ptr,
        K,
        D: tl.constexpr,
        DP: tl.constexpr,
        BLOCK_K: tl.constexpr,
        ALIVE: tl.constexpr,
    ):
        # counts, sums and codes in one pass over memory instead of six
        rk = tl.program_id(0) * BLOCK_K + tl.arange(0, BLOCK_K)
        rd = tl.arange(0, DP)[None, :]
        mask = (rk < K)[:, None] & (rd < D)
        at = rk[:, None].to(tl.int64) * D + rd
        weight = tl.load(weight_ptr)
        n = tl.load(counts_ptr + rk, mask=rk < K, other=0.0)
        n += (tl.load(new_counts_ptr + rk, mask=rk < K, other=0.0) - n) * weight
        m = tl.load(sums_ptr + at, mask=mask, other=0.0)
        m += (tl.load(new_sums_ptr + at, mask=mask, other=0.0) - m) * weight
        old = tl.load(codes_ptr + at, mask=mask, other=0.0)
        code = tl.where((n > ALIVE)[:, None], m / tl.maximum(n, ALIVE)[:, None], old)
        tl.store(counts_ptr + rk, n, mask=rk < K)
        tl.store(sums_ptr + at, m, mask=mask)
        tl.store(codes_ptr + at, code, mask=mask)


def ema_update_triton(
    codes: Tensor,
    counts: Tensor,
    sums: Tensor,
    new_counts: Tensor,
    new_sums: Tensor,
    fresh: Tensor,
    weight: Tensor,
    dead_share: float,
) -> None:
    """The Triton kernel, then revival; same meaning as ema_update."""
    k, d = codes.shape
    width = next_power_of_2(d)
    rows = max(1, min(32, 2048 // width))
    ema_kernel[((k + rows - 1) // rows,)](
        codes,
        counts,
        sums,
        new_counts.contiguous(),
        new_sums.contiguous(),
        weight,
        k,
        D=d,
        DP=width,
        BLOCK_K=rows,
        ALIVE=_ALIVE,
    )
    revive(codes, counts, sums, fresh, dead_share)


@torch.library.custom_op("vq_tokenizer::ema_update", mutates_args=("codes", "counts", "sums"))
def _ema_update(
    codes: Tensor,
    counts: Tensor,
    sums: Tensor,
    new_counts: Tensor,
    new_sums: Tensor,
    fresh: Tensor,
    weight: Tensor,
    dead_share: float,
) -> None:
    contiguous = codes.is_contiguous() and sums.is_contiguous()
    update = ema_update_triton if use_triton(codes) and contiguous else ema_update_reference
    update(codes, counts, sums, new_counts, new_sums, fresh, weight, dead_share)


@_ema_update.register_fake
def _(
    codes: Tensor,
    counts: Tensor,
    sums: Tensor,
    new_counts: Tensor,
    new_sums: Tensor,
    fresh: Tensor,
    weight: Tensor,
    dead_share: float,
) -> None:
    return None


def draw_rows(error: Tensor, count: int, step: Tensor, seed: int) -> Tensor:
    """count different rows, drawn in proportion to error, as k-means++ draws them; (count,) int64.

    error: (N,) not negative, N >= count. step: scalar int64 tensor, which with seed decides the
    draw.
    Gumbel top-k draws without replacement and with fixed shapes.
    """
    drawn: Tensor = torch.ops.vq_tokenizer.draw_rows(error, count, step, seed)
    return drawn


@torch.library.custom_op("vq_tokenizer::draw_rows", mutates_args=())
def _draw_rows(error: Tensor, count: int, step: Tensor, seed: int) -> Tensor:
    if error.device.type == "cpu":
        noise = torch.rand(error.shape, generator=generator(seed, int(step)))
    else:
        noise = _noise(error.shape[0], step, seed)  # the step stays on the device
    gumbel = -(-noise.clamp(1e-12, 1 - 1e-7).log()).log()
    return (error.clamp_min(1e-20).log() + gumbel).topk(count).indices


@_draw_rows.register_fake
def _(error: Tensor, count: int, step: Tensor, seed: int) -> Tensor:
    return error.new_empty(count, dtype=torch.int64)


def generator(seed: int, step: int) -> torch.Generator:
    """A generator of the processor that depends on seed and step only."""
    return torch.Generator().manual_seed((seed * 1_000_003 + step) % (1 << 62))


def _noise(n: int, step: Tensor, seed: int) -> Tensor:
    """(n,) float32 in [0, 1) from a counter: two rounds of a 32-bit integer hash."""
    word = 0xFFFFFFFF
    h = torch.arange(n, device=step.device) + step * 0x9E3779B1 + (seed * 0x85EBCA6B & word)
    h = h & word
    for _ in range(2):
        h = ((h ^ (h >> 16)) * 0x45D9F3B) & word
    h = h ^ (h >> 16)
    return (h >> 8).to(torch.float32) * 2.0**-24
