"""Index of the nearest code of a codebook for every vector, without ever holding all N x K scores.

    argmin_k |x - c_k|^2  =  argmin_k ( |c_k|^2 / 2  -  <x, c_k> )

|x|^2 is the same for every code, so it is never computed; there is no clamp at zero and no square
root, both of which turn distinct distances into false ties. Equal scores go to the lowest index.

Shapes: N vectors, K codes, D width.
Three implementations: `nearest_code_reference` (any device, chunked), `nearest_code_cpu`
(see _cpu.py), `nearest_code_triton` (GPU, or the Triton interpreter); and the operator
`torch.ops.vq_tokenizer.nearest_code`, which picks between them by device.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from vq_tokenizer.errors import VQTokenizerError
from vq_tokenizer.ops._cpu import nearest_code_cpu
from vq_tokenizer.ops._prepare import first_equal, ieee_products, prepare_codes
from vq_tokenizer.ops._triton import (
    family,
    interpreting,
    next_power_of_2,
    search_tile,
    tl,
    triton,
    use_triton,
)

__all__ = [
    "METRICS",
    "PRECISIONS",
    "nearest_code",
    "nearest_code_reference",
    "nearest_code_triton",
]

METRICS = ("euclidean", "cosine")
PRECISIONS = ("exact", "tf32", "bf16")
_CHUNK_BYTES = 4 << 20  # scores that the reference holds at once
# Unit roundoff of the operands, with TF32 as if it cut instead of rounding.
_ROUNDOFF = {"tf32": 2.0**-10, "bf16": 2.0**-8}


def nearest_code(
    x: Tensor,
    codes: Tensor,
    *,
    metric: str = "euclidean",
    precision: str = "exact",
    certify: bool = False,
) -> Tensor:
    """Index of the nearest code for each vector; (N,) int64 in [0, K).

    x: (N, D) floating point; codes: (K, D) floating point on the same device, K >= 1.
    metric: "euclidean", or "cosine" (largest cosine similarity; neither need be normalised).
    precision: of the scores. "exact" is as accurate as IEEE float32 and never TF32 behind your
        back; "tf32" and "bf16" round the operands on a GPU, and are "exact" on a CPU.
    certify: search again, exactly, every vector whose best two scores lie within the rounding
        error of "tf32" or "bf16", so that the answer is that of "exact".
    Ties go to the lowest index. A vector with a NaN or an infinity gets index 0; a code with one
    is never chosen (unless all have). On a CPU faiss-cpu, where installed, takes searches of
    widths up to 32 with enough vectors. Not differentiable. Raises VQTokenizerError for shapes or
    names that cannot be.
    """
    if x.ndim != 2 or codes.ndim != 2:
        raise VQTokenizerError(
            f"nearest_code: x must be (N, D) and codes (K, D), got {tuple(x.shape)} and "
            f"{tuple(codes.shape)}; flatten the leading dimensions first"
        )
    if x.shape[1] != codes.shape[1]:
        raise VQTokenizerError(
            f"nearest_code: x has width {x.shape[1]} but codes have width {codes.shape[1]}"
        )
    if codes.shape[0] == 0 or codes.shape[1] == 0:
        raise VQTokenizerError(f"nearest_code: the codebook {tuple(codes.shape)} is empty")
    if not (x.is_floating_point() and codes.is_floating_point()):
        raise VQTokenizerError(
            f"nearest_code: x and codes must be floating point, got {x.dtype} and {codes.dtype}"
        )
    if metric not in METRICS:
        raise VQTokenizerError(f"nearest_code: metric {metric!r} is not one of {METRICS}")
    if precision not in PRECISIONS:
        raise VQTokenizerError(f"nearest_code: precision {precision!r} is not one of {PRECISIONS}")
    index: Tensor = torch.ops.vq_tokenizer.nearest_code(x, codes, metric, precision, certify)
    return index


@torch.no_grad()
def nearest_code_reference(
    x: Tensor,
    codes: Tensor,
    *,
    metric: str = "euclidean",
    precision: str = "exact",
    certify: bool = False,
    chunk: int | None = None,
) -> Tensor:
    """Plain torch on any device: chunks of x against all codes through one reused buffer.

    Same meaning as `nearest_code`; `chunk` is the number of vectors at a time (about 4 MiB of
    scores). float64 inputs are searched in float64, everything else in float32.
    """
    del precision, certify  # IEEE products only
    work = torch.float64 if x.dtype == torch.float64 else torch.float32
    n, k = x.shape[0], codes.shape[0]
    index = torch.empty(n, dtype=torch.int64, device=x.device)
    if n == 0:
        return index
    codes, half, shift = prepare_codes(codes.to(work), metric)
    table = codes.t().contiguous()  # (D, K)
    rows = chunk or max(64, min(4096, _CHUNK_BYTES // (k * table.element_size())))
    buffer = torch.empty(min(rows, n), k, dtype=work, device=x.device)
    with ieee_products(x.device):
        for start in range(0, n, rows):
            part = x[start : start + rows].to(work)
            if shift is not None:
                part = part - shift
            scores = torch.addmm(half, part, table, alpha=-1, out=buffer[: part.shape[0]])
            least, where = scores.min(1)
            index[start : start + rows] = where.masked_fill_(~least.isfinite(), 0)
    first = first_equal(codes)
    return index if first is None else first[index]


if triton is not None:

    @triton.jit
    def _load_rows(  # type: ignore[no-untyped-def]
        x_ptr, rows, inside, rd, shift_ptr, stride, D, dtype: tl.constexpr, SHIFT: tl.constexpr
    ):
        mask = inside[:, None] & (rd < D)[None, :]
        x = tl.load(x_ptr + rows[:, None] * stride + rd[None, :], mask=mask, other=0.0)
        if SHIFT:
            shift = tl.load(shift_ptr + rd, mask=rd < D, other=0.0)
            x = x.to(tl.float32) - shift[None, :]
        return x.to(dtype)

    @triton.jit
    def _tf32(x):  # type: ignore[no-untyped-def]
        # the nearest number with 10 fraction bits
        bits = x.to(tl.int32, bitcast=True)
        return ((bits + 0x1000) & -0x2000).to(tl.float32, bitcast=True)

    # N changes from call to call: specialising on it would compile again for 1 and for multiples
    # of 16.
    @triton.jit(do_not_specialize=["N"])
    def nearest_code_kernel(  # type: ignore[no-untyped-def]
        x_ptr,
        c_ptr,  # (K, D), prepared, in the operands' type
        low_ptr,  # (K, D), where SPLIT: what TF32 leaves of the codes
        half_ptr,  # (K,) fp32: half squared lengths
        shift_ptr,  # (D,) fp32
        index_ptr,  # (N,) int64
        gap_ptr,  # (N,) fp32, where GAP: second best score minus best
        order_ptr,  # (N,) int64, where GATHER: which rows, the wanted ones first
        count_ptr,  # (1,) int64, where GATHER: how many are wanted
        N,
        K,
        stride_xn,
        stride_ck,
        D: tl.constexpr,
        DP: tl.constexpr,  # power of two: D padded to at least 16, or the slice of a wide D
        BLOCK_N: tl.constexpr,
        BLOCK_K: tl.constexpr,
        PRECISION: tl.constexpr,  # "ieee" | "tf32" (fp32 operands only)
        SPLIT: tl.constexpr,  # three TF32 products of high and low parts: as accurate as float32
        SHIFT: tl.constexpr,
        SLICED: tl.constexpr,
        GAP: tl.constexpr,
        GATHER: tl.constexpr,
        UPCAST: tl.constexpr,  # interpreter only: its dot multiplies the bits of bf16 as integers
    ):
        pid = tl.program_id(0).to(tl.int64)
        rn = pid * BLOCK_N + tl.arange(0, BLOCK_N)  # 64-bit: offsets pass 2^31 where N * D does
        inside = rn < N
        if GATHER:
            wanted = tl.load(count_ptr)
            if pid * BLOCK_N >= wanted:
                return
            inside = rn < wanted
            rn = tl.load(order_ptr + rn, mask=inside, other=0)
        dtype: tl.constexpr = tl.float32 if UPCAST else c_ptr.dtype.element_ty
        rd = tl.arange(0, DP)
        if not SLICED:
            x = _load_rows(x_ptr, rn, inside, rd, shift_ptr, stride_xn, D, dtype, SHIFT)
            if SPLIT:
                # once a program, not once a tile: input_precision="tf32x3" would split in the loop
                high = _tf32(x)
                low = x - high
        # One running minimum a column slot, reduced across the row once at the end: 4.1 instead
        # of 5.6 instructions a score.
        best = tl.full((BLOCK_N, BLOCK_K), float("inf"), tl.float32)
        where = tl.zeros((BLOCK_N, BLOCK_K), tl.int32)
        if GAP:
            second = tl.full((BLOCK_N, BLOCK_K), float("inf"), tl.float32)
        for k0 in range(0, K, BLOCK_K):
            rk = k0 + tl.arange(0, BLOCK_K)
            at = rk[None, :].to(tl.int64) * stride_ck
            half = tl.load(half_ptr + rk, mask=rk < K, other=float("inf"))
            if SLICED:
                dot = tl.zeros((BLOCK_N, BLOCK_K), tl.float32)
                for d0 in range(0, D, DP):
                    r = d0 + rd
                    x = _load_rows(x_ptr, rn, inside, r, shift_ptr, stride_xn, D, dtype, SHIFT)
                    mask = (rk < K)[None, :] & (r < D)[:, None]
                    c = tl.load(c_ptr + at + r[:, None], mask=mask, other=0.0).to(dtype)
                    if SPLIT:
                        high = _tf32(x)
                        c_low = tl.load(low_ptr + at + r[:, None], mask=mask, other=0.0)
                        dot = tl.dot(x - high, c, dot, input_precision=PRECISION)
                        dot = tl.dot(high, c_low, dot, input_precision=PRECISION)
                        dot = tl.dot(high, c, dot, input_precision=PRECISION)
                    else:
                        dot = tl.dot(x, c, dot, input_precision=PRECISION)
            else:
                mask = (rk < K)[None, :] & (rd < D)[:, None]
                c = tl.load(c_ptr + at + rd[:, None], mask=mask, other=0.0).to(dtype)
                if SPLIT:
                    c_low = tl.load(low_ptr + at + rd[:, None], mask=mask, other=0.0)
                    dot = tl.dot(low, c, input_precision=PRECISION)
                    dot = tl.dot(high, c_low, dot, input_precision=PRECISION)
                    dot = tl.dot(high, c, dot, input_precision=PRECISION)
                else:
                    dot = tl.dot(x, c, input_precision=PRECISION)
            score = half[None, :] - dot
            if GAP:
                second = tl.minimum(second, tl.maximum(score, best))
            # strict <: the lowest index wins; minimum instead of a second where frees a predicate
            where = tl.where(score < best, k0, where)
            best = tl.minimum(score, best)
        column = where + tl.arange(0, BLOCK_K)[None, :]
        least = tl.min(best, axis=1)
        index = tl.min(tl.where(best == least[:, None], column, 2147483647), axis=1)
        index = tl.where(least > float("-inf"), index, 0)  # an infinity in x
        tl.store(index_ptr + rn, index.to(tl.int64), mask=inside)
        if GAP:
            # the winner's slot stands aside, then the least of all the others is the second best
            others = tl.where(column == index[:, None], second, best)
            tl.store(gap_ptr + rn, tl.min(others, axis=1) - least, mask=inside)


def kernel_constants(
    name: str, operands: str, d: int, *, shift: bool, gap: bool, gather: bool, upcast: bool
) -> tuple[dict[str, Any], int, int]:
    """Compile-time constants of the kernel for a device family, its warps and its stages."""
    tile = search_tile(name, operands, d, gap=gap)
    constants = {
        "D": d,
        "DP": tile.slice or max(16, next_power_of_2(d)),
        "BLOCK_N": tile.rows,
        "BLOCK_K": tile.codes,
        "PRECISION": "tf32" if tile.precision == "split" else tile.precision,
        "SPLIT": tile.precision == "split",
        "SHIFT": shift,
        "SLICED": tile.slice > 0,
        "GAP": gap,
        "GATHER": gather,
        "UPCAST": upcast,
    }
    return constants, tile.warps, tile.stages


def nearest_code_triton(
    x: Tensor,
    codes: Tensor,
    *,
    metric: str = "euclidean",
    precision: str = "exact",
    certify: bool = False,
) -> Tensor:
    """The Triton kernel; same meaning as `nearest_code`. x and codes on a GPU, or interpreted."""
    n = x.shape[0]
    index = torch.empty(n, dtype=torch.int64, device=x.device)
    if n == 0:
        return index
    if x.dtype == torch.float64 or codes.dtype == torch.float64:
        return nearest_code_reference(x, codes, metric=metric)  # no tensor cores for it in Triton
    half_types = (torch.bfloat16, torch.float16)
    # Products of two half-precision numbers are exact in float32, so "exact" may use them as they
    # are; then nothing is centred, for the difference would not fit the type.
    native = x.dtype == codes.dtype and x.dtype in half_types and metric == "euclidean"
    table, half, shift = prepare_codes(codes.float(), metric, centre=not native)
    if native:
        table, operands = table.to(x.dtype), "half"
    elif precision == "bf16":
        table, operands = table.bfloat16(), "half"
    else:
        operands = "tf32" if precision == "tf32" else "fp32"
    x = x if x.stride(1) == 1 else x.contiguous()
    if native or precision == "exact" or not certify:
        _launch(x, table, half, shift, index, operands)
        return index
    gap = torch.empty(n, dtype=torch.float32, device=x.device)
    _launch(x, table, half, shift, index, operands, gap=gap)
    # |<x, c> - <x~, c~>| <= |x| |c| (2 u + u^2); twice that, and some for float32 sums and lengths
    length = (x.float() if shift is None else x.float() - shift).norm(dim=1)
    longest = (2 * half.masked_fill(half.isinf(), 0).amax()).sqrt() if metric == "euclidean" else 1
    unsure = gap <= 2.1 * length * longest * (2 * _ROUNDOFF[precision] + 1e-4)
    order = torch.argsort(unsure, descending=True)  # no row count comes back to the host
    exact, half, shift = prepare_codes(codes.float(), metric)
    _launch(x, exact, half, shift, index, "fp32", order=order, count=unsure.sum()[None])
    return index


def _launch(
    x: Tensor,
    table: Tensor,
    half: Tensor,
    shift: Tensor | None,
    index: Tensor,
    operands: str,
    *,
    gap: Tensor | None = None,
    order: Tensor | None = None,
    count: Tensor | None = None,
) -> None:
    """Run the kernel over all rows, or over the first `count` of `order`, writing index and gap."""
    constants, warps, stages = kernel_constants(
        family(x.device),
        operands,
        x.shape[1],
        shift=shift is not None,
        gap=gap is not None,
        gather=order is not None,
        upcast=interpreting() and table.dtype == torch.bfloat16,
    )
    table = table.contiguous()
    low = table
    if constants["SPLIT"]:
        whole = table
        table = ((whole.view(torch.int32) + 0x1000) & -0x2000).view(torch.float32)
        low = whole - table
    nearest_code_kernel[((x.shape[0] + constants["BLOCK_N"] - 1) // constants["BLOCK_N"],)](
        x,
        table,
        low,
        half,
        half if shift is None else shift,
        index,
        half if gap is None else gap,
        index if order is None else order,
        index if count is None else count,
        x.shape[0],
        table.shape[0],
        x.stride(0),
        table.stride(0),
        **constants,
        num_warps=warps,
        num_stages=stages,
    )


@torch.library.custom_op("vq_tokenizer::nearest_code", mutates_args=())
def _nearest_code(
    x: Tensor, codes: Tensor, metric: str, precision: str, certify: bool = False
) -> Tensor:
    # Opaque on purpose: torch.compile and opcheck then never need a GPU driver to trace it.
    if x.device.type == "cpu" and x.dtype != torch.float64:
        return nearest_code_cpu(x, codes, metric=metric)  # exact is all it knows
    search = nearest_code_triton if use_triton(x) else nearest_code_reference
    return search(x, codes, metric=metric, precision=precision, certify=certify)


@_nearest_code.register_fake
def _(x: Tensor, codes: Tensor, metric: str, precision: str, certify: bool = False) -> Tensor:
    return x.new_empty(x.shape[0], dtype=torch.int64)
