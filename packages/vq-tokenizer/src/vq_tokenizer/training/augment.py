"""Pictures and their references changed together, so that what is learned is what differs.

Colour, contrast, exposure, shading, blur, grain and the blocks of JPEG change in both pictures of a
pair by the same amounts: afterwards they still differ by what moved and by nothing else. None of it
knows what is in the pictures. Every draw comes from a generator on the processor, so a step repeats
to the bit.

Shapes: B pairs, P pictures of each that change alike, S side in pixels.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["move_slightly", "recolour"]

# The amounts, as deviations of normal draws or ends of ranges; from mild to clearly visible.
GAIN, HUE, GAMMA, CONTRAST = 0.12, 0.06, 0.18, 0.15
SHADING, TEXTURE, GRAIN = 0.18, 0.03, 0.02
BLOCK_SHARE, BLUR_SHARE, GRAIN_SHARE = 0.25, 0.4, 0.5


def recolour(pictures: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """pictures (B, P, 3, S, S) in [0, 1] -> same, for a share of the pairs in other colours and
    quality, both pictures of a pair alike.
    """
    count, _, _, side, _ = pictures.shape
    chosen = _uniform(count, generator) < share
    if not bool(chosen.any()):
        return pictures
    x = pictures[chosen.to(pictures.device)]
    x = _shade(_colour(x, generator), generator)
    x = _blur(x, generator)
    if side % 8 == 0:
        x = _blocks(x, generator)
    x = _grain(x, generator).clamp(0, 1)
    out = pictures.clone()
    out[chosen.to(pictures.device)] = x
    return out


def move_slightly(
    pictures: Tensor, share: float, generator: torch.Generator, *, pixels: float = 1.0
) -> Tensor:
    """pictures (B, P, 3, S, S) -> same, for a share of the pairs shifted, turned and scaled.

    pixels: deviation of the shift, in pixels of a picture of 256; turn and scale move the corners
    by as much. Beyond the border stands its last pixel.
    """
    count, alike, _, side, _ = pictures.shape
    chosen = _uniform(count, generator) < share
    draw = torch.randn(count, 4, generator=generator) * (2 * pixels / 256)
    if not bool(chosen.any()):
        return pictures
    shift, turn, grow = draw[:, :2], draw[:, 2] / math.sqrt(2), 1 + draw[:, 3] / math.sqrt(2)
    rows = torch.stack([grow * turn.cos(), -grow * turn.sin(), shift[:, 0]], 1)
    columns = torch.stack([grow * turn.sin(), grow * turn.cos(), shift[:, 1]], 1)
    theta = torch.stack([rows, columns], 1)[chosen]  # (b, 2, 3)
    at = chosen.to(pictures.device)
    x = pictures[at]
    grid = F.affine_grid(theta, [len(x), 3, side, side], align_corners=False).to(x.device)
    flat = x.reshape(len(x), alike * 3, side, side)
    moved = F.grid_sample(flat, grid, padding_mode="border", align_corners=False)
    out = pictures.clone()
    out[at] = moved.reshape(x.shape)
    return out


def _uniform(count: int, generator: torch.Generator) -> Tensor:
    return torch.rand(count, generator=generator)


def _amounts(like: Tensor, generator: torch.Generator, *shape: int) -> Tensor:
    """Normal draws (B, *shape), each picture of a pair alike."""
    return torch.randn(len(like), *shape, generator=generator).to(like.device, like.dtype)


def _colour(x: Tensor, generator: torch.Generator) -> Tensor:
    """Exposure by a gamma, gains of the channels and a mixing of them, contrast about the mean."""
    gamma = (GAMMA * _amounts(x, generator, 1, 1, 1, 1)).exp()
    x = x.clamp(1e-3, 1).pow(gamma)
    mix = torch.eye(3, device=x.device) + HUE * _amounts(x, generator, 3, 3)
    mix = mix / mix.sum(2, keepdim=True)  # grey stays grey
    mix = mix * (GAIN * (_amounts(x, generator, 1, 1) + 0.5 * _amounts(x, generator, 3, 1))).exp()
    x = torch.einsum("bij,bpjhw->bpihw", mix, x)
    middle = x.mean(dim=(1, 2, 3, 4), keepdim=True)
    return middle + (x - middle) * (CONTRAST * _amounts(x, generator, 1, 1, 1, 1)).exp()


def _shade(x: Tensor, generator: torch.Generator) -> Tensor:
    """Brightness by a smooth random field, and a fainter, finer one in each channel."""
    side = x.shape[-1]
    field = SHADING * _amounts(x, generator, 1, 4, 4)
    smooth = F.interpolate(field, size=side, mode="bicubic", align_corners=False)
    fine = TEXTURE * _amounts(x, generator, 3, side // 8, side // 8)
    texture = F.interpolate(fine, size=side, mode="bilinear", align_corners=False)
    return x * (smooth + texture).exp()[:, None]


def _blur(x: Tensor, generator: torch.Generator) -> Tensor:
    """Part of the way to the means of 5 x 5 pixels (binomial), for some."""
    amount = _uniform(len(x), generator) * (_uniform(len(x), generator) < BLUR_SHARE)
    some = (amount > 0).to(x.device)
    if not bool(some.any()):
        return x
    weight = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0], device=x.device) / 16
    flat = x[some].flatten(0, 2)[:, None]  # (b * P * 3, 1, S, S)
    flat = F.conv2d(F.pad(flat, (2, 2, 2, 2), mode="replicate"), weight.view(1, 1, 5, 1))
    flat = F.conv2d(flat, weight.view(1, 1, 1, 5))
    soft = flat.view(x[some].shape)
    out = x.clone()
    out[some] = torch.lerp(x[some], soft, amount.to(x.device)[some].view(-1, 1, 1, 1, 1))
    return out


def _grain(x: Tensor, generator: torch.Generator) -> Tensor:
    """The same noise on both pictures of a pair, for some."""
    amount = GRAIN * _uniform(len(x), generator) * (_uniform(len(x), generator) < GRAIN_SHARE)
    if not bool((amount > 0).any()):
        return x
    noise = _amounts(x, generator, 1, 1, x.shape[-2], x.shape[-1])
    return x + noise * amount.to(x.device).view(-1, 1, 1, 1, 1)


def _blocks(x: Tensor, generator: torch.Generator) -> Tensor:
    """What JPEG leaves, for some: the cosine coefficients of 8 x 8 pixels rounded, the finer the
    coarser.
    """
    step = (0.01 + 0.05 * _uniform(len(x), generator)) * (_uniform(len(x), generator) < BLOCK_SHARE)
    some = (step > 0).to(x.device)
    if not bool(some.any()):
        return x
    part = x[some]
    at = torch.arange(8, device=x.device)
    basis = torch.cos((2 * at + 1) * at[:, None] * (math.pi / 16)) / 2  # (frequency, place)
    basis[0] /= math.sqrt(2)
    size = step.to(x.device)[some].view(-1, 1, 1, 1, 1, 1, 1) * (
        1 + 0.5 * (at + at[:, None]).view(1, 1, 1, 1, 8, 1, 8)
    )
    cut = part.unflatten(4, (-1, 8)).unflatten(3, (-1, 8))  # (b, P, 3, h, 8, w, 8)
    seen = torch.einsum("ui,bpchiwj,vj->bpchuwv", basis, cut, basis)
    seen = (seen / size).round() * size
    back = torch.einsum("ui,bpchuwv,vj->bpchiwj", basis, seen, basis)
    out = x.clone()
    out[some] = back.flatten(5, 6).flatten(3, 4)
    return out
