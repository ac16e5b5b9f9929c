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

import torch
from torch import Tensor

from vq_tokenizer.errors import VQTokenizerError
from vq_tokenizer.ops._cpu import nearest_code_cpu
from vq_tokenizer.ops._prepare import first_equal, ieee_products, prepare_codes
from vq_tokenizer.ops._triton import use_triton

__all__ = [
    "METRICS",
    "PRECISIONS",
    "nearest_code",
    "nearest_code_reference",
]

METRICS = ("euclidean", "cosine")
PRECISIONS = ("exact", "tf32", "bf16")
_CHUNK_BYTES = 4 << 20  # scores that the reference holds at once


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


@torch.library.custom_op("vq_tokenizer::nearest_code", mutates_args=())
def _nearest_code(
    x: Tensor, codes: Tensor, metric: str, precision: str, certify: bool = False
) -> Tensor:
    # Opaque on purpose: torch.compile and opcheck then never need a GPU driver to trace it.
    if x.device.type == "cpu" and x.dtype != torch.float64:
        return nearest_code_cpu(x, codes, metric=metric)  # exact is all it knows
    wanted = {"metric": metric, "precision": precision, "certify": certify}
    if use_triton(x):  # its kernels cannot be named where Triton is not installed
        from vq_tokenizer.ops._nearest_code_triton import nearest_code_triton

        return nearest_code_triton(x, codes, **wanted)  # type: ignore[arg-type]
    return nearest_code_reference(x, codes, **wanted)  # type: ignore[arg-type]


@_nearest_code.register_fake
def _(x: Tensor, codes: Tensor, metric: str, precision: str, certify: bool = False) -> Tensor:
    return x.new_empty(x.shape[0], dtype=torch.int64)
