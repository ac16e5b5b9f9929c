"""A picture and the person at rest seen otherwise, both alike: mirrored, or in another world.

View 0 is as the corpus has it, 1 its mirror image; 2 and 3 are the same in other colours, light and
quality, 4 and 5 in others again. A model that has seen a change in many worlds learns the change
and not the renderer's skin: so a photograph moves as a render does. S side in pixels.
"""

from __future__ import annotations

import zlib

import torch
from torch import Tensor

from vq_tokenizer.training.augment import recolour

__all__ = ["is_mirrored", "seen_as", "views_of"]


def views_of(worlds: int) -> int:
    """Number of views where each picture is seen in `worlds` worlds besides its own."""
    return 2 * (1 + worlds)


def is_mirrored(view: int) -> bool:
    """Whether left and right are exchanged in a view."""
    return view % 2 == 1


def seen_as(pictures: Tensor, view: int, person: str) -> Tensor:
    """pictures (P, 3, S, S) of one person in a view -> same.

    person: file name of the person at rest. All pictures of one person share a world, also when
    they come one by one: all but the middle of the contrast, which is the mean of what comes
    together, and moves by less than a thousandth from one expression to another.
    """
    world = view // 2
    if world:
        chance = torch.Generator().manual_seed(zlib.crc32(f"{person} {world}".encode()))
        pictures = recolour(pictures[None], 1.0, chance)[0]
    return pictures.flip(3) if is_mirrored(view) else pictures
