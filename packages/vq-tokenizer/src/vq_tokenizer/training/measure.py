"""How like the original a picture is, and how a codebook is used: PSNR, SSIM, token statistics.

SSIM (Wang et al., 2004, "Image quality assessment: from error visibility to structural
similarity"), for windows x and y of the two pictures under a Gaussian of 11 pixels, sigma 1.5:

    (2 mx my + C1) (2 cov + C2) / ((mx^2 + my^2 + C1) (vx + vy + C2)),  C1 = 0.01^2,  C2 = 0.03^2

Shapes: B batch, H x W pixels, K codes; pictures are (B, 3, H, W) with values in [0, 1].
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from vq_tokenizer.errors import VQTokenizerError

__all__ = ["TokenUse", "psnr", "psnr_where", "ssim", "ssim_map", "token_use"]

WINDOW, SIGMA = 11, 1.5
C1, C2 = 0.01**2, 0.03**2
GREY = (0.299, 0.587, 0.114)  # ITU-R BT.601


def psnr(output: Tensor, target: Tensor) -> Tensor:
    """Peak signal-to-noise ratio of each picture in dB, after clamping output to [0, 1]; (B,).

    Over all pixels and channels, range 1; equal pictures have 100 dB. Raises VQTokenizerError when
    the shapes differ.
    """
    _check("psnr", output, target)
    error = (output.float().clamp(0, 1) - target.float()).square().mean(dim=(1, 2, 3))
    return -10 * torch.log10(error.clamp_min(1e-10))


def psnr_where(output: Tensor, target: Tensor, where: Tensor) -> Tensor:
    """Measure it over the pixels of where (B, H, W) bool; NaN for a picture that has none; (B,)."""
    _check("psnr_where", output, target)
    error = (output.float().clamp(0, 1) - target.float()).square().mean(1)  # (B, H, W)
    error = (error * where).sum(dim=(1, 2)) / where.sum(dim=(1, 2))
    return -10 * torch.log10(error.clamp_min(1e-10))


def ssim(output: Tensor, target: Tensor) -> Tensor:
    """Structural similarity of each picture: the mean of its `ssim_map`; (B,), at most 1."""
    return ssim_map(output, target).mean(dim=(1, 2)).float()


def ssim_map(output: Tensor, target: Tensor) -> Tensor:
    """Structural similarity around each pixel, after clamping output to [0, 1]:
    (B, H - 10, W - 10) float64, for the pixels but 5 at each border.

    On grey values (ITU-R BT.601), data range 1, windows wholly inside the picture, in float64: flat
    areas are a difference of two nearly equal numbers over a small constant. A picture smaller than
    the window is compared through one window of its own size. Raises VQTokenizerError when the
    shapes differ.
    """
    _check("ssim", output, target)
    grey = torch.tensor(GREY, dtype=torch.float64, device=output.device).view(1, 3, 1, 1)
    x = (output.double().clamp(0, 1) * grey).sum(1, keepdim=True)
    y = (target.double() * grey).sum(1, keepdim=True)
    down, across = (_gaussian(min(WINDOW, side), x) for side in x.shape[2:])

    def mean(t: Tensor) -> Tensor:
        """The Gaussian mean around each pixel: (B, 1, H, W) -> (B, 1, H - 10, W - 10)."""
        return F.conv2d(F.conv2d(t, down.view(1, 1, -1, 1)), across.view(1, 1, 1, -1))

    mx, my = mean(x), mean(y)
    vx, vy = mean(x * x) - mx * mx, mean(y * y) - my * my
    both = mean(x * y) - mx * my
    value = (2 * mx * my + C1) * (2 * both + C2) / ((mx * mx + my * my + C1) * (vx + vy + C2))
    return value[:, 0]


def _gaussian(side: int, like: Tensor) -> Tensor:
    at = torch.arange(side, device=like.device, dtype=like.dtype) - (side - 1) / 2
    weight = torch.exp(-0.5 * (at / SIGMA).square())
    return weight / weight.sum()


def _check(name: str, output: Tensor, target: Tensor) -> None:
    if output.shape != target.shape or output.ndim != 4 or output.shape[1] != 3:
        raise VQTokenizerError(
            f"{name}: output and target must be (B, 3, H, W) alike, got {tuple(output.shape)} and "
            f"{tuple(target.shape)}"
        )


class TokenUse(NamedTuple):
    """How a set of tokens uses a codebook.

    usage: share of codes that occur, 0 to 1; perplexity: exp of the entropy of their shares, 1 to
    K; dead: codes that do not occur.
    """

    usage: float
    perplexity: float
    dead: int


def token_use(tokens: Tensor, num_codes: int) -> TokenUse:
    """Usage, perplexity and dead codes of tokens (any shape, integers in [0, num_codes)).

    Raises VQTokenizerError where there are no tokens or one is out of range.
    """
    flat = tokens.flatten().cpu().long()
    if not len(flat) or int(flat.min()) < 0 or int(flat.max()) >= num_codes:
        raise VQTokenizerError(
            f"token_use: tokens must be at least one, in [0, {num_codes}), got "
            + (f"{int(flat.min())} to {int(flat.max())}" if len(flat) else "none")
        )
    counts = torch.bincount(flat, minlength=num_codes).double()
    share = counts[counts > 0] / counts.sum()
    dead = int((counts == 0).sum())
    return TokenUse(1 - dead / num_codes, float((-(share * share.log()).sum()).exp()), dead)
