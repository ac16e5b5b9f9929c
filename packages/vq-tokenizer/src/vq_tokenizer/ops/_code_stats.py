"""How many vectors fell to each code, and their sum, in one pass and in a fixed order of addition.

    count_k = |{n: index_n = k}|        sum_k = sum of x_n with index_n = k

No one-hot matrix, and no floating-point atomics: rows are sorted by code and each code adds its
own rows in order, so ten runs give the same bits, on any number of threads.
Shapes: N vectors, K codes, D width.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from vq_tokenizer.errors import VQTokenizerError
from vq_tokenizer.ops._triton import next_power_of_2, tl, triton, use_triton

__all__ = ["code_stats", "code_stats_cpu", "code_stats_reference", "code_stats_triton"]

_CHUNK = 256  # rows


def code_stats(
    x: Tensor, indices: Tensor, num_codes: int, *, mask: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Counts (K,) and sums (K, D), float32 (float64 for float64 x), deterministic.

    x: (N, D) floating point; indices: (N,) int64 in [0, K), not checked; mask: (N,) bool, False
    leaves a vector out, whatever its index. Raises VQTokenizerError for shapes that cannot be.
    """
    if x.ndim != 2 or indices.shape != x.shape[:1]:
        raise VQTokenizerError(
            f"code_stats: x must be (N, D) and indices (N,), got {tuple(x.shape)} and "
            f"{tuple(indices.shape)}"
        )
    if mask is not None and (mask.shape != indices.shape or mask.dtype != torch.bool):
        raise VQTokenizerError(
            f"code_stats: mask must be bool {tuple(indices.shape)}, got {mask.dtype} "
            f"{tuple(mask.shape)}"
        )
    if mask is not None:  # left-out rows belong to a code past the last, which is not reported
        indices = torch.where(mask, indices, num_codes)
    counts, sums = torch.ops.vq_tokenizer.code_stats(x, indices, num_codes)
    return counts, sums


def code_stats_reference(x: Tensor, indices: Tensor, num_codes: int) -> tuple[Tensor, Tensor]:
    """Plain torch; rows whose index is num_codes are left out."""
    work = torch.float64 if x.dtype == torch.float64 else torch.float32
    counts = torch.bincount(indices, minlength=num_codes + 1)[:num_codes].to(work)
    sums = torch.zeros(num_codes + 1, x.shape[1], dtype=work, device=x.device)
    return counts, sums.index_add_(0, indices, x.to(work))[:num_codes].contiguous()


def code_stats_cpu(x: Tensor, indices: Tensor, num_codes: int) -> tuple[Tensor, Tensor]:
    """Same bits as code_stats_reference, several times sooner: threads share the codes.

    torch's bag of embeddings is that sum: bag k takes the rows of x that order holds for code k.
    """
    work = torch.float64 if x.dtype == torch.float64 else torch.float32
    counts = torch.bincount(indices, minlength=num_codes + 1)[:num_codes]
    # numpy sorts 16-bit keys by radix; ten times sooner than 64-bit ones
    keys = indices.numpy()
    keys = keys.astype(np.uint16) if num_codes < 1 << 16 else keys
    order = torch.from_numpy(np.argsort(keys, kind="stable"))
    bounds = torch.cat([counts.new_zeros(1), counts.cumsum(0)])
    order = order[: int(bounds[-1])]  # rows left out sort last
    sums = torch.nn.functional.embedding_bag(
        order, x.to(work).contiguous(), bounds, mode="sum", include_last_offset=True
    )
    return counts.to(work), sums


