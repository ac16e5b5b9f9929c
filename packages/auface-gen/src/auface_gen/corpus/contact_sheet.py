"""Contact sheets: rows of pictures with a line of text over each, for the eye."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from auface_gen.errors import AUFaceGenError
from facs_text import parse
from facs_text.pictures import read_rgb

__all__ = ["contact_sheet", "corpus_sheet"]


def contact_sheet(
    rows: Sequence[Sequence[Image.Image]],
    labels: Sequence[Sequence[str]] | None = None,
    *,
    names: Sequence[str] | None = None,
    scale: int = 1,
    gap: int = 4,
) -> Image.Image:
    """One picture of all: labels over the columns' pictures, names at the left of rows. Pictures
    may differ in size; cells are as large as the largest.
    """
    if not rows or not any(rows):
        raise AUFaceGenError("contact_sheet: there are no pictures")
    w = max(p.width for r in rows for p in r) * scale
    h = max(p.height for r in rows for p in r) * scale
    font = ImageFont.load_default(11)
    head = 30 if labels else 0
    left = 74 if names else 0
    sheet = Image.new(
        "RGB",
        (left + max(len(r) for r in rows) * (w + gap) + gap, len(rows) * (h + head + gap) + gap),
        "white",
    )
    draw = ImageDraw.Draw(sheet)
    for i, row in enumerate(rows):
        y = gap + i * (h + head + gap)
        if names:
            draw.multiline_text(
                (4, y + head + h // 2 - 12), textwrap.fill(names[i], 11), fill="black", font=font
            )
        for j, picture in enumerate(row):
            x = left + gap + j * (w + gap)
            if labels:
                draw.multiline_text(
                    (x, y),
                    textwrap.fill(labels[i][j], max(8, w // 6))[: 2 * (w // 6)],
                    fill="black",
                    font=font,
                    spacing=1,
                )
            if scale != 1:
                picture = picture.resize(
                    (picture.width * scale, picture.height * scale), Image.Resampling.LANCZOS
                )
            sheet.paste(picture, (x, y + head))
    return sheet


def corpus_sheet(
    pictures: Iterable[tuple[str, str, Path]], *, people: int = 6, units: int = 40
) -> bytes | None:
    """A corpus at a glance, as PNG: a row for each unit that was asked for alone, with up to
    `people` people, the strongest first. None when no unit was.

    pictures: (codes, subject, path) of pictures of single units.
    """
    found: dict[int, list[tuple[int, str, str, Path]]] = {}
    for codes, subject, path in pictures:
        (action,) = parse(codes)
        found.setdefault(int(action.code), []).append((-action.level, subject, codes, path))
    if not found:
        return None
    rows, labels, names = [], [], []
    for code in sorted(found)[:units]:
        picked: dict[str, tuple[str, Path]] = {}
        for _, subject, codes, path in sorted(found[code]):
            if len(picked) < people:
                picked.setdefault(subject, (codes, path))
        rows.append([read_rgb(path) for _, path in picked.values()])
        labels.append([f"{codes}  {subject}" for subject, (codes, _) in picked.items()])
        names.append(f"AU {code}")
    file = BytesIO()
    contact_sheet(rows, labels, names=names).save(file, format="PNG")
    return file.getvalue()
