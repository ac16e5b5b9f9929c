"""Contact sheets of the rig, for the eye: docs/rig-*.png.

    python benchmarks/rig_sheets.py FACEXMODEL_OR_NPZ [--out docs] [--size 128]

close: three people at 256 px. units: 24 units at level D on four people. levels: A to E of four
units. sides: left, right, both.
conflicts: twelve codings, raw (every unit at its coded level, summed, without correctives) above
resolved (what facs-text says is seen).
"""

from __future__ import annotations

import argparse
from dataclasses import fields
from pathlib import Path

import numpy as np
from PIL import Image

from auface_gen.codings.mixture import SHOWN
from auface_gen.codings.unresolved import unresolved
from auface_gen.corpus.contact_sheet import contact_sheet
from auface_gen.picture.mitsuba_variant import fastest_variant
from auface_gen.picture.people import Light, Person
from auface_gen.picture.render import RigMeshes, Sitting, mitsuba
from auface_gen.picture.skin import SkinMap
from auface_gen.rig.move import Rig
from auface_gen.rig.units import Activations
from facs_text import parse, resolve

# Lips apart, a thrust jaw, puffed cheeks and gaze are seen in the other sheets.
_ELSEWHERE = ("25", "29", "30", "34", "61", "62", "63", "64")
UNITS = [c for c in sorted(SHOWN, key=int) if c not in _ELSEWHERE]
CONFLICTS = [
    "12D+15D",
    "18D+20D",
    "5D+43E",
    "1D+4D",
    "24D+27D",
    "10D+17D",
    "22D+28D",
    "12D+18D",
    "16D+17D",
    "2D+4D",
    "26C+27E",
    "24D+25D",
]
PEOPLE, ONE, CLOSE = (1, 3, 5, 6), 12, (1016, 1003, 1044)


class RawRig(Rig):
    """The rig without correctives, for the upper row of a pair."""

    def move(self, rest: np.ndarray, activations: Activations, *, raw: bool = True) -> np.ndarray:
        """The plain sum of shapes."""
        del raw  # whatever the sitting asks for
        return super().move(rest, activations, raw=True)


def main() -> None:
    """Render the sheets."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rig", type=Path)
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "docs")
    parser.add_argument("--size", type=int, default=128)
    args = parser.parse_args()
    mitsuba(fastest_variant())
    rig = Rig.load(args.rig)
    skin, meshes = SkinMap.build(rig), RigMeshes(rig)
    args.out.mkdir(parents=True, exist_ok=True)

    def people(seeds: tuple[int, ...], size: int = args.size, samples: int = 16) -> list[Sitting]:
        return [
            Sitting(
                rig,
                meshes,
                skin,
                Person.from_seed(s),
                Light.from_seed(s),
                size=size,
                samples=samples,
            )
            for s in seeds
        ]

    def sheet(name: str, rows: list[list[tuple[Sitting, str, Activations]]]) -> None:
        pictures = [[Image.fromarray(s.render(a)) for s, _, a in row] for row in rows]
        labels = [[label for _, label, _ in row] for row in rows]
        contact_sheet(pictures, labels).save(args.out / f"rig-{name}.png")

    def see(codes: str) -> Activations:
        return resolve(parse(codes)).activations

    shown = ("0", "6D+12D", "1D+4D+15D", "9D+10C")
    sheet("close", [[(s, c, see(c)) for c in shown] for s in people(CLOSE, 256, 36)])
    four = people(PEOPLE)
    wide = [[(s, f"{u}D", see(f"{u}D")) for u in UNITS[i : i + 12]] for i in (0, 12) for s in four]
    sheet("units", wide)
    one = people((ONE,))[0]
    sheet("levels", [[(one, f"{u}{k}", see(f"{u}{k}")) for k in "ABCDE"] for u in (1, 4, 12, 26)])
    sheet(
        "sides",
        [[(one, f"{p}{u}D", see(f"{p}{u}D")) for p in ("L", "R", "")] for u in (2, 10, 12, 14)],
    )
    plain = RawRig(**{f.name: getattr(rig, f.name) for f in fields(rig)})
    summed = Sitting(
        plain, meshes, skin, Person.from_seed(ONE), Light.from_seed(ONE), size=args.size
    )
    pairs = []
    for i in (0, 6):
        six = CONFLICTS[i : i + 6]
        pairs.append([(summed, f"{c} raw", unresolved(parse(c))) for c in six])
        pairs.append([(one, f"{c} resolved", see(c)) for c in six])
    sheet("conflicts", pairs)


if __name__ == "__main__":
    main()
