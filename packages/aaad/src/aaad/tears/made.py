"""Torn on purpose: slips, ghosts and pieces out of place, at lips, lids and brows.

Pictures are (B, 3, S, S) in [0, 1], points (B, 68, 2) shares of the side; a `torch.Generator` on
their device draws.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from aaad.learning.photometric import uniform
from aaad.points import BROWS, LIDS, LIPS
from aaad.tears.model import PARTS

__all__ = ["tear"]

_SIDES = {
    "lips": (tuple(LIPS),),
    "lids": (tuple(LIDS)[:6], tuple(LIDS)[6:]),
    "brows": (tuple(BROWS)[:5], tuple(BROWS)[5:]),
}
_KINDS = 3


def tear(
    images: Tensor, points: Tensor, generator: Generator, *, share: float = 0.5
) -> tuple[Tensor, Tensor]:
    """Tear one or two parts of a `share` of the pictures -> those, and (B, 3) 1 where torn."""
    b = len(images)
    torn = torch.zeros(b, len(PARTS), device=images.device)
    chosen = torch.rand(b, generator=generator, device=images.device) < share
    first = torch.randint(len(PARTS), (b,), generator=generator, device=images.device)
    for number, part in enumerate(PARTS):
        also = torch.rand(b, generator=generator, device=images.device) < 0.2
        here = chosen & ((first == number) | also)
        sides = _SIDES[part]
        which = torch.randint(len(sides) + 1, (b,), generator=generator, device=images.device)
        for k, indices in enumerate(sides):
            # One of the two sides, or both; lips have one.
            used = here & ((which == k) | (which == len(sides)) | (len(sides) == 1))
            spoilt = _spoilt(images, points[:, list(indices)], generator)
            images = torch.where(used.view(-1, 1, 1, 1), spoilt, images)
        torn[:, number] = here.float()
    return images, torn


def _spoilt(images: Tensor, part: Tensor, generator: Generator) -> Tensor:
    """One kind of tear a picture, about the points of a part (B, n, 2)."""
    b, size = len(images), images.shape[-1]
    low, high = part.amin(1), part.amax(1)
    middle, reach = (low + high) / 2, (high - low) / 2 + 0.035
    at = (torch.arange(size, device=images.device) + 0.5) / size
    y, x = torch.meshgrid(at, at, indexing="ij")
    dx, dy = x - middle[:, 0, None, None], y - middle[:, 1, None, None]
    r = (dx / reach[:, 0, None, None]) ** 4 + (dy / reach[:, 1, None, None]) ** 4
    inside = ((1.2 - r) * 4).clamp(0, 1)[:, None]  # (B, 1, S, S)
    angle = uniform(generator, b, low=0.0, high=2 * math.pi)
    far = uniform(generator, b, low=0.025, high=0.07)
    shifted = _shifted(images, torch.stack([angle.cos(), angle.sin()], -1) * far[:, None])
    line = uniform(generator, b, low=0.0, high=math.pi)[:, None, None]
    # The line runs through the part, whatever its shape: some of it lies on either side.
    across = line.cos().abs() * reach[:, 0, None, None] + line.sin().abs() * reach[:, 1, None, None]
    off = 0.4 * across * uniform(generator, b, 1, 1, low=-1.0, high=1.0)
    beyond = ((dx * line.cos() + dy * line.sin() - off) * size).clamp(0, 1)[:, None]
    ghost = uniform(generator, b, 1, 1, 1, low=0.35, high=0.65)
    other = _shifted(
        images.roll(1, 0), 0.5 * torch.stack([angle.sin(), angle.cos()], -1) * far[:, None]
    )
    kinds = (
        inside * beyond * (shifted - images),  # a slip: one half lies beside the other
        inside * ghost * (shifted - images),  # a ghost: it is there twice
        inside * beyond * (other - images),  # a piece of another picture's
    )
    kind = torch.randint(_KINDS, (b,), generator=generator, device=images.device).view(-1, 1, 1, 1)
    change = sum(torch.where(kind == k, one, torch.zeros_like(one)) for k, one in enumerate(kinds))
    return images + change


def _shifted(images: Tensor, by: Tensor) -> Tensor:
    """Pictures moved by shares (B, 2) of their side."""
    theta = torch.eye(2, 3, device=images.device).repeat(len(images), 1, 1)
    theta[:, :, 2] = 2 * by
    grid = F.affine_grid(theta, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, padding_mode="border", align_corners=False)
