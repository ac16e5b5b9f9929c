"""Nearest-code search on a GPU: correctness first, then time and memory against the alternatives.

    python benchmarks/vq_gpu.py [--out FILE]     # needs a CUDA device and triton

Floors are of an H100 (3.0 TB/s, 800 bf16 and 133 three-product TF32 TFLOP/s, 29.6 T instructions/s
at 4.1 a score), in microseconds.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
from collections.abc import Callable
from pathlib import Path

import torch
from vq_search import SIZES, machine

from vq_tokenizer.ops import nearest_code, nearest_code_reference

FLOORS = {  # (bf16, float32-accurate)
    (16384, 1024, 64): (2.7, 16),
    (65536, 8192, 32): (74, 258),
    (65536, 16384, 8): (148, 148),
    (262144, 1024, 256): (172, 1031),
}


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


def check(n: int, k: int, d: int) -> dict[str, float]:
    """Share of indices equal to float64's, for each precision."""
    generator = torch.Generator().manual_seed(n + k + d)
    x, codes = torch.randn(n, d, generator=generator), torch.randn(k, d, generator=generator)
    expected = nearest_code_reference(x.double(), codes.double(), chunk=1024)
    x, codes = x.cuda(), codes.cuda()
    found = {}
    for precision in ("exact", "tf32", "bf16"):
        for certify in (False, True):
            index = nearest_code(x, codes, precision=precision, certify=certify).cpu()
            name = precision + (" certified" if certify else "")
            found[name] = float((index == expected).double().mean())
    return found


def main() -> None:
    """Check, measure, print and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    args = parser.parse_args()
    if not torch.cuda.is_available():
        print("no CUDA device here: nothing measured")
        return
    report: dict[str, object] = {"machine": machine() | {"gpu": torch.cuda.get_device_name()}}
    checks = [(n, k, d) for n in (1, 41, 4231) for k in (1, 7, 8192) for d in (1, 8, 64, 256, 600)]
    report["agreement with float64"] = [
        {"n": n, "k": k, "d": d, **check(n, k, d)} for n, k, d in checks
    ]
    print("worst exact agreement:", min(r["exact"] for r in report["agreement with float64"]))
    rows = []
    for n, k, d in SIZES:
        x, codes = torch.randn(n, d, device="cuda"), torch.randn(k, d, device="cuda")
        xb, cb = x.bfloat16(), codes.bfloat16()
        runs: dict[str, Callable[[], object]] = {
            "ours exact": lambda x=x, c=codes: nearest_code(x, c),
            "ours tf32": lambda x=x, c=codes: nearest_code(x, c, precision="tf32"),
            "ours bf16": lambda x=xb, c=cb: nearest_code(x, c),
            "ours bf16 certified": lambda x=x, c=codes: nearest_code(
                x, c, precision="bf16", certify=True
            ),
            "cdist + argmin": lambda x=x, c=codes: torch.cdist(x, c).argmin(1),
            "compiled reference": lambda x=x, c=codes: _compiled(x, c),
        }
        if importlib.util.find_spec("vector_quantize_pytorch") and n * k * 16 < 40 << 30:
            from vector_quantize_pytorch import VectorQuantize

            peer = VectorQuantize(dim=d, codebook_size=k, rotation_trick=False).cuda().eval()
            runs["vector-quantize-pytorch, eval"] = lambda p=peer, x=x: p(x[None])
        for name, run in runs.items():
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()
            held = torch.cuda.memory_allocated()
            with torch.inference_mode():
                took = microseconds(run)
            extra = (torch.cuda.max_memory_allocated() - held) / 2**20
            floor = FLOORS[n, k, d][0 if "bf16" in name else 1]
            rows.append({"n": n, "k": k, "d": d, "name": name, "us": took, "extra_mb": extra})
            print(
                f"{n:7} x {k:5} x {d:3}  {name:30} {took:9.1f} us  {took / floor:6.2f} x floor "
                f"{extra:8.1f} MB",
                flush=True,
            )
    report["rows"] = rows
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "vq_gpu.json").write_text(json.dumps(report, indent=1) + "\n")


@torch.compile
def _compiled(x: torch.Tensor, codes: torch.Tensor) -> torch.Tensor:
    return (codes.square().sum(1) / 2 - x @ codes.t()).argmin(1)


if __name__ == "__main__":
    main()
