"""Image tokenizer: a local convolutional encoder, a codebook, and a convolutional decoder.

Every normalisation is over the channels of one pixel and there is no attention, so a token depends
on its neighbourhood of the picture only: where a picture does not change, its tokens do not either.

Most of the work happens at a quarter and an eighth of the size, channels last, which is what two
processor cores do fastest. Shapes: B batch, C channels, H x W pixels, h x w tokens, D code width.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from vq_tokenizer.errors import VQTokenizerError
from vq_tokenizer.quantizers.base import Quantizer
from vq_tokenizer.quantizers.scalar import FSQ, LFQ
from vq_tokenizer.quantizers.terms import spread_loss
from vq_tokenizer.quantizers.vector import VectorQuantizer
from vq_tokenizer.weights import from_fields

__all__ = ["PRESETS", "QUANTIZERS", "Tokenizer", "TokenizerConfig", "TokenizerOutput"]

QUANTIZERS = ("vq", "fsq", "lfq")


@dataclass(frozen=True)
class TokenizerConfig:
    """Everything that decides the shape of a Tokenizer and the rules of its codebook.

    factor: pixels to a token's side, `patch` times a power of two. patch: pixel-unshuffle before
    the first convolution. widths: channels at each scale, finest first; encoder_blocks,
    decoder_blocks: residual blocks at each of them. fine_width, fine_blocks: the decoder's last
    stage at half the size.
    quantizer: "vq" has a learned codebook of num_codes codes of width code_dim; "fsq" has the grid
    of fsq_levels, whose number is the width and whose product the number of codes; "lfq" has the
    2^lfq_bits corners of a cube of that width. decay: of the moving counts, and of the codebook's
    averages. commitment: see VectorQuantizer and LFQ. dead_share: see VectorQuantizer.
    spread: for "fsq", weight of quantizers.terms.spread_loss in loss_commit.
    """

    factor: int = 8
    patch: int = 4
    widths: tuple[int, ...] = (96, 192)
    encoder_blocks: tuple[int, ...] = (2, 1)
    decoder_blocks: tuple[int, ...] = (2, 3)
    decoder_widths: tuple[int, ...] = (128, 256)
    fine_width: int = 32
    fine_blocks: int = 1
    num_codes: int = 1024
    code_dim: int = 16
    decay: float = 0.99
    commitment: float = 0.25
    dead_share: float = 0.05
    seed: int = 0
    quantizer: str = "vq"
    fsq_levels: tuple[int, ...] = (8, 5, 5, 5)
    lfq_bits: int = 10
    spread: float = 0.1

    def __post_init__(self) -> None:
        if self.quantizer not in QUANTIZERS:
            raise VQTokenizerError(
                f"TokenizerConfig: quantizer {self.quantizer!r} is not one of "
                f"{', '.join(QUANTIZERS)}"
            )
        sizes = (*self.widths, *self.decoder_widths, self.fine_width, self.num_codes, self.code_dim)
        blocks = (*self.encoder_blocks, *self.decoder_blocks, self.fine_blocks)
        if min(sizes) < 1 or min(blocks) < 0:
            raise VQTokenizerError(
                "TokenizerConfig: widths, num_codes and code_dim must be positive and numbers of "
                f"blocks not negative, got {sizes} and {blocks}"
            )
        scales = {len(self.widths), len(self.decoder_widths)}
        scales |= {len(self.encoder_blocks), len(self.decoder_blocks)}
        if len(scales) != 1 or not self.widths:
            raise VQTokenizerError(
                "TokenizerConfig: widths, decoder_widths, encoder_blocks and decoder_blocks must "
                f"have one entry a scale, got {self.widths}, {self.decoder_widths}, "
                f"{self.encoder_blocks}, {self.decoder_blocks}"
            )
        if (
            self.patch < 2
            or self.patch % 2
            or self.factor != self.patch * 2 ** (len(self.widths) - 1)
        ):
            raise VQTokenizerError(
                f"TokenizerConfig: factor must be an even patch times 2 per further scale, got "
                f"factor {self.factor}, patch {self.patch} and {len(self.widths)} scales"
            )

    @property
    def width(self) -> int:
        """Channels of the latents."""
        widths = {"vq": self.code_dim, "fsq": len(self.fsq_levels), "lfq": self.lfq_bits}
        return widths[self.quantizer]

    @classmethod
    def preset(cls, name: str, **changes: Any) -> TokenizerConfig:
        """One of PRESETS ("f8", "f8-fsq", "f16", "tiny"), with fields changed by name."""
        if name not in PRESETS:
            raise VQTokenizerError(
                f"TokenizerConfig: no preset {name!r}; there are {', '.join(sorted(PRESETS))}"
            )
        return replace(PRESETS[name], **changes)

    def to_json(self) -> dict[str, Any]:
        """A dictionary that json can write and `from_json` reads back."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> TokenizerConfig:
        """The reverse of to_json. Raises VQTokenizerError for a field that there is not, or of
        another type."""
        return from_fields(cls, values)


