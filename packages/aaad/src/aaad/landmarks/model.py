"""The landmark network: an hourglass whose last maps say where each point is.

Legend: B images, P = 68 points, S pixels a side, G = S / 4 cells a side of the maps.

Convolutions go down to a sixteenth of the size and up again, finer features joining those that
come from below (Newell et al. 2016, far smaller). A point is the mean place of its map, a softmax
over the grid (integral regression, Sun et al. 2018), so places are finer than a cell; how wide the
map is spread says how sure the network is.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from aaad.errors import AAADError
from aaad.learning.blocks import Block
from aaad.points import COUNT

__all__ = ["LandmarkConfig", "LandmarkNet"]


@dataclass(frozen=True, kw_only=True)
class LandmarkConfig:
    """What it takes to build the network again. `size` in pixels, a multiple of 16."""

    size: int = 96
    width: int = 24

    def __post_init__(self) -> None:
        if self.size % 16 or self.size <= 0 or self.width < 2:
            raise AAADError(
                f"size must be a multiple of 16 and width at least 2, got size={self.size}, "
                f"width={self.width}"
            )

    def to_json(self) -> dict[str, Any]:
        """Plain values for config.json."""
        return asdict(self)

    @staticmethod
    def from_json(values: dict[str, Any]) -> LandmarkConfig:
        """The inverse of `to_json`; an unknown key is an `AAADError`."""
        try:
            return LandmarkConfig(**values)
        except TypeError as error:
            raise AAADError(f"not a landmark network's config: {error}") from None


class LandmarkNet(nn.Module):
    """images (B, 3, S, S) in [0, 1] -> places (B, P, 2), x and y as shares of S, and the spread of
    each point's map (B, P), a standard deviation in the same unit."""

    def __init__(self, config: LandmarkConfig) -> None:
        super().__init__()
        self.config = config
        w = config.width
        self.stem = nn.Conv2d(12, w // 2, 3, padding=1)
        self.fine = nn.Sequential(nn.Conv2d(w // 2, w, 3, stride=2, padding=1), Block(w))
        self.middle = nn.Sequential(
            nn.Conv2d(w, 2 * w, 3, stride=2, padding=1), Block(2 * w), Block(2 * w)
        )
        self.coarse = nn.Sequential(
            nn.Conv2d(2 * w, 3 * w, 3, stride=2, padding=1), Block(3 * w), Block(3 * w)
        )
        self.up1, self.up2 = nn.Conv2d(3 * w, 2 * w, 1), nn.Conv2d(2 * w, w, 1)
        self.join1, self.join2 = Block(2 * w), Block(w)
        self.head = nn.Sequential(nn.BatchNorm2d(w), nn.ReLU(), nn.Conv2d(w, COUNT, 1))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        y = F.relu(self.stem(F.pixel_unshuffle(images - 0.5, 2)))  # (B, w/2, S/2, S/2)
        fine = self.fine(y)  # (B, w, G, G)
        middle = self.middle(fine)
        coarse = self.coarse(middle)
        middle = self.join1(middle + _twice(self.up1(coarse)))
        fine = self.join2(fine + _twice(self.up2(middle)))
        return _places(self.head(fine).float())


def _twice(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode="nearest")


def _places(maps: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and spread of each map (B, P, G, G) over the grid's places in [0, 1]."""
    g = maps.shape[-1]
    p = maps.flatten(2).softmax(-1).view_as(maps)
    at = (torch.arange(g, device=maps.device) + 0.5) / g
    across, down = p.sum(2), p.sum(3)  # (B, P, G) over x, over y
    x, y = (across * at).sum(-1), (down * at).sum(-1)
    spread = (across * (at - x[..., None]) ** 2).sum(-1) + (down * (at - y[..., None]) ** 2).sum(-1)
    return torch.stack([x, y], -1), spread.clamp(min=1e-12).sqrt()
