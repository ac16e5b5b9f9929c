"""Contact sheets: rows of pictures with a line of text over each, for the eye."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

from auface_gen.errors import AUFaceGenError

__all__ = ["contact_sheet"]


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