PRESETS: dict[str, TokenizerConfig] = {
    "f8": TokenizerConfig(),
    "f8-fsq": TokenizerConfig(quantizer="fsq"),  # 8 x 5 x 5 x 5 = 1000 codes
    "f16": TokenizerConfig(
        factor=16,
        widths=(96, 192, 256),
        encoder_blocks=(2, 1, 1),
        decoder_widths=(128, 256, 256),
        decoder_blocks=(2, 3, 2),
    ),
    "tiny": TokenizerConfig(
        widths=(16, 32),
        decoder_widths=(16, 32),
        encoder_blocks=(1, 1),
        decoder_blocks=(1, 1),
        fine_width=8,
        num_codes=64,
        code_dim=8,
    ),
}


class TokenizerOutput(NamedTuple):
    """images (B, 3, H, W), not clamped; tokens (B, h, w) int64; loss_commit scalar; latents (B, D,
    h, w)."""

    images: Tensor
    tokens: Tensor
    loss_commit: Tensor
    latents: Tensor


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


def _quantizer(c: TokenizerConfig) -> Quantizer:
    """The quantizer that a configuration names."""
    if c.quantizer == "fsq":
        return FSQ(c.fsq_levels, decay=c.decay, channel_dim=-1)
    if c.quantizer == "lfq":
        return LFQ(c.lfq_bits, commitment=c.commitment, decay=c.decay, channel_dim=-1)
    return VectorQuantizer(
        c.num_codes,
        c.code_dim,
        decay=c.decay,
        commitment=c.commitment,
        dead_share=c.dead_share,
        warm_decay=True,
        seed=c.seed,
        channel_dim=-1,
    )


class Tokenizer(nn.Module):
    """Images to grids of codebook indices and back.

    >>> model = Tokenizer(TokenizerConfig.preset("f8")).eval()
    >>> tokens = model.encode(torch.rand(1, 3, 128, 128))   # (1, 16, 16) int64
    >>> images = model.decode(tokens)                       # (1, 3, 128, 128) in [0, 1]
    """

    def __init__(self, config: TokenizerConfig | None = None) -> None:
        super().__init__()
        self.config = config or TokenizerConfig()
        c = self.config
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(c.seed)
            self.encoder = Encoder(c)
            self.decoder = Decoder(c)
        self.quantizer = _quantizer(c)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, images: Tensor) -> TokenizerOutput:
        """images (B, 3, H, W) float in [0, 1] -> TokenizerOutput; in training the codebook
        moves."""
        self._check_images(images)
        latents = self.encoder(images)
        quantized = self.quantizer(rearrange(latents, "b d h w -> b h w d"))
        decoded = self.decoder(rearrange(quantized.codes, "b h w d -> b d h w"))
        loss = quantized.loss
        if self.training and self.config.quantizer == "fsq" and self.config.spread:
            loss = loss + self.config.spread * spread_loss(latents)
        return TokenizerOutput(decoded, quantized.indices, loss, latents)

    @torch.no_grad()
    def encode(self, images: Tensor) -> Tensor:
        """images (B, 3, H, W) float in [0, 1] -> tokens (B, h, w) int64. Never moves the
        codebook."""
        self._check_images(images)
        latents = rearrange(self.encoder(images), "b d h w -> b h w d")
        return self.quantizer.search(latents)

    @torch.no_grad()
    def decode(self, tokens: Tensor) -> Tensor:
        """tokens (B, h, w) int64 in [0, num_codes) -> images (B, 3, H, W) in [0, 1]."""
        if tokens.ndim != 3:
            raise VQTokenizerError(
                f"Tokenizer.decode: tokens must be (B, h, w), got {tuple(tokens.shape)}"
            )
        codes = self.quantizer.lookup(tokens)
        images: Tensor = self.decoder(rearrange(codes, "b h w d -> b d h w"))
        return images.clamp(0.0, 1.0)

    def grid(self, height: int, width: int) -> tuple[int, int]:
        """Rows and columns of tokens for a picture of that size in pixels."""
        f = self.config.factor
        if height < f or width < f or height % f or width % f:
            near = f"{max(f, round(height / f) * f)} x {max(f, round(width / f) * f)}"
            raise VQTokenizerError(
                f"Tokenizer: picture size {height} x {width} must be divided by {f}; "
                f"pad or crop it to {near}"
            )
        return height // f, width // f

    def _check_images(self, images: Tensor) -> None:
        if images.ndim != 4 or images.shape[1] != 3 or not images.is_floating_point():
            raise VQTokenizerError(
                "Tokenizer: images must be floating point (B, 3, H, W) in [0, 1], got "
                f"{images.dtype} {tuple(images.shape)}"
            )
        self.grid(images.shape[2], images.shape[3])
