"""What training does to a batch, so that the detector looks at faces and not at renderings.

Every function takes pictures in [0, 1], (B, 3, S, S), and a `torch.Generator` on their device, and
returns new ones; a flip is the one that changes what is asked for, too. `amount` in [0, 1] scales
how far each may go.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

__all__ = ["augment", "blur", "colour", "flip", "jpeg", "move", "noise"]

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


def _uniform(generator: Generator, *shape: int, low: float, high: float) -> Tensor:
    return torch.rand(*shape, generator=generator, device=generator.device) * (high - low) + low


def flip(
    images: Tensor, rest: Tensor, targets: Tensor, mirror: Sequence[int], generator: Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Mirror half of the batch, the person at rest with it, and swap left and right columns."""
    chosen = torch.rand(len(images), generator=generator, device=generator.device) < 0.5
    pick = chosen.view(-1, 1, 1, 1)
    turned = targets[:, torch.tensor(mirror, device=targets.device)]  # (B, A, 6)
    return (
        torch.where(pick, images.flip(-1), images),
        torch.where(pick, rest.flip(-1), rest),
        torch.where(chosen.view(-1, 1, 1), turned, targets),
    )


def move(
    images: Tensor, rest: Tensor, generator: Generator, amount: float = 1.0
) -> tuple[Tensor, Tensor]:
    """Crop: shift (6%), scale (12%), stretch (4%) and turn (5 degrees) a picture and its person at
    rest alike, and each a little on its own, because no two alignments agree."""
    b = len(images)
    alike = _placed(generator, b, amount)
    own = [alike + 0.1 * (_placed(generator, b, amount) - alike) for _ in range(2)]
    moved = []
    for picture, theta in zip((images, rest), own, strict=True):
        grid = F.affine_grid(theta, list(picture.shape), align_corners=False)
        moved.append(F.grid_sample(picture, grid, padding_mode="border", align_corners=False))
    return moved[0], moved[1]


def _placed(generator: Generator, b: int, amount: float) -> Tensor:
    """(B, 2, 3) affine maps."""
    angle = _uniform(generator, b, low=-0.087, high=0.087) * amount
    scale = 1 + _uniform(generator, b, low=-0.12, high=0.12) * amount
    stretch = 1 + _uniform(generator, b, low=-0.04, high=0.04) * amount
    theta = torch.zeros(b, 2, 3, device=generator.device)
    theta[:, 0, 0], theta[:, 1, 1] = scale * angle.cos() * stretch, scale * angle.cos() / stretch
    theta[:, 0, 1], theta[:, 1, 0] = -scale * angle.sin(), scale * angle.sin()
    theta[:, :, 2] = _uniform(generator, b, 2, low=-0.12, high=0.12) * amount  # in half widths
    return theta


def colour(
    images: Tensor, rest: Tensor, generator: Generator, amount: float = 1.0
) -> tuple[Tensor, Tensor]:
    """Exposure, white balance, contrast, gamma, saturation and a slanting light, alike for both
    pictures; exposure and balance a little on their own."""
    b, size = len(images), images.shape[-1]
    one = (b, 1, 1, 1)
    gain = 1 + amount * _uniform(generator, *one, low=-0.3, high=0.3)
    gain = gain * (1 + amount * _uniform(generator, b, 3, 1, 1, low=-0.12, high=0.12))
    lift = amount * _uniform(generator, *one, low=-0.1, high=0.1)
    contrast = 1 + amount * _uniform(generator, *one, low=-0.3, high=0.3)
    gamma = torch.exp(amount * _uniform(generator, *one, low=-0.35, high=0.35))
    grey = amount * _uniform(generator, *one, low=-0.3, high=1.0).clamp(min=0.0)
    ramp = torch.linspace(-1, 1, size, device=images.device)
    slope = amount * _uniform(generator, 2, *one, low=-0.2, high=0.2)
    light = 1 + slope[0] * ramp.view(1, 1, 1, -1) + slope[1] * ramp.view(1, 1, -1, 1)
    out = []
    for picture in (images, rest):
        own = 1 + amount * _uniform(generator, b, 3, 1, 1, low=-0.03, high=0.03)
        x = (picture * gain * own * light + lift).clamp(0, 1) ** gamma
        x = 0.5 + (x - 0.5) * contrast
        out.append(x + grey * (x.mean(1, keepdim=True) - x))
    return out[0], out[1]


