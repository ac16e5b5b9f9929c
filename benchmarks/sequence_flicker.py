"""How evenly a sequence changes from frame to frame: `auface sequence` beside plainer ways.

    python benchmarks/sequence_flicker.py [--model DIR] [--people N] [--rate HZ]

The same timed codings, drawn three ways:

- blended: as `draw_sequence` does it, frames blended from the codes of faces a letter apart;
- letters: every frame drawn by itself, told the nearest letters, as a loop over `generate` does;
- faded: pixels faded from one timed coding to the next, without the letters between.

Of each: the difference of every two neighbouring frames (mean absolute, in percent of white), the
largest, flicker (a frame's distance from the mean of its neighbours), and unevenness: how much that
difference itself changes from frame to frame, in shares of its mean, which steps make large.
Fading is the smoothest there can be, and no motion: how far its frames are from the blended ones,
for being seen double, is given beside it.
Writes benchmarks/results/sequence_flicker.json and docs/sequence-flicker.svg.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from auface_gen import AUFace
from auface_gen.show.course import Course
from auface_gen.show.sequence import differences, draw_sequence, flicker
from facs_text import Coding, resolve

TIMED = [
    (0.0, "0"), (0.4, "6C+12D"), (0.8, "6C+12D"), (1.1, "1C+2C+26D"), (1.4, "1C+2C+26D"),
    (1.8, "4D+15C"), (2.4, "0"),
]  # fmt: skip
HERE = Path(__file__).parent
COLOURS = {"blended": "#1b6ca8", "letters": "#c8102e", "faded": "#8a8a8a"}


def main() -> None:
    """Measure, print a table, write the results and the curves."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path)
    parser.add_argument("--people", type=int, default=2)
    parser.add_argument("--rate", type=float, default=25.0)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--out", type=Path, default=HERE / "results" / "sequence_flicker.json")
    parser.add_argument("--plot", type=Path, default=HERE.parent / "docs" / "sequence-flicker.svg")
    args = parser.parse_args()
    model = AUFace.from_pretrained(args.model, device="cpu")
    how = {"steps": args.steps, "guidance": 1.0}
    curves: dict[str, list[list[float]]] = {way: [] for way in COLOURS}
    shakes: dict[str, list[list[float]]] = {way: [] for way in COLOURS}
    double, began = [], time.perf_counter()
    for person in range(args.people):
        made = draw_sequence(model, TIMED, rate=args.rate, identity_seed=person, **how)
        ways = {"blended": [f.image for f in made.frames]}
        nearest = [f.coding for f in made.frames]
        ways["letters"] = drawn(model, nearest, person, how)
        ways["faded"] = faded(model, args.rate, person, how)
        double.append(apart(ways["faded"], ways["blended"]))
        for way, pictures in ways.items():
            curves[way].append(differences(pictures))
            shakes[way].append(flicker(pictures))
    value = {
        "sequence": TIMED,
        "rate": args.rate,
        "people": args.people,
        "sampling": how,
        "model": model.digest,
        "ways": {way: figures(curves[way], shakes[way]) for way in COLOURS},
        "faded_from_blended": round(100 * float(np.mean(double)), 3),
        "difference_percent": {
            way: [[round(100 * v, 3) for v in one] for one in curves[way]] for way in COLOURS
        },
        "seconds": round(time.perf_counter() - began, 1),
        "machine": platform.processor() or platform.machine(),
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
    }
    args.out.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
    args.plot.write_text(plot({way: curves[way][0] for way in COLOURS}, args.rate), "utf-8")
    print(f"{'':8} {'mean':>7} {'largest':>8} {'flicker':>8} {'uneven':>7}")
    for way, got in value["ways"].items():
        print(
            f"{way:8} {got['mean']:7.3f} {got['largest']:8.3f} {got['flicker']:8.3f} "
            f"{got['unevenness']:7.3f}"
        )
    print(f"faded frames are {value['faded_from_blended']:.3f} from blended ones")


