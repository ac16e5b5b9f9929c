"""Lloyd's k-means on the first batch, which starts a codebook where its vectors are.

One opaque operator, so that a compiled training step has no branch on data. Done once in a
codebook's life. Shapes: N vectors, K codes, D width.
"""

from __future__ import annotations

import torch
from torch import Tensor

from vq_tokenizer._distributed import all_reduce, share_rows, world_size
from vq_tokenizer.ops.code_stats import code_stats
from vq_tokenizer.ops.ema_update import generator
from vq_tokenizer.ops.nearest_code import nearest_code

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

    z: (N, D) float32; mask: (N,) bool, False leaves a vector out. Codes without a vector stay
    where they began. Under torch.distributed all ranks end with the same codes.
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
    if mask is not None:
        z = z[mask]
    if bool(started) or z.shape[0] == 0:
        return
    if iterations > 0:
        k = codes.shape[0]
        order = torch.randperm(z.shape[0], generator=generator(seed, 0)).to(z.device)
        codes.copy_(share_rows(z[order[torch.arange(k, device=z.device) % z.shape[0]]]))
        for _ in range(iterations):
            n, m = code_stats(z, nearest_code(z, codes, metric=metric), k)
            packed = all_reduce(torch.cat([n[:, None], m], 1))
            n, m = packed[:, 0], packed[:, 1:]
            mean = m / n.clamp_min(1.0)[:, None]
            if metric == "cosine":
                mean = torch.nn.functional.normalize(mean, dim=1)
            codes.copy_(torch.where((n > 0)[:, None], mean, codes))
        even = z.shape[0] * world_size() / k
        counts.fill_(even)
        sums.copy_(codes * even)
    started.fill_(True)


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
