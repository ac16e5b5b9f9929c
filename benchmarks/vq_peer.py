"""Whether VectorQuantizer and vector-quantize-pytorch agree on the same data, and where not.

    python benchmarks/vq_peer.py [--out FOLDER]     # needs: pip install vector-quantize-pytorch

Same codebook, same batches, same decay: indices, losses and codebooks are compared after each step.
The peer smooths its counts (eps = 1e-5); with eps = 0 it is the textbook's average, as ours is.
Then one case for each thing in which the two differ, judged in float64.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from vq_search import machine

from vq_tokenizer import VectorQuantizer


def pair(
    k: int, d: int, start: Tensor, *, decay: float = 0.9, eps: float = 0.0, cosine: bool = False
) -> tuple[VectorQuantizer, Any]:
    """Ours and theirs, both with the codebook start (K, D) and a count of 1 for each code."""
    from vector_quantize_pytorch import VectorQuantize

    ours = VectorQuantizer(
        k,
        d,
        decay=decay,
        commitment=1.0,
        kmeans_iters=0,
        dead_share=0.0,
        metric="cosine" if cosine else "euclidean",
    )
    theirs = VectorQuantize(
        dim=d,
        codebook_size=k,
        decay=decay,
        eps=eps,
        commitment_weight=1.0,
        rotation_trick=False,
        threshold_ema_dead_code=0,
        use_cosine_sim=cosine,
        kmeans_init=False,
    )
    ours.codes.copy_(start)
    ours.sums.copy_(start)
    book = theirs._codebook
    book.embed.data.copy_(start[None])
    book.embed_avg.data.copy_(start[None])
    book.cluster_size.data.fill_(1.0)
    return ours, theirs


def compare(
    n: int,
    k: int,
    d: int,
    steps: int,
    *,
    cosine: bool = False,
    masked: bool = False,
    offset: float = 0.0,
    scale: float = 1.0,
    together: bool = False,
) -> dict[str, Any]:
    """Train both on the same batches of scale * normal + offset.

    together: theirs takes over our state after each step, so that each is judged by itself.
    """
    generator = torch.Generator().manual_seed(0)

    def normal(rows: int) -> Tensor:
        return torch.randn(rows, d, generator=generator) * scale + offset

    start = normal(k)
    start = torch.nn.functional.normalize(start, dim=1) if cosine else start
    ours, theirs = pair(k, d, start, cosine=cosine)
    book = theirs._codebook
    same = ours_nearer = theirs_nearer = kept = 0
    apart = loss_apart = 0.0
    for _ in range(steps):
        z = normal(n)
        mask = torch.rand(n, generator=generator) < 0.7 if masked else None
        before = ours.codes.double().clone()
        _, mine, my_loss = ours(z, mask)
        _, other, their_loss = theirs(z[None], mask=None if mask is None else mask[None])
        x = torch.nn.functional.normalize(z, dim=1) if cosine else z
        keep = slice(None) if mask is None else mask
        x, mine, other = x[keep].double(), mine[keep], other.reshape(-1)[keep]
        gap = [(x - before[i]).square().sum(1) for i in (mine, other)]
        same += int((mine == other).sum())
        ours_nearer += int((gap[0] < gap[1]).sum())
        theirs_nearer += int((gap[1] < gap[0]).sum())
        kept += len(x)
        apart = max(apart, float((ours.codes - book.embed[0]).detach().abs().max()))
        loss_apart = max(loss_apart, float((my_loss - their_loss.sum()).detach().abs()))
        if together:
            book.embed.data.copy_(ours.codes[None])
            book.embed_avg.data.copy_(ours.sums[None])
            book.cluster_size.data.copy_(ours.counts[None])
    return {
        "vectors": kept,
        "steps": steps,
        "same_indices": same / kept,
        "ours_nearer": ours_nearer,
        "theirs_nearer": theirs_nearer,
        "codebooks_differ_by": apart,
        "losses_differ_by": loss_apart,
    }


def unused_code(eps: float, steps: int) -> dict[str, Any]:
    """What becomes of a code of length 10 that nothing falls to; the others lie near the origin."""
    generator = torch.Generator().manual_seed(0)
    start = torch.randn(8, 4, generator=generator)
    start[7] = 5.0
    ours, theirs = pair(8, 4, start, eps=eps)
    for _ in range(steps):
        z = torch.randn(100, 4, generator=generator) * 0.5
        ours(z)
        theirs(z[None])
    return {
        "steps": steps,
        "eps": eps,
        "ours_length": float(ours.codes[7].norm()),
        "theirs_length": str(float(theirs._codebook.embed[0, 7].detach().norm())),  # may be nan
    }


def forward_value() -> dict[str, Any]:
    """How far what is returned lies from the code whose index is returned."""
    generator = torch.Generator().manual_seed(0)
    ours, theirs = pair(64, 8, torch.randn(64, 8, generator=generator))
    z = torch.randn(2000, 8, generator=generator).requires_grad_()
    book, found = ours.codes.clone(), ours(z)
    codes, index, _ = theirs(z[None])
    return {
        "ours": float((found.codes - book[found.indices]).detach().abs().max()),
        "theirs": float((codes[0] - book[index[0]]).detach().abs().max()),
    }


def main() -> None:
    """Compare, print and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    args = parser.parse_args()
    if not importlib.util.find_spec("vector_quantize_pytorch"):
        print("vector-quantize-pytorch is not installed: nothing compared")
        return
    shape = (2000, 64, 8, args.steps)
    agree = {
        "euclidean": compare(*shape),
        "euclidean, masked": compare(*shape, masked=True),
        "euclidean, 1024 codes of width 64": compare(2000, 1024, 64, args.steps),
        "cosine": compare(*shape, cosine=True),
    }
    differ = {
        "offset 1000: |x|^2 + |c|^2 - 2xc cancels": compare(*shape, offset=1000.0, together=True),
        "scale 1e-5: squared distances below 1e-8 are clamped into ties": compare(
            *shape, scale=1e-5, together=True
        ),
        "unused code, their default eps: smoothing pulls it to the origin": unused_code(1e-5, 300),
        "unused code, eps 0: its count underflows": unused_code(0.0, 1200),
        "returned codes: z + (q - z) rounds": forward_value(),
    }
    report = {"machine": machine(), "agree": agree, "differ": differ}
    print(json.dumps(report, indent=1))
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "vq_peer.json").write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
