"""auface demo: draw two made-up people doing twelve things, score them, and write a page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from auface_cli.devices import device_option
from auface_cli.output import note, progress
from facs_text.files import write_text

__all__ = ["CODINGS", "command"]

CODINGS = (
    ("0", "at rest"),
    ("12D", "single"),
    ("4D", "single"),
    ("9D", "single"),
    ("26D", "single"),
    ("6C+12D", "combination"),
    ("1D+2D+5C+26C", "combination"),
    ("1D+4C+15D", "combination"),
    ("L12D", "left only"),
    ("R1D+R2D", "right only"),
    ("L43E", "left only"),
    ("12D+15C", "conflict"),
    ("5C+43E", "conflict"),
)
"""What each person does, and what it is an example of: the face at rest and twelve others."""

_README = """What lies here, written by `auface demo`:

index.html      the score and every picture, to open in a browser
sheet.png       a row a person: at rest, then the twelve codings
texts.txt       codes and the text that was drawn
images/         the pictures; codes, text and seed are in their text chunks
metadata.jsonl  the same as a table; `auface score` reads it
score.json      AAAD with its interval and controls; per_image.jsonl: the same by picture
"""


@click.command("demo")
@click.option(
    "--out",
    default="demo",
    show_default=True,
    type=click.Path(path_type=Path),
    help="Write the pictures and the page into this folder.",
)
@click.option(
    "--people",
    default=(3, 42),
    multiple=True,
    show_default=True,
    help="Draw the made-up people of these numbers.",
)
@click.option("--seed", default=0, show_default=True, help="Draw by this seed.")
@click.option(
    "--model", type=click.Path(path_type=Path), help="Draw with the model in this folder."
)
@click.option(
    "--detector", type=click.Path(path_type=Path), help="Score with the detector in this folder."
)
@device_option(
    default="auto",
    help="Compute on cpu, cuda or cuda:N; auto takes a GPU where there is one.",
)
def command(
    out: Path,
    people: tuple[int, ...],
    seed: int,
    model: Path | None,
    detector: Path | None,
    device: str,
) -> None:
    """Draw two made-up people at rest and doing twelve things, score it, write a page."""
    from aaad import Detector
    from aaad.images import find_pictures
    from aaad.report import write_html, write_json, write_jsonl
    from aaad.scoring import score
    from auface_cli.commands.score import lines
    from auface_gen import AUFace
    from auface_gen.corpus.contact_sheet import contact_sheet
    from auface_gen.label import save_labelled

    Detector.from_pretrained(detector, device="cpu")  # a missing one is told before the drawing
    draw = AUFace.from_pretrained(model, device=device)
    (out / "images").mkdir(parents=True, exist_ok=True)
    asked = [codes for codes, _ in CODINGS]
    rows, table, texts = [], [], []
    for number, person in enumerate(progress(people, what="people"), 1):
        faces = draw.generate(asked, identity_seed=person, seed=seed)
        table += _save(faces, out, number)
        if number == 1:
            said = zip(CODINGS, faces, strict=True)
            texts = [f"{codes} ({what})\n    {face.text}\n" for (codes, what), face in said]
        rows.append([face.image for face in faces])
    sheet = contact_sheet(
        rows, [asked] * len(rows), names=[f"person {k + 1}" for k in range(len(rows))]
    )
    save_labelled(sheet, out / "sheet.png")
    write_text(out / "metadata.jsonl", "".join(line + "\n" for line in table))
    write_text(out / "texts.txt", "".join(texts))
    write_text(out / "README.txt", _README)

    scored = score(find_pictures([out], tell=note), detector=detector, min_count=2, tell=note)
    write_json(out / "score.json", scored)
    write_jsonl(out / "per_image.jsonl", scored.images)
    write_html(
        out / "index.html", scored, title="Two made-up people, drawn from FACS codes and scored"
    )
    for line in lines(scored):
        click.echo(line)
    note(f"open {out / 'index.html'}; the sheet is {out / 'sheet.png'}")


def _save(faces: Sequence[Any], out: Path, number: int) -> list[str]:
    """Write the pictures of a person, the number-th; the lines of metadata.jsonl that name them."""
    from facs_text.corpus import make_row

    names = [f"images/person{number}-{k:02d}-{codes}.png" for k, (codes, _) in enumerate(CODINGS)]
    lines = []
    for (codes, what), face, name in zip(CODINGS, faces, names, strict=True):
        face.save(out / name)
        row = make_row(
            name, face.coding, subject=face.identity, source="auface demo", neutral=names[0],
            seed=face.seed, requested=codes, kind=what,
        )  # fmt: skip
        lines.append(row.to_json())
    return lines
