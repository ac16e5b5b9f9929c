"""What the transformer is told: words, or, for comparison, columns of numbers.

Both become a row of states that cells attend to, with the reach of each, through encoders of the
same depth and width: what a comparison of the two compares is language and nothing else.

B texts, L words or columns, W width, A columns of numbers, P cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from auface_gen.columns import COLUMNS
from auface_gen.generator.anatomy import Anatomy
from auface_gen.generator.layers import EncoderBlock, closed
from auface_gen.generator.text_encoder import TextEncoder

__all__ = ["Heard", "NumberCondition", "TextCondition"]


class Heard(NamedTuple):
    """What was heard of B requests.

    states: (B, L, W). said: (B, L) bool; a row without any is told nothing. reach: (B, P, L) in
    0..1, where each can matter. units: (B, L, A) logits of what each word means, None for numbers.
    """

    states: Tensor
    said: Tensor
    reach: Tensor
    units: Tensor | None = None

    @property
    def pooled(self) -> Tensor:
        """(B, W) the mean of what is said, zeros where nothing is."""
        share = self.said[..., None].to(self.states.dtype)
        return (self.states * share).sum(1) / share.sum(1).clamp_min(1.0)

    def silenced(self, rows: Tensor) -> Heard:
        """Tell nothing where `rows` (B,) is True, and the rest as it is."""
        return self._replace(said=self.said & ~rows[:, None])

    def unguided(self, rows: Tensor | None = None) -> Heard:
        """Leave out the anatomical prior: everywhere, or where `rows` (B,) is True."""
        if rows is None:
            return self._replace(reach=torch.zeros_like(self.reach))
        return self._replace(reach=self.reach.masked_fill(rows[:, None, None], 0.0))


class TextCondition(nn.Module):
    """Words through a text encoder. maps: (A, cells, cells) where each unit moves the face."""

    def __init__(self, encoder: TextEncoder, maps: Tensor) -> None:
        super().__init__()
        self.encoder = encoder
        self.anatomy = Anatomy(encoder.width, maps)

    def forward(self, texts: Sequence[str]) -> Heard:
        """B texts -> Heard."""
        states, said = self.encoder.encode(texts)
        states = states.to(self.anatomy.maps.device)
        units = self.anatomy(states)
        reach = self.anatomy.reach(units) * said[:, None]
        return Heard(states, said, reach, units)


class NumberCondition(nn.Module):
    """Columns of numbers, one state for each that is not 0, behind one that is always there."""

    maps: Tensor

    def __init__(self, width: int, layers: int, heads: int, maps: Tensor) -> None:
        super().__init__()
        self.width = width
        self.column = nn.Parameter(torch.randn(1 + len(COLUMNS), width) * 0.3)
        self.value = nn.Sequential(nn.Linear(1, width), nn.SiLU(), nn.Linear(width, width))
        self.blocks = nn.ModuleList(EncoderBlock(width, heads) for _ in range(layers))
        self.norm = nn.RMSNorm(width)
        flat = maps.flatten(1).float()
        self.register_buffer("maps", torch.cat([flat.new_zeros(1, flat.shape[1]), flat]))

    def forward(self, values: Tensor) -> Heard:
        """Values (B, A) in 0..1 -> Heard. A face at rest has the first state alone."""
        values = torch.cat([values.new_ones(len(values), 1), values], 1)
        said = values > 0
        # Those that are not 0 first, in their order, and no more than the longest row has.
        order = (~said).to(torch.int8).argsort(dim=1, stable=True)[:, : int(said.sum(1).max())]
        said, picked = said.gather(1, order), values.gather(1, order)

        x = self.column[order] + self.value(picked[..., None])
        bias = closed(said)
        for block in self.blocks:
            x = block(x, bias)
        reach = (self.maps[order] * said[..., None]).transpose(1, 2)
        return Heard(self.norm(x.float()), said, reach)
