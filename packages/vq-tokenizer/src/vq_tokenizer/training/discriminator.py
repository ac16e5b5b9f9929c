"""Patch discriminator with hinge loss and LeCam regularisation, for the end of a training run.

    critic   mean max(0, 1 - D(x)) + mean max(0, 1 + D(y)) + l * LeCam
    model    - mean D(y)
    LeCam    mean max(0, D(x) - avg D(y))^2 + mean max(0, avg D(x) - D(y))^2  (Tseng et al., 2021)

x are pictures, y the model's outputs; each mean is weighted where pixels have weights.
Shapes: B batch, 3 x H x W pictures in about [0, 1], h x w patches.
"""

from __future__ import annotations

import itertools

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vq_tokenizer._distributed import all_reduce, world_size

__all__ = ["PatchDiscriminator"]


class PatchDiscriminator(nn.Module):
    """A few strided convolutions that judge overlapping patches of 46 pixels, one score each.

    width: channels of the first layer. lecam: weight of the regulariser. decay: of the moving
    averages of the scores it uses.
    """

    mean_real: Tensor
    mean_fake: Tensor

    def __init__(
        self, *, width: int = 32, lecam: float = 0.05, decay: float = 0.99, seed: int = 0
    ) -> None:
        super().__init__()
        self.lecam, self.decay = lecam, decay
        widths = (3, width, 2 * width, 4 * width)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed + 1)
            layers: list[nn.Module] = []
            for before, after in itertools.pairwise(widths):
                layers += [nn.Conv2d(before, after, 4, stride=2, padding=1), nn.LeakyReLU(0.2)]
            layers.append(nn.Conv2d(widths[-1], 1, 4, padding=1))
            self.layers = nn.Sequential(*layers)
        self.register_buffer("mean_real", torch.zeros(()))
        self.register_buffer("mean_fake", torch.zeros(()))

    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) -> scores (B, 1, h, w), positive for what looks real."""
        scores: Tensor = self.layers(images * 2 - 1)
        return scores

    def generator_loss(self, restored: Tensor, weights: Tensor | None = None) -> Tensor:
        """What the model minimises; leaves no gradient in the critic. weights: (B, H, W)."""
        self.requires_grad_(False)
        try:
            return -_mean(self(restored).float(), weights)
        finally:
            self.requires_grad_(True)

    def loss(self, images: Tensor, restored: Tensor, weights: Tensor | None = None) -> Tensor:
        """What the critic minimises; moves the averages of its scores. weights: (B, H, W)."""
        real, fake = self(images).float(), self(restored).float()
        hinge = _mean(F.relu(1 - real), weights) + _mean(F.relu(1 + fake), weights)
        # LeCam: real scores stay near the average fake score and the other way round
        pull = _mean(F.relu(real - self.mean_fake).square(), weights)
        push = _mean(F.relu(self.mean_real - fake).square(), weights)
        with torch.no_grad():
            both = torch.stack([_mean(real, weights), _mean(fake, weights)])
            means = all_reduce(both) / world_size()
            self.mean_real = self.mean_real.lerp(means[0], 1 - self.decay)
            self.mean_fake = self.mean_fake.lerp(means[1], 1 - self.decay)
        total: Tensor = hinge + self.lecam * (pull + push)
        return total


def _mean(scores: Tensor, weights: Tensor | None) -> Tensor:
    """Mean of scores (B, 1, h, w), a patch by the mean of the weights (B, H, W) around it."""
    if weights is None:
        return scores.mean()
    height, width = scores.shape[2:]
    coarse = F.adaptive_avg_pool2d(weights[:, None].float(), (height, width))
    return (scores * coarse).sum() / coarse.sum().clamp_min(1e-8)
