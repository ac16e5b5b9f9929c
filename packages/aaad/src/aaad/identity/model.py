"""The identity network: a trunk, its mean and its greatest over the grid, an embedding of length 1.

Legend: B images, S pixels a side, D numbers of an embedding, N people of the training.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from aaad.errors import AAADError
from aaad.learning.blocks import Trunk

__all__ = ["IdentityConfig", "IdentityNet", "People"]


@dataclass(frozen=True, kw_only=True)
class IdentityConfig:
    """What it takes to build the network again. `size` in pixels, a multiple of 16."""

    size: int = 96
    width: int = 24
    dimensions: int = 96

    def __post_init__(self) -> None:
        if self.size % 16 or min(self.size, self.width, self.dimensions) <= 0:
            raise AAADError(
                f"size must be a multiple of 16 and all positive, got size={self.size}, "
                f"width={self.width}, dimensions={self.dimensions}"
            )

    def to_json(self) -> dict[str, Any]:
        """Plain values for config.json."""
        return asdict(self)

    @staticmethod
    def from_json(values: dict[str, Any]) -> IdentityConfig:
        """The inverse of `to_json`; an unknown key is an `AAADError`."""
        try:
            return IdentityConfig(**values)
        except TypeError as error:
            raise AAADError(f"not an identity network's config: {error}") from None


class IdentityNet(nn.Module):
    """images (B, 3, S, S) in [0, 1] -> (B, D) of length 1."""

    def __init__(self, config: IdentityConfig) -> None:
        super().__init__()
        self.config = config
        self.trunk = Trunk(config.width)
        self.embed = nn.Linear(8 * config.width, config.dimensions)

    def forward(self, images: Tensor) -> Tensor:
        y = self.trunk(images)  # (B, 4w, S/16, S/16)
        pooled = torch.cat([y.mean((2, 3)), y.amax((2, 3))], 1)
        return F.normalize(self.embed(pooled).float(), dim=1)


class People(nn.Module):
    """The network with a direction for each person of the training: (B, D) -> the loss of a cosine
    softmax with an additive margin (CosFace, Wang et al. 2018)."""

    def __init__(self, net: IdentityNet, people: int, *, margin: float, scale: float) -> None:
        super().__init__()
        self.net = net
        self.directions = nn.Parameter(torch.randn(people, net.config.dimensions))
        self.margin, self.scale = margin, scale

    def forward(self, images: Tensor, who: Tensor) -> Tensor:
        cosine = self.net(images) @ F.normalize(self.directions, dim=1).T  # (B, N)
        away = self.margin * F.one_hot(who, cosine.shape[1])
        return F.cross_entropy(self.scale * (cosine - away), who)
