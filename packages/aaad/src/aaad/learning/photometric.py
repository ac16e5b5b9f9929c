"""What cameras, lights and files do to a picture, so that networks look at faces and not at
renderings.

Every function takes pictures in [0, 1], (B, 3, S, S), and a `torch.Generator` on their device, and
returns new ones. `amount` in [0, 1] scales how far each may go.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

__all__ = ["blur", "colour", "jpeg", "noise", "shrink", "spoil", "uniform"]

# The luminance table of the JPEG standard (ITU-T T.81, annex K); colours use it too, doubled.
_QUANTA = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)


def uniform(generator: Generator, *shape: int, low: float, high: float) -> Tensor:
    """Numbers between `low` and `high`, on the generator's device."""
    return torch.rand(*shape, generator=generator, device=generator.device) * (high - low) + low


def colour(pictures: Sequence[Tensor], generator: Generator, amount: float = 1.0) -> list[Tensor]:
    """Exposure, white balance, contrast, gamma, saturation, hue and a slanting light, alike for all
    `pictures` (each (B, 3, S, S), of the same people); exposure and balance a little on their own.
    """
    b, size = len(pictures[0]), pictures[0].shape[-1]
    device, one = generator.device, (b, 1, 1, 1)
    gain = 1 + amount * uniform(generator, *one, low=-0.4, high=0.4)
    gain = gain * (1 + amount * uniform(generator, b, 3, 1, 1, low=-0.2, high=0.2))
    lift = amount * uniform(generator, *one, low=-0.12, high=0.12)
    contrast = 1 + amount * uniform(generator, *one, low=-0.4, high=0.4)
    gamma = torch.exp(amount * uniform(generator, *one, low=-0.45, high=0.45))
    grey = amount * uniform(generator, *one, low=-0.5, high=1.0).clamp(min=0.0)
    mix = amount * uniform(generator, b, 3, 3, low=-0.08, high=0.08)
    mix = mix - torch.diag_embed(mix.sum(-1)) + torch.eye(3, device=device)  # grey stays grey
    ramp = torch.linspace(-1, 1, size, device=device)
    slope = amount * uniform(generator, 2, *one, low=-0.3, high=0.3)
    light = 1 + slope[0] * ramp.view(1, 1, 1, -1) + slope[1] * ramp.view(1, 1, -1, 1)
    # Contrast about the middle, hue and saturation are one matrix and one offset.
    to_grey = torch.eye(3, device=device) + grey.view(b, 1, 1) * (
        1 / 3 - torch.eye(3, device=device)
    )
    turn = contrast.view(b, 1, 1) * (to_grey @ mix)  # (B, 3, 3)
    middle = 0.5 * (1 - contrast.view(b, 1, 1)).expand(b, 3, 1)  # grey, which the matrices keep
    out = []
    for picture in pictures:
        own = 1 + amount * uniform(generator, b, 3, 1, 1, low=-0.03, high=0.03)
        x = (picture * (gain * own * light)).add_(lift).clamp_(0, 1).pow_(gamma)
        out.append(torch.baddbmm(middle, turn, x.flatten(2)).view_as(x))
    return out


def shrink(images: Tensor, generator: Generator, amount: float = 1.0) -> Tensor:
    """Half of the pictures as they are after being made up to 2.5 times smaller and large again:
    what a picture of 128 pixels is to a network that takes 256. One factor a batch."""
    size = images.shape[-1]
    factor = float(uniform(generator, 1, low=1.0, high=1.0 + 1.5 * amount))
    small = max(8, round(size / factor))
    used = torch.rand(len(images), generator=generator, device=images.device) < 0.5

    def change(some: Tensor) -> Tensor:
        x = F.interpolate(some, size=(small, small), mode="bilinear", antialias=True)
        return F.interpolate(x, size=(size, size), mode="bicubic", align_corners=False)

    return _put(images, used, change)


def spoil(pictures: Sequence[Tensor], generator: Generator, amount: float = 1.0) -> list[Tensor]:
    """All of the below in the order in which a camera does them: colour alike for all `pictures`,
    the rest each on its own. In [0, 1]; at 0 they stay as they are."""
    if amount <= 0:
        return list(pictures)
    out = []
    for picture in colour(pictures, generator, amount):
        x = blur(picture, generator, amount)
        x = shrink(x, generator, amount)
        x = noise(x, generator, amount)
        out.append(jpeg(x, generator, amount).clamp(0, 1))
    return out