if triton is not None:

    @triton.jit
    def _add_rows(  # type: ignore[no-untyped-def]
        total, x_ptr, order_ptr, begin, end, stride,
        D: tl.constexpr, DP: tl.constexpr, BLOCK_N: tl.constexpr, ORDER: tl.constexpr,
    ):  # fmt: skip
        """total (BLOCK_N, DP) plus rows begin to end of x, or of x in the order where ORDER."""
        rd = tl.arange(0, DP)[None, :]
        for start in range(begin, end, BLOCK_N):
            at = start + tl.arange(0, BLOCK_N).to(tl.int64)
            rows = tl.load(order_ptr + at, mask=at < end, other=0) if ORDER else at
            mask = (at < end)[:, None] & (rd < D)
            total += tl.load(x_ptr + rows[:, None] * stride + rd, mask=mask, other=0.0).to(
                tl.float32
            )
        return total

    @triton.jit
    def chunk_sums_kernel(  # type: ignore[no-untyped-def]
        x_ptr,
        order_ptr,  # (N,) int64: rows sorted by code
        sorted_ptr,  # (N,): their codes
        whole_ptr,  # (N // CHUNK, D) fp32: sums of the chunks that are of one code
        stride_xn,
        D: tl.constexpr,
        DP: tl.constexpr,
        BLOCK_N: tl.constexpr,
        CHUNK: tl.constexpr,
    ):
        begin = tl.program_id(0).to(tl.int64) * CHUNK
        if tl.load(sorted_ptr + begin) == tl.load(sorted_ptr + begin + CHUNK - 1):
            rd = tl.arange(0, DP)
            total = tl.zeros((BLOCK_N, DP), tl.float32)
            total = _add_rows(
                total, x_ptr, order_ptr, begin, begin + CHUNK, stride_xn, D, DP, BLOCK_N, True
            )
            at = whole_ptr + tl.program_id(0).to(tl.int64) * D + rd
            tl.store(at, tl.sum(total, axis=0), mask=rd < D)

    @triton.jit
    def code_sums_kernel(  # type: ignore[no-untyped-def]
        x_ptr,
        order_ptr,
        first_ptr,  # (K + 1,) int64: where each code's rows begin in order
        whole_ptr,
        sums_ptr,  # (K, D) fp32
        stride_xn,
        D: tl.constexpr,
        DP: tl.constexpr,
        BLOCK_N: tl.constexpr,
        CHUNK: tl.constexpr,
    ):
        # a code adds up to 2 * CHUNK rows itself, and of what lies between the chunks' sums
        k = tl.program_id(0).to(tl.int64)
        begin, end = tl.load(first_ptr + k), tl.load(first_ptr + k + 1)
        inner = (begin + CHUNK - 1) // CHUNK
        outer = tl.maximum(end // CHUNK, inner)
        total = tl.zeros((BLOCK_N, DP), tl.float32)
        total = _add_rows(
            total, x_ptr, order_ptr, begin, tl.minimum(inner * CHUNK, end), stride_xn,
            D, DP, BLOCK_N, True,
        )  # fmt: skip
        total = _add_rows(total, whole_ptr, order_ptr, inner, outer, D, D, DP, BLOCK_N, False)
        total = _add_rows(
            total, x_ptr, order_ptr, outer * CHUNK, end, stride_xn, D, DP, BLOCK_N, True
        )
        rd = tl.arange(0, DP)
        tl.store(sums_ptr + k * D + rd, tl.sum(total, axis=0), mask=rd < D)


def code_stats_triton(x: Tensor, indices: Tensor, num_codes: int) -> tuple[Tensor, Tensor]:
    """Sort, then one program a code; same meaning as code_stats_reference. No host sync.

    Chunks of one code are summed by programs of their own first, so that a codebook that collapsed
    to a few codes does not leave all rows to a few programs.
    """
    if x.dtype == torch.float64:
        return code_stats_reference(x, indices, num_codes)
    n, d = x.shape
    # the sort goes over the keys a byte at a time
    narrow = torch.int16 if num_codes < 1 << 15 else torch.int32
    ordered, order = torch.sort(indices.to(narrow), stable=True)
    bounds = torch.arange(num_codes + 1, device=x.device, dtype=narrow)
    first = torch.searchsorted(ordered, bounds)  # (K + 1,)
    counts = (first[1:] - first[:-1]).to(torch.float32)
    sums = torch.empty(num_codes, d, dtype=torch.float32, device=x.device)
    whole = torch.empty(max(1, n // _CHUNK), d, dtype=torch.float32, device=x.device)
    x = x if x.stride(1) == 1 else x.contiguous()
    width = next_power_of_2(d)
    sizes = {"D": d, "DP": width, "BLOCK_N": max(1, min(32, 2048 // width)), "CHUNK": _CHUNK}
    if n >= _CHUNK:
        chunk_sums_kernel[(n // _CHUNK,)](x, order, ordered, whole, x.stride(0), **sizes)
    code_sums_kernel[(num_codes,)](x, order, first, whole, sums, x.stride(0), **sizes)
    return counts, sums


@torch.library.custom_op("vq_tokenizer::code_stats", mutates_args=())
def _code_stats(x: Tensor, indices: Tensor, num_codes: int) -> tuple[Tensor, Tensor]:
    stats = code_stats_triton if use_triton(x) else code_stats_reference
    if x.device.type == "cpu":
        stats = code_stats_cpu
    return stats(x, indices, num_codes)


@_code_stats.register_fake
def _(x: Tensor, indices: Tensor, num_codes: int) -> tuple[Tensor, Tensor]:
    work = torch.float64 if x.dtype == torch.float64 else torch.float32
    counts = x.new_empty(num_codes, dtype=work)
    return counts, x.new_empty(num_codes, x.shape[1], dtype=work)
