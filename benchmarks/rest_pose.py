"""Where made-up people have their brows, lids and lip corners when they do nothing, in millimetres,
beside what was published of real people: benchmarks/results/rest_pose.json.

    python benchmarks/rest_pose.py FACEXMODEL_OR_NPZ [--people 300] [--out FILE]

Two columns a measure: `identity`, the rig's identity modes alone, and `rest`, the face that is
rendered. The published ranges are those of `auface_gen/data/rest_pose.json`, which names their
sources. `inside` says whether the mean of `rest` lies in the range, `people_inside` how many do:
the ranges are of means over groups, so not everyone should.

Lids are measured where eyeball shows between them on the vertical line through the pupil, seen
from the front; brows from the middle line of the hair less half of its height.
"""

from __future__ import annotations

import argparse
import json
import platform
from importlib.metadata import version
from pathlib import Path

import numpy as np

from auface_gen.picture.people import Person
from auface_gen.picture.rest_pose import RestMeter, rest_table
from auface_gen.picture.resting import resting_face
from auface_gen.rig.move import Rig


def summary(values: list[float]) -> dict[str, float]:
    """Mean, standard deviation and range of one measure."""
    v = np.array(values)
    found = {"mean": v.mean(), "sd": v.std(ddof=1), "least": v.min(), "most": v.max()}
    return {name: round(float(value), 2) for name, value in found.items()}


def compare(rig: Rig, people: int) -> dict[str, dict[str, object]]:
    """Every measure of `people` people, beside its published range."""
    meter = RestMeter(rig)
    everyone = [Person.from_seed(seed) for seed in range(people)]
    plain = [meter.measure(rig.person(np.array(p.coefficients, np.float32)), p) for p in everyone]
    rest = [meter.measure(resting_face(rig, p), p) for p in everyone]
    table = rest_table()
    out: dict[str, dict[str, object]] = {}
    for name, row in {**table["measures"], **table["checked"]}.items():
        values = [measured[name] for measured in rest]
        found = summary(values)
        about: dict[str, object] = {
            "what": row["what"],
            "identity": summary([measured[name] for measured in plain]),
            "rest": found,
            "published": row["published"],
        }
        for sex in ("female", "male"):
            mine = [v for v, p in zip(values, everyone, strict=True) if p.sex == sex]
            about[f"rest_{sex}"] = summary(mine)
        if row["published"]:
            low, high = row["published"]["low"], row["published"]["high"]
            about["inside"] = bool(low <= found["mean"] <= high)
            about["people_inside"] = round(float(np.mean([low <= v <= high for v in values])), 3)
        out[name] = about | {"sources": row["sources"]}
    return out


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rig", type=Path)
    parser.add_argument("--people", type=int, default=300)
    default = Path(__file__).parent / "results" / "rest_pose.json"
    parser.add_argument("--out", type=Path, default=default)
    args = parser.parse_args()
    measures = compare(Rig.load(args.rig), args.people)
    print(f"{'mm':16}{'identity':>16}{'rest':>16}{'published':>14}")
    for name, row in measures.items():
        cells = [f"{row[k]['mean']:.2f} ({row[k]['sd']:.2f})" for k in ("identity", "rest")]  # type: ignore[index]
        known = row["published"]
        span = f"{known['low']} to {known['high']}" if known else "-"  # type: ignore[index]
        print(f"{name:16}{cells[0]:>16}{cells[1]:>16}{span:>14}")
    result = {
        "versions": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "auface-gen": version("auface-gen"),
        },
        "people": args.people,
        "measures": measures,
    }
    partial = args.out.with_suffix(".part")
    partial.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    partial.replace(args.out)


if __name__ == "__main__":
    main()
