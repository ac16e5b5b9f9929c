"""Nearest-code search on the CPU: time and extra memory against what people use instead.

    python benchmarks/vq_search.py [--small] [--threads T] [--only time|memory] [--out FOLDER]

Time: all implementations take turns in one process, so that what else the machine does meets all
of them alike; the least of the rounds counts, as CPU time over threads and as wall time.
Memory: each in a process of its own, by its peak. vector-quantize-pytorch and faiss-cpu take part
where installed. Threads are pinned and wait passively, for two OpenMP runtimes that spin take each
other's cores. The peer makes several N x K matrices, so it runs on fewer vectors and is scaled
linearly. "kept" is the same with an allocator that keeps freed memory, which spares those that make
N x K matrices their page faults.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

SIZES = [(16384, 1024, 64), (65536, 8192, 32), (65536, 16384, 8), (262144, 1024, 256)]
SMALL = [(1024, 256, 16), (16384, 128, 8)]
OURS, PEER = "nearest_code", "vector-quantize-pytorch, eval"
BASELINES = ("faiss", "cdist + argmin", "addmm + argmin")
PEER_BYTES = 2 << 30  # what the peer may take: 16 bytes a vector and code
ENVIRONMENT = {"OMP_WAIT_POLICY": "passive", "OMP_PROC_BIND": "true"}
# glibc gives freed memory of 32 MiB and more back, and a page fault for each 4 KiB of it then hides
# what is computed. This is how a caching allocator behaves: what was freed is kept.
KEEP = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(1 << 40)}


def implementations(k: int, d: int, codes: torch.Tensor) -> dict[str, Callable[..., object]]:
    """Name -> callable from x (N, D)."""
    from vq_tokenizer.ops import nearest_code

    def addmm(x: torch.Tensor) -> object:
        half = codes.square().sum(1) / 2
        return torch.addmm(half, x, codes.t(), alpha=-1).argmin(1)

    found: dict[str, Callable[..., object]] = {
        OURS: lambda x: nearest_code(x, codes),
        "nearest_code, no faiss": lambda x: without_faiss(lambda: nearest_code(x, codes)),
        "cdist + argmin": lambda x: torch.cdist(x, codes).argmin(1),
        "addmm + argmin": addmm,
    }
    if importlib.util.find_spec("faiss"):
        import faiss

        faiss.omp_set_num_threads(torch.get_num_threads())
        index = faiss.IndexFlatL2(d)
        index.add(codes.numpy())
        found["faiss"] = lambda x: index.search(x.numpy(), 1)
    if importlib.util.find_spec("vector_quantize_pytorch"):
        from vector_quantize_pytorch import VectorQuantize

        peer = VectorQuantize(dim=d, codebook_size=k, rotation_trick=False).eval()
        found[PEER] = lambda x: peer(x[None])
    return found


def without_faiss(run: Callable[[], object]) -> object:
    """What users have who did not install the extra."""
    cpu = sys.modules["vq_tokenizer.ops._cpu"]
    was = cpu._faiss
    cpu._faiss = lambda: None
    try:
        return run()
    finally:
        cpu._faiss = was


def rows_for(name: str, n: int, k: int) -> int:
    """How many vectors an implementation runs on: the peer's memory is bounded."""
    return max(1, min(n, PEER_BYTES // (16 * k))) if name == PEER else n


def data(n: int, k: int, d: int) -> tuple[torch.Tensor, torch.Tensor]:
    """x (N, D) and codes (K, D), normally distributed."""
    generator = torch.Generator().manual_seed(0)
    codes = torch.randn(k, d, generator=generator)
    return torch.randn(n, d, generator=generator), codes


@torch.inference_mode()
def timed(n: int, k: int, d: int, threads: int, rounds: int) -> dict[str, dict[str, float]]:
    """Least times of every implementation, in turns; after each slow one, ours and faiss."""
    torch.set_num_threads(threads)
    x, codes = data(n, k, d)
    runs = implementations(k, d, codes)
    quick = [name for name in runs if name in (OURS, "faiss")]
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in runs}

    def once(name: str) -> None:
        part = x[: rows_for(name, n, k)]
        busy, wall = time.process_time(), time.perf_counter()
        runs[name](part)
        took = (time.process_time() - busy) / threads, time.perf_counter() - wall
        times[name].append((took[0] * n / len(part) * 1e3, took[1] * n / len(part) * 1e3))

    for name, run in runs.items():
        run(x if name in quick else x[:64])
    once(OURS)
    often = max(1, min(4, int(150 / times[OURS][0][1])))  # short runs vary most
    for turn in range(rounds):
        for i, slow in enumerate(name for name in runs if name not in quick):
            once(slow)
            for j in range(often):
                for name in quick if (turn + i + j) % 2 else quick[::-1]:
                    once(name)
    return {
        name: {
            "cpu_ms": min(t[0] for t in pairs),
            "wall_ms": min(t[1] for t in pairs),
            "rows": rows_for(name, n, k),
        }
        for name, pairs in times.items()
    }


@torch.inference_mode()
def memory(name: str, n: int, k: int, d: int, threads: int) -> dict[str, dict[str, float]]:
    """Peak memory of one implementation in this process beyond what it held before, in MB."""
    torch.set_num_threads(threads)
    x, codes = data(n, k, d)
    run = implementations(k, d, codes)[name]
    part = x[: rows_for(name, n, k)]
    run(part[:64])
    before = peak(reset=True)
    run(part)
    return {name: {"extra_mb": (peak() - before) * n / len(part)}}


def peak(*, reset: bool = False) -> float:
    """Most memory this process held, in MB; reset: since now."""
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def main() -> None:
    """Measure all, print a table and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", action="store_true", help="tiny sizes, to try the script")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--only", choices=("time", "memory"), help="keep the other from the file")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    parser.add_argument("--child", nargs=4, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        name, (n, k, d) = args.child[0], map(int, args.child[1:])
        timing = name in ("time", "kept")
        found = timed(n, k, d, args.threads, args.rounds) if timing else {}
        print(json.dumps(found or memory(name, n, k, d, args.threads)))
        return
    path = args.out / ("vq_search_small.json" if args.small else "vq_search.json")
    report: dict[str, Any] = {"machine": machine(), "threads": args.threads, "sizes": []}
    old = json.loads(path.read_text()) if args.only and path.is_file() else None
    if old is not None and {k: old[k] for k in ("machine", "threads")} == {
        k: report[k] for k in ("machine", "threads")
    }:
        report = old
    for n, k, d in SMALL if args.small else SIZES:
        size = next((s for s in report["sizes"] if (s["n"], s["k"], s["d"]) == (n, k, d)), None)
        if size is None:
            size = {"n": n, "k": k, "d": d, "rows": {}}
            report["sizes"].append(size)
        kinds = ["time", "kept"] if args.only != "memory" else []
        if args.only != "time":
            kinds += list(implementations(k, d, torch.randn(k, d)))
        for kind in kinds:
            found = child(kind, n, k, d, args.threads, 1 if kind == "kept" else args.rounds)
            if kind == "kept":
                size["kept"] = {"rows": found}
                summarise(size["kept"])
                continue
            for name, figures in found.items():
                size["rows"].setdefault(name, {}).update(figures)
        summarise(size)
        show(size)
        args.out.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(report, indent=1) + "\n")


def child(kind: str, n: int, k: int, d: int, threads: int, rounds: int) -> dict[str, Any]:
    """What this script measures in a process of its own."""
    command = [sys.executable, __file__, "--child", kind, str(n), str(k), str(d)]
    command += ["--threads", str(threads), "--rounds", str(rounds)]
    environment = os.environ | ENVIRONMENT | (KEEP if kind == "kept" else {})
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def summarise(size: dict[str, Any]) -> None:
    """Ratios: ours to the best of the baselines, and the peer to ours."""
    rows = size["rows"]
    for clock in ("cpu_ms", "wall_ms"):
        if clock not in rows[OURS]:
            continue
        best = min(rows[name][clock] for name in BASELINES if name in rows)
        size[f"to_best_{clock[:-3]}"] = rows[OURS][clock] / best
        if PEER in rows:
            size[f"peer_to_ours_{clock[:-3]}"] = rows[PEER][clock] / rows[OURS][clock]


def show(size: dict[str, Any]) -> None:
    """Print one size."""
    for name, row in size["rows"].items():
        line = f"{size['n']:7} x {size['k']:5} x {size['d']:3}  {name:30}"
        if "rows" in row:
            line += f" {row['cpu_ms']:9.1f} ms cpu {row['wall_ms']:9.1f} ms wall"
        if "extra_mb" in row:
            line += f" {row['extra_mb']:8.1f} MB"
        if row.get("rows", size["n"]) != size["n"]:
            line += f"  (from {row['rows']} vectors)"
        print(line)
    print("  ", {key: round(value, 3) for key, value in size.items() if "to_" in key}, flush=True)


def machine() -> dict[str, object]:
    """CPU, its number of cores, and versions."""
    info = Path("/proc/cpuinfo")
    model = platform.processor()
    if info.is_file():
        lines = info.read_text().splitlines()
        model = next(
            (s.split(":", 1)[1].strip() for s in lines if s.startswith("model name")), model
        )
    found: dict[str, object] = {"cpu": model, "cores": os.cpu_count()}
    found |= {"python": platform.python_version(), "torch": torch.__version__}
    for package in ("faiss-cpu", "vector-quantize-pytorch", "triton"):
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


if __name__ == "__main__":
    main()
