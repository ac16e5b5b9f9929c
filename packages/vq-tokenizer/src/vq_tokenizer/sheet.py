"""A sheet of pictures: originals above their reconstructions."""

from __future__ import annotations

import os
from pathlib import Path

import torch
from torch import Tensor

__all__ = ["write_sheet"]


def write_sheet(path: Path, originals: Tensor, restored: Tensor, *, zoom: int = 2) -> None:
    """Write originals (M, 3, S, S) above restored (M, 3, S, S), in [0, 1], enlarged zoom times."""
    from PIL import Image

    rows = torch.cat([torch.cat(list(part), dim=2) for part in (originals, restored)], dim=1)
    pixels = (rows.clamp(0, 1) * 255).round().to(torch.uint8).permute(1, 2, 0).cpu().numpy()
    picture = Image.fromarray(pixels)
    if zoom != 1:
        size = (picture.width * zoom, picture.height * zoom)
        picture = picture.resize(size, Image.Resampling.NEAREST)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".part")
    picture.save(beside, format="PNG")
    os.replace(beside, path)
