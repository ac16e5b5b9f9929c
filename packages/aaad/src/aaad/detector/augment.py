"""What training does to a batch of pictures, their people at rest and what is asked of them.

Pictures are in [0, 1], (B, 3, S, S); a `torch.Generator` on their device draws. A flip is the one
that changes what is asked for, too. `amount` in [0, 1] scales how far each may go.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Generator, Tensor

from aaad.learning.moves import jitter, moved
from aaad.learning.photometric import spoil

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
    """Crop: move a picture and its person at rest alike, and each a little on its own."""
    b = len(images)
    alike = jitter(generator, b, amount)
    own = [alike + 0.1 * (jitter(generator, b, amount) - alike) for _ in range(2)]
    return moved(images, own[0]), moved(rest, own[1])


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
