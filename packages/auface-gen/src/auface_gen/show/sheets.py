"""Sheets: one picture of many, people along the rows and codings along the columns.

Labels are short, since a sheet is looked at; what each picture was told stands beside it as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from auface_gen.errors import AUFaceGenError
from auface_gen.files import write_whole
from auface_gen.generated import Generated
from auface_gen.label import save_labelled
from auface_gen.pipeline import AUFace
from facs_text import Coding

__all__ = ["Sheet", "draw_sheet", "lay_out"]

Box = tuple[int, int, int, int]
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
_GAP = 4
_LINES = 3
"""Lines that a label has at most; the rest of a long coding stands in the JSON alone."""
_INK, _PAPER = (32, 32, 32), (255, 255, 255)


@dataclass(frozen=True)
class Sheet:
    """The sheet, its pictures by row and column, and the place of each: left, top, right, bottom in
    pixels.
    """

    image: Image.Image
    rows: tuple[tuple[Generated, ...], ...]
    boxes: tuple[tuple[Box, ...], ...]

    def to_json(self) -> dict[str, Any]:
        """What each picture shows: codes, text, seed, identity, units not shown, what was seen."""
        return {
            "model": self.rows[0][0].model,
            "columns": [str(made.coding) for made in self.rows[0]],
            "rows": [row[0].identity for row in self.rows],
            "pictures": [
                [_cell(made, box) for made, box in zip(row, boxes, strict=True)]
                for row, boxes in zip(self.rows, self.boxes, strict=True)
            ],
        }

    def save(self, path: str | PathLike[str]) -> tuple[Path, Path]:
        """Write the sheet as PNG and, beside it, what it shows as JSON; both paths are returned."""
        path = Path(path)
        beside = path.with_suffix(".json")
        known = dict.fromkeys(name for row in self.rows for made in row for name in made.detectors)
        chunks = {
            "auface:model": self.rows[0][0].model,
            "auface:detectors": json.dumps(list(known)),
        }
        save_labelled(self.image, path, chunks=chunks)
        text = json.dumps(self.to_json(), ensure_ascii=False, indent=1)
        write_whole(beside, (text + "\n").encode("utf-8"))
        return path, beside


def draw_sheet(
    model: AUFace,
    codings: Sequence[Coding],
    *,
    people: int = 1,
    first: int = 0,
    identity: str | PathLike[str] | Image.Image | None = None,
    seed: int = 0,
    **options: Any,
) -> Sheet:
    """Draw people doing codings (see `levels.sweep` and `levels.grid`).

    people: how many of the made-up ones, from number `first` on; or one, `identity`, a portrait at
    rest. options: what `AUFace.generate` takes besides. Raises AUFaceGenError where there is
    nothing to draw, or more people are asked for than there are.
    """
    if not codings:
        raise AUFaceGenError("draw_sheet: no codings; a sheet has at least one column")
    known = len(model.people)
    if not 1 <= people <= known:
        raise AUFaceGenError(f"people={people}: this model has 1 to {known} made-up people")
    if identity is not None and people > 1:
        raise AUFaceGenError(f"people={people} and a portrait: a portrait is one person")
    who: list[dict[str, Any]] = [{"identity": identity}]
    if identity is None:
        who = [{"identity_seed": first + n} for n in range(people)]
    rows = tuple(tuple(model.generate(codings, seed=seed, **w, **options)) for w in who)
    image, boxes = lay_out(
        [[made.image for made in row] for row in rows],
        columns=[str(c) for c in codings],
        names=[_name(row[0].identity) for row in rows],
    )
    return Sheet(image, rows, boxes)


def lay_out(
    rows: Sequence[Sequence[Image.Image]], *, columns: Sequence[str], names: Sequence[str]
) -> tuple[Image.Image, tuple[tuple[Box, ...], ...]]:
    """Pictures of one size in rows, a label over each column and a name before each row."""
    w, h = rows[0][0].size
    font = ImageFont.load_default(max(11, w // 11))
    heads = [_wrapped(text, font, w) for text in columns]
    line = _height(font)
    head = _GAP + line * max(len(lines) for lines in heads) + _GAP
    left = _GAP + max(int(font.getlength(name)) for name in names) + 2 * _GAP
    step_x, step_y = w + _GAP, h + _GAP
    sheet = Image.new("RGB", (left + len(columns) * step_x, head + len(rows) * step_y), _PAPER)
    pen = ImageDraw.Draw(sheet)
    for j, lines in enumerate(heads):
        for k, text in enumerate(reversed(lines)):  # the last line stands on the picture
            x = left + j * step_x + (w - font.getlength(text)) / 2
            pen.text((x, head - _GAP - line * (k + 1)), text, fill=_INK, font=font)
    boxes = []
    for i, (row, name) in enumerate(zip(rows, names, strict=True)):
        y = head + i * step_y
        pen.text((_GAP, y + h / 2), name, fill=_INK, font=font, anchor="lm")
        places = [(left + j * step_x, y) for j in range(len(row))]
        for picture, (x, _) in zip(row, places, strict=True):
            sheet.paste(picture, (x, y))
        boxes.append(tuple((x, y, x + w, y + h) for x, y in places))
    return sheet, tuple(boxes)


def _wrapped(text: str, font: Font, width: int) -> list[str]:
    """A coding in lines no wider than `width`, broken at its plus signs; at most three of them."""
    lines = [""]
    for n, part in enumerate(text.split("+")):
        piece = part if n == 0 else "+" + part
        if lines[-1] and font.getlength(lines[-1] + piece) > width:
            lines.append(piece)
        else:
            lines[-1] += piece
    return lines if len(lines) <= _LINES else [*lines[: _LINES - 1], lines[_LINES - 1] + " …"]


def _height(font: Font) -> int:
    _, top, _, bottom = font.getbbox("R12E+")
    return int(bottom - top) + 4


def _name(identity: str) -> str:
    """A row's short name: the number of a made-up person, or the portrait's file."""
    kind, _, what = identity.partition(":")
    return f"person {what}" if kind == "seed" else (what or kind)[:16]


def _cell(made: Generated, box: Box) -> dict[str, Any]:
    said = {
        "codes": str(made.coding),
        "text": made.text,
        "identity": made.identity,
        "seed": made.seed,
        "not_shown": list(made.not_shown),
        "box": list(box),
    }
    return said if made.seen is None else said | {"seen": made.seen.to_json()}
