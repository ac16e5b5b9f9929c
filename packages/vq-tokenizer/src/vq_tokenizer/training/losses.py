"""Losses of the tokenizer that need no second network.

Shapes: B batch, H x W pixels; images are (B, 3, H, W) with values about [0, 1]. h x w tokens, D
width of a latent.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["colour_loss", "gradient_loss", "reconstruction_loss"]


# grey, red against green, yellow against blue: rows of coefficients of R, G, B
OPPONENT = ((1 / 3, 1 / 3, 1 / 3), (1.0, -1.0, 0.0), (0.5, 0.5, -1.0))


def reconstruction_loss(
    output: Tensor,
    target: Tensor,
    weights: Tensor | None = None,
    *,
    scales: int = 3,
    colour: float = 0.0,
    even: bool = True,
) -> Tensor:
    """Mean |output - target| plus the multi-scale gradient_loss, each pixel weighted; a scalar.

    weights: (B, H, W) or (1, H, W), positive. even: bring each picture's weights to mean 1, so that
    only their ratios count and pictures weigh alike. colour: weight of colour_loss.
    """
    if weights is None:
        weights = output.new_ones(1, *output.shape[2:])
    if even:
        weights = weights / weights.mean(dim=(1, 2), keepdim=True).clamp_min(1e-8)
    weights = weights[:, None]
    level = ((output - target).abs() * weights).mean()
    loss = level + gradient_loss(output, target, weights, scales=scales)
    return loss + colour * colour_loss(output, target, weights) if colour else loss


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


def colour_loss(output: Tensor, target: Tensor, weights: Tensor, *, scales: int = 3) -> Tensor:
    """Mean difference of the means of 2, 4 and 8 pixels squared, in OPPONENT channels; a scalar.

    weights: (B or 1, 1, H, W). Edges outweigh hue in the other two terms, so few codes go to hue.
    """
    rows = torch.tensor(OPPONENT, dtype=output.dtype, device=output.device)
    error = torch.einsum("ij,bjhw->bihw", rows, output - target)
    total = error.new_zeros(())
    for _ in range(scales):
        if min(error.shape[2:]) < 2:
            break
        error, weights = F.avg_pool2d(error, 2), F.avg_pool2d(weights, 2)
        total = total + (error.abs() * weights).mean()
    return total
