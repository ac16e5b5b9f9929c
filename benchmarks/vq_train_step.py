"""A quantizer's whole training step on the CPU against the search alone and the peer's step.

    python benchmarks/vq_train_step.py [--small] [--threads T] [--only time|memory] [--out FOLDER]

The step is search, lookup straight through, commitment loss, moving average with revival, and the
backward pass to z from a given gradient of the codes. Search, ours and the peer's take turns in one
process, which keeps freed memory as a caching allocator does; "fresh memory" is the step under
glibc's own rule, where each of its two (N, D) results costs page faults from 32 MiB on. Memory is
the peak of a process of its own. The peer takes 24 bytes a vector and code in training, so it runs
on fewer vectors and is scaled linearly.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from vq_search import ENVIRONMENT, KEEP, SIZES, SMALL, machine, peak

from vq_tokenizer import VectorQuantizer
from vq_tokenizer.ops import nearest_code

PEER_BYTES = 1 << 30
SEARCH, OURS, PEER = "search", "step", "vector-quantize-pytorch, step"
FRESH = "step, fresh memory"


def rows_for(name: str, n: int, k: int) -> int:
    """How many vectors an implementation runs on."""
    return max(1, min(n, PEER_BYTES // (24 * k))) if name == PEER else n


def implementations(n: int, k: int, d: int) -> dict[str, Callable[[], object]]:
    """Name -> one run, on the vectors of its own number."""
    generator = torch.Generator().manual_seed(0)
    z, grad = (torch.randn(n, d, generator=generator) for _ in range(2))
    own = VectorQuantizer(k, d, kmeans_iters=0)

    def step(quantizer: Callable[..., tuple[torch.Tensor, ...]], rows: int, *, batch: bool) -> None:
        x = z[None, :rows] if batch else z[:rows]
        x = x.detach().requires_grad_()
        codes, _, loss = quantizer(x)
        torch.autograd.backward([codes, loss.sum()], [grad[:rows].view_as(codes), None])

    found: dict[str, Callable[[], object]] = {
        SEARCH: lambda: nearest_code(z, own.codes),
        OURS: lambda: step(own, n, batch=False),
    }
    if importlib.util.find_spec("vector_quantize_pytorch"):
        from vector_quantize_pytorch import VectorQuantize

        peer = VectorQuantize(
            dim=d, codebook_size=k, decay=0.99, threshold_ema_dead_code=2, rotation_trick=False
        )
        found[PEER] = lambda: step(peer, rows_for(PEER, n, k), batch=True)
    return found


def timed(
    n: int, k: int, d: int, threads: int, rounds: int, *, peer: bool = True
) -> dict[str, dict[str, float]]:
    """Least times in turns; search and ours three times a round and more, the peer once."""
    torch.set_num_threads(threads)
    runs = {name: run for name, run in implementations(n, k, d).items() if peer or name != PEER}
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in runs}

    def once(name: str) -> None:
        busy, wall = time.process_time(), time.perf_counter()
        runs[name]()
        took = (time.process_time() - busy) / threads, time.perf_counter() - wall
        scale = n / rows_for(name, n, k) * 1e3
        times[name].append((took[0] * scale, took[1] * scale))

    for name in (SEARCH, OURS):
        runs[name]()
    once(OURS)
    often = 3 * max(1, min(6, int(150 / times[OURS][0][1])))  # short runs vary most
    for _ in range(rounds):
        for name in [*[SEARCH, OURS] * often, *([PEER] if PEER in runs else [])]:
            once(name)
    return {
        name: {
            "cpu_ms": min(t[0] for t in pairs),
            "wall_ms": min(t[1] for t in pairs),
            "rows": rows_for(name, n, k),
        }
        for name, pairs in times.items()
    }


def memory(name: str, n: int, k: int, d: int, threads: int) -> dict[str, dict[str, float]]:
    """Peak memory of one implementation beyond its inputs and state, in MB."""
    torch.set_num_threads(threads)
    implementations(64, k, d)[name]()  # what a library loads when it is first used
    run = implementations(n, k, d)[name]
    before = peak(reset=True)
    run()
    return {name: {"extra_mb": (peak() - before) * n / rows_for(name, n, k)}}


def main() -> None:
    """Measure all, print a table and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--only", choices=("time", "memory"), help="keep the other from the file")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    parser.add_argument("--child", nargs=4, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        name, (n, k, d) = args.child[0], map(int, args.child[1:])
        if name == "time":
            found = timed(n, k, d, args.threads, args.rounds)
        elif name == "fresh":
            found = {FRESH: timed(n, k, d, args.threads, args.rounds, peer=False)[OURS]}
        else:
            found = memory(name, n, k, d, args.threads)
        print(json.dumps(found))
        return
    path = args.out / ("vq_train_step_small.json" if args.small else "vq_train_step.json")
    report: dict[str, Any] = {"machine": machine(), "threads": args.threads, "sizes": []}
    old = json.loads(path.read_text()) if args.only and path.is_file() else None
    if old is not None and old["machine"] == report["machine"]:
        report = old
    for n, k, d in SMALL if args.small else SIZES:
        size = next((s for s in report["sizes"] if (s["n"], s["k"], s["d"]) == (n, k, d)), None)
        if size is None:
            size = {"n": n, "k": k, "d": d, "rows": {}}
            report["sizes"].append(size)
        kinds = ["time", "fresh"] if args.only != "memory" else []
        if args.only != "time":
            kinds += [OURS, PEER] if importlib.util.find_spec("vector_quantize_pytorch") else [OURS]
        for kind in kinds:
            command = [sys.executable, __file__, "--child", kind, str(n), str(k), str(d)]
            command += ["--threads", str(args.threads), "--rounds", str(args.rounds)]
            environment = os.environ | ENVIRONMENT | (KEEP if kind == "time" else {})
            done = subprocess.run(
                command, stdout=subprocess.PIPE, text=True, check=True, env=environment
            )
            for name, figures in json.loads(done.stdout).items():
                size["rows"].setdefault(name, {}).update(figures)
        rows = size["rows"]
        for clock in ("cpu", "wall"):
            if f"{clock}_ms" in rows[OURS]:
                size[f"step_to_search_{clock}"] = (
                    rows[OURS][f"{clock}_ms"] / rows[SEARCH][f"{clock}_ms"]
                )
                if PEER in rows:
                    size[f"peer_to_ours_{clock}"] = (
                        rows[PEER][f"{clock}_ms"] / rows[OURS][f"{clock}_ms"]
                    )
        print(json.dumps(size), flush=True)
        args.out.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
