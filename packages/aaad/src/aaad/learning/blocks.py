"""The residual block that several networks of this package are made of."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["Block"]


class Block(nn.Module):
    """x + conv(relu(norm(conv(relu(norm(x)))))), (B, C, h, w) to the same (He et al. 2016)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.BatchNorm2d(width), nn.BatchNorm2d(width)
        self.conv1 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        nn.init.zeros_(self.conv2.weight)  # every block starts as the identity

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv1(F.relu(self.norm1(x)))
        return x + self.conv2(F.relu(self.norm2(y)))


class Trunk(nn.Module):
    """(B, 3, S, S) in [0, 1] -> (B, 4 * width, S / 16, S / 16): cells of 4 x 4 pixels, then blocks
    on three grids."""

    def __init__(self, width: int) -> None:
        super().__init__()
        w = width
        self.stem = nn.Conv2d(48, w, 3, padding=1)
        self.body = nn.Sequential(
            Block(w),
            nn.Conv2d(w, 2 * w, 3, stride=2, padding=1),
            Block(2 * w),
            nn.Conv2d(2 * w, 4 * w, 3, stride=2, padding=1),
            Block(4 * w),
            nn.BatchNorm2d(4 * w),
            nn.ReLU(),
        )

    def forward(self, images: Tensor) -> Tensor:
        return self.body(self.stem(F.pixel_unshuffle(images - 0.5, 4)))