def blur(images: Tensor, generator: Generator, amount: float = 1.0) -> Tensor:
    """Blur half of the pictures, by a Gaussian of up to 1.6% of the width."""
    size = images.shape[-1]
    sigma = uniform(generator, len(images), low=-1.0, high=1.0) * amount * size * 0.016
    used = sigma > 0
    return _put(images, used, lambda some: _blurred(some, sigma[used]))


def _blurred(images: Tensor, sigma: Tensor) -> Tensor:
    """Pictures (B, 3, S, S), each through a Gaussian of its sigma (B,) in pixels."""
    b, size = len(images), images.shape[-1]
    reach = max(1, math.ceil(size * 0.04))
    steps = torch.arange(-reach, reach + 1, device=images.device).float()
    kernel = torch.exp(-(steps**2) / (2 * sigma.clamp(min=0.05).view(-1, 1) ** 2))
    kernel = (kernel / kernel.sum(1, keepdim=True)).repeat_interleave(3, 0)  # (3B, K)
    x = images.reshape(1, 3 * b, size, size)
    x = F.pad(x, (reach, reach, reach, reach), mode="replicate")
    x = F.conv2d(x, kernel.view(3 * b, 1, 1, -1), groups=3 * b)
    x = F.conv2d(x, kernel.view(3 * b, 1, -1, 1), groups=3 * b)
    return x.view(b, 3, size, size)


def _put(images: Tensor, used: Tensor, change: Callable[[Tensor], Tensor]) -> Tensor:
    """The pictures, with those that are used (B,) changed."""
    if not bool(used.any()):
        return images
    out = images.clone()
    out[used] = change(images[used])
    return out


def noise(images: Tensor, generator: Generator, amount: float = 1.0) -> Tensor:
    """Gaussian noise, up to 6% of the range, most of it far less."""
    scale = uniform(generator, len(images), 1, 1, 1, low=0.0, high=1.0) ** 2 * 0.06 * amount
    return images + scale * torch.randn(images.shape, generator=generator, device=generator.device)


@lru_cache(maxsize=8)
def _cosines(device: str) -> Tensor:
    """(8, 8) orthonormal discrete cosine transform."""
    k = torch.arange(8).float()
    rows = torch.cos((2 * k.view(1, -1) + 1) * k.view(-1, 1) * math.pi / 16) / 2
    rows[0] /= math.sqrt(2)
    return rows.to(device)


def jpeg(images: Tensor, generator: Generator, amount: float = 1.0) -> Tensor:
    """What JPEG takes from half of the pictures, at a quality of 30 to 100: blocks of 8 x 8
    pixels, in brightness and two colours, rounded to steps of the standard's table."""
    size = images.shape[-1]
    quality = 100 - amount * uniform(generator, len(images), low=0.0, high=70.0)
    used = torch.rand(len(images), generator=generator, device=images.device) < 0.5 * amount
    return _put(images, used, lambda some: _compressed(some, quality[used], size))


def _compressed(images: Tensor, quality: Tensor, size: int) -> Tensor:
    """What comes back of pictures (B, 3, S, S) at a quality (B,) of up to 100."""
    b = len(images)
    step = torch.where(quality < 50, 50 / quality, 2 - quality / 50).clamp(min=0.01)
    table = torch.tensor(_QUANTA, device=images.device).float() / 255.0
    table = torch.stack([table, 2 * table, 2 * table])  # (3, 8, 8)
    # BT.601, brightness about zero.
    to = torch.tensor(
        [[0.299, 0.587, 0.114], [-0.1687, -0.3313, 0.5], [0.5, -0.4187, -0.0813]],
        device=images.device,
    )
    pad = -size % 8
    x = images.clamp(0, 1) - 0.5
    x = F.pad(x, (0, pad, 0, pad), mode="replicate") if pad else x
    side = size + pad
    x = (to @ x.reshape(b, 3, -1)).view(b, 3, side, side)
    n = side // 8
    blocks = x.view(b, 3, n, 8, n, 8).permute(0, 1, 2, 4, 3, 5)  # (B, 3, n, n, 8, 8)
    dct = _cosines(str(images.device))
    steps = table.view(1, 3, 1, 1, 8, 8) * step.view(-1, 1, 1, 1, 1, 1)
    blocks = dct @ blocks @ dct.T
    blocks = dct.T @ (torch.round(blocks / steps) * steps) @ dct
    x = blocks.permute(0, 1, 2, 4, 3, 5).reshape(b, 3, -1)
    x = (torch.linalg.inv(to) @ x).view(b, 3, side, side)
    return x[..., :size, :size] + 0.5
