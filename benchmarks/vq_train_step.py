"""A quantizer's whole training step on the processor against the search alone and the peer's step.

    python benchmarks/vq_train_step.py [--small] [--threads T] [--out FILE]

The step is search, lookup, loss, moving average with revival, and the backward pass to z.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import torch
from vq_search import SIZES, SMALL, machine

from vq_tokenizer import VectorQuantizer
from vq_tokenizer.ops import nearest_code

PEER_BYTES = 3 << 30  # the peer takes 24 bytes a vector and code


def least(run: Callable[[], object], repeats: int, threads: int) -> float:
    """Least processor time over threads, in ms."""
    run()
    times = []
    for _ in range(repeats):
        began = time.process_time()
        run()
        times.append(time.process_time() - began)
    return min(times) / threads * 1e3


def main() -> None:
    """Measure all, print a table and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    rows = []
    for n, k, d in SMALL if args.small else SIZES:
        z = torch.randn(n, d, generator=torch.Generator().manual_seed(0))
        own = VectorQuantizer(k, d, kmeans_iters=0)

        def step(quantizer: Callable[..., tuple[torch.Tensor, ...]], x: torch.Tensor) -> None:
            x = x.clone().requires_grad_()
            codes, _, loss = quantizer(x)
            (codes.square().mean() + loss.sum()).backward()

        search = least(lambda z=z, own=own: nearest_code(z, own.codes), args.repeats, args.threads)
        ours = least(lambda z=z, own=own: step(own, z), args.repeats, args.threads)
        row = {"n": n, "k": k, "d": d, "search_ms": search, "step_ms": ours}
        line = f"{n:7} x {k:5} x {d:3}  search {search:8.1f} ms  step {ours:8.1f} ms"
        line += f"  {ours / search:.2f} x"
        if importlib.util.find_spec("vector_quantize_pytorch"):
            from vector_quantize_pytorch import VectorQuantize

            fit = max(1, min(n, PEER_BYTES // (24 * k)))
            peer = VectorQuantize(
                dim=d, codebook_size=k, decay=0.99, threshold_ema_dead_code=2, rotation_trick=False
            )
            theirs = least(lambda p=peer, z=z[None, :fit]: step(p, z), 2, args.threads) * n / fit
            row |= {"peer_ms": theirs, "peer_rows": fit}
            line += f"  vector-quantize-pytorch {theirs:8.1f} ms"
        rows.append(row)
        print(line, flush=True)
    report = {"machine": machine(), "threads": args.threads, "rows": rows}
    args.out.mkdir(parents=True, exist_ok=True)
    name = "vq_train_step_small.json" if args.small else "vq_train_step.json"
    (args.out / name).write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
