"""Reconstruction losses of the tokenizer that need no second network.

Shapes: B batch, H x W pixels; images are (B, 3, H, W) with values about [0, 1].
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["gradient_loss", "psnr", "reconstruction_loss", "ssim"]


def reconstruction_loss(
    output: Tensor, target: Tensor, weights: Tensor | None = None, *, scales: int = 3
) -> Tensor:
    """Mean |output - target| plus the multi-scale gradient_loss, each pixel weighted; a scalar.

    weights: (B, H, W) or (1, H, W), positive; normalised to mean 1, so only their ratios count.
    """
    if weights is None:
        weights = output.new_ones(1, *output.shape[2:])
    weights = (weights / weights.mean(dim=(1, 2), keepdim=True).clamp_min(1e-8))[:, None]
    level = ((output - target).abs() * weights).mean()
    return level + gradient_loss(output, target, weights, scales=scales)


def gradient_loss(output: Tensor, target: Tensor, weights: Tensor, *, scales: int = 3) -> Tensor:
    """Mean difference of neighbouring-pixel differences, at full size, half size and so on; a
    scalar.

    weights: (B or 1, 1, H, W). Punishes blur and displaced edges, which plain L1 forgives.
    """
    error = output - target
    total = error.new_zeros(())
    for scale in range(scales):
        if scale:
            # the mean of 2 x 2 differences is the difference of the halved pictures
            error, weights = F.avg_pool2d(error, 2), F.avg_pool2d(weights, 2)
        if min(error.shape[2:]) < 2:
            break
        across = (error[..., :, 1:] - error[..., :, :-1]).abs() * weights[..., :, 1:]
        down = (error[..., 1:, :] - error[..., :-1, :]).abs() * weights[..., 1:, :]
        total = total + across.mean() + down.mean()
    return total


def psnr(output: Tensor, target: Tensor) -> Tensor:
    """Peak signal-to-noise ratio of each picture in dB, after clamping output to [0, 1]; (B,)."""
    error = (output.float().clamp(0, 1) - target.float()).square().mean(dim=(1, 2, 3))
    return -10 * torch.log10(error.clamp_min(1e-10))


def ssim(output: Tensor, target: Tensor) -> Tensor:
    """Structural similarity of each picture (Wang et al., 2004), after clamping output; (B,).

    Gaussian window of 11 pixels, sigma 1.5, on grey values (ITU-R BT.601), no padding. Pictures
    smaller than the window are compared through one window of their own size.
    """
    grey = output.new_tensor([0.299, 0.587, 0.114], dtype=torch.float64).view(1, 3, 1, 1)
    # float64: flat areas are a difference of two nearly equal numbers over a small constant
    x = (output.double().clamp(0, 1) * grey).sum(1, keepdim=True)
    y = (target.double() * grey).sum(1, keepdim=True)
    sides = [min(11, side) for side in x.shape[2:]]
    down, across = (_gaussian(side, x) for side in sides)
    window = (down[:, None] * across)[None, None]

    def mean(t: Tensor) -> Tensor:
        return F.conv2d(t, window)

    mx, my = mean(x), mean(y)
    vx, vy = mean(x * x) - mx * mx, mean(y * y) - my * my
    both = mean(x * y) - mx * my
    a, b = 0.01**2, 0.03**2
    value = (2 * mx * my + a) * (2 * both + b) / ((mx * mx + my * my + a) * (vx + vy + b))
    return value.mean(dim=(1, 2, 3)).float()


def _gaussian(side: int, like: Tensor) -> Tensor:
    at = torch.arange(side, device=like.device, dtype=like.dtype) - (side - 1) / 2
    weight = torch.exp(-0.5 * (at / 1.5).square())
    return weight / weight.sum()
