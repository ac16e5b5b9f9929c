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
from vq_tokenizer.ops._lookup_reference import (
    lookup_backward_reference,
    lookup_reference,
    rotation_reference,
    work_type,
)
from vq_tokenizer.ops._lookup_triton import lookup_backward_triton, lookup_triton
from vq_tokenizer.ops._triton import use_triton

__all__ = ["GRADIENTS", "lookup", "lookup_with_error"]

GRADIENTS = ("straight-through", "rotation")


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


@torch.library.custom_op("vq_tokenizer::lookup", mutates_args=())
def _lookup(z: Tensor, codes: Tensor, indices: Tensor, gradient: str) -> tuple[Tensor, Tensor]:
    return (lookup_triton if use_triton(z) else lookup_reference)(z, codes, indices)


@_lookup.register_fake
def _(z: Tensor, codes: Tensor, indices: Tensor, gradient: str) -> tuple[Tensor, Tensor]:
    return z.new_empty(z.shape), z.new_empty(z.shape[:1], dtype=work_type(z))


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
        of_grad = v if ctx.gradient != "rotation" else rotation_reference(v, z, chosen)
    if ctx.of_error:
        gap = z.to(work_type(z)) - chosen
        of_error = (2 * (gap * v).sum(1)).to(grad_error.dtype)
        of_z = (2 * grad_error[:, None] * v).to(z.dtype)
    return of_grad, of_error, of_z, None, None


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
