"""A codebook laid out for the search kernel, by two small kernels instead of thirty operators.

One row of the table is one code, negated, so that a row times a vector is -<x, c>:

    [ -c (D) | half length in three parts (3) | 0 ... ]      where the padded width has room (SPARE)
    [ term 1 (D) | ... | term 6 (D) | half length (3) | 0 ] where D is small (JOIN terms)

float32 codes are kept as three bf16 parts c1 + c2 + c3, equal to c to the last bit, a table each.
Where D is at most 10 the terms x3 c1, x2 c2, x1 c3, x2 c1, x1 c2, x1 c1 of the product stand side
by side in one row, so that width 8 costs one product of width 64 and not six of width 16.
Rows past the last code, and codes that are not finite, have a half length that no other has: they
lose.
Shapes: K codes, D width, W columns of the table.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor

from vq_tokenizer.ops._operands import TYPES, Layout, split_parts
from vq_tokenizer.ops._triton import block_rows, next_power_of_2, tl, triton

__all__ = ["Packed", "pack_codes"]

_PARTIALS = 16  # shares of the codes whose mean and spread are measured at once
CENTRE = {"none": 0, "x": 1, "half": 2}


class Packed(NamedTuple):
    """table (c_parts, K', W); half (K',) float32; exact (K, D) float32, centred or of unit length;
    shift (D,); bound (2,) int32, the bits of the largest squared length and rounding error."""

    table: Tensor
    half: Tensor
    exact: Tensor
    shift: Tensor
    bound: Tensor


if triton is not None:
    _WORST = tl.constexpr(3.3895313892515355e38)  # the largest bf16: an infinity times 0 is a NaN

    @triton.jit
    def measure_codes_kernel(  # type: ignore[no-untyped-def]
        codes_ptr,
        partial_ptr,  # (programs, 4, D): sum, greatest, least, and the number of finite codes
        K,
        stride,
        D: tl.constexpr,
        DP: tl.constexpr,
        BLOCK_K: tl.constexpr,
    ):
        pid = tl.program_id(0)
        share = tl.cdiv(K, tl.num_programs(0))
        rd = tl.arange(0, DP)
        total = tl.zeros((DP,), tl.float32)
        high = tl.full((DP,), float("-inf"), tl.float32)
        low = tl.full((DP,), float("inf"), tl.float32)
        count = tl.zeros((BLOCK_K,), tl.float32)
        end = tl.minimum((pid + 1) * share, K)
        for k0 in range(pid * share, end, BLOCK_K):
            rk = k0 + tl.arange(0, BLOCK_K).to(tl.int64)
            mask = (rk < end)[:, None] & (rd < D)[None, :]
            c = tl.load(codes_ptr + rk[:, None] * stride + rd[None, :], mask=mask, other=0.0)
            c = c.to(tl.float32)
            good = (rk < end) & (tl.sum(c * c, axis=1) < float("inf"))
            total += tl.sum(tl.where(good[:, None], c, 0.0), axis=0)
            high = tl.maximum(high, tl.max(tl.where(good[:, None], c, float("-inf")), axis=0))
            low = tl.minimum(low, tl.min(tl.where(good[:, None], c, float("inf")), axis=0))
            count += good.to(tl.float32)
        at = partial_ptr + pid * 4 * D + rd
        tl.store(at, total, mask=rd < D)
        tl.store(at + D, high, mask=rd < D)
        tl.store(at + 2 * D, low, mask=rd < D)
        tl.store(at + 3 * D, tl.zeros((DP,), tl.float32) + tl.sum(count), mask=rd < D)

    @triton.jit
    def _grid_shift(  # type: ignore[no-untyped-def]
        partial_ptr, dims, known, D: tl.constexpr, PARTIALS: tl.constexpr
    ):
        """The codes' mean on a grid as coarse as their spread; see prepare_codes."""
        share = tl.arange(0, PARTIALS).to(tl.int64)[:, None]
        at = partial_ptr + share * (4 * D) + dims[None, :]
        mask = known[None, :]
        count = tl.sum(tl.load(at + 3 * D, mask=mask, other=0.0), axis=0)
        mean = tl.sum(tl.load(at, mask=mask, other=0.0), axis=0) / tl.maximum(count, 1.0)
        high = tl.max(tl.load(at + D, mask=mask, other=0.0), axis=0)
        low = tl.min(tl.load(at + 2 * D, mask=mask, other=0.0), axis=0)
        spread = tl.maximum(tl.max(tl.maximum(high - mean, mean - low), axis=0), 1e-30)
        grid = (spread.to(tl.int32, bitcast=True) & 0x7F800000).to(tl.float32, bitcast=True)
        shift = tl.floor(mean / grid + 0.5) * grid
        return tl.where(tl.abs(shift) < float("inf"), shift, 0.0)  # 0 for a NaN too

    @triton.jit
    def pack_codes_kernel(  # type: ignore[no-untyped-def]
        codes_ptr,
        partial_ptr,
        table_ptr,
        half_ptr,
        exact_ptr,
        shift_ptr,
        bound_ptr,
        K,
        rows,  # K', of the table
        stride,
        D: tl.constexpr,
        W: tl.constexpr,
        WP: tl.constexpr,  # power of two
        BLOCK_K: tl.constexpr,
        JOIN: tl.constexpr,
        SPARE: tl.constexpr,
        C_PARTS: tl.constexpr,
        KIND: tl.constexpr,
        CENTRE: tl.constexpr,  # 0: not, 1: the vectors are shifted too, 2: they are not
        COSINE: tl.constexpr,
        BOUND: tl.constexpr,
        PARTIALS: tl.constexpr,
    ):
        pid = tl.program_id(0)
        rk = pid * BLOCK_K + tl.arange(0, BLOCK_K).to(tl.int64)
        rw = tl.arange(0, WP)
        term = rw // D
        own = (rw < D)[None, :]
        mask = (rk < K)[:, None] & (term < JOIN)[None, :]
        at = rk[:, None] * stride + (rw % D)[None, :]
        c = tl.load(codes_ptr + at, mask=mask, other=0.0).to(tl.float32)
        square = tl.sum(tl.where(own, c * c, 0.0), axis=1)
        good = (rk < K) & (square < float("inf"))  # NaN is not
        mask = mask & good[:, None]
        c = tl.where(mask, c, 0.0)
        extra = tl.zeros((BLOCK_K,), tl.float32)
        if COSINE:
            c = c / tl.maximum(tl.sqrt(square), 1e-12)[:, None]
            square = tl.zeros((BLOCK_K,), tl.float32)
        if CENTRE > 0:
            shift = _grid_shift(partial_ptr, rw % D, term < JOIN, D, PARTIALS)
            c = tl.where(mask, c - shift[None, :], 0.0)
            square = tl.sum(tl.where(own, c * c, 0.0), axis=1)
            if CENTRE == 2:  # <x, c> of a vector that is not shifted has <shift, c> too much
                extra = tl.sum(tl.where(own, c * shift[None, :], 0.0), axis=1)
            if pid == 0:
                tl.store(shift_ptr + rw, shift, mask=rw < D)
        half = tl.where(good, square * 0.5 + extra, float("inf"))
        tl.store(half_ptr + rk, half, mask=rk < rows)
        tl.store(exact_ptr + rk[:, None] * D + rw[None, :], c, mask=(rk < K)[:, None] & own)

        first, second, third = split_parts(-c, C_PARTS, KIND, False)
        if BOUND:  # bits of floats that are not negative are in the order of the floats
            error = tl.where(own, -c - first.to(tl.float32), 0.0)
            error = tl.max(tl.sum(error * error, axis=1), axis=0)
            length = tl.max(tl.sum(tl.where(own, c * c, 0.0), axis=1), axis=0)
            tl.atomic_max(bound_ptr, length.to(tl.int32, bitcast=True))
            tl.atomic_max(bound_ptr + 1, error.to(tl.int32, bitcast=True))
        if JOIN == 6:
            first = tl.where(
                ((term == 1) | (term == 4))[None, :],
                second,
                tl.where((term == 2)[None, :], third, first),
            )
        if JOIN == 3:
            first = tl.where(
                (term == 0)[None, :], third, tl.where((term == 1)[None, :], second, first)
            )
        if SPARE:
            finite = half < float("inf")
            high, middle, low = split_parts(tl.where(finite, half, 0.0), 3, KIND, False)
            # Of a tensor's own type: interpreters of Triton before 3.9 know no bf16 scalar.
            worst = tl.full((BLOCK_K,), _WORST, tl.float32)
            high = tl.where(finite, high, worst.to(high.dtype))
            place = (rw - JOIN * D)[None, :]
            first = tl.where(place == 0, high[:, None], first)
            first = tl.where(place == 1, middle[:, None], first)
            first = tl.where(place == 2, low[:, None], first)
        at = table_ptr + rk[:, None] * W + rw[None, :]
        mask = (rk < rows)[:, None] & (rw < W)[None, :]
        tl.store(at, first, mask=mask)
        if C_PARTS == 3 and JOIN == 1:
            step = rows.to(tl.int64) * W
            tl.store(at + step, second, mask=mask)
            tl.store(at + 2 * step, third, mask=mask)


