"""What a detector sees against what was asked, as a loss for training a generator.

The detector used here must not be the one that scores the result later.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from aaad.asked import target
from aaad.detector.losses import training_loss
from aaad.detector.model import DetectorNet
from aaad.detector.predict import Detector
from facs_text import Coding

__all__ = ["AskedLoss"]


class AskedLoss(nn.Module):
    """(images, neutral, codings): drawn pictures and the same people at rest, both (B, 3, S, S) in
    [0, 1], and what was asked of each -> a scalar, with gradients to the images.

    The log score of what was asked and the metric's own distance, as the detector itself was
    trained. Pictures of another size are brought to the detector's by averaging. id: names the
    detector and its weights.
    """

    def __init__(self, net: DetectorNet, name: str) -> None:
        super().__init__()
        self.net = net.train(False).requires_grad_(False)
        self.id = name

    @staticmethod
    def from_pretrained(folder: str | Path | None = None, *, device: str = "auto") -> AskedLoss:
        """Load the detector in `folder`, or the one that comes with the package."""
        detector = Detector.from_pretrained(folder, device=device)
        return AskedLoss(detector.net, detector.id)

    def train(self, mode: bool = True) -> AskedLoss:
        """Stays as it is: the network's running means are part of the loss."""
        return self

    def forward(self, images: Tensor, neutral: Tensor, codings: Sequence[Coding]) -> Tensor:
        wanted = np.stack([target(c, self.net.config.columns) for c in codings])
        logits = self.net(self._fitted(images), self._fitted(neutral))
        return training_loss(logits, torch.from_numpy(wanted).to(logits))

    def _fitted(self, images: Tensor) -> Tensor:
        size = self.net.config.size
        if images.shape[-1] == size:
            return images
        return F.interpolate(images, (size, size), mode="area")
