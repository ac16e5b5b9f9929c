"""Small moves of a picture: no two alignments agree."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from aaad.learning.photometric import uniform

__all__ = ["jitter", "moved"]


def jitter(generator: Generator, b: int, amount: float = 1.0) -> Tensor:
    """(B, 2, 3) affine maps: a shift (6%), a scale (12%), a stretch (4%) and a turn (5 degrees)."""
    angle = uniform(generator, b, low=-0.087, high=0.087) * amount
    scale = 1 + uniform(generator, b, low=-0.12, high=0.12) * amount
    stretch = 1 + uniform(generator, b, low=-0.04, high=0.04) * amount
    theta = torch.zeros(b, 2, 3, device=generator.device)
    theta[:, 0, 0], theta[:, 1, 1] = scale * angle.cos() * stretch, scale * angle.cos() / stretch
    theta[:, 0, 1], theta[:, 1, 0] = -scale * angle.sin(), scale * angle.sin()
    theta[:, :, 2] = uniform(generator, b, 2, low=-0.12, high=0.12) * amount  # in half widths
    return theta


def moved(images: Tensor, theta: Tensor) -> Tensor:
    """Pictures (B, 3, S, S) through maps (B, 2, 3); their edges go on."""
    grid = F.affine_grid(theta, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, padding_mode="border", align_corners=False)
