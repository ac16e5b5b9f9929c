"""What training does to a batch of pictures, their people at rest and what is asked of them.

Pictures are in [0, 1], (B, 3, S, S); a `torch.Generator` on their device draws. A flip is the one
that changes what is asked for, too. `amount` in [0, 1] scales how far each may go.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from ..learning.photometric import spoil, uniform

__all__ = ["augment", "flip", "move"]


def flip(
    images: Tensor, rest: Tensor, targets: Tensor, mirror: Sequence[int], generator: Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Mirror half of the batch, the person at rest with it, and swap left and right columns."""
    chosen = torch.rand(len(images), generator=generator, device=generator.device) < 0.5
    pick = chosen.view(-1, 1, 1, 1)
    turned = targets[:, torch.tensor(mirror, device=targets.device)]  # (B, A, 6)
    return (
        torch.where(pick, images.flip(-1), images),
        torch.where(pick, rest.flip(-1), rest),
        torch.where(chosen.view(-1, 1, 1), turned, targets),
    )


def move(
    images: Tensor, rest: Tensor, generator: Generator, amount: float = 1.0
) -> tuple[Tensor, Tensor]:
    """Crop: shift (6%), scale (12%), stretch (4%) and turn (5 degrees) a picture and its person at
    rest alike, and each a little on its own, because no two alignments agree."""
    b = len(images)
    alike = _placed(generator, b, amount)
    own = [alike + 0.1 * (_placed(generator, b, amount) - alike) for _ in range(2)]
    moved = []
    for picture, theta in zip((images, rest), own, strict=True):
        grid = F.affine_grid(theta, list(picture.shape), align_corners=False)
        moved.append(F.grid_sample(picture, grid, padding_mode="border", align_corners=False))
    return moved[0], moved[1]


def _placed(generator: Generator, b: int, amount: float) -> Tensor:
    """(B, 2, 3) affine maps."""
    angle = uniform(generator, b, low=-0.087, high=0.087) * amount
    scale = 1 + uniform(generator, b, low=-0.12, high=0.12) * amount
    stretch = 1 + uniform(generator, b, low=-0.04, high=0.04) * amount
    theta = torch.zeros(b, 2, 3, device=generator.device)
    theta[:, 0, 0], theta[:, 1, 1] = scale * angle.cos() * stretch, scale * angle.cos() / stretch
    theta[:, 0, 1], theta[:, 1, 0] = -scale * angle.sin(), scale * angle.sin()
    theta[:, :, 2] = uniform(generator, b, 2, low=-0.12, high=0.12) * amount  # in half widths
    return theta


def augment(
    images: Tensor,
    rest: Tensor,
    targets: Tensor,
    mirror: Sequence[int],
    generator: Generator,
    amount: float = 1.0,
) -> tuple[Tensor, Tensor, Tensor]:
    """All of it: flipped, moved, then spoilt as a camera does; at 0 only the flip."""
    images, rest, targets = flip(images, rest, targets, mirror, generator)
    if amount > 0:
        images, rest = move(images, rest, generator, amount)
        images, rest = spoil((images, rest), generator, amount)
    return images.clamp(0, 1), rest.clamp(0, 1), targets