def drawn(
    model: AUFace, codings: Sequence[Coding], person: int, how: dict[str, float]
) -> list[Image.Image]:
    """Every frame by itself; equal codings are drawn once, being equal pictures."""
    wanted = list(dict.fromkeys(codings))
    made = model.generate(wanted, identity_seed=person, **how)
    pictures = dict(zip(wanted, (m.image for m in made), strict=True))
    return [pictures[coding] for coding in codings]


def faded(model: AUFace, rate: float, person: int, how: dict[str, float]) -> list[Image.Image]:
    """Pixels from one timed coding to the next, along the course's own rise and fall."""
    course = Course(TIMED)
    keys = [resolve(codes).coding for _, codes in TIMED]
    faces = drawn(model, keys, person, how)
    stops = [float(course.stops.index(s)) for s in course.stops if s.time in course.times]
    frames = []
    for t in course.frame_times(rate):
        a, b, way = course.at(t)
        place = course.stops.index(a) + way * (course.stops.index(b) - course.stops.index(a))
        n = min(int(np.searchsorted(stops, place, "right")), len(stops) - 1)
        share = np.clip((place - stops[n - 1]) / (stops[n] - stops[n - 1]), 0, 1)
        frames.append(Image.blend(faces[n - 1], faces[n], float(share)))
    return frames


def apart(one: Sequence[Image.Image], two: Sequence[Image.Image]) -> float:
    """Mean absolute difference of frame and frame, 0 to 1."""
    gaps = [
        np.abs(np.asarray(a, float) - np.asarray(b, float)).mean()
        for a, b in zip(one, two, strict=True)
    ]
    return float(np.mean(gaps)) / 255


def figures(curves: list[list[float]], shakes: list[list[float]]) -> dict[str, float]:
    """In percent of white, but for unevenness, which is a share."""
    every, shake = np.concatenate(curves), np.concatenate(shakes)
    changes = np.concatenate([np.abs(np.diff(curve)) for curve in curves])
    return {
        "mean": round(100 * float(every.mean()), 3),
        "largest": round(100 * float(every.max()), 3),
        "flicker": round(100 * float(shake.mean()), 3),
        "largest_flicker": round(100 * float(shake.max()), 3),
        "unevenness": round(float(changes.mean() / every.mean()), 3),
    }


def plot(curves: dict[str, list[float]], rate: float) -> str:
    """The difference curves of the first person as SVG."""
    wide, high, left, low = 640, 240, 46, 30
    top = max(max(c) for c in curves.values()) * 1.05
    count = max(len(c) for c in curves.values())

    def place(n: int, v: float) -> str:
        x = left + n * (wide - left - 10) / (count - 1)
        return f"{x:.1f},{high - low - v / top * (high - low - 24):.1f}"

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" '
        'font-family="sans-serif" font-size="11">',
        f'<rect width="{wide}" height="{high}" fill="white"/>',
        f'<text x="{left}" y="14">difference of neighbouring frames, percent of white</text>',
    ]
    for k in range(4):
        v = top * k / 3.15
        _, y = place(0, v).split(",")
        parts.append(f'<line x1="{left}" x2="{wide - 10}" y1="{y}" y2="{y}" stroke="#ddd"/>')
        parts.append(f'<text x="{left - 6}" y="{y}" text-anchor="end">{100 * v:.1f}</text>')
    for k, (way, curve) in enumerate(curves.items()):
        points = " ".join(place(n, v) for n, v in enumerate(curve))
        parts.append(
            f'<polyline fill="none" stroke="{COLOURS[way]}" stroke-width="1.6" points="{points}"/>'
        )
        parts.append(f'<text x="{wide - 70}" y="{30 + 14 * k}" fill="{COLOURS[way]}">{way}</text>')
    parts.append(
        f'<text x="{wide - 10}" y="{high - 8}" text-anchor="end">'
        f"{count / rate:.1f} s at {rate:g} frames a second</text></svg>"
    )
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    main()
