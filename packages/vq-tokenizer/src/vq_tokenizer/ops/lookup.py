"""Codes by index, with a gradient for the vectors that were quantized.

    forward   q_n = codes[index_n]                       exactly, not z + (q - z), which rounds
    straight-through (Bengio et al., 2013)   dz = dq
    rotation trick (Fifty et al., 2024)      dz = (|q| / |z|) R^T dq
        R turns z's direction e into q's direction f, with r = (e + f) / |e + f|:
        R = I - 2 r r^T + 2 f e^T       R^T g = g - 2 r <r, g> + 2 e <f, g>

The scale and the rotation are constants of the backward pass. Codes get no gradient from here: a
learned codebook takes its own from the loss. Shapes: N vectors, K codes, D width.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from vq_tokenizer.errors import VQTokenizerError
from vq_tokenizer.ops._triton import next_power_of_2, tl, triton, use_triton

__all__ = [
    "GRADIENTS",
    "lookup",
    "rotation_backward_reference",
    "rotation_backward_triton",
]

GRADIENTS = ("straight-through", "rotation")
_TINY = 1e-6  # lengths below are taken as this, so zero vectors get a finite gradient


def lookup(
    z: Tensor, codes: Tensor, indices: Tensor, *, gradient: str = "straight-through"
) -> Tensor:
    """codes[indices] in z's type, (N, D), whose gradient goes to z.

    z: (N, D) floating point; codes: (K, D) floating point; indices: (N,) int64 in [0, K), which is
    not checked here. gradient: "straight-through" or "rotation". Raises VQTokenizerError for
    shapes or names that cannot be.
    """
    if z.ndim != 2 or codes.ndim != 2 or z.shape[1] != codes.shape[1]:
        raise VQTokenizerError(
            f"lookup: z must be (N, D) and codes (K, D), got {tuple(z.shape)} and "
            f"{tuple(codes.shape)}"
        )
    if indices.shape != z.shape[:1] or indices.dtype != torch.int64:
        raise VQTokenizerError(
            f"lookup: indices must be ({z.shape[0]},) int64, got {tuple(indices.shape)} "
            f"{indices.dtype}"
        )
    if gradient not in GRADIENTS:
        raise VQTokenizerError(f"lookup: gradient {gradient!r} is not one of {GRADIENTS}")
    chosen: Tensor = torch.ops.vq_tokenizer.lookup(z, codes, indices, gradient)
    return chosen


def rotation_backward_reference(grad: Tensor, z: Tensor, chosen: Tensor) -> Tensor:
    """Gradient to z of the rotation trick onto chosen, all (N, D); in z's type."""
    work = torch.float64 if z.dtype == torch.float64 else torch.float32
    g, x, q = grad.to(work), z.to(work), chosen.to(work)
    length, target = (t.norm(dim=1, keepdim=True).clamp_min(_TINY) for t in (x, q))
    e, f = x / length, q / target
    r = e + f
    r = r / r.norm(dim=1, keepdim=True).clamp_min(_TINY)
    turned = g - 2 * r * (r * g).sum(1, keepdim=True) + 2 * e * (f * g).sum(1, keepdim=True)
    out: Tensor = (turned * (target / length)).to(z.dtype)
    return out


if triton is not None:

    @triton.jit(do_not_specialize=["N"])
    def rotation_backward_kernel(  # type: ignore[no-untyped-def]
        grad_ptr,
        z_ptr,
        chosen_ptr,
        out_ptr,
        N,
        stride_g,
        stride_z,
        stride_q,
        D: tl.constexpr,
        DP: tl.constexpr,
        BLOCK_N: tl.constexpr,
        TINY: tl.constexpr,
    ):
        # One pass: grad, z and the code are read once, everything else is in registers.
        rn = tl.program_id(0).to(tl.int64) * BLOCK_N + tl.arange(0, BLOCK_N)
        rd = tl.arange(0, DP)[None, :]
        mask = (rn < N)[:, None] & (rd < D)
        g = tl.load(grad_ptr + rn[:, None] * stride_g + rd, mask=mask, other=0.0).to(tl.float32)
        x = tl.load(z_ptr + rn[:, None] * stride_z + rd, mask=mask, other=0.0).to(tl.float32)
        q = tl.load(chosen_ptr + rn[:, None] * stride_q + rd, mask=mask, other=0.0)
        q = q.to(tl.float32)
        length = tl.maximum(tl.sqrt(tl.sum(x * x, axis=1)), TINY)
        target = tl.maximum(tl.sqrt(tl.sum(q * q, axis=1)), TINY)
        e = x / length[:, None]
        f = q / target[:, None]
        r = e + f
        r = r / tl.maximum(tl.sqrt(tl.sum(r * r, axis=1)), TINY)[:, None]
        rg = tl.sum(r * g, axis=1)[:, None]
        fg = tl.sum(f * g, axis=1)[:, None]
        out = (g - 2 * r * rg + 2 * e * fg) * (target / length)[:, None]
        tl.store(out_ptr + rn[:, None] * D + rd, out.to(out_ptr.dtype.element_ty), mask=mask)


def rotation_backward_triton(grad: Tensor, z: Tensor, chosen: Tensor) -> Tensor:
    """The Triton kernel; same meaning as rotation_backward_reference."""
    n, d = z.shape
    out = torch.empty(n, d, dtype=z.dtype, device=z.device)
    if n == 0:
        return out
    grad, z, chosen = (t if t.stride(1) == 1 else t.contiguous() for t in (grad, z, chosen))
    width = next_power_of_2(d)
    rows = max(1, min(64, 4096 // width))  # about 32 numbers of each operand a thread
    rotation_backward_kernel[((n + rows - 1) // rows,)](
        grad,
        z,
        chosen,
        out,
        n,
        grad.stride(0),
        z.stride(0),
        chosen.stride(0),
        D=d,
        DP=width,
        BLOCK_N=rows,
        TINY=_TINY,
    )
    return out


@torch.library.custom_op("vq_tokenizer::lookup", mutates_args=())
def _lookup(z: Tensor, codes: Tensor, indices: Tensor, gradient: str) -> Tensor:
    return codes.index_select(0, indices).to(z.dtype)


@_lookup.register_fake
def _(z: Tensor, codes: Tensor, indices: Tensor, gradient: str) -> Tensor:
    return z.new_empty(z.shape)


@torch.library.custom_op("vq_tokenizer::rotation_backward", mutates_args=())
def _rotation_backward(grad: Tensor, z: Tensor, chosen: Tensor) -> Tensor:
    backward = rotation_backward_triton if use_triton(z) else rotation_backward_reference
    return backward(grad, z, chosen)


@_rotation_backward.register_fake
def _(grad: Tensor, z: Tensor, chosen: Tensor) -> Tensor:
    return z.new_empty(z.shape)


def _setup(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    z, _, _, gradient = inputs
    ctx.rotate = gradient == "rotation"
    # the codes taken, not the codebook: that moves before the backward pass
    ctx.save_for_backward(*((z, output) if ctx.rotate else ()))


def _backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None, None]:
    if ctx.rotate:
        grad = torch.ops.vq_tokenizer.rotation_backward(grad, *ctx.saved_tensors)
    return grad, None, None, None


_lookup.register_autograd(_backward, setup_context=_setup)
