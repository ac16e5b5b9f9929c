"""Claim: 302,000 rows from CSV to metadata.jsonl with two texts each, one core, < 15 s, < 300 MB.

Makes a tree like BP4D's AU_OCC (100 columns, 41 people, 8 tasks, frames that mostly repeat the one
before), reads it and writes a corpus's metadata with a full and a brief text a row. Also times
the import of the package in a fresh interpreter. Prints JSON.
"""

from __future__ import annotations

import argparse
import json
import platform
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BASE = {1: 0.211, 2: 0.171, 4: 0.203, 6: 0.462, 7: 0.549, 10: 0.594, 12: 0.562, 14: 0.466,
        15: 0.169, 17: 0.344, 23: 0.165, 24: 0.152}  # fmt: skip


def make(root: Path, rows: int, seed: int, change: float) -> None:
    """An AU_OCC tree; each unit is drawn anew with probability change at each frame."""
    rng = random.Random(seed)
    people = [f"F{n:03d}" for n in range(1, 24)] + [f"M{n:03d}" for n in range(1, 19)]
    names = [f"{p}_T{t}" for p in people for t in range(1, 9)]
    for k, name in enumerate(names):
        count = rows * (k + 1) // len(names) - rows * k // len(names)
        now = {au: int(rng.random() < rate) for au, rate in BASE.items()}
        with (root / f"{name}.csv").open("w") as file:
            file.write(",".join(map(str, range(100))) + "\n")
            for frame in range(1, count + 1):
                for au, rate in BASE.items():
                    if rng.random() < change:
                        now[au] = int(rng.random() < rate)
                cells = [str(now.get(n, 9)) for n in range(1, 100)]
                file.write(f"{frame}," + ",".join(cells) + "\n")


def work(root: Path, out: Path, texts: list[str]) -> int:
    """CSV to metadata.jsonl; the number of rows."""
    from facs_text import readers
    from facs_text.corpus import CorpusWriter, make_row, split_of_subject

    count = 0
    with CorpusWriter(out, source="benchmark", licence="CC0-1.0") as writer:
        for row in readers.read(root, "bp4d"):
            assert row.coding is not None
            count += 1
            line = make_row(
                f"{row.id}.jpg",
                row.coding,
                subject=row.subject,
                source="benchmark",
                seed=count,
                texts=texts,
            )
            writer.add(line, split_of_subject(row.subject))
    return count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=302_000)
    parser.add_argument("--change", type=float, default=0.03)
    parser.add_argument("--texts", nargs="*", default=[], help="further details, as prompt")
    args = parser.parse_args()
    imports = []
    for _ in range(5):
        code = (
            "import time; t = time.perf_counter(); import facs_text; print(time.perf_counter() - t)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        imports.append(float(done.stdout))
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "AU_OCC"
        tree.mkdir()
        make(tree, args.rows, 0, args.change)
        began, cpu = time.perf_counter(), time.process_time()
        count = work(tree, Path(folder) / "corpus", args.texts)
        seconds = time.perf_counter() - began
        busy = time.process_time() - cpu
    result = {
        "rows": count,
        "seconds": round(seconds, 2),
        "cpu_seconds": round(busy, 2),
        "rows_per_second": round(count / seconds),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "import_ms": round(min(imports) * 1000, 1),
        "python": platform.python_version(),
        "machine": platform.machine(),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
