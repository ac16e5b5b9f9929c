"""Nearest-code search on the processor: time and extra memory against what people use instead.

    python benchmarks/vq_search.py [--small] [--threads T] [--out FILE]

Every implementation runs in a process of its own, so that its peak memory is its own; times are
processor time over threads (least of the repetitions), which other processes on the machine disturb
little, and wall time beside it. vector-quantize-pytorch and faiss-cpu take part where installed.
Implementations that would need more memory than is free run on fewer vectors and are scaled.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch

SIZES = [(16384, 1024, 64), (65536, 8192, 32), (65536, 16384, 8), (262144, 1024, 256)]
SMALL = [(1024, 256, 16)]
FULL_BYTES = 4 << 30  # most that a full N x K matrix of float32 may take here


def implementations(k: int, d: int, codes: torch.Tensor) -> dict[str, Callable[..., object]]:
    """Name -> callable from x (N, D); each also keeps (index) as its result."""
    import vq_tokenizer.ops  # noqa: F401  (registers the operators)
    from vq_tokenizer.ops import nearest_code, nearest_code_reference

    half = codes.square().sum(1) / 2
    table = codes.t().contiguous()
    found: dict[str, Callable[..., object]] = {
        "nearest_code": lambda x: nearest_code(x, codes),
        "nearest_code, no faiss": lambda x: nearest_code_reference(
            x, codes, chunk=max(64, (4 << 20) // (4 * k))
        ),
        "cdist + argmin": lambda x: torch.cdist(x, codes).argmin(1),
        "addmm + argmin": lambda x: torch.addmm(half, x, table, alpha=-1).argmin(1),
    }
    if importlib.util.find_spec("faiss"):
        import faiss

        index = faiss.IndexFlatL2(d)
        index.add(codes.numpy())
        found["faiss IndexFlatL2"] = lambda x: index.search(x.numpy(), 1)
    if importlib.util.find_spec("vector_quantize_pytorch"):
        from vector_quantize_pytorch import VectorQuantize

        peer = VectorQuantize(dim=d, codebook_size=k, rotation_trick=False).eval()
        found["vector-quantize-pytorch, eval"] = lambda x: peer(x[None])
    return found


def needs(name: str, k: int) -> int:
    """Bytes a vector: how many N x K float32 matrices an implementation makes."""
    full = {"cdist + argmin": 1, "addmm + argmin": 1, "vector-quantize-pytorch, eval": 4}
    return full.get(name, 0) * 4 * k


@torch.inference_mode()
def one(name: str, n: int, k: int, d: int, threads: int, repeats: int) -> dict[str, float]:
    """Measure one implementation in this process."""
    torch.set_num_threads(threads)
    generator = torch.Generator().manual_seed(0)
    codes = torch.randn(k, d, generator=generator)
    run = implementations(k, d, codes)[name]
    rows = n if not needs(name, k) else max(1, min(n, FULL_BYTES // needs(name, k)))
    x = torch.randn(rows, d, generator=generator)
    run(x[:2])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    busy, wall = [], []
    for _ in range(repeats):
        b, w = time.process_time(), time.perf_counter()
        run(x)
        busy.append(time.process_time() - b)
        wall.append(time.perf_counter() - w)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    scale = n / rows
    return {
        "rows": rows,
        "cpu_ms": min(busy) / threads * 1e3 * scale,
        "wall_ms": min(wall) * 1e3 * scale,
        "extra_mb": (after - before) / 1024 * scale,
    }


def main() -> None:
    """Measure all, print a table and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", action="store_true", help="one tiny size, to try the script")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        name, n, k, d = args.one[0], *map(int, args.one[1:])
        print(json.dumps(one(name, n, k, d, args.threads, args.repeats)))
        return
    rows = []
    for n, k, d in SMALL if args.small else SIZES:
        for name in implementations(k, d, torch.randn(k, d)):
            command = [sys.executable, __file__, "--one", name, str(n), str(k), str(d)]
            command += ["--threads", str(args.threads), "--repeats", str(args.repeats)]
            done = subprocess.run(
                command,
                stdout=subprocess.PIPE,
                text=True,
                check=True,
                env=os.environ | {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "0"},
            )
            row = {"n": n, "k": k, "d": d, "name": name, **json.loads(done.stdout)}
            rows.append(row)
            print(
                f"{n:7} x {k:5} x {d:3}  {name:30} {row['cpu_ms']:9.1f} ms cpu "
                f"{row['wall_ms']:9.1f} ms wall {row['extra_mb']:8.0f} MB"
                + ("" if row["rows"] == n else f"  (scaled from {row['rows']:.0f} vectors)"),
                flush=True,
            )
    report = {"machine": machine(), "threads": args.threads, "rows": rows}
    args.out.mkdir(parents=True, exist_ok=True)
    name = "vq_search_small.json" if args.small else "vq_search.json"
    (args.out / name).write_text(json.dumps(report, indent=1) + "\n")


def machine() -> dict[str, object]:
    """Processor, its number of cores, and versions."""
    info = Path("/proc/cpuinfo")
    model = platform.processor()
    if info.is_file():
        lines = info.read_text().splitlines()
        model = next(
            (s.split(":", 1)[1].strip() for s in lines if s.startswith("model name")), model
        )
    versions = {"python": platform.python_version(), "torch": torch.__version__}
    return {"cpu": model, "cores": os.cpu_count(), **versions}


if __name__ == "__main__":
    main()
