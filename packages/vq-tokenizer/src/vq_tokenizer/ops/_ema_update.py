"""Moving averages of a codebook, and a new start for its dead codes, in place.

    n_k <- n_k + (n'_k - n_k) w       m_k <- m_k + (m'_k - m_k) w        e_k = m_k / n_k
    dead_k: n_k < s * mean(n)         j-th dead code <- j-th of the fresh vectors, n = mean(n) / 4
    s = min(dead_share, exp(-9.2 w / mean(n)))

A code that is used like all others, m = mean(n) times a step, is met by none of the vectors for t
steps with probability exp(-m t), and then its moving count has fallen to the share exp(-w t). The
second bound on s keeps the chance that such a code is called dead at 1e-4, which matters where
a batch has few vectors for many codes. Nothing waits for the device and no shape depends on how
many codes are dead.
Shapes: K codes, D width, M fresh vectors.
"""

from __future__ import annotations

import torch
from torch import Tensor

from vq_tokenizer.ops._triton import next_power_of_2, tl, triton, use_triton

__all__ = ["dead_codes", "ema_update", "ema_update_reference", "ema_update_triton", "revive"]

_ALIVE = 1e-6  # a code with a smaller moving count keeps its place
_SURE = 9.2  # -log of the chance that a code in use is called dead
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
    vectors for dead codes, best first, NaN for those that are missing; M may be 0. dead_share:
    share of an even split below which a code is dead; 0 for none.
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
    revive(codes, counts, sums, fresh, weight, dead_share)


def revive(
    codes: Tensor,
    counts: Tensor,
    sums: Tensor,
    fresh: Tensor,
    weight: Tensor,
    dead_share: float,
) -> Tensor:
    """Start dead codes anew and move nothing else; arguments as in ema_update.

    Returns which codes began anew, (K,) bool.
    """
    if dead_share <= 0 or fresh.shape[0] == 0:
        return torch.zeros_like(counts, dtype=torch.bool)
    even, dead = dead_codes(counts, weight, dead_share)
    rank = dead.long().cumsum(0) - 1
    vectors = fresh[rank.clamp(0, fresh.shape[0] - 1)]  # (K, D)
    take = dead & (rank < fresh.shape[0]) & vectors.isfinite().all(1)
    count = even * _GRACE
    codes.copy_(torch.where(take[:, None], vectors, codes))
    counts.copy_(torch.where(take, count, counts))
    sums.copy_(torch.where(take[:, None], vectors * count, sums))
    return take


def dead_codes(counts: Tensor, weight: Tensor, dead_share: float) -> tuple[Tensor, Tensor]:
    """mean(n) and which codes are dead (K,) bool, by moving counts (K,); see the formula above."""
    even = counts.sum() / counts.shape[0]
    share = (-_SURE * weight / even.clamp_min(1e-30)).exp().clamp_max(dead_share)
    return even, counts < share * even


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
    revive(codes, counts, sums, fresh, weight, dead_share)


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
