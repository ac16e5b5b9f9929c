"""The tear network: a trunk and a head that reads its last grid cell by cell.

Legend: B images, S pixels a side, 3 parts: lips, lids, brows.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from aaad.errors import AAADError
from aaad.learning.blocks import Trunk

__all__ = ["PARTS", "TearConfig", "TearNet"]

PARTS = ("lips", "lids", "brows")


@dataclass(frozen=True, kw_only=True)
class TearConfig:
    """What it takes to build the network again. `size` in pixels, a multiple of 16."""

    size: int = 128
    width: int = 24

    def __post_init__(self) -> None:
        if self.size % 16 or min(self.size, self.width) <= 0:
            raise AAADError(
                f"size must be a multiple of 16 and width positive, got size={self.size}, "
                f"width={self.width}"
            )

    def to_json(self) -> dict[str, Any]:
        """Plain values for config.json."""
        return asdict(self)

    @staticmethod
    def from_json(values: dict[str, Any]) -> TearConfig:
        """The inverse of `to_json`; an unknown key is an `AAADError`."""
        try:
            return TearConfig(**values)
        except TypeError as error:
            raise AAADError(f"not a tear network's config: {error}") from None


class TearNet(nn.Module):
    """images (B, 3, S, S) in [0, 1] -> logits (B, 3) of each part being torn."""

    def __init__(self, config: TearConfig) -> None:
        super().__init__()
        self.config = config
        w, grid = config.width, config.size // 16
        self.trunk = Trunk(w)
        self.squeeze = nn.Conv2d(4 * w, w, 1)
        self.hidden = nn.Linear(w * grid * grid, 64)
        self.drop = nn.Dropout(0.1)
        self.head = nn.Linear(64, len(PARTS))

    def forward(self, images: Tensor) -> Tensor:
        y = self.squeeze(self.trunk(images)).flatten(1)
        return self.head(F.gelu(self.hidden(self.drop(y)))).float()
