"""Contact sheets of the rig, for the eye: docs/rig-*.webp.

    python benchmarks/rig_sheets.py FACEXMODEL_OR_NPZ [--out docs] [--size 256]

rest: sixteen people doing nothing. close: three people in three expressions. units: 24 units at
level D on four people. levels: A to E of four units. sides: left, right, both.
conflicts: twelve codings, raw (every unit at its coded level, summed, without correctives) above
resolved (what facs-text says is seen).
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

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
EXPRESSIONS = ("0", "6D+12D", "1D+4D+15D", "9D+10C")
PEOPLE, ONE, CLOSE = (1, 3, 5, 6), 12, (1016, 1003, 1044)
REST = range(100, 116)
Shown = tuple[Sitting, str, Activations, bool]
"""Who, the label, what they do, and whether it is the plain sum."""


def main() -> None:
    """Render the sheets."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rig", type=Path)
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "docs")
    parser.add_argument("--size", type=int, default=256)
    args = parser.parse_args()
    mitsuba(fastest_variant())
    rig = Rig.load(args.rig)
    skin, meshes = SkinMap.build(rig), RigMeshes(rig)
    args.out.mkdir(parents=True, exist_ok=True)

    def people(seeds: Iterable[int], samples: int = 16) -> list[Sitting]:
        return [
            Sitting(
                rig, meshes, skin, Person.from_seed(s), Light.from_seed(s),
                size=args.size, samples=samples,
            )
            for s in seeds
        ]  # fmt: skip

    def sheet(name: str, rows: list[list[Shown]]) -> None:
        pictures = [[Image.fromarray(s.render(a, raw=raw)) for s, _, a, raw in r] for r in rows]
        labels = [[label for _, label, _, _ in row] for row in rows]
        path = args.out / f"rig-{name}.webp"
        contact_sheet(pictures, labels).save(path, quality=86, method=6)
        print(path)

    def seen(sitting: Sitting, codes: str, label: str = "") -> Shown:
        return sitting, label or codes, resolve(parse(codes)).activations, False

    def summed(sitting: Sitting, codes: str) -> Shown:
        return sitting, f"{codes} raw", unresolved(parse(codes)), True

    many = people(REST)
    sheet("rest", [[seen(s, "0") for s in many[i : i + 4]] for i in range(0, 16, 4)])
    sheet("close", [[seen(s, c) for c in EXPRESSIONS] for s in people(CLOSE, 36)])
    four = people(PEOPLE)
    sheet("units", [[seen(s, f"{u}D") for u in UNITS[i : i + 12]] for i in (0, 12) for s in four])
    one = people((ONE,))[0]
    sheet("levels", [[seen(one, f"{u}{k}") for k in "ABCDE"] for u in (1, 4, 12, 26)])
    sheet("sides", [[seen(one, f"{p}{u}D") for p in ("L", "R", "")] for u in (2, 10, 12, 14)])
    pairs = []
    for six in (CONFLICTS[:6], CONFLICTS[6:]):
        pairs.append([summed(one, c) for c in six])
        pairs.append([seen(one, c, f"{c} resolved") for c in six])
    sheet("conflicts", pairs)


if __name__ == "__main__":
    main()
