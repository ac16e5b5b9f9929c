"""Whether AAAD's 95% intervals hold the truth as often as they say, and what scoring costs.

    python benchmarks/aaad_intervals.py [--sets 1000] [--out FILE]

- Coverage: sets of 10, 22 and 30 people who differ in how well they are seen and drawn; the truth
  is the score of 4,000 people. For the headline, side and level, with chance paired within people
  and over the whole set. Wanted: 93 to 97% of the sets.
- False alarms of `compare`: equal generators called different at p < 0.05. Wanted: 3 to 7%.
- Scale: 300,000 rows of a table of 18 columns; seconds and peak memory of the score.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import sys
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import aaad as package
from aaad import AAAD, aaad, compare

NAMES = ("AU12L", "AU12R", "AU17")
Array = NDArray[np.float64]


def draw(rng: np.random.Generator, people: int, each: int = 12) -> tuple[Array, Array, list[str]]:
    """What is seen and asked (N, 3, 6) of people who differ, and who is on each picture."""
    seen, asked, who = [], [], []
    blank = np.array([0.65, 0.07, 0.07, 0.07, 0.07, 0.07])
    for person in range(people):
        skill, lively = rng.uniform(0.3, 0.95), rng.normal(0, 0.5)
        level = rng.integers(1, 6, (each, 3)) * (rng.random((each, 3)) < 0.35)
        shown = level + lively * (level > 0) + rng.normal(0, 1.5 * (1 - skill), level.shape)
        certain = np.clip(1 - np.abs(np.clip(shown, 0, 5)[..., None] - np.arange(6)), 0, 1)
        seen.append(skill * certain + (1 - skill) * blank)
        asked.append(np.eye(6)[level])
        who += [f"p{person:05d}"] * each
    return np.concatenate(seen), np.concatenate(asked), who


def coverage(sets: int, seed: int) -> dict[str, dict[str, float]]:
    """Share of sets whose interval holds the truth, by number of people and kind of chance."""
    out: dict[str, dict[str, float]] = {}
    for within in (True, False):
        rng = np.random.default_rng(seed)
        truth = values(*draw(rng, 4000), within=within, interval=False)
        for people in (10, 22, 30):
            hits = dict.fromkeys(truth, 0)
            for _ in range(sets):
                found = values(*draw(rng, people), within=within, interval=True)
                for name, (value, _, _) in truth.items():
                    hits[name] += found[name][1] <= value <= found[name][2]
            key = f"{people} people, chance {'within people' if within else 'over all'}"
            out[key] = {name: count / sets for name, count in hits.items()}
            print(f"{key:36}", out[key], flush=True)
    return out


def values(
    seen: Array, asked: Array, who: list[str], *, within: bool, interval: bool
) -> dict[str, tuple[float, float, float]]:
    """Value and interval of the headline, side and level."""
    result = aaad(
        seen,
        asked,
        groups=who if within else None,
        subjects=who,
        columns=NAMES,
        min_count=1,
        interval=interval,
    )
    parts = result.counterfactuals
    return {"aaad": (result.aaad, *result.ci95)} | {
        name: (parts[name].value, *parts[name].ci95) for name in ("side", "level")
    }


def false_alarms(sets: int, seed: int) -> dict[str, float]:
    """Share of pairs of equal generators that `compare` tells apart at p < 0.05."""
    out = {}
    for people in (10, 22):
        rng, called = np.random.default_rng(seed), 0
        for _ in range(sets):
            seen, asked, who = draw(rng, people)
            metrics = []
            for _ in range(2):
                metric = AAAD(columns=NAMES, min_count=1)
                noise = rng.dirichlet(np.full(6, 0.5), seen.shape[:2])
                pred = 0.8 * seen + 0.2 * noise
                metric.update(pred, asked, subjects=who, groups=who, ids=range(len(who)))
                metrics.append(metric)
            called += compare(*metrics).p < 0.05
        out[f"{people} people"] = called / sets
    print("false alarms", out, flush=True)
    return out


def scale(rows: int) -> dict[str, float]:
    """Seconds and peak memory (the whole process, data included) of scoring a table."""
    columns = tuple(f"AU{n}" for n in (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 25, 26, 28))
    rng = np.random.default_rng(0)
    level = rng.integers(1, 6, (rows, len(columns))) * (rng.random((rows, len(columns))) < 0.2)
    target = np.eye(6, dtype=np.float32)[level]
    noise = np.clip(level + rng.normal(0, 0.7, level.shape), 0, 5).astype(np.float32)
    pred = np.clip(1 - np.abs(noise[..., None] - np.arange(6, dtype=np.float32)), 0, 1)
    people = [f"p{i % 140:03d}" for i in range(rows)]
    began, worked = time.perf_counter(), time.process_time()
    aaad(pred, target, groups=people, subjects=people, columns=columns)
    seconds, cpu = time.perf_counter() - began, time.process_time() - worked
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"{rows} rows: {seconds:.2f} s ({cpu:.2f} s of a core), {peak:.2f} GiB at most", flush=True
    )
    return {
        "rows": rows,
        "columns": len(columns),
        "seconds": seconds,
        "cpu_seconds": cpu,
        "peak_gib": peak,
    }


def main() -> int:
    """Measure, print and write benchmarks/results/aaad_intervals.json."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", type=int, default=1000)
    parser.add_argument("--rows", type=int, default=300_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parent / "results" / "aaad_intervals.json"
    )
    args = parser.parse_args()
    cost = scale(args.rows)  # first: the peak is of the process
    covered = coverage(args.sets, args.seed)
    alarms = false_alarms(args.sets, args.seed)
    good = all(0.93 <= share <= 0.97 for row in covered.values() for share in row.values())
    value = {
        "sets": args.sets,
        "seed": args.seed,
        "coverage": covered,
        "false_alarms": alarms,
        "scale": cost,
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
        "versions": {"aaad": package.__version__, "numpy": np.__version__},
    }
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
    return 0 if good and all(0.03 <= share <= 0.07 for share in alarms.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