def pack_codes(
    codes: Tensor, metric: str, layout: Layout, multiple: int, centre: str, *, bound: bool = False
) -> Packed:
    """codes (K, D) for the search kernel. multiple: of which the table has so many rows.

    centre: "none"; "x", where the search shifts the vectors too; "half", where it does not. bound:
    also measure how long the codes are and how much rounding takes from them.
    """
    k, d = codes.shape
    codes = codes if codes.stride(1) == 1 else codes.contiguous()
    rows = -(-k // multiple) * multiple
    partials = _PARTIALS if codes.device.type == "cuda" else 1
    tables = layout.c_parts if layout.join == 1 else 1
    new: dict[str, Any] = {"dtype": torch.float32, "device": codes.device}
    packed = Packed(
        torch.empty(tables, rows, layout.width, dtype=TYPES[layout.kind], device=codes.device),
        torch.empty(rows, **new),
        torch.empty(k, d, **new),
        torch.empty(d, **new),
        torch.zeros(2, dtype=torch.int32, device=codes.device) if bound else codes,
    )
    partial = packed.shift
    if centre != "none":
        partial = torch.empty(partials, 4, d, **new)
        width = next_power_of_2(d)
        measure_codes_kernel[(partials,)](
            codes,
            partial,
            k,
            codes.stride(0),
            D=d,
            DP=width,
            BLOCK_K=block_rows(codes.device, width),
        )
    width = next_power_of_2(layout.width)
    block = block_rows(codes.device, width)
    pack_codes_kernel[(-(-rows // block),)](
        codes,
        partial,
        packed.table,
        packed.half,
        packed.exact,
        packed.shift,
        packed.bound,
        k,
        rows,
        codes.stride(0),
        D=d,
        W=layout.width,
        WP=width,
        BLOCK_K=block,
        JOIN=layout.join,
        SPARE=layout.spare,
        C_PARTS=layout.c_parts,
        KIND=layout.kind,
        CENTRE=CENTRE[centre],
        COSINE=metric == "cosine",
        BOUND=bound,
        PARTIALS=partials,
    )
    return packed
