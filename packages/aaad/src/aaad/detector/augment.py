"""What training does to a batch, so that the detector looks at faces and not at renderings.

Every function takes pictures in [0, 1], (B, 3, S, S), and a `torch.Generator`, and returns new
ones; a flip is the one that changes what is asked for, too.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

__all__ = ["augment", "colour", "flip", "move", "noise", "soften"]


def _uniform(generator: Generator, *shape: int, low: float, high: float) -> Tensor:
    return torch.rand(*shape, generator=generator) * (high - low) + low


def flip(
    images: Tensor, rest: Tensor, targets: Tensor, mirror: Sequence[int], generator: Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Mirror half of the batch, the person at rest with it, and swap left and right columns."""
    chosen = torch.rand(len(images), generator=generator) < 0.5
    pick = chosen.view(-1, 1, 1, 1)
    turned = targets[:, torch.tensor(mirror)]  # (B, A, 6)
    return (
        torch.where(pick, images.flip(-1), images),
        torch.where(pick, rest.flip(-1), rest),
        torch.where(chosen.view(-1, 1, 1), turned, targets),
    )


def move(images: Tensor, rest: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
    """Shift (3%), scale (4%) and turn (2 degrees) a picture and its person at rest alike."""
    b = len(images)
    angle = _uniform(generator, b, low=-0.035, high=0.035)
    scale = _uniform(generator, b, low=0.96, high=1.04)
    theta = torch.zeros(b, 2, 3)
    theta[:, 0, 0] = theta[:, 1, 1] = scale * angle.cos()
    theta[:, 0, 1], theta[:, 1, 0] = -scale * angle.sin(), scale * angle.sin()
    theta[:, :, 2] = _uniform(generator, b, 2, low=-0.06, high=0.06)  # in half widths
    both = torch.cat([images, rest], dim=1)
    grid = F.affine_grid(theta, list(both.shape), align_corners=False)
    moved = F.grid_sample(both, grid, padding_mode="border", align_corners=False)
    return moved[:, :3], moved[:, 3:]


def colour(images: Tensor, rest: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
    """Light and colour, mostly alike for both pictures, a little on their own."""
    b = len(images)
    gain = _uniform(generator, b, 1, 1, 1, low=0.8, high=1.2)
    gain = gain * _uniform(generator, b, 3, 1, 1, low=0.93, high=1.07)
    lift = _uniform(generator, b, 1, 1, 1, low=-0.08, high=0.08)
    own = _uniform(generator, 2, b, 1, 1, 1, low=0.98, high=1.02)
    return images * gain * own[0] + lift, rest * gain * own[1] + lift


def soften(images: Tensor, generator: Generator) -> Tensor:
    """Blur half of the pictures by up to what a small tokenizer takes from them."""
    kernel = torch.tensor([0.25, 0.5, 0.25])
    weight = (kernel[:, None] * kernel[None, :]).expand(3, 1, 3, 3).contiguous()
    strength = _uniform(generator, len(images), 1, 1, 1, low=-1.0, high=1.0).clamp(min=0.0)
    blurred = images
    for _ in range(2):
        padded = F.pad(blurred, (1, 1, 1, 1), mode="replicate")
        blurred = F.conv2d(padded, weight, groups=3)
    return images + strength * (blurred - images)


def noise(images: Tensor, generator: Generator) -> Tensor:
    """Gaussian noise, up to 2.5% of the range."""
    scale = _uniform(generator, len(images), 1, 1, 1, low=0.0, high=0.025)
    return images + scale * torch.randn(images.shape, generator=generator)


def augment(
    images: Tensor, rest: Tensor, targets: Tensor, mirror: Sequence[int], generator: Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """All of the above, in that order."""
    images, rest, targets = flip(images, rest, targets, mirror, generator)
    images, rest = move(images, rest, generator)
    images, rest = colour(images, rest, generator)
    images, rest = soften(images, generator), soften(rest, generator)
    images, rest = noise(images, generator), noise(rest, generator)
    return images.clamp(0, 1), rest.clamp(0, 1), targets
