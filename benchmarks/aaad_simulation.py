"""What AAAD says of pictures that are wrong in one known way, seen by a simulated detector.

    python benchmarks/aaad_simulation.py [--people 50] [--each 20] [--torn FOLDER] [--out FILE]

Codings are drawn as a corpus draws them. A picture is the levels that it shows; the detector sees
each level with Gaussian noise and says the chance of each of the six levels given what it sees and
how common they are (so it is calibrated, as a trained one is). Three detectors: `exact`, `good`
(0.5 levels of noise) and `fair` (0.8). The faces:

- oracle: the targets themselves; faithful: the levels asked for;
- mirrored; exaggerated 1.2, 1.4 and 2 times; damped 0.7 and 0.5 times;
- raw sum: every unit at its own level, as if no muscle held another back;
- symmetric: both sides at the mean of the two; one level: each unit that is asked for at C;
- shuffled within a person; at rest; all at C; all on (every unit at E); inverted (5 less level).

Torn mouths and lids are no levels: `--torn` names a folder of pictures, as `auface score`
reads it, scored by the built-in detector and put beside the others.

Each row must do what its name says; the script checks this and fails where one does not.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import aaad as package
from aaad import COLUMNS, aaad, targets
from aaad.asked import effective, unresolved
from aaad.columns import mirror_index
from auface_gen.codings.mixture import draw_codings
from facs_text import resolve

Array = NDArray[np.float64]
DETECTORS = {"exact": 0.0, "good": 0.5, "fair": 0.8}
NAMES = ("side", "level", "conflict", "unit")


def certain(levels: Array) -> Array:
    """Levels (..., ) 0 to 5 -> distributions that are split between the two around each."""
    return np.clip(1 - np.abs(np.clip(levels, 0, 5)[..., None] - np.arange(6)), 0, 1)


def eyes(sigma: float, seed: int) -> Callable[[Array], Array]:
    """A detector: levels (N, A) -> distributions (N, A, 6)."""
    if sigma == 0:
        return certain
    drawn = draw_codings(np.random.default_rng(99), 4000)
    common = np.stack([effective(resolve(c).activations) for c in drawn]) * 5
    counts = np.stack([(np.round(common) == level).sum(0) for level in range(6)], -1) + 0.5
    prior = counts / counts.sum(-1, keepdims=True)  # (A, 6)

    def see(levels: Array) -> Array:
        rng = np.random.default_rng(seed)
        z = np.clip(levels, 0, 5) + sigma * rng.standard_normal(levels.shape)
        p = np.exp(-((z[..., None] - np.arange(6)) ** 2) / (2 * sigma**2)) * prior
        return p / p.sum(-1, keepdims=True)

    return see


def faces(asked: Array, raw: Array, groups: list[str], seed: int) -> dict[str, Array]:
    """What each kind of picture shows, in levels (N, A)."""
    rng = np.random.default_rng(seed)
    order = np.arange(len(asked))
    for group in sorted(set(groups)):
        rows = np.array([i for i, g in enumerate(groups) if g == group])
        order[rows] = rng.permutation(rows)
    mirrored = asked[:, mirror_index()]
    return {
        "faithful": asked,
        "mirrored": mirrored,
        "exaggerated 1.2": asked * 1.2,
        "exaggerated 1.4": asked * 1.4,
        "exaggerated 2": asked * 2,
        "damped 0.7": asked * 0.7,
        "damped 0.5": asked * 0.5,
        "raw sum": raw,
        "symmetric": (asked + mirrored) / 2,
        "one level": 3.0 * (asked >= 0.5),
        "shuffled": asked[order],
        "at rest": np.zeros_like(asked),
        "all at C": np.full_like(asked, 3.0),
        "all on": np.full_like(asked, 5.0),
        "inverted": 5.0 - asked,
    }


def checks(rows: dict[str, dict[str, float]]) -> dict[str, bool]:
    """What each row must do beside the faithful one."""
    best = rows["faithful"]
    loud = [rows[f"exaggerated {g}"] for g in ("1.2", "1.4", "2")]
    blind = [rows[name] for name in ("shuffled", "at rest", "all at C", "all on")]
    return {
        "oracle is 1 in everything": all(abs(rows["oracle"][k] - 1) < 1e-9 for k in rows["oracle"]),
        "mirrored is as wrong in side as faithful is right": rows["mirrored"]["side"]
        < -0.9 * best["side"],
        "mirrored keeps unit and conflict": rows["mirrored"]["unit"] > 0.75 * best["unit"]
        and rows["mirrored"]["conflict"] > 0.75 * best["conflict"],
        "mirrored loses in the headline": rows["mirrored"]["aaad"] < best["aaad"] - 0.1,
        "exaggeration does not pay": all(one["aaad"] < best["aaad"] - 0.03 for one in loud),
        "exaggeration loses level": all(one["level"] < best["level"] - 0.02 for one in loud),
        "damping loses": rows["damped 0.5"]["aaad"] < rows["damped 0.7"]["aaad"] < best["aaad"],
        "raw sum loses conflict most": rows["raw sum"]["conflict"] < 0.7 * best["conflict"]
        and rows["raw sum"]["side"] > 0.95 * best["side"],
        "symmetric is blind to side": abs(rows["symmetric"]["side"]) < 0.1,
        "one level is blind to level": abs(rows["one level"]["level"]) < 0.1,
        "chance and constants are 0": all(
            abs(one[name]) < 0.1 for one in blind for name in ("aaad", "side", "level", "unit")
        ),
        # A face that is always at C is by chance near what many conflicts leave of a unit.
        "chance and constants are blind to conflict": all(
            abs(one["conflict"]) < 0.3 * best["conflict"] for one in blind
        ),
        "inverted is clearly bad": rows["inverted"]["aaad"] < -0.3
        and rows["inverted"]["unit"] < -0.3,
    }


def main() -> int:
    """Simulate, print a table and write benchmarks/results/aaad_simulation.json."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument("--each", type=int, default=20, help="pictures of each person")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--torn", type=Path, help="folder of torn pictures, as auface score reads")
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parent / "results" / "aaad_simulation.json"
    )
    args = parser.parse_args()
    began = time.perf_counter()
    rng = np.random.default_rng(args.seed)
    codings = [c for _ in range(args.people) for c in draw_codings(rng, args.each)]
    people = [f"p{i // args.each:03d}" for i in range(len(codings))]
    asked = np.stack([effective(resolve(c).activations) for c in codings]) * 5
    raw = np.stack([effective(unresolved(c).activations) for c in codings]) * 5
    target = targets(codings)
    shown = faces(asked, raw, people, args.seed)
    table: dict[str, dict[str, dict[str, float]]] = {}
    passed: dict[str, dict[str, bool]] = {}
    for detector, sigma in DETECTORS.items():
        see = eyes(sigma, args.seed)
        rows: dict[str, dict[str, float]] = {}
        for name, levels in {"oracle": None, **shown}.items():
            pred = target if levels is None else see(levels)
            result = aaad(pred, target, groups=people, codings=codings, interval=name == "faithful")
            rows[name] = {"aaad": result.aaad} | {
                key: result.counterfactuals[key].value for key in NAMES
            }
            if levels is not None:
                gains = [u.gain for u in result.units.values()]
                rows[name] |= {
                    "restraint": result.restraint,
                    "pooled": result.pooled,
                    "gain": float(np.nanmedian(gains)),
                }
        table[detector], passed[detector] = rows, checks(rows)
        report(detector, rows, passed[detector])
    if args.torn is not None:
        from aaad.images import find_pictures
        from aaad.scoring import score

        torn = score(find_pictures([args.torn])).result
        table["pictures"] = {
            "torn": {"aaad": torn.aaad} | {key: torn.counterfactuals[key].value for key in NAMES}
        }
        report("pictures", table["pictures"], {})
    value = {
        "people": args.people,
        "pictures": len(codings),
        "columns": len(COLUMNS),
        "seed": args.seed,
        "detectors": DETECTORS,
        "scores": {d: {n: rounded(r) for n, r in rows.items()} for d, rows in table.items()},
        "checks": passed,
        "seconds": round(time.perf_counter() - began, 1),
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
        "versions": {"aaad": package.__version__, "numpy": np.__version__},
    }
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
    return 0 if all(all(one.values()) for one in passed.values()) else 1


def rounded(row: dict[str, float]) -> dict[str, float | None]:
    """Four digits; NaN as null."""
    return {k: None if np.isnan(v) else round(float(v), 4) for k, v in row.items()}


def report(detector: str, rows: dict[str, dict[str, float]], passed: dict[str, bool]) -> None:
    """A table of one detector, and what did not do what its name says."""
    print(f"{detector:18}" + "".join(f"{key:>10}" for key in rows[next(reversed(rows))]))
    for name, row in rows.items():
        print(f"  {name:16}" + "".join(f"{value:10.3f}" for value in row.values()))
    for name, good in passed.items():
        if not good:
            print(f"  FAILS: {name}")


if __name__ == "__main__":
    sys.exit(main())
