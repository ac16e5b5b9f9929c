"""Nearest-code search on a GPU, in the order in which half an hour of one is best spent.

    python benchmarks/vq_gpu.py [--minutes 28] [--out FILE]     # needs a CUDA device and triton

1. right: agreement with float64. A wrong kernel ends the run.
2. sizes: the four sizes of vq_search.py, every precision, against flash-kmeans (`pip install
   flash-kmeans`), cdist, a compiled product and vector-quantize-pytorch, where installed.
3. few: 1,024 to 16,384 vectors, with and without splitting the codes.
4. stats: code_stats on an even and on a collapsed codebook; a whole training step.
5. certify: how many vectors are searched again, on normal and on clustered data.
6. tiles: other tiles for each size, while time is left.

The file is written after every line, so that a run that is cut leaves what it has. Floors are of an
H100 (3.0 TB/s, 800 bf16 TFLOP/s, of which float32 takes six products), in microseconds.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from vq_search import SIZES, machine

from vq_tokenizer import VectorQuantizer
from vq_tokenizer.ops import code_stats, nearest_code, nearest_code_reference

FLOORS = {  # (bf16, float32)
    (16384, 1024, 64): (2.7, 16),
    (65536, 8192, 32): (43, 258),
    (65536, 16384, 8): (43, 172),
    (262144, 1024, 256): (172, 1031),
}
FEW = [(n, k, d) for n in (1024, 4096, 16384) for k, d in ((1024, 64), (8192, 32), (16384, 8))]
TILES = [(64, 64, 4, 2), (64, 64, 4, 3), (64, 128, 4, 2), (128, 64, 8, 2), (128, 128, 8, 2)]


class Report:
    """What was measured so far, on paper after every line."""

    def __init__(self, path: Path, minutes: float) -> None:
        self.path, self.end = path, time.monotonic() + 60 * minutes
        self.rows: list[dict[str, Any]] = []
        gpu = torch.cuda.get_device_name()
        self.head = {"machine": machine() | {"gpu": gpu}}

    def add(self, **row: Any) -> None:
        """Print a line and write the file."""
        self.rows.append(row)
        print(json.dumps(row), flush=True)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps(self.head | {"rows": self.rows}, indent=1) + "\n")

    def late(self) -> bool:
        """Whether the time is up."""
        return time.monotonic() > self.end


def microseconds(run: Callable[[], object], repeats: int = 20) -> float:
    """Median of repeats on the device's own clock, after three runs to warm up."""
    for _ in range(3):
        run()
    pairs = []
    for _ in range(repeats):
        begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        begin.record()
        run()
        end.record()
        pairs.append((begin, end))
    torch.cuda.synchronize()
    return sorted(begin.elapsed_time(end) * 1e3 for begin, end in pairs)[repeats // 2]


def data(n: int, k: int, d: int, *, clustered: bool = False) -> tuple[torch.Tensor, torch.Tensor]:
    """x (N, D) and codes (K, D) on the device: normal, or x around the codes."""
    generator = torch.Generator().manual_seed(n + k + d)
    codes = torch.randn(k, d, generator=generator)
    x = torch.randn(n, d, generator=generator)
    if clustered:
        x = codes[torch.randint(k, (n,), generator=generator)] + 0.3 * x
    return x.cuda(), codes.cuda()


def searches(x: torch.Tensor, codes: torch.Tensor) -> dict[str, Callable[[], torch.Tensor]]:
    """Our search in every precision."""
    xb, cb = x.bfloat16(), codes.bfloat16()
    return {
        "exact": lambda: nearest_code(x, codes),
        "bf16 vectors, float32 codes": lambda: nearest_code(xb, codes),
        "bf16": lambda: nearest_code(xb, cb),
        "tf32": lambda: nearest_code(x, codes, precision="tf32"),
        "bf16 certified": lambda: nearest_code(x, codes, precision="bf16", certify=True),
        "tf32 certified": lambda: nearest_code(x, codes, precision="tf32", certify=True),
    }


def right(report: Report) -> None:
    """Agreement with float64; ends the run where an exact search is wrong."""
    sizes = [(4231, 8192, d) for d in (1, 8, 20, 32, 64, 128, 256, 600)] + [(41, 7, 8), (1, 1, 64)]
    for n, k, d in sizes:
        x, codes = data(n, k, d)
        best = nearest_code_reference(x.double(), codes.double(), chunk=512)
        half = nearest_code_reference(x.bfloat16().double(), codes.double(), chunk=512)
        both = nearest_code_reference(x.bfloat16().double(), codes.bfloat16().double(), chunk=512)
        wanted = {"bf16 vectors, float32 codes": half, "bf16": both}
        for name, run in searches(x, codes).items():
            share = float((run() == wanted.get(name, best)).double().mean())
            report.add(stage="right", n=n, k=k, d=d, name=name, agreement=share)
            least = 0.8 if d == 1 and k > 1000 else 0.99
            if name != "tf32" and share < least:
                sys.exit(f"{name} is wrong at {n} x {k} x {d}: {share} of the indices agree")


def peers(x: torch.Tensor, codes: torch.Tensor) -> dict[str, Callable[[], object]]:
    """What people use instead."""
    n, (k, d) = len(x), codes.shape
    found: dict[str, Callable[[], object]] = {
        "compiled product": lambda: _compiled(x, codes),
        "cdist + argmin": lambda: torch.cdist(x, codes).argmin(1),
    }
    if importlib.util.find_spec("flash_kmeans"):
        from flash_kmeans.assign_euclid_triton import euclid_assign_triton

        for name, type_ in (("flash-kmeans", torch.float32), ("flash-kmeans fp16", torch.float16)):
            a, c = x[None].to(type_), codes[None].to(type_)
            squares = a.float().square().sum(-1)
            found[name] = lambda a=a, c=c, s=squares: euclid_assign_triton(a, c, s)
    if importlib.util.find_spec("vector_quantize_pytorch") and n * k * 16 < 40 << 30:
        from vector_quantize_pytorch import VectorQuantize

        peer = VectorQuantize(dim=d, codebook_size=k, rotation_trick=False).cuda().eval()
        found["vector-quantize-pytorch, eval"] = lambda: peer(x[None])
    return found


def sizes(report: Report) -> None:
    """Time and memory beyond the operands at the four sizes."""
    for n, k, d in SIZES:
        x, codes = data(n, k, d)
        for name, run in (searches(x, codes) | peers(x, codes)).items():
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()
            held = torch.cuda.memory_allocated()
            with torch.inference_mode():
                took = microseconds(run)
            extra = (torch.cuda.max_memory_allocated() - held) / 2**20
            floor = FLOORS[n, k, d][0 if "bf16" in name or "fp16" in name else 1]
            row = {"us": took, "to_floor": took / floor, "extra_mb": extra}
            report.add(stage="sizes", n=n, k=k, d=d, name=name, **row)
            if report.late():
                return


def few(report: Report) -> None:
    """Few vectors, which fill the device only where the codes are split."""
    from vq_tokenizer.ops._nearest_code_triton import nearest_code_triton

    for n, k, d in FEW:
        x, codes = data(n, k, d)
        whole = microseconds(lambda x=x, c=codes: nearest_code_triton(x, c, splits=1))
        split = microseconds(lambda x=x, c=codes: nearest_code_triton(x, c))
        report.add(stage="few", n=n, k=k, d=d, whole_us=whole, split_us=split)
        if report.late():
            return


def stats(report: Report) -> None:
    """code_stats by how the vectors fall to the codes, and a training step beside its search."""
    for n, k, d in SIZES:
        x, codes = data(n, k, d)
        even = torch.arange(n, device="cuda") % k
        row = {"even_us": microseconds(lambda x=x, i=even, k=k: code_stats(x, i, k))}
        one = torch.zeros_like(even)
        row["collapsed_us"] = microseconds(lambda x=x, i=one, k=k: code_stats(x, i, k))
        vq = VectorQuantizer(k, d, kmeans_iters=0).cuda()

        def step(x: torch.Tensor = x, vq: VectorQuantizer = vq) -> None:
            z = x.detach().requires_grad_()
            out = vq(z)
            (out.codes.sum() + out.loss).backward()

        row["step_us"] = microseconds(step)
        row["search_us"] = microseconds(lambda x=x, c=codes: nearest_code(x, c))
        report.add(stage="stats", n=n, k=k, d=d, **row)
        if report.late():
            return


def certify(report: Report) -> None:
    """The share of vectors that a certified search looks at again."""
    from vq_tokenizer.ops._nearest_code_triton import Search

    for n, k, d in SIZES:
        for clustered in (False, True):
            x, codes = data(n, k, d, clustered=clustered)
            for precision in ("bf16", "tf32"):
                index, order = (torch.empty(n, dtype=torch.int64, device="cuda") for _ in range(2))
                count = index.new_zeros(1)
                Search(x, codes, "euclidean", "x", index).run(precision, unsure=(order, count))
                row = {"clustered": clustered, "precision": precision, "again": int(count) / n}
                report.add(stage="certify", n=n, k=k, d=d, **row)


def tiles(report: Report) -> None:
    """Other tiles, for the table of ops/_triton.py."""
    from vq_tokenizer.ops import _nearest_code_triton
    from vq_tokenizer.ops._triton import Tile, search_tile

    cases = [
        (size, Tile(*shape, fold=fold)) for size in SIZES for shape in TILES for fold in (1, 4, 16)
    ]
    try:
        for (n, k, d), tile in cases:
            if report.late():
                return
            x, codes = data(n, k, d)
            _nearest_code_triton.search_tile = lambda *_, tile=tile, **__: tile
            took: dict[str, Any] = {}
            try:
                for name in ("exact", "bf16"):
                    took[name] = microseconds(searches(x, codes)[name], 5)
            except Exception as error:  # a tile that does not fit: the next
                took["error"] = f"{type(error).__name__}: {error}"[:200]
            report.add(stage="tiles", n=n, k=k, d=d, tile=tile._asdict(), **took)
    finally:
        _nearest_code_triton.search_tile = search_tile


STAGES = (right, sizes, few, stats, certify, tiles)


def main() -> None:
    """Run the stages in order while time is left."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=28.0)
    out = Path(__file__).parent / "results" / "vq_gpu.json"
    parser.add_argument("--out", type=Path, default=out)
    args = parser.parse_args()
    if not torch.cuda.is_available():
        print("no CUDA device here: nothing measured")
        return
    report = Report(args.out, args.minutes)
    for stage in STAGES:
        if not report.late():
            stage(report)


@torch.compile
def _compiled(x: torch.Tensor, codes: torch.Tensor) -> torch.Tensor:
    return (codes.square().sum(1) / 2 - x @ codes.t()).argmin(1)


if __name__ == "__main__":
    main()
