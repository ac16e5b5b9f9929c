"""What a detector sees, as a loss: pictures that look the same to it are alike where units show.

For training a tokenizer or a generator without a pretrained perceptual network. The detector used
here must not be the one that scores the result later.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from aaad.detector.model import DetectorNet
from aaad.detector.predict import Detector

__all__ = ["FeatureLoss"]


class FeatureLoss(nn.Module):
    """(output, target), both (B, 3, S, S) in [0, 1] -> a scalar.

    The mean absolute difference of the features before each halving of the grid and at the end,
    each scaled by the mean size of the target's, so that the layers weigh the same. id: names the
    detector and its weights; a trainer writes it down, so that the detector cannot score later.
    """

    def __init__(self, net: DetectorNet, name: str) -> None:
        super().__init__()
        self.net = net.train(False).requires_grad_(False)
        self.id = name

    @staticmethod
    def from_pretrained(folder: str | Path | None = None, *, device: str = "auto") -> FeatureLoss:
        """Load the detector in `folder`, or the one that comes with the package."""
        detector = Detector.from_pretrained(folder, device=device)
        return FeatureLoss(detector.net, detector.id)

    def train(self, mode: bool = True) -> FeatureLoss:
        """Stays as it is: the network's running means are part of the loss."""
        return self

    def forward(self, output: Tensor, target: Tensor) -> Tensor:
        with torch.no_grad():
            wanted = self.net.features(target)
        total = output.new_zeros(())
        for seen, truth in zip(self.net.features(output), wanted, strict=True):
            total = total + (seen - truth).abs().mean() / (truth.abs().mean() + 1e-6)
        return total / len(wanted)
