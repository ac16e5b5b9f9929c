"""The detector's network: a small residual CNN with an ordinal head.

Legend: B images, C channels, A columns, L = 6 levels.

The picture is folded 4 x 4 pixels to a cell, so that the first convolution already works at a
quarter of the size; lids and lip corners keep their place to the end, because the head reads the
last grid cell by cell instead of averaging it away: which side moved is a matter of place. The
person at rest, when known, comes in as a second picture; when not, learned values stand there.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..columns import LEVELS, COLUMNS
from ..errors import AAADError

__all__ = ["DetectorConfig", "DetectorNet"]


@dataclass(frozen=True, kw_only=True)
class DetectorConfig:
    """What it takes to build the network again. `size` in pixels, a multiple of 16."""

    size: int = 128
    width: int = 48
    hidden: int = 192
    columns: tuple[str, ...] = COLUMNS

    def __post_init__(self) -> None:
        if self.size % 16 or self.size <= 0 or self.width <= 0 or self.hidden <= 0:
            raise AAADError(
                f"size must be a multiple of 16 and the widths positive, got size={self.size}, "
                f"width={self.width}, hidden={self.hidden}"
            )

    def to_json(self) -> dict[str, Any]:
        """Plain values for config.json."""
        return {**asdict(self), "columns": list(self.columns)}

    @staticmethod
    def from_json(values: dict[str, Any]) -> DetectorConfig:
        """The inverse of `to_json`; an unknown or missing key is an `AAADError`."""
        try:
            return DetectorConfig(**{**values, "columns": tuple(values["columns"])})
        except (TypeError, KeyError) as error:
            raise AAADError(f"not a detector's config: {error}") from None


class _Block(nn.Module):
    """x + conv(relu(norm(conv(relu(norm(x))))))."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.BatchNorm2d(width), nn.BatchNorm2d(width)
        self.conv1 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        nn.init.zeros_(self.conv2.weight)  # every block starts as the identity

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv1(F.relu(self.norm1(x)))
        return x + self.conv2(F.relu(self.norm2(y)))


class DetectorNet(nn.Module):
    """images (B, 3, S, S) in [0, 1], the same people at rest or None -> logits (B, A, 6)."""

    def __init__(self, config: DetectorConfig) -> None:
        super().__init__()
        self.config = config
        w, grid = config.width, config.size // 16
        self.no_neutral = nn.Parameter(torch.zeros(1, 48, 1, 1))
        self.stem = nn.Conv2d(97, w, 3, padding=1)
        self.body = nn.Sequential(
            _Block(w),
            nn.Conv2d(w, 2 * w, 3, stride=2, padding=1),
            _Block(2 * w),
            _Block(2 * w),
            nn.Conv2d(2 * w, 3 * w, 3, stride=2, padding=1),
            _Block(3 * w),
            nn.BatchNorm2d(3 * w),
            nn.ReLU(),
            nn.Conv2d(3 * w, w // 2, 1),
        )
        self.hidden = nn.Linear(w // 2 * grid * grid, config.hidden)
        self.drop = nn.Dropout(0.1)
        self.head = nn.Linear(config.hidden, len(config.columns) * len(LEVELS))

    def forward(
        self, images: Tensor, neutral: Tensor | None = None, known: Tensor | None = None
    ) -> Tensor:
        """`known` (B,) says, where `neutral` is given, for which images it is to be used."""
        x = F.pixel_unshuffle(images - 0.5, 4)  # (B, 48, S/4, S/4)
        b, c, h, w = x.shape
        rest = self.no_neutral.expand(b, c, h, w)
        flag = x.new_zeros(b, 1, h, w)
        if neutral is not None:
            # The difference is what moved; the sum is in the picture already.
            moved = F.pixel_unshuffle(images - neutral, 4)
            use = torch.ones(b, device=x.device) if known is None else known.to(x.dtype)
            use = use.view(b, 1, 1, 1)
            rest = use * moved + (1 - use) * rest
            flag = flag + use
        y = self.body(self.stem(torch.cat([x, rest, flag], dim=1)))  # (B, w/2, S/16, S/16)
        y = F.gelu(self.hidden(self.drop(y.flatten(1))))
        return self.head(y).float().view(b, len(self.config.columns), len(LEVELS))
