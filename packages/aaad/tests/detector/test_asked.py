"""What a detector sees against what was asked, as a loss."""

from __future__ import annotations

import torch

from aaad import COLUMNS
from aaad.detector import AskedLoss, DetectorConfig, build
from facs_text import parse


def loss() -> AskedLoss:
    torch.manual_seed(0)
    return AskedLoss(build(DetectorConfig(size=32, width=8, hidden=16)), "mine:0")


def test_gradients_reach_the_pictures_and_not_the_detector() -> None:
    lost = loss()
    images = torch.rand(2, 3, 64, 64, requires_grad=True)  # of another size than the detector's
    lost(images, torch.rand(2, 3, 64, 64), [parse("12C"), parse("0")]).backward()
    assert images.grad is not None
    assert images.grad.abs().sum() > 0
    assert all(p.grad is None for p in lost.net.parameters())


def test_it_is_least_where_what_is_seen_was_asked() -> None:
    lost = loss()
    asked = [parse("12E"), parse("4E")]

    class Sees(torch.nn.Module):
        """Sees the same whatever is shown: unit 12 at its strongest."""

        config = lost.net.config

        def forward(self, images: torch.Tensor, neutral: torch.Tensor) -> torch.Tensor:
            logits = torch.zeros(len(images), len(COLUMNS), 6)
            logits[..., 0] = 5.0
            for i, name in enumerate(COLUMNS):
                if name.startswith("AU12"):
                    logits[:, i] = torch.tensor([0.0, 0, 0, 0, 0, 5])
            return logits

    lost.net = Sees()
    x = torch.zeros(1, 3, 32, 32)
    assert lost(x, x, asked[:1]) < lost(x, x, asked[1:])


def test_training_mode_leaves_the_detector_as_it_is() -> None:
    assert not loss().train().net.training
