"""Whether VectorQuantizer and vector-quantize-pytorch agree on the same data, and where not.

    python benchmarks/vq_peer.py          # needs: pip install vector-quantize-pytorch

Same codebook, same batches, same decay: indices, losses and codebooks are compared after each step.
The peer smooths its counts (eps = 1e-5); with eps = 0 it is the textbook's average, as ours is.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
from pathlib import Path

import torch
from vq_search import machine

from vq_tokenizer import VectorQuantizer


def compare(
    n: int, k: int, d: int, steps: int, *, cosine: bool, offset: float
) -> dict[str, object]:
    """Train both on the same batches around offset."""
    from vector_quantize_pytorch import VectorQuantize

    ours = VectorQuantizer(
        k,
        d,
        decay=0.9,
        commitment=1.0,
        kmeans_iters=0,
        dead_share=0.0,
        metric="cosine" if cosine else "euclidean",
    )
    peer = VectorQuantize(
        dim=d,
        codebook_size=k,
        decay=0.9,
        eps=0.0,
        commitment_weight=1.0,
        rotation_trick=False,
        threshold_ema_dead_code=0,
        use_cosine_sim=cosine,
        kmeans_init=False,
    )
    generator = torch.Generator().manual_seed(0)
    start = torch.randn(k, d, generator=generator) + offset
    if cosine:
        start = torch.nn.functional.normalize(start, dim=1)
    ours.codes.copy_(start)
    ours.sums.copy_(start)
    book = peer._codebook
    book.embed.data.copy_(start[None])
    book.embed_avg.data.copy_(start[None])
    book.cluster_size.data.fill_(1.0)
    same, nearer = 0, 0
    for _ in range(steps):
        z = torch.randn(n, d, generator=generator) + offset
        before = ours.codes.double().clone()
        _, mine, my_loss = ours(z)
        _, theirs, their_loss = peer(z[None])
        theirs = theirs.reshape(-1)
        same += int((mine == theirs).sum())
        x = torch.nn.functional.normalize(z, dim=1) if cosine else z
        gap = [(x.double() - before[i]).square().sum(1) for i in (mine, theirs)]
        nearer += int((gap[0] < gap[1]).sum())
    return {
        "n": n,
        "k": k,
        "d": d,
        "cosine": cosine,
        "offset": offset,
        "steps": steps,
        "same_indices": same / (n * steps),
        "ours_nearer_where_they_differ": nearer,
        "codebooks_differ_by": float((ours.codes - book.embed[0]).detach().abs().max()),
        "losses_differ_by": float((my_loss - their_loss.sum()).detach().abs()),
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
    rows = [
        compare(2000, 64, 8, args.steps, cosine=False, offset=0.0),
        compare(2000, 64, 8, args.steps, cosine=False, offset=1000.0),
        compare(2000, 64, 8, args.steps, cosine=True, offset=0.0),
    ]
    for row in rows:
        print(json.dumps(row))
    args.out.mkdir(parents=True, exist_ok=True)
    report = {"machine": machine(), "rows": rows}
    (args.out / "vq_peer.json").write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
