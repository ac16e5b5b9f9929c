"""What the pipeline asks of the drawer: how to sample, and what to draw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from torch import Tensor

from facs_text import Description

__all__ = ["Sampling", "Wish", "to_pixels"]


@dataclass(frozen=True)
class Sampling:
    """How tokens are filled in. steps: passes of the transformer. guidance: how far what is told is
    overdone; 1.0 is off. temperature: 0 takes the likeliest. prior: whether words are drawn to the
    cells that they can move. near: only cells that some word reaches by more than this may change;
    0 for all.
    """

    steps: int
    guidance: float = 1.0
    temperature: float = 0.0
    prior: bool = True
    near: float = 0.0


class Wish(NamedTuple):
    """One picture to draw: the text that is told, the description of what was understood of it, who
    does it (what `person` or `made_up` gave), and the seed.
    """

    text: str
    said: Description
    person: Any
    seed: int


def to_pixels(images: Tensor) -> np.ndarray:
    """Images (B, 3, S, S) in about [0, 1] as (B, S, S, 3) uint8."""
    return (images.clamp(0, 1) * 255 + 0.5).byte().permute(0, 2, 3, 1).cpu().numpy()
