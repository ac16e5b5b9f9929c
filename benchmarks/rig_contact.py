"""What passes through what, raw, resolved and corrected: benchmarks/results/rig_contact.json.

    python benchmarks/rig_contact.py FACEXMODEL_OR_NPZ [--people 5] [--pairs 60] [--out FILE]

Codings: each unit at E, the twelve conflicts of `rig_sheets`, and pairs of units at D: all of them
on the mean face, a sample of `--pairs` on each of `--people` random people. Ways:

raw        every unit at its coded level, shapes summed
resolved   what facs-text says is seen, shapes summed by the same weights as corrected
corrected  the same with the correctives: what `Rig.move` gives
rest       the face at rest, once a coding: what a person's own proportions bring

Counts are those of `auface_gen.rig.collisions`; `above_rest` sums what exceeds the face at rest,
coding by coding, for closed lips lie in each other already. `worse` counts the codings where a
count of corrected is above that of resolved.
"""

from __future__ import annotations

import argparse
import itertools
import json
import platform
import time
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import numpy as np
from rig_sheets import CONFLICTS

from auface_gen.codings.unresolved import unresolved
from auface_gen.columns import UNITS
from auface_gen.picture.people import Person
from auface_gen.picture.resting import resting_face
from auface_gen.rig.collisions import Contact, ContactMeter
from auface_gen.rig.move import Rig
from facs_text import parse, resolve

HEAD = {"51", "52", "53", "54", "55", "56"}
WAYS = ("rest", "raw", "resolved", "corrected")


def coded(unit: str, level: str) -> str:
    """A unit at a level; the jaw goes to the left."""
    return f"{unit}L{level}" if unit == "30" else f"{unit}{level}"


class Sums:
    """Counts of a set of codings, by way."""

    def __init__(self, rig: Rig, meter: ContactMeter) -> None:
        self.rig, self.meter = rig, meter
        self.total = dict.fromkeys(WAYS, Contact())
        self.faces = 0
        self.worse: list[dict[str, object]] = []
        self.touched = dict.fromkeys(WAYS, 0)
        self.above = {way: dict.fromkeys(asdict(Contact()), 0) for way in WAYS[1:]}

    def add(self, who: str, rest: np.ndarray, still: Contact, codes: str) -> None:
        """Count one coding on one face."""
        coding = parse(codes)
        seen = resolve(coding).activations
        plain = rest + self.rig.offset(seen)
        count = {
            "rest": still,
            "raw": self.meter.count(self.rig.move(rest, unresolved(coding), raw=True)),
            "resolved": self.meter.count(self.rig.turn_eyes(plain, seen)),
            "corrected": self.meter.count(self.rig.move(rest, seen)),
        }
        self.faces += 1
        for way, contact in count.items():
            self.total[way] += contact
            self.touched[way] += contact.total > 0
            if way != "rest":
                for kind, number in asdict(contact).items():
                    self.above[way][kind] += max(0, number - getattr(still, kind))
        before, after = asdict(count["resolved"]), asdict(count["corrected"])
        if any(after[k] > before[k] for k in before):
            self.worse.append({"who": who, "coding": codes, "resolved": before, "corrected": after})

    def result(self) -> dict[str, object]:
        """The set as JSON."""
        return {
            "faces": self.faces,
            "counts": {way: asdict(self.total[way]) for way in WAYS},
            "above_rest": self.above,
            "faces_with_contact": self.touched,
            "worse": len(self.worse),
            "worse_cases": self.worse[:20],
        }


def milliseconds(rig: Rig, codes: str = "12E+25D+26C+43C", rounds: int = 40) -> float:
    """Median time of the correctives of one face."""
    seen = resolve(parse(codes)).activations
    weights = rig.weights(seen)
    moved = rig.neutral + rig.offset(seen)
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        rig.correctives.apply(rig.neutral, moved, weights)
        times.append(time.perf_counter() - start)
    return float(np.median(times) * 1e3)


def main() -> None:
    """Count and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rig", type=Path)
    parser.add_argument("--people", type=int, default=5)
    parser.add_argument("--pairs", type=int, default=60)
    parser.add_argument("--mean-pairs", type=int, default=0, help="pairs on the mean face; 0: all")
    default = Path(__file__).parent / "results" / "rig_contact.json"
    parser.add_argument("--out", type=Path, default=default)
    args = parser.parse_args()
    rig = Rig.load(args.rig)
    meter = ContactMeter(rig)
    units = [u for u in UNITS if u not in HEAD]
    pairs = [f"{coded(a, 'D')}+{coded(b, 'D')}" for a, b in itertools.combinations(units, 2)]
    rng = np.random.default_rng(0)
    faces = {"mean": rig.neutral}
    for seed in range(1, args.people + 1):
        faces[f"person {seed}"] = resting_face(rig, Person.from_seed(seed))
    sets = {name: Sums(rig, meter) for name in ("units at E", "conflicts", "pairs at D")}
    for who, rest in faces.items():
        still = meter.count(rest)
        number = (args.mean_pairs or len(pairs)) if who == "mean" else args.pairs
        sample = rng.permutation(len(pairs))[:number]
        for name, codings in (
            ("units at E", [coded(u, "E") for u in units]),
            ("conflicts", CONFLICTS),
            ("pairs at D", [pairs[k] for k in np.sort(sample)]),
        ):
            for codes in codings:
                sets[name].add(who, rest, still, codes)
        print(who, {n: asdict(s.total["corrected"]) for n, s in sets.items()}, flush=True)
    result = {
        "machine": {"processor": platform.machine()},
        "versions": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "auface-gen": version("auface-gen"),
        },
        "units": len(units),
        "people": args.people,
        "correctives_ms": round(milliseconds(rig), 2),
        "sets": {name: s.result() for name, s in sets.items()},
    }
    partial = args.out.with_suffix(".part")
    partial.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    partial.replace(args.out)


if __name__ == "__main__":
    main()
