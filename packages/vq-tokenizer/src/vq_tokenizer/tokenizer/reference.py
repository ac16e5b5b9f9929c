"""A tokenizer whose tokens say what changed from a reference picture, and nothing else.

The encoder sees three times the difference to the reference, and the reference. The decoder joins
features of the reference at each scale, predicts a flow from coarse to fine, warps the reference by
it, mixes the warped pictures with painted colour (softmax), and adds a residual. A gate opens the
picture around every token that is not "nothing": where all tokens around a place say nothing, the
reference comes out there to the bit. Compare RefTok (arXiv 2507.02862).

Without a reference the reference is mid grey and the gate is open everywhere.
Shapes: B batch, H x W pixels, h x w tokens, D code width.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["ReferenceDecoder", "ReferenceEncoder", "ReferenceFeatures", "open_gate", "warp"]

DIFFERENCE = 3.0  # the encoder sees differences this much larger than they are
REACH = 0.05  # a head's output of 1 moves the picture by this share of half its side
FLOWS = 2  # warped pictures that are mixed: one can show what the other hides


class ReferenceFeatures(NamedTuple):
    """What a decoder makes of references once, for many decodings.

    pictures: the references (B, 3, H, W); maps: their features, finest first, each half the size
    of the one before.
    """

    pictures: Tensor
    maps: tuple[Tensor, ...]

    def expand(self, count: int) -> ReferenceFeatures:
        """Repeat one reference count times, where there is one; nothing is copied."""
        if len(self.pictures) == count:
            return self
        return ReferenceFeatures(
            self.pictures.expand(count, -1, -1, -1),
            tuple(m.expand(count, -1, -1, -1) for m in self.maps),
        )


def warp(pictures: Tensor, flow: Tensor) -> Tensor:
    """pictures (B, C, H, W) seen through flow (B, 2, H, W): x and y in half sides of a picture."""
    count, _, height, width = flow.shape
    across = (torch.arange(width, device=flow.device) + 0.5) * (2 / width) - 1
    down = (torch.arange(height, device=flow.device) + 0.5) * (2 / height) - 1
    grid = torch.stack([across.expand(height, width), down[:, None].expand(height, width)], -1)
    at = grid.expand(count, -1, -1, -1) + flow.permute(0, 2, 3, 1).float()
    return F.grid_sample(pictures.float(), at, padding_mode="border", align_corners=False)


def open_gate(changed: Tensor, factor: int) -> Tensor:
    """changed (B, h, w), bool or 0 to 1 -> gate (B, 1, H, W): the most changed token of 3 x 3."""
    near = F.max_pool2d(changed[:, None].float(), 3, stride=1, padding=1)
    return F.interpolate(near, scale_factor=float(factor), mode="nearest")


class _Block(nn.Module):
    """x + conv(silu(conv(norm(x)))), normalised over the channels of each pixel; starts as x."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels, eps=1e-6)
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        nn.init.zeros_(self.second.weight)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> same."""
        y = self.norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        result: Tensor = x + self.second(F.silu(self.first(y)))
        return result


def _pyramid(inputs: int, widths: tuple[int, ...], blocks: tuple[int, ...]) -> nn.ModuleList:
    """A stage a scale, finest first; each but the first halves the size."""
    stages = nn.ModuleList()
    for i, (width, count) in enumerate(zip(widths, blocks, strict=True)):
        enter = (
            nn.Conv2d(inputs, width, 3, padding=1)
            if i == 0
            else nn.Conv2d(widths[i - 1], width, 4, stride=2, padding=1)
        )
        stages.append(nn.Sequential(enter, *(_Block(width) for _ in range(count))))
    return stages


class ReferenceEncoder(nn.Module):
    """Pictures and references (B, 3, H, W) in [0, 1] -> latents (B, D, h, w) float32."""

    def __init__(
        self, patch: int, widths: tuple[int, ...], blocks: tuple[int, ...], code_width: int
    ) -> None:
        super().__init__()
        self.patch = patch
        self.stages = _pyramid(6 * patch**2, widths, blocks)
        self.norm = nn.LayerNorm(widths[-1], eps=1e-6)
        self.head = nn.Conv2d(widths[-1], code_width, 1)

    def forward(self, images: Tensor, reference: Tensor) -> Tensor:
        """The last projection stays in float32 under autocast."""
        seen = torch.cat([(images - reference) * DIFFERENCE, reference - 0.5], 1)
        x = F.pixel_unshuffle(seen, self.patch).contiguous(memory_format=torch.channels_last)
        for stage in self.stages:
            x = stage(x)
        with torch.autocast(images.device.type, enabled=False):
            y = self.norm(x.float().permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
            latents: Tensor = self.head(F.silu(y))
        return latents


class ReferenceDecoder(nn.Module):
    """Codes (B, D, h, w) and references (B, 3, H, W) -> pictures (B, 3, H, W), not clamped."""

    def __init__(
        self, patch: int, widths: tuple[int, ...], blocks: tuple[int, ...], code_width: int
    ) -> None:
        super().__init__()
        self.patch = patch
        self.features = _pyramid(3 * patch**2, widths, (1,) * len(widths))
        self.enter = nn.Conv2d(code_width, widths[-1], 3, padding=1)
        self.ups = nn.ModuleList(
            nn.Conv2d(coarse, fine, 1) for fine, coarse in itertools.pairwise(widths)
        )
        self.joins = nn.ModuleList(nn.Conv2d(2 * width, width, 1) for width in widths)
        self.stages = nn.ModuleList(
            nn.Sequential(*(_Block(width) for _ in range(count)))
            for width, count in zip(widths, blocks, strict=True)
        )
        self.flows = nn.ModuleList(nn.Conv2d(width, 2, 3, padding=1) for width in widths[1:])
        fine, pixels = widths[0], patch**2
        self.last_flows = nn.Conv2d(fine, 2 * FLOWS, 3, padding=1)
        self.paint = nn.Conv2d(fine, 3 * pixels, 3, padding=1)
        self.mix = nn.Conv2d(fine, (FLOWS + 1) * pixels, 3, padding=1)
        self.residual = nn.Conv2d(fine, 3 * pixels, 3, padding=1)
        self._start()

    @torch.no_grad()
    def _start(self) -> None:
        """Begin as a copy of the reference whose two flows are not the same."""
        for head in (*self.flows, self.last_flows, self.mix, self.residual):
            nn.init.zeros_(head.weight)
            nn.init.zeros_(head.bias)
        self.last_flows.bias.normal_(0, 0.02)  # type: ignore[union-attr]
        bias = self.mix.bias.view(FLOWS + 1, -1)  # type: ignore[union-attr]
        bias[1:FLOWS] = -1.0
        bias[FLOWS] = -2.0

    def read(self, pictures: Tensor) -> ReferenceFeatures:
        """References (B, 3, H, W) to what `forward` takes."""
        x = F.pixel_unshuffle(pictures - 0.5, self.patch)
        maps = []
        for stage in self.features:
            x = stage(x.contiguous(memory_format=torch.channels_last))
            maps.append(x)
        return ReferenceFeatures(pictures, tuple(maps))

    def forward(
        self,
        codes: Tensor,
        reference: ReferenceFeatures,
        gate: Tensor,
        flows: list[Tensor] | None = None,
    ) -> Tensor:
        """gate (B, 1, H, W) from 0 to 1: where it is 0 the reference comes out, to the bit.

        flows: gets the flow (B, 2, h, w) of each scale, coarsest first, the last for one layer.
        """
        maps = reference.maps
        y = self.enter(codes)
        flow = codes.new_zeros(codes.shape[0], 2, *codes.shape[2:], dtype=torch.float32)
        for i in reversed(range(len(maps))):
            if i + 1 < len(maps):
                y, flow = self.ups[i](_double(y)), _double(flow)
            moved = warp(maps[i], flow).to(y.dtype)
            y = self.stages[i](y + self.joins[i](torch.cat([maps[i].to(y.dtype), moved], 1)))
            if i:
                flow = flow + self.flows[i - 1](y).float() * REACH
                if flows is not None:
                    flows.append(flow)

        with torch.autocast(codes.device.type, enabled=False):
            own = (self.last_flows(y.float()) * REACH).unflatten(1, (FLOWS, 2))
            last = flow[:, None] + own  # (B, FLOWS, 2, h, w)
            if flows is not None:
                flows.append(last[:, 0])
            return self._compose(y.float(), last, reference.pictures.float(), gate)

    def _compose(self, y: Tensor, flows: Tensor, reference: Tensor, gate: Tensor) -> Tensor:
        """References warped by flows (B, FLOWS, 2, h, w) and paint, mixed; the residual; the
        gate."""
        shares = F.pixel_shuffle(self.mix(y), self.patch).softmax(1)
        layers = [warp(reference, _enlarge(flow, self.patch)) for flow in flows.unbind(1)]
        layers.append(F.pixel_shuffle(self.paint(y), self.patch) + 0.5)
        mixed = sum(layer * shares[:, i : i + 1] for i, layer in enumerate(layers))
        changed = mixed + F.pixel_shuffle(self.residual(y), self.patch)
        return torch.lerp(reference, changed, gate.to(changed.dtype))  # exact at 0 and at 1


def _enlarge(x: Tensor, factor: int) -> Tensor:
    return F.interpolate(x, scale_factor=float(factor), mode="bilinear", align_corners=False)


def _double(x: Tensor) -> Tensor:
    return _enlarge(x, 2)