def blur(images: Tensor, generator: Generator, amount: float = 1.0) -> Tensor:
    """Blur half of the pictures, by a Gaussian of up to 1.6% of the width."""
    b, size = len(images), images.shape[-1]
    sigma = _uniform(generator, b, low=-1.0, high=1.0).clamp(min=0.0) * amount * size * 0.016
    reach = max(1, math.ceil(size * 0.04))
    steps = torch.arange(-reach, reach + 1, device=images.device).float()
    kernel = torch.exp(-(steps**2) / (2 * sigma.clamp(min=0.05).view(-1, 1) ** 2))
    kernel = (kernel / kernel.sum(1, keepdim=True)).repeat_interleave(3, 0)  # (3B, K)
    x = images.reshape(1, 3 * b, size, size)
    x = F.pad(x, (reach, reach, reach, reach), mode="replicate")
    x = F.conv2d(x, kernel.view(3 * b, 1, 1, -1), groups=3 * b)
    x = F.conv2d(x, kernel.view(3 * b, 1, -1, 1), groups=3 * b)
    return x.view(b, 3, size, size)


def noise(images: Tensor, generator: Generator, amount: float = 1.0) -> Tensor:
    """Gaussian noise, up to 6% of the range, most of it far less."""
    scale = _uniform(generator, len(images), 1, 1, 1, low=0.0, high=1.0) ** 2 * 0.06 * amount
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
    b, _, size, _ = images.shape
    quality = 100 - amount * _uniform(generator, b, low=0.0, high=70.0)
    step = torch.where(quality < 50, 50 / quality, 2 - quality / 50).clamp(min=0.01)
    table = torch.tensor(_QUANTA, device=images.device).float() / 255.0
    table = torch.stack([table, 2 * table, 2 * table])  # (3, 8, 8)
    # BT.601, brightness about zero.
    to = torch.tensor(
        [[0.299, 0.587, 0.114], [-0.1687, -0.3313, 0.5], [0.5, -0.4187, -0.0813]],
        device=images.device,
    )
    pad = -size % 8
    x = F.pad(images.clamp(0, 1), (0, pad, 0, pad), mode="replicate") if pad else images.clamp(0, 1)
    x = torch.einsum("cd,bdhw->bchw", to, x - 0.5)
    n = x.shape[-1] // 8
    blocks = x.view(b, 3, n, 8, n, 8).permute(0, 1, 2, 4, 3, 5)  # (B, 3, n, n, 8, 8)
    dct = _cosines(str(images.device))
    steps = table.view(1, 3, 1, 1, 8, 8) * step.view(-1, 1, 1, 1, 1, 1)
    blocks = dct @ blocks @ dct.T
    blocks = dct.T @ (torch.round(blocks / steps) * steps) @ dct
    x = blocks.permute(0, 1, 2, 4, 3, 5).reshape(b, 3, n * 8, n * 8)[..., :size, :size]
    x = torch.einsum("cd,bdhw->bchw", torch.linalg.inv(to), x) + 0.5
    used = torch.rand(b, 1, 1, 1, generator=generator, device=generator.device) < 0.5 * amount
    return torch.where(used, x, images)


def augment(
    images: Tensor,
    rest: Tensor,
    targets: Tensor,
    mirror: Sequence[int],
    generator: Generator,
    amount: float = 1.0,
) -> tuple[Tensor, Tensor, Tensor]:
    """All of the above in the order in which a camera does them; at 0 only the flip."""
    images, rest, targets = flip(images, rest, targets, mirror, generator)
    if amount > 0:
        images, rest = move(images, rest, generator, amount)
        images, rest = colour(images, rest, generator, amount)
        images, rest = blur(images, generator, amount), blur(rest, generator, amount)
        images, rest = noise(images, generator, amount), noise(rest, generator, amount)
        images, rest = jpeg(images, generator, amount), jpeg(rest, generator, amount)
    return images.clamp(0, 1), rest.clamp(0, 1), targets
