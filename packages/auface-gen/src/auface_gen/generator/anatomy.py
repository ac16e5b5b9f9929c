"""The anatomical prior for words: where in the picture a word can matter.

What a word is taken to mean is predicted from its state, so that it works for free text too: units
by side, as probabilities. Times the map of where each unit moves the face that gives the reach of
the word, by which attention from cells to words is biased. It says where to look and no more: no
number of a unit enters the transformer.

B texts, L words, W width, A columns (see `columns`), P cells.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from auface_gen.columns import COLUMNS

__all__ = ["Anatomy"]


class Anatomy(nn.Module):
    """Units of words, and their reach over the cells. maps: (A, cells, cells) in 0..1."""

    maps: Tensor

    def __init__(self, width: int, maps: Tensor) -> None:
        super().__init__()
        self.units = nn.Linear(width, len(COLUMNS))
        nn.init.constant_(self.units.bias, -4.0)  # most words mean no unit
        self.register_buffer("maps", maps.flatten(1).float())

    def forward(self, states: Tensor) -> Tensor:
        """States (B, L, W) -> logits (B, L, A) of the units that each word means."""
        logits: Tensor = self.units(states)
        return logits

    def reach(self, logits: Tensor) -> Tensor:
        """Logits (B, L, A) -> (B, P, L) in 0..1; leaves no gradient: words are what they mean, not
        what would be of use.
        """
        likely = torch.sigmoid(logits.detach().float())
        likely = torch.where(likely < 0.05, 0.0, likely)  # many small doubts are no meaning
        return (likely @ self.maps).clamp_max(1.0).transpose(1, 2)

    @staticmethod
    def loss(logits: Tensor, meant: Tensor, said: Tensor) -> Tensor:
        """Cross-entropy of the units of words that are said against `meant` (B, L, A) 0 or 1,
        summed over the columns; a scalar.
        """
        each = F.binary_cross_entropy_with_logits(logits.float(), meant, reduction="none")
        spoken: Tensor = each.sum(2)[said].mean()
        return spoken
