"""Index of the nearest code of a codebook for every vector, without ever holding all N x K scores.

    argmin_k |x - c_k|^2  =  argmin_k ( |c_k|^2 / 2  -  <x, c_k> )

|x|^2 is the same for every code, so it is never computed; there is no clamp at zero and no square
root, both of which turn distinct distances into false ties. Equal scores go to the lowest index.

Shapes: N vectors, K codes, D width.
Three implementations of one signature: `nearest_code_reference` (any device, chunked),
`nearest_code_triton` (GPU, or the Triton interpreter) and the operator
`torch.ops.vq_tokenizer.nearest_code`, which picks between them by device.
"""

from __future__ import annotations

import os
from typing import Any

import torch
from torch import Tensor

from vq_tokenizer.errors import VQTokenizerError

try:
    import triton
    import triton.language as tl
except ImportError:  # an extra: the processor path needs nothing but torch
    triton = None

__all__ = ["METRICS", "PRECISIONS", "nearest_code", "nearest_code_reference"]

METRICS = ("euclidean", "cosine")
PRECISIONS = ("exact", "tf32", "bf16")
_CHUNK_BYTES = 4 << 20  # scores held at once on the processor: stays in its last-level cache


def nearest_code(
    x: Tensor, codes: Tensor, *, metric: str = "euclidean", precision: str = "exact"
) -> Tensor:
    """Index of the nearest code for each vector; (N,) int64 in [0, K).

    x: (N, D) floating point; codes: (K, D) floating point on the same device, K >= 1.
    metric: "euclidean", or "cosine" (largest cosine similarity; x and codes need not be
    normalised).
    precision: of the scores. "exact" is IEEE float32; "tf32" and "bf16" allow that input rounding
        on hardware that has it and are the same as "exact" on a processor.
    Ties go to the lowest index. A vector with a NaN gets index 0; a code with a NaN is never chosen
    (unless all are). Not differentiable. Raises VQTokenizerError for shapes or names that cannot
    be.
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
    index: Tensor = torch.ops.vq_tokenizer.nearest_code(x, codes, metric, precision)
    return index


def nearest_code_reference(
    x: Tensor,
    codes: Tensor,
    *,
    metric: str = "euclidean",
    precision: str = "exact",
    chunk: int | None = None,
) -> Tensor:
    """Plain torch: chunks of x against all codes through one reused buffer of about 4 MiB.

    Same meaning as `nearest_code`; `chunk` is the number of vectors at a time. float64 inputs are
    searched in float64, everything else in float32.
    """
    del precision  # torch on a processor has IEEE products only
    work = torch.float64 if x.dtype == torch.float64 else torch.float32
    n, k = x.shape[0], codes.shape[0]
    index = torch.empty(n, dtype=torch.int64, device=x.device)
    if n == 0:
        return index
    codes, half, shift = prepare_codes(codes.to(work), metric)
    table = codes.t().contiguous()  # (D, K)
    rows = chunk or max(64, min(4096, _CHUNK_BYTES // (k * table.element_size())))
    buffer = torch.empty(min(rows, n), k, dtype=work, device=x.device)
    for start in range(0, n, rows):
        part = x[start : start + rows].to(work)
        if shift is not None:
            part = part - shift
        scores = buffer[: part.shape[0]]
        torch.addmm(half, part, table, alpha=-1, out=scores)
        torch.argmin(scores, dim=1, out=index[start : start + rows])
    return index


def prepare_codes(codes: Tensor, metric: str) -> tuple[Tensor, Tensor, Tensor | None]:
    """Codes as the search wants them: (codes (K, D), half squared lengths (K,), shift (D,) or
    None).

    Euclidean: the codebook's mean is taken off codes and vectors alike, which changes no distance
    and keeps float32 from cancelling when everything lies far from the origin. Cosine: unit
    length and no half lengths. Codes with a NaN get an infinite half length, so they lose.
    """
    bad = codes.isnan().any(1)
    codes = codes.masked_fill(bad[:, None], 0)
    if metric == "cosine":
        codes = torch.nn.functional.normalize(codes, dim=1)
        return codes, codes.new_zeros(codes.shape[0]).masked_fill(bad, torch.inf), None
    shift = codes.mean(0)
    codes = codes - shift
    half = codes.square().sum(1) * 0.5
    return codes, half.masked_fill(bad, torch.inf), shift


if triton is not None:

    @triton.jit  # type: ignore[untyped-decorator,unused-ignore]
    def nearest_code_kernel(  # type: ignore[no-untyped-def]
        x_ptr,
        c_ptr,  # (K, D), prepared
        half_ptr,  # (K,) fp32: half squared lengths
        shift_ptr,  # (D,) fp32
        index_ptr,
        N,
        K,
        stride_xn,
        stride_ck,
        D: tl.constexpr,
        DP: tl.constexpr,  # power of two >= max(16, D): the width of a matrix instruction
        BLOCK_N: tl.constexpr,
        BLOCK_K: tl.constexpr,
        PRECISION: tl.constexpr,  # "ieee" | "tf32" | "tf32x3" (fp32 operands only)
        SHIFT: tl.constexpr,
        UPCAST: tl.constexpr,  # interpreter only: its dot multiplies the bits of bf16 as integers
    ):
        pid = tl.program_id(0).to(tl.int64)
        rn = pid * BLOCK_N + tl.arange(0, BLOCK_N)  # 64-bit: offsets pass 2^31 at N * D > 2 G
        rd = tl.arange(0, DP)
        inside = (rn < N)[:, None] & (rd < D)[None, :]
        x = tl.load(x_ptr + rn[:, None] * stride_xn + rd[None, :], mask=inside, other=0.0)
        if SHIFT:
            shift = tl.load(shift_ptr + rd, mask=rd < D, other=0.0)
            x = (x.to(tl.float32) - shift[None, :]).to(c_ptr.dtype.element_ty)
        if UPCAST:
            x = x.to(tl.float32)
        # One running minimum a column slot, reduced across the row once at the end: 4.1 instead
        # of 5.6 instructions a score.
        best = tl.full((BLOCK_N, BLOCK_K), float("inf"), tl.float32)
        where = tl.zeros((BLOCK_N, BLOCK_K), tl.int32)
        for k0 in range(0, K, BLOCK_K):
            rk = k0 + tl.arange(0, BLOCK_K)
            c = tl.load(
                c_ptr + rk[None, :].to(tl.int64) * stride_ck + rd[:, None],
                mask=(rk < K)[None, :] & (rd < D)[:, None],
                other=0.0,
            )
            half = tl.load(half_ptr + rk, mask=rk < K, other=float("inf"))
            if UPCAST:
                c = c.to(tl.float32)
            score = half[None, :] - tl.dot(x, c, input_precision=PRECISION)
            # strict <: the lowest index wins; minimum instead of a second where frees a predicate
            where = tl.where(score < best, k0, where)
            best = tl.minimum(score, best)
        column = where + tl.arange(0, BLOCK_K)[None, :]
        least = tl.min(best, axis=1)
        index = tl.min(tl.where(best == least[:, None], column, 2147483647), axis=1)
        tl.store(index_ptr + rn, index.to(tl.int64), mask=rn < N)


def interpreting() -> bool:
    """Whether Triton kernels run in the interpreter (TRITON_INTERPRET=1 when first imported)."""
    return os.environ.get("TRITON_INTERPRET", "0") == "1"


def nearest_code_triton(
    x: Tensor, codes: Tensor, *, metric: str = "euclidean", precision: str = "exact"
) -> Tensor:
    """The Triton kernel; same meaning as `nearest_code`. x and codes on a GPU, or interpreted."""
    n, d = x.shape
    k = codes.shape[0]
    index = torch.empty(n, dtype=torch.int64, device=x.device)
    if n == 0:
        return index
    prepared, half, shift = prepare_codes(codes.float(), metric)
    operand = torch.bfloat16 if precision == "bf16" else torch.float32
    prepared = prepared.to(operand).contiguous()
    x = x if x.stride(1) == 1 else x.contiguous()
    if shift is None:
        x = x.to(operand)
    bf16 = operand == torch.bfloat16
    options: dict[str, Any] = {
        "BLOCK_N": 64,
        "BLOCK_K": 64,
        "PRECISION": "tf32" if precision == "tf32" else "ieee",
        "SHIFT": shift is not None,
        "UPCAST": interpreting() and bf16,
    }
    nearest_code_kernel[(triton.cdiv(n, options["BLOCK_N"]),)](
        x,
        prepared,
        half,
        half if shift is None else shift,
        index,
        n,
        k,
        x.stride(0),
        prepared.stride(0),
        D=d,
        DP=max(16, triton.next_power_of_2(d)),
        **options,
    )
    return index


@torch.library.custom_op("vq_tokenizer::nearest_code", mutates_args=())
def _nearest_code(x: Tensor, codes: Tensor, metric: str, precision: str) -> Tensor:
    # Opaque on purpose: torch.compile and opcheck then never need a GPU driver to trace it.
    if x.device.type != "cpu" and triton is not None:
        return nearest_code_triton(x, codes, metric=metric, precision=precision)
    return nearest_code_reference(x, codes, metric=metric, precision=precision)


@_nearest_code.register_fake
def _(x: Tensor, codes: Tensor, metric: str, precision: str) -> Tensor:
    return x.new_empty(x.shape[0], dtype=torch.int64)
