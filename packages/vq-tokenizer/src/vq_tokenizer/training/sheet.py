"""A sheet of pictures: originals above their reconstructions."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from vq_tokenizer.errors import VQTokenizerError
from vq_tokenizer.files import write_bytes

__all__ = ["write_sheet"]


def write_sheet(
    path: Path,
    rows: Sequence[Tensor],
    *,
    zoom: int = 2,
    columns: int = 8,
    resample: str = "lanczos",
) -> None:
    """Write rows of pictures, each (M, 3, S, S) in [0, 1], one under the other, as a PNG.

    zoom: enlargement, by resample: "lanczos" for what a viewer makes of it, "nearest" for the
    pixels themselves. columns: after so many pictures the rows go on below.
    Raises VQTokenizerError when the rows are not alike.
    """
    from PIL import Image

    filters = {"lanczos": Image.Resampling.LANCZOS, "nearest": Image.Resampling.NEAREST}
    shapes = {tuple(row.shape) for row in rows}
    if len(shapes) != 1 or min(next(iter(shapes))) < 1 or resample not in filters:
        raise VQTokenizerError(
            f"write_sheet: rows must be of one shape (M, 3, S, S) and resample one of "
            f"{', '.join(filters)}, got {sorted(shapes)} and {resample!r}"
        )
    count, _, height, width = rows[0].shape
    wide = min(count, columns)
    blocks = []
    for first in range(0, count, wide):
        for row in rows:
            line = torch.ones(3, height, wide * width)
            part = torch.cat(list(row[first : first + wide].float().cpu()), dim=2)
            line[:, :, : part.shape[2]] = part
            blocks.append(line)
    pixels = (torch.cat(blocks, 1).clamp(0, 1) * 255).round().to(torch.uint8).permute(1, 2, 0)
    picture = Image.fromarray(pixels.contiguous().numpy())
    if zoom != 1:
        size = (picture.width * zoom, picture.height * zoom)
        picture = picture.resize(size, filters[resample])
    path.parent.mkdir(parents=True, exist_ok=True)
    held = io.BytesIO()
    picture.save(held, format="PNG")
    write_bytes(path, held.getvalue())
