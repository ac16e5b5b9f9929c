"""The encoder and the decoder of a tokenizer without a reference.

Every normalisation is over the channels of one pixel and there is no attention, so a token depends
on its neighbourhood of the picture only: where a picture does not change, its tokens do not either.

Most of the work happens at a quarter and an eighth of the size, channels last, which is what two
processor cores do fastest. Shapes: B batch, C channels, H x W pixels, h x w tokens, D code width.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vq_tokenizer.tokenizer.config import TokenizerConfig

__all__ = ["Decoder", "Encoder"]


class LayerNorm2d(nn.Module):
    """Layer normalisation over the channels of each pixel: (B, C, H, W) -> same."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise; with channels-last memory the permutations move nothing."""
        y = F.layer_norm(x.permute(0, 2, 3, 1), (x.shape[1],), self.weight, self.bias, 1e-6)
        return y.permute(0, 3, 1, 2)


class ResidualBlock(nn.Module):
    """x + conv(silu(conv3x3(norm(x)))). The second kernel is 1 in the encoder, to see less far."""

    def __init__(self, channels: int, *, second: int = 3) -> None:
        super().__init__()
        self.norm = LayerNorm2d(channels)
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, second, padding=second // 2)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> same."""
        y: Tensor = x + self.second(F.silu(self.first(self.norm(x))))
        return y


class Encoder(nn.Module):
    """(B, 3, H, W) in [0, 1] -> latents (B, D, h, w) float32, of length sqrt(D) for "vq".

    The f8 preset sees 20 pixels beyond each side of a token's own 8 x 8.
    """

    def __init__(self, config: TokenizerConfig) -> None:
        super().__init__()
        widths = config.widths
        self.patch = config.patch
        self.stem = nn.Conv2d(3 * config.patch**2, widths[0], 3, padding=1)
        stages: list[nn.Module] = []
        for i, (width, blocks) in enumerate(zip(widths, config.encoder_blocks, strict=True)):
            if i:
                stages.append(nn.Conv2d(widths[i - 1], width, 2, stride=2))
            stages += [ResidualBlock(width, second=1) for _ in range(blocks)]
        self.stages = nn.Sequential(*stages)
        self.norm = LayerNorm2d(widths[-1])
        self.head = nn.Conv2d(widths[-1], config.width, 1)
        self.fixed_length = config.quantizer == "vq"
        if config.quantizer == "fsq":  # most of the levels in use from the first step on
            with torch.no_grad():
                self.head.weight.mul_(2.0)
                nn.init.zeros_(self.head.bias)  # type: ignore[arg-type]

    def forward(self, images: Tensor) -> Tensor:
        """Images in [0, 1] to latents; the last projection stays in float32 under autocast."""
        x = F.pixel_unshuffle(images * 2 - 1, self.patch)
        x = self.stages(self.stem(x.contiguous(memory_format=torch.channels_last)))
        with torch.autocast(images.device.type, enabled=False):
            latents: Tensor = self.head(self.norm(x.float()))
            if not self.fixed_length:
                return latents
            # Fixed length sqrt(D): the commitment loss then cannot shrink latents towards one code.
            return latents * latents.square().mean(1, keepdim=True).add(1e-6).rsqrt()


class Decoder(nn.Module):
    """Codes (B, D, h, w) -> images (B, 3, H, W), about [0, 1], not clamped."""

    def __init__(self, config: TokenizerConfig) -> None:
        super().__init__()
        widths = config.decoder_widths[::-1]
        self.stem = nn.Conv2d(config.width, widths[0], 3, padding=1)
        stages: list[nn.Module] = []
        for i, (width, blocks) in enumerate(zip(widths, config.decoder_blocks[::-1], strict=True)):
            if i:
                stages += [nn.Conv2d(widths[i - 1], width * 4, 1), nn.PixelShuffle(2)]
            stages += [ResidualBlock(width) for _ in range(blocks)]
        stages += [nn.Conv2d(widths[-1], config.fine_width * (config.patch // 2) ** 2, 1)]
        stages += [nn.PixelShuffle(config.patch // 2)]
        stages += [ResidualBlock(config.fine_width) for _ in range(config.fine_blocks)]
        self.stages = nn.Sequential(*stages)
        self.norm = LayerNorm2d(config.fine_width)
        self.head = nn.Conv2d(config.fine_width, 12, 3, padding=1)

    def forward(self, codes: Tensor) -> Tensor:
        """Codes to images; the last convolution stays in float32 under autocast."""
        x = self.stages(self.stem(codes.contiguous(memory_format=torch.channels_last)))
        with torch.autocast(codes.device.type, enabled=False):
            y = self.head(F.silu(self.norm(x.float())))
            images: Tensor = F.pixel_shuffle(y, 2) * 0.5 + 0.5
        return images
