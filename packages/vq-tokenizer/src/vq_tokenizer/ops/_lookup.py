"""Codes by index, with a gradient for the vectors that were quantized.

    forward   q_n = codes[index_n]                       exactly, not z + (q - z), which rounds
    straight-through (Bengio et al., 2013)   dz = dq
    rotation trick (Fifty et al., 2024)      dz = (|q| / |z|) R^T dq
        R turns z's direction e into q's direction f, with r = (e + f) / |e + f|:
        R = I - 2 r r^T + 2 f e^T       R^T g = g - 2 r <r, g> + 2 e <f, g>

    error     r_n = |z_n - q_n|^2            dz = 2 dr (z - q)

The scale and the rotation are constants of the backward pass. Codes get no gradient from here: a
learned codebook takes its own from the loss. The error is what commitment is made of, and forward
and backward each are one pass over memory for both. Shapes: N vectors, K codes, D width.
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
    "lookup_backward_reference",
    "lookup_backward_triton",
    "lookup_reference",
    "lookup_triton",
    "lookup_with_error",
    "rotation_backward_reference",
]

GRADIENTS = ("straight-through", "rotation")
_TINY = 1e-6  # lengths below are taken as this, so zero vectors get a finite gradient
_CHUNK = 1 << 20  # numbers at a time on a CPU: they are still in its cache when used again


def lookup(
    z: Tensor, codes: Tensor, indices: Tensor, *, gradient: str = "straight-through"
) -> Tensor:
    """codes[indices] in z's type, (N, D), whose gradient goes to z.

    z: (N, D) floating point; codes: (K, D) floating point; indices: (N,) int64 in [0, K), which is
    not checked here. gradient: "straight-through" or "rotation". Raises VQTokenizerError for
    shapes or names that cannot be.
    """
    return lookup_with_error(z, codes, indices, gradient=gradient)[0]


def lookup_with_error(
    z: Tensor, codes: Tensor, indices: Tensor, *, gradient: str = "straight-through"
) -> tuple[Tensor, Tensor]:
    """(codes[indices], each vector's squared distance to it): (N, D) in z's type and (N,).

    Arguments as in `lookup`. The distance is float32 (float64 for float64 z) and has its own
    gradient to z: weighted and averaged it is the commitment loss.
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
    if torch.compiler.is_compiling():
        chosen, error = torch.ops.vq_tokenizer.lookup(z, codes, indices, gradient)
    else:  # the same, and torch.func can see through it
        chosen, error = _Lookup.apply(z, codes, indices, gradient)
    return chosen, error


def _work(z: Tensor) -> torch.dtype:
    return torch.float64 if z.dtype == torch.float64 else torch.float32


def _chunks(z: Tensor) -> list[slice]:
    """Rows to take at a time: all on a GPU, as many as stay in the cache on a CPU."""
    rows = z.shape[0] if z.device.type != "cpu" else max(1, _CHUNK // max(1, z.shape[1]))
    return [slice(start, start + rows) for start in range(0, z.shape[0], rows)]


def lookup_reference(z: Tensor, codes: Tensor, indices: Tensor) -> tuple[Tensor, Tensor]:
    """Plain torch: codes taken (N, D) in z's type, and squared distances to them (N,)."""
    work = _work(z)
    chosen = torch.empty(z.shape, dtype=z.dtype, device=z.device)
    error = torch.empty(z.shape[0], dtype=work, device=z.device)
    codes = codes.to(z.dtype)
    for part in _chunks(z):
        torch.index_select(codes, 0, indices[part], out=chosen[part])
        gap = z[part].to(work) - chosen[part]
        torch.sum(gap.square_(), 1, out=error[part])
    return chosen, error


def lookup_backward_reference(
    grad: Tensor | None, grad_error: Tensor | None, z: Tensor, chosen: Tensor, gradient: str
) -> Tensor:
    """Gradient to z, (N, D) in z's type; grad (N, D) is of the codes, grad_error (N,) of errors."""
    work = _work(z)
    out = torch.empty(z.shape, dtype=z.dtype, device=z.device)
    for part in _chunks(z):
        through = None if grad is None else grad[part].to(work)
        if through is not None and gradient == "rotation":
            through = rotation_backward_reference(through, z[part], chosen[part])
        if grad_error is None:
            out[part] = 0.0 if through is None else through
            continue
        gap = z[part].to(work) - chosen[part]
        twice = 2 * grad_error[part, None].to(work)
        into = out[part] if out.dtype == work else torch.empty_like(gap)
        if through is None:
            torch.mul(gap, twice, out=into)
        else:
            torch.addcmul(through, gap, twice, out=into)
        if into.dtype != out.dtype:
            out[part] = into
    return out


def rotation_backward_reference(grad: Tensor, z: Tensor, chosen: Tensor) -> Tensor:
    """Gradient to z of the rotation trick onto chosen, all (N, D); in z's type or float32."""
    g, x, q = (t.to(_work(z)) for t in (grad, z, chosen))
    length, target = (t.norm(dim=1, keepdim=True).clamp_min(_TINY) for t in (x, q))
    e, f = x / length, q / target
    r = e + f
    r = r / r.norm(dim=1, keepdim=True).clamp_min(_TINY)
    turned = g - 2 * r * (r * g).sum(1, keepdim=True) + 2 * e * (f * g).sum(1, keepdim=True)
    out: Tensor = turned * (target / length)
    return out


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
        TINY=_TINY,
        CODES=grad is not None,
        ERROR=grad_error is not None,
        ROTATE=gradient == "rotation",
    )
    return out


def _block(d: int) -> tuple[int, int]:
    """Padded width, and rows of a program: about 32 numbers of each operand a thread."""
    width = next_power_of_2(d)
    return width, max(1, min(64, 4096 // width))


@torch.library.custom_op("vq_tokenizer::lookup", mutates_args=())
def _lookup(z: Tensor, codes: Tensor, indices: Tensor, gradient: str) -> tuple[Tensor, Tensor]:
    return (lookup_triton if use_triton(z) else lookup_reference)(z, codes, indices)


@_lookup.register_fake
def _(z: Tensor, codes: Tensor, indices: Tensor, gradient: str) -> tuple[Tensor, Tensor]:
    return z.new_empty(z.shape), z.new_empty(z.shape[:1], dtype=_work(z))


@torch.library.custom_op("vq_tokenizer::lookup_backward", mutates_args=())
def _lookup_backward(
    grad: Tensor | None, grad_error: Tensor | None, z: Tensor, chosen: Tensor, gradient: str
) -> Tensor:
    backward = lookup_backward_triton if use_triton(z) else lookup_backward_reference
    return backward(grad, grad_error, z, chosen, gradient)


@_lookup_backward.register_fake
def _(
    grad: Tensor | None, grad_error: Tensor | None, z: Tensor, chosen: Tensor, gradient: str
) -> Tensor:
    return z.new_empty(z.shape)


def _setup(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
    z, _, _, gradient = inputs
    ctx.gradient = gradient
    # the codes taken, not the codebook: that moves before the backward pass
    ctx.save_for_backward(z, output[0])
    ctx.set_materialize_grads(False)


def _needs_backward(ctx: Any, grad: Tensor | None, grad_error: Tensor | None) -> bool:
    """Whether more than the gradient itself goes to z."""
    return grad_error is not None or (grad is not None and ctx.gradient == "rotation")


def _backward(
    ctx: Any, grad: Tensor | None, grad_error: Tensor | None
) -> tuple[Tensor | None, None, None, None]:
    if _needs_backward(ctx, grad, grad_error):
        saved = ctx.saved_tensors
        grad = torch.ops.vq_tokenizer.lookup_backward(grad, grad_error, *saved, ctx.gradient)
    return grad, None, None, None


def _setup_backward(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    grad, grad_error, z, chosen, gradient = inputs
    ctx.gradient, ctx.through, ctx.of_error = gradient, grad is not None, grad_error is not None
    ctx.save_for_backward(z, chosen, grad_error)


def _backward_backward(
    ctx: Any, v: Tensor
) -> tuple[Tensor | None, Tensor | None, Tensor | None, None, None]:
    """Second derivatives, for penalties on gradients; v (N, D) is the gradient of lookup_backward.

    What comes in through the codes is scaled and turned by constants; 2 dr (z - q) is linear in dr
    and in z.
    """
    z, chosen, grad_error = ctx.saved_tensors
    of_grad = of_error = of_z = None
    if ctx.through:
        of_grad = v if ctx.gradient != "rotation" else _rotate(v, z, chosen)
    if ctx.of_error:
        gap = z.to(_work(z)) - chosen
        of_error = (2 * (gap * v).sum(1)).to(grad_error.dtype)
        of_z = (2 * grad_error[:, None] * v).to(z.dtype)
    return of_grad, of_error, of_z, None, None


def _rotate(v: Tensor, z: Tensor, chosen: Tensor) -> Tensor:
    """(|q| / |z|) R v, all (N, D), whose transpose is rotation_backward_reference."""
    g, x, q = (t.to(_work(z)) for t in (v, z, chosen))
    length, target = (t.norm(dim=1, keepdim=True).clamp_min(_TINY) for t in (x, q))
    e, f = x / length, q / target
    r = e + f
    r = r / r.norm(dim=1, keepdim=True).clamp_min(_TINY)
    turned = g - 2 * r * (r * g).sum(1, keepdim=True) + 2 * f * (e * g).sum(1, keepdim=True)
    return (turned * (target / length)).to(v.dtype)


_lookup.register_autograd(_backward, setup_context=_setup)
_lookup_backward.register_autograd(_backward_backward, setup_context=_setup_backward)


class _Lookup(torch.autograd.Function):
    """The operator as an autograd function, which torch.func understands."""

    @staticmethod
    def forward(z: Tensor, codes: Tensor, indices: Tensor, gradient: str) -> tuple[Tensor, Tensor]:
        chosen, error = torch.ops.vq_tokenizer.lookup(z.detach(), codes.detach(), indices, gradient)
        return chosen, error

    setup_context = staticmethod(_setup)

    @staticmethod
    def backward(
        ctx: Any, grad: Tensor | None, grad_error: Tensor | None
    ) -> tuple[Tensor | None, None, None, None]:
        if _needs_backward(ctx, grad, grad_error):
            grad = _LookupBackward.apply(grad, grad_error, *ctx.saved_tensors, ctx.gradient)
        return grad, None, None, None


class _LookupBackward(torch.autograd.Function):
    """The operator of the backward pass as an autograd function, for second derivatives."""

    @staticmethod
    def forward(
        grad: Tensor | None, grad_error: Tensor | None, z: Tensor, chosen: Tensor, gradient: str
    ) -> Tensor:
        given = [t if t is None else t.detach() for t in (grad, grad_error, z, chosen)]
        out: Tensor = torch.ops.vq_tokenizer.lookup_backward(*given, gradient)
        return out

    setup_context = staticmethod(_setup_backward)

    @staticmethod
    def backward(ctx: Any, v: Tensor) -> Any:
        return _backward_backward(ctx, v)
