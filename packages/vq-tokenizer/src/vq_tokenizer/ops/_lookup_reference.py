"""The two passes of the lookup in plain torch, on any device; _lookup.py has the formulas.

Shapes: N vectors, K codes, D width.
"""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = [
    "TINY",
    "lookup_backward_reference",
    "lookup_reference",
    "rotation_backward_reference",
    "rotation_reference",
    "work_type",
]

TINY = 1e-6  # lengths below are taken as this, so zero vectors get a finite gradient
_CHUNK = 1 << 20  # numbers at a time on a CPU: they are still in its cache when used again


def work_type(z: Tensor) -> torch.dtype:
    """What is computed in: float64 for float64 vectors, else float32."""
    return torch.float64 if z.dtype == torch.float64 else torch.float32


def _chunks(z: Tensor) -> list[slice]:
    """Rows to take at a time: all on a GPU, as many as stay in the cache on a CPU."""
    rows = z.shape[0] if z.device.type != "cpu" else max(1, _CHUNK // max(1, z.shape[1]))
    return [slice(start, start + rows) for start in range(0, z.shape[0], rows)]


def lookup_reference(z: Tensor, codes: Tensor, indices: Tensor) -> tuple[Tensor, Tensor]:
    """Plain torch: codes taken (N, D) in z's type, and squared distances to them (N,)."""
    work = work_type(z)
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
    work = work_type(z)
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
    g, x, q = (t.to(work_type(z)) for t in (grad, z, chosen))
    length, target = (t.norm(dim=1, keepdim=True).clamp_min(TINY) for t in (x, q))
    e, f = x / length, q / target
    r = e + f
    r = r / r.norm(dim=1, keepdim=True).clamp_min(TINY)
    turned = g - 2 * r * (r * g).sum(1, keepdim=True) + 2 * e * (f * g).sum(1, keepdim=True)
    out: Tensor = turned * (target / length)
    return out


def rotation_reference(v: Tensor, z: Tensor, chosen: Tensor) -> Tensor:
    """(|q| / |z|) R v, all (N, D), whose transpose is rotation_backward_reference."""
    g, x, q = (t.to(work_type(z)) for t in (v, z, chosen))
    length, target = (t.norm(dim=1, keepdim=True).clamp_min(TINY) for t in (x, q))
    e, f = x / length, q / target
    r = e + f
    r = r / r.norm(dim=1, keepdim=True).clamp_min(TINY)
    turned = g - 2 * r * (r * g).sum(1, keepdim=True) + 2 * f * (e * g).sum(1, keepdim=True)
    return (turned * (target / length)).to(v.dtype)
