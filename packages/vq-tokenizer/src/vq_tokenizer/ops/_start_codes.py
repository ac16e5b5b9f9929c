"""Lloyd's k-means on the first batch, which starts a codebook where its vectors are.

One opaque operator, so that a compiled training step has no branch on data. Done once in a
codebook's life. Over several processes it is k-means of all their vectors together.
Shapes: N vectors, K codes, D width.
"""

from __future__ import annotations

import torch
from torch import Tensor

from vq_tokenizer._distributed import all_reduce
from vq_tokenizer.ops._code_stats import code_stats
from vq_tokenizer.ops._draw_rows import merge_draws, row_words, uniform
from vq_tokenizer.ops._nearest_code import nearest_code

__all__ = ["start_codes"]


def start_codes(
    codes: Tensor,
    counts: Tensor,
    sums: Tensor,
    started: Tensor,
    z: Tensor,
    mask: Tensor | None,
    metric: str,
    seed: int,
    iterations: int,
) -> None:
    """k-means on the first batch, in place, unless started (scalar bool) says it was done.

    z: (N, D) float32; mask: (N,) bool, False leaves a vector out; one that is not finite is left
    out too. Without any vector on any process the start waits for the next batch. With fewer
    different vectors than codes the other codes stay where they are and count as unused. All
    processes must call it, and end with the same codes.
    """
    torch.ops.vq_tokenizer.start_codes(
        codes, counts, sums, started, z, mask, metric, seed, iterations
    )


@torch.library.custom_op(
    "vq_tokenizer::start_codes", mutates_args=("codes", "counts", "sums", "started")
)
def _start_codes(
    codes: Tensor,
    counts: Tensor,
    sums: Tensor,
    started: Tensor,
    z: Tensor,
    mask: Tensor | None,
    metric: str,
    seed: int,
    iterations: int,
) -> None:
    if bool(started):
        return
    good = z.isfinite().all(1)
    z = z[good if mask is None else good & mask]
    total = all_reduce(torch.tensor(float(z.shape[0]), device=z.device))
    if float(total) == 0:  # on all processes, so none waits for another
        return
    if iterations > 0:
        begun = _draw(codes, z, seed)
        for _ in range(iterations):
            _lloyd(codes, z, metric)
        even = total / codes.shape[0]
        counts.copy_(torch.where(begun, even, 0.0))
        sums.copy_(codes * counts[:, None])
    started.fill_(True)


def _draw(codes: Tensor, z: Tensor, seed: int) -> Tensor:
    """Put codes at vectors drawn without regard to where they lie; which got one, (K,) bool."""
    k = codes.shape[0]
    step = torch.zeros((), dtype=torch.int64, device=z.device)
    noise = uniform(row_words(z, seed), step, seed)
    best = noise.topk(min(k, len(noise)))
    fresh = merge_draws(best.values, z[best.indices], k)
    begun = fresh.isfinite().all(1)
    codes.copy_(torch.where(begun[:, None], fresh, codes))
    return begun


def _lloyd(codes: Tensor, z: Tensor, metric: str) -> None:
    """One step: each code to the mean of the vectors nearest to it; one without any stays."""
    n, m = code_stats(z, nearest_code(z, codes, metric=metric), codes.shape[0])
    packed = all_reduce(torch.cat([n[:, None], m], 1))
    n, m = packed[:, 0], packed[:, 1:]
    mean = m / n.clamp_min(1.0)[:, None]
    if metric == "cosine":
        mean = torch.nn.functional.normalize(mean, dim=1)
    codes.copy_(torch.where((n > 0)[:, None], mean, codes))


@_start_codes.register_fake
def _(
    codes: Tensor,
    counts: Tensor,
    sums: Tensor,
    started: Tensor,
    z: Tensor,
    mask: Tensor | None,
    metric: str,
    seed: int,
    iterations: int,
) -> None:
    return None
