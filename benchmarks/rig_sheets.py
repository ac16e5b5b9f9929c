"""Contact sheets of the rig, for the eye: docs/rig-*.png.

    python benchmarks/rig_sheets.py FACEXMODEL_OR_NPZ [--out docs] [--size 128]

units: 24 units at level D on four people. levels: A to E of four units. sides: left, right, both.
conflicts: twelve codings, raw (every unit at its coded level, summed) above resolved (what
facs-text says is seen).
"""

from __future__ import annotations

import argparse
from pathlib import Path

from PIL import Image

from auface_gen.people import Light, Person
from auface_gen.render import RigMeshes, Sitting, mitsuba
from auface_gen.rig import Activations, Rig
from auface_gen.sheet import contact_sheet
from auface_gen.skin import SkinMap
from auface_gen.variant import fastest_variant
from facs_text import Coding, parse, resolve, unit

UNITS = [
    "1",
    "2",
    "4",
    "5",
    "6",
    "7",
    "9",
    "10",
    "11",
    "12",
    "13",
    "14",
    "15",
    "16",
    "17",
    "18",
    "20",
    "22",
    "23",
    "24",
    "26",
    "27",
    "28",
    "43",
]
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
PEOPLE = (1, 3, 5, 6)


def raw(coding: Coding) -> Activations:
    """Every unit at its coded level, as if none touched another: what resolution mends."""
    out: dict[str, dict[str, float]] = {}
    for action in coding:
        sides = [s for s in unit(action.code).sides if s != "both"] or ["both"]
        chosen = (
            [action.side]
            if action.side != "both"
            else [s for s in sides if s in ("left", "right", "top", "bottom")] or ["both"]
        )
        out[f"AU{action.code}"] = dict.fromkeys(chosen, action.level / 5)
    return out


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

    def people(seeds: tuple[int, ...]) -> list[Sitting]:
        return [
            Sitting(rig, meshes, skin, Person.from_seed(s), Light.from_seed(s), size=args.size)
            for s in seeds
        ]

    def sheet(name: str, rows: list[list[tuple[Sitting, str, Activations]]]) -> None:
        pictures = [[Image.fromarray(s.render(a)) for s, _, a in row] for row in rows]
        labels = [[label for _, label, _ in row] for row in rows]
        contact_sheet(pictures, labels).save(args.out / f"rig-{name}.png")

    def see(codes: str) -> Activations:
        return resolve(parse(codes)).activations

    four = people(PEOPLE)
    wide = [[(s, f"{u}D", see(f"{u}D")) for u in UNITS[i : i + 12]] for i in (0, 12) for s in four]
    sheet("units", wide)
    one = four[1]
    sheet("levels", [[(one, f"{u}{k}", see(f"{u}{k}")) for k in "ABCDE"] for u in (1, 4, 12, 26)])
    sheet(
        "sides",
        [[(one, f"{p}{u}D", see(f"{p}{u}D")) for p in ("L", "R", "")] for u in (2, 10, 12, 14)],
    )
    sheet(
        "conflicts",
        [
            [(one, f"{c} {how}", f(parse(c))) for c in CONFLICTS[i : i + 6]]
            for i in (0, 6)
            for how, f in (("raw", raw), ("resolved", lambda c: resolve(c).activations))
        ],
    )


if __name__ == "__main__":
    main()
