"""Aligned crops to what a camera, a street and a face finder make of them.

The crop is put somewhere into a view, turned, larger or smaller, among things that are no face;
other things stand before it; and then it is spoilt as cameras do. Pictures are (B, 3, S, S) in
[0, 1], points (B, 68, 2) shares of the picture's side; a `torch.Generator` on their device draws.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from aaad.learning.photometric import spoil, uniform
from aaad.points import MIRROR

__all__ = ["VIEW", "augment", "texture", "views"]

VIEW = 1.4
"""Side of a view in sides of the corpus's crop, where nothing is augmented."""
_TURN, _SCALE, _SHIFT = math.radians(40), 0.35, 0.16


def views(generator: Generator, b: int, amount: float) -> Tensor:
    """(B, 2, 3) maps from a view's places in [-1, 1] to the crop's."""
    angle = _TURN * amount * uniform(generator, b, low=-1.0, high=1.0) ** 3
    side = VIEW * torch.exp(_SCALE * amount * uniform(generator, b, low=-1.0, high=1.0))
    stretch = torch.exp(0.08 * amount * uniform(generator, b, low=-1.0, high=1.0))
    shift = 2 * _SHIFT * amount * uniform(generator, b, 2, low=-1.0, high=1.0)
    cos, sin = side * angle.cos(), side * angle.sin()
    rows = [cos * stretch, -sin * stretch, sin / stretch, cos / stretch]
    turn = torch.stack(rows, -1).view(b, 2, 2)
    return torch.cat([turn, shift[..., None]], -1)


def texture(generator: Generator, b: int, size: int) -> Tensor:
    """(B, 3, S, S) coloured noise of several scales, from clouds to grain: anything but a face."""
    half = (size + 1) // 2
    out = uniform(generator, b, 3, 1, 1, low=0.0, high=1.0).expand(b, 3, half, half).clone()
    for cells in (2, 4, 9, 20, half):
        grid = uniform(generator, b, 3, cells, cells, low=-1.0, high=1.0)
        grey = uniform(generator, b, 1, 1, 1, low=0.0, high=1.0)
        grid = grid + grey * (grid.mean(1, keepdim=True) - grid)
        strength = uniform(generator, b, 1, 1, 1, low=0.0, high=0.4)
        out += strength * F.interpolate(grid, size=(half, half), mode="bilinear")
    return F.interpolate(out.clamp(0, 1), size=(size, size), mode="bilinear")


def _masks(generator: Generator, b: int, size: int, count: int) -> Tensor:
    """(B, 1, S, S) soft ellipses and bars, `count` of them, most of them small or none."""
    at = torch.linspace(-1, 1, size, device=generator.device)
    y, x = torch.meshgrid(at, at, indexing="ij")
    out = torch.zeros(b, size, size, device=generator.device)
    for _ in range(count):
        draw = uniform(generator, 7, b, low=-1.0, high=1.0)[..., None, None]
        angle, cx, cy = math.pi * draw[0], draw[1], draw[2]
        u = (x - cx) * angle.cos() + (y - cy) * angle.sin()
        v = (y - cy) * angle.cos() - (x - cx) * angle.sin()
        long, wide = 0.15 + 0.35 * draw[3].abs(), 0.05 + 0.25 * draw[4].abs()
        power = torch.where(draw[5] > 0, 2.0, 8.0)
        inside = 1 - ((u / long).abs() ** power + (v / wide).abs() ** power)
        soft = (inside * 8).clamp(0, 1)
        out = torch.maximum(out, torch.where(draw[6] > 0, soft, torch.zeros_like(soft)))
    return out[:, None]


def augment(
    images: Tensor, points: Tensor, generator: Generator, *, size: int, amount: float = 1.0
) -> tuple[Tensor, Tensor]:
    """(B, 3, T, T) crops and their points -> (B, 3, size, size) views and the points in those.

    Beyond the crop its mirror image goes on, or a texture or another picture begins. At amount 0
    the crop stands in the middle of its view and is not changed.
    """
    b = len(images)
    if amount > 0:
        flipped = torch.rand(b, generator=generator, device=generator.device) < 0.5
        images = torch.where(flipped.view(-1, 1, 1, 1), images.flip(-1), images)
        turned = points[:, list(MIRROR)] * points.new_tensor([-1, 1]) + points.new_tensor([1, 0])
        points = torch.where(flipped.view(-1, 1, 1), turned, points)
    theta = views(generator, b, amount)
    grid = F.affine_grid(theta, [b, 3, size, size], align_corners=False)
    seen = F.grid_sample(images, grid, padding_mode="reflection", align_corners=False)
    back = torch.linalg.inv(theta[:, :, :2])
    there = (2 * points - 1 - theta[:, None, :, 2]) @ back.transpose(1, 2)
    there = (there + 1) / 2
    if amount <= 0:
        return seen, there
    things = texture(generator, b, size)
    seen = _surrounded(images, seen, grid, things, generator)
    occluded = _masks(generator, b, size, 3)
    seen = seen + amount * occluded * (things.roll(1, 0).flip(-2) - seen)
    return spoil([seen], generator, amount)[0], there


def _surrounded(
    images: Tensor, seen: Tensor, grid: Tensor, things: Tensor, generator: Generator
) -> Tensor:
    """Two thirds of the views have a texture, or a piece of another picture, around the crop."""
    b, size = len(seen), seen.shape[-1]
    inside = (grid.abs().amax(-1) <= 1).float()[:, None]
    soft = uniform(generator, 1, low=0.0, high=1.0)
    if float(soft) < 0.5:  # a soft edge on half of the batches
        inside = F.avg_pool2d(inside, 5, stride=1, padding=2, count_include_pad=False) * inside
    other = F.interpolate(images.roll(1, 0)[..., ::2, ::2].flip(-2), size=(size, size))
    ground = torch.where(
        torch.rand(b, 1, 1, 1, generator=generator, device=seen.device) < 0.3,
        other,
        things,
    )
    used = torch.rand(b, 1, 1, 1, generator=generator, device=seen.device) < 0.67
    return torch.where(used, ground + inside * (seen - ground), seen)
