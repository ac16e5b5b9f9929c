"""The two passes of the lookup as Triton kernels, one pass over memory each.

The formulas stand in _lookup.py. Shapes: N vectors, K codes, D width.
"""

from __future__ import annotations

import torch
from torch import Tensor

from vq_tokenizer.ops._lookup_reference import TINY, lookup_backward_reference, lookup_reference
from vq_tokenizer.ops._triton import next_power_of_2, tl, triton

__all__ = ["lookup_backward_triton", "lookup_triton"]

if triton is not None:

    @triton.jit
    def _load(  # type: ignore[no-untyped-def]
        ptr, rows, stride, rd, mask
    ):
        return tl.load(ptr + rows[:, None] * stride + rd, mask=mask, other=0.0).to(tl.float32)

    @triton.jit(do_not_specialize=["N"])
    def lookup_kernel(  # type: ignore[no-untyped-def]
        z_ptr,
        codes_ptr,
        index_ptr,
        out_ptr,  # (N, D), in z's type
        error_ptr,  # (N,) fp32
        N,
        stride_z,
        stride_c,
        D: tl.constexpr,
        DP: tl.constexpr,
        BLOCK_N: tl.constexpr,
    ):
        # the error while the code is in registers: z is read once, the code never again
        rn = tl.program_id(0).to(tl.int64) * BLOCK_N + tl.arange(0, BLOCK_N)
        rd = tl.arange(0, DP)[None, :]
        mask = (rn < N)[:, None] & (rd < D)
        index = tl.load(index_ptr + rn, mask=rn < N, other=0)
        q = _load(codes_ptr, index, stride_c, rd, mask).to(out_ptr.dtype.element_ty)
        tl.store(out_ptr + rn[:, None] * D + rd, q, mask=mask)
        gap = _load(z_ptr, rn, stride_z, rd, mask) - q.to(tl.float32)
        tl.store(error_ptr + rn, tl.sum(gap * gap, axis=1), mask=rn < N)

    @triton.jit(do_not_specialize=["N"])
    def lookup_backward_kernel(  # type: ignore[no-untyped-def]
        grad_ptr,  # (N, D), where CODES
        grad_error_ptr,  # (N,), where ERROR
        z_ptr,
        chosen_ptr,
        out_ptr,
        N,
        stride_g,
        stride_e,
        stride_z,
        stride_q,
        D: tl.constexpr,
        DP: tl.constexpr,
        BLOCK_N: tl.constexpr,
        TINY: tl.constexpr,
        CODES: tl.constexpr,
        ERROR: tl.constexpr,
        ROTATE: tl.constexpr,
    ):
        # One pass: grad, z and the code are read once, everything else is in registers.
        rn = tl.program_id(0).to(tl.int64) * BLOCK_N + tl.arange(0, BLOCK_N)
        rd = tl.arange(0, DP)[None, :]
        mask = (rn < N)[:, None] & (rd < D)
        x = _load(z_ptr, rn, stride_z, rd, mask)
        q = _load(chosen_ptr, rn, stride_q, rd, mask)
        out = tl.zeros((BLOCK_N, DP), tl.float32)
        if CODES:
            out = _load(grad_ptr, rn, stride_g, rd, mask)
            if ROTATE:
                length = tl.maximum(tl.sqrt(tl.sum(x * x, axis=1)), TINY)
                target = tl.maximum(tl.sqrt(tl.sum(q * q, axis=1)), TINY)
                e = x / length[:, None]
                f = q / target[:, None]
                r = e + f
                r = r / tl.maximum(tl.sqrt(tl.sum(r * r, axis=1)), TINY)[:, None]
                rg = tl.sum(r * out, axis=1)[:, None]
                fg = tl.sum(f * out, axis=1)[:, None]
                out = (out - 2 * r * rg + 2 * e * fg) * (target / length)[:, None]
        if ERROR:
            ge = tl.load(grad_error_ptr + rn * stride_e, mask=rn < N, other=0.0).to(tl.float32)
            out += (x - q) * (2 * ge)[:, None]
        tl.store(out_ptr + rn[:, None] * D + rd, out.to(out_ptr.dtype.element_ty), mask=mask)


def lookup_triton(z: Tensor, codes: Tensor, indices: Tensor) -> tuple[Tensor, Tensor]:
    """The Triton kernel; same meaning as lookup_reference."""
    n, d = z.shape
    if z.dtype == torch.float64 or n == 0:
        return lookup_reference(z, codes, indices)
    chosen = torch.empty(n, d, dtype=z.dtype, device=z.device)
    error = torch.empty(n, dtype=torch.float32, device=z.device)
    z, codes = (t if t.stride(1) == 1 else t.contiguous() for t in (z, codes))
    width, rows = _block(d)
    lookup_kernel[((n + rows - 1) // rows,)](
        z,
        codes,
        indices.contiguous(),
        chosen,
        error,
        n,
        z.stride(0),
        codes.stride(0),
        D=d,
        DP=width,
        BLOCK_N=rows,
    )
    return chosen, error


def lookup_backward_triton(
    grad: Tensor | None, grad_error: Tensor | None, z: Tensor, chosen: Tensor, gradient: str
) -> Tensor:
    """The Triton kernel; same meaning as lookup_backward_reference."""
    n, d = z.shape
    if z.dtype == torch.float64 or n == 0:
        return lookup_backward_reference(grad, grad_error, z, chosen, gradient)
    out = torch.empty(n, d, dtype=z.dtype, device=z.device)
    z, chosen = (t if t.stride(1) == 1 else t.contiguous() for t in (z, chosen))
    if grad is not None and grad.stride(1) != 1:
        grad = grad.contiguous()
    width, rows = _block(d)
    lookup_backward_kernel[((n + rows - 1) // rows,)](
        z if grad is None else grad,
        z if grad_error is None else grad_error,
        z,
        chosen,
        out,
        n,
        0 if grad is None else grad.stride(0),
        0 if grad_error is None else grad_error.stride(0),
        z.stride(0),
        chosen.stride(0),
        D=d,
        DP=width,
        BLOCK_N=rows,
        TINY=TINY,
        CODES=grad is not None,
        ERROR=grad_error is not None,
        ROTATE=gradient == "rotation",
    )
    return out


def _block(d: int) -> tuple[int, int]:
    """Padded width, and rows of a program: about 32 numbers of each operand a thread."""
    width = next_power_of_2(d)
    return width, max(1, min(64, 4096 // width))
