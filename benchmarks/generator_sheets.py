"""Sheets of what a generator draws, for the eye.

    python benchmarks/generator_sheets.py MODEL CORPUS OUT [--only conflicts,words]

MODEL is a packed model folder, CORPUS one of `auface corpus render`, OUT a folder for PNGs:

- units.png: four people by every scored unit at D;
- levels.png: eight units from A to E, one person;
- conflicts.png: the person at rest, drawn and, below, the true render of the corpus, of twelve
  marked conflicts of its test people;
- triples.png: four people by ten codings of three units;
- words.png: four people by eight sentences as people write them;
- photograph.png: scikit-image's astronaut, aligned, doing twelve codings; left out, with a word,
  where scikit-image or OpenCV is missing. --photograph FILE takes another.

The four people are made-up ones of the model's bank, never trained on. How long a picture took
stands in benchmarks/results/generator_sheets.json.
"""

from __future__ import annotations

import argparse
import json
import textwrap
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from held_out_people import HeldOutPeople, machine, run_main, write_json
from PIL import Image

from aaad import COLUMNS, AAADError
from aaad.align import align
from aaad.columns import unit_of
from aaad.warp import warp
from auface_gen import AUFace, Generated
from auface_gen.corpus.contact_sheet import contact_sheet
from auface_gen.label import save_labelled
from auface_gen.photograph.blend import changed, paste
from auface_gen.show.levels import grid
from auface_gen.show.sheets import draw_sheet, lay_out
from facs_text import parse

UNITS = tuple(dict.fromkeys(unit_of(name).removeprefix("AU") for name in COLUMNS))
SWEPT = ("1", "4", "6", "9", "12", "15", "26", "43")
TRIPLES = (
    "6D+12D+25C", "1C+2C+5C", "1D+4C+15C", "4D+7C+24C", "9C+10C+17C", "4C+5C+23D", "14C+17B+24B",
    "1C+2D+26D", "L12D+L6C+R15C", "6C+12E+43D",
)  # fmt: skip
SENTENCES = (
    "she smiles broadly and her eyes crinkle",
    "the left corner of his mouth goes up, the right one stays where it is",
    "eyebrows shot up, mouth hanging open",
    "a frown, with the lips pressed together hard",
    "he wrinkles his nose as if something smelled bad",
    "inner ends of the brows raised and the corners of the mouth pulled down slightly",
    "eyes closed, jaw dropped",
    "lips puckered as if to whistle",
)
ASTRONAUT = "6C+12D+25C"  # what she does in the photograph
PHOTOGRAPHED = (
    "6C+12D", "12E+25C", "1C+4C+15C", "1D+2D", "4D", "5D", "43E", "9D", "26D", "L12D", "18C", "17D",
)  # fmt: skip


def main() -> None:
    """Draw the sheets and say where they are."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("folder", metavar="OUT", type=Path)
    parser.add_argument("--only", help=f"some of {','.join(SHEETS)}")
    parser.add_argument("--people", type=int, default=4)
    parser.add_argument("--photograph", type=Path, help="in place of the astronaut")
    parser.add_argument("--shows", help="what the face in --photograph does, if anything")
    parser.add_argument("--steps", type=int, help="sampling steps; the model's own")
    parser.add_argument("--guidance", type=float, help="the model's own unless told")
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parent / "results" / "generator_sheets.json"
    )
    args = parser.parse_args()
    chosen = args.only.split(",") if args.only else list(SHEETS)
    if wrong := [name for name in chosen if name not in SHEETS]:
        parser.error(f"--only {wrong[0]}: some of {','.join(SHEETS)}")
    model = AUFace.from_pretrained(args.model, device="cpu")
    options = {k: v for k in ("steps", "guidance") if (v := getattr(args, k)) is not None}
    desk = Desk(
        model,
        args.corpus,
        args.folder,
        min(args.people, len(model.people)),
        args.photograph,
        args.shows if args.photograph else ASTRONAUT,
        options,
    )
    args.folder.mkdir(parents=True, exist_ok=True)
    report: dict[str, Any] = {"model": model.digest, "sampling": options, "machine": machine()}
    for name in chosen:
        began, before = time.perf_counter(), desk.drawn
        try:
            SHEETS[name](desk)
        except Missing as reason:
            print(f"{name}.png left out: {reason}")
            continue
        count, seconds = desk.drawn - before, time.perf_counter() - began
        report[name] = {"pictures": count, "seconds_a_picture": seconds / max(1, count)}
        print(f"{args.folder / name}.png: {count} pictures in {seconds:.0f} s")
    write_json(args.out, report)


class Missing(Exception):
    """Why a sheet is left out."""


@dataclass
class Desk:
    """What all sheets need. shows: what the face in the photograph does. options: of
    `AUFace.generate`. drawn: pictures so far.
    """

    model: AUFace
    corpus: Path
    folder: Path
    people: int
    photograph: Path | None = None
    shows: str | None = None
    options: dict[str, Any] = field(default_factory=dict)
    drawn: int = 0

    def draw(self, requests: Sequence[Any], **who: Any) -> list[Generated]:
        """Requests of one person."""
        self.drawn += len(requests)
        return self.model.generate(list(requests), **who, **self.options)

    def grid(self, name: str, codings: str) -> None:
        """People by codings (as `auface generate --grid` has them)."""
        sheet = draw_sheet(self.model, grid(codings), people=self.people, **self.options)
        self.drawn += sum(map(len, sheet.rows))
        sheet.save(self.folder / f"{name}.png")

    def save(self, name: str, image: Image.Image) -> None:
        """Write a sheet as drawn by a model, and by which."""
        known = {"auface:model": self.model.digest}
        known["auface:detectors"] = json.dumps(list(self.model.detectors))
        save_labelled(image, self.folder / f"{name}.png", chunks=known)


def units(desk: Desk) -> None:
    """Every scored unit at D."""
    desk.grid("units", ",".join(UNITS))


def levels(desk: Desk) -> None:
    """A unit a row, a level a column."""
    rows = [
        [made.image for made in desk.draw([parse(code + x) for x in "ABCDE"], identity_seed=0)]
        for code in SWEPT
    ]
    image, _ = lay_out(rows, columns=list("ABCDE"), names=[f"AU {code}" for code in SWEPT])
    desk.save("levels", image)


def conflicts(desk: Desk) -> None:
    """Twelve marked conflicts, one a pair: at rest, drawn, true."""
    people = HeldOutPeople.read(desk.corpus)
    found: dict[str, int] = {}
    order = np.argsort([len(coding) for coding in people.asked], kind="stable")
    for pair in [pair for fold in people.folds for pair in fold]:
        # the plainest coding of the pair, of somebody who does not stand here yet
        have = {people.people[i] for i in found.values()}
        doing = [int(i) for i in order if i in set(people.with_pair(pair)) - set(found.values())]
        if doing and len(found) < 12:
            found[pair] = next((i for i in doing if people.people[i] not in have), doing[0])
    if not found:
        raise Missing(f"{desk.corpus} shows none of its marked conflicts")
    rows: list[list[Image.Image]] = [[], [], []]
    for i in found.values():
        rest = people.folder / str(people.rows[i].neutral)
        rows[0].append(Image.open(rest).convert("RGB"))
        rows[1].append(desk.draw([people.asked[i]], identity=rest)[0].image)
        rows[2].append(Image.fromarray(people.picture(people.rows[i].file_name)))
    labels = [str(people.asked[i]) for i in found.values()]
    halves = [slice(0, 6), slice(6, 12)] if len(labels) > 6 else [slice(0, 6)]
    cut = [row[half] for half in halves for row in rows]
    desk.save(
        "conflicts",
        contact_sheet(
            cut,
            [labels[half] for half in halves for _ in rows],
            names=["at rest", "drawn", "render"] * len(halves),
        ),
    )


def triples(desk: Desk) -> None:
    """Codings of three units."""
    desk.grid("triples", ",".join(TRIPLES))


def words(desk: Desk) -> None:
    """Sentences, told as they are written."""
    drawn = [desk.draw(SENTENCES, identity_seed=person) for person in range(desk.people)]
    for made in drawn[0]:
        if made.not_understood:
            missed = "; ".join(made.not_understood)
            print(textwrap.shorten(f"{made.text!r}: names no unit: {missed}", 160))
    rows = [[made.image for made in some] for some in drawn]
    names = [f"person {person}" for person in range(desk.people)]
    desk.save("words", contact_sheet(rows, [list(SENTENCES)] * len(rows), names=names))


def photograph(desk: Desk) -> None:
    """Somebody of a photograph, moved as `auface edit` moves them."""
    try:
        if desk.photograph is not None:
            pixels = np.asarray(Image.open(desk.photograph).convert("RGB"))
        else:
            from skimage.data import astronaut

            pixels = astronaut()
        plain = align(pixels, size=desk.model.size)
        points = plain.to_photo(plain.landmarks)
        wide = align(pixels, size=desk.model.size, landmarks=points, stretch=True)
    except ImportError as error:
        raise Missing(f"{error}; pip install scikit-image, or name a --photograph") from None
    except AAADError as error:
        raise Missing(str(error)) from None
    who = {"identity": Image.fromarray(wide.image), "shows": desk.shows}
    made = desk.draw([*PHOTOGRAPHED, "0"], **who)
    edits = [np.asarray(one.image) for one in made]
    rest = edits.pop()
    if desk.shows is None:
        edits = [changed(wide.image, one, rest) for one in edits]
    # As `auface edit` does: laid back on the photograph, of which the face is shown.
    whole = [pixels, *(paste(pixels, wide.matrix, edit, wide.image) for edit in edits)]
    size = (desk.model.size, desk.model.size)
    pictures = [Image.fromarray(warp(one, plain.matrix, size)) for one in whole]
    labels = ["the photograph", *PHOTOGRAPHED]
    columns = 7
    cut = [slice(at, at + columns) for at in range(0, len(pictures), columns)]
    desk.save("photograph", contact_sheet([pictures[c] for c in cut], [labels[c] for c in cut]))


SHEETS: dict[str, Callable[[Desk], None]] = {
    "units": units,
    "levels": levels,
    "conflicts": conflicts,
    "triples": triples,
    "words": words,
    "photograph": photograph,
}


if __name__ == "__main__":
    run_main(main)
