"""Image tokenizer: a local convolutional encoder, a codebook, and a convolutional decoder.

With `TokenizerConfig(reference=True)` tokens say what changed against a reference picture, and one
of them, `still_token`, that nothing did. Shapes: B batch, H x W pixels, h x w tokens, D code width.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from einops import rearrange
from torch import Tensor, nn

from vq_tokenizer.errors import VQTokenizerError
from vq_tokenizer.quantizers.terms import spread_loss
from vq_tokenizer.tokenizer.codes import look_up, make_quantizer, nearest, quantize, still_token
from vq_tokenizer.tokenizer.config import PRESETS, QUANTIZERS, TokenizerConfig
from vq_tokenizer.tokenizer.plain import Decoder, Encoder
from vq_tokenizer.tokenizer.reference import (
    ReferenceDecoder,
    ReferenceEncoder,
    ReferenceFeatures,
    open_gate,
)

__all__ = ["PRESETS", "QUANTIZERS", "Tokenizer", "TokenizerConfig", "TokenizerOutput"]


class TokenizerOutput(NamedTuple):
    """images (B, 3, H, W), not clamped; tokens (B, h, w) int64; loss_commit scalar; latents (B, D,
    h, w); in training with a reference flows (B, 2, h, w), one a scale, the coarsest first."""

    images: Tensor
    tokens: Tensor
    loss_commit: Tensor
    latents: Tensor
    flows: tuple[Tensor, ...] = ()


class Tokenizer(nn.Module):
    """Images to grids of codebook indices and back.

    >>> model = Tokenizer(TokenizerConfig.preset("f8")).eval()
    >>> tokens = model.encode(torch.rand(1, 3, 128, 128))   # (1, 16, 16) int64
    >>> images = model.decode(tokens)                       # (1, 3, 128, 128) in [0, 1]

    With a reference (B or 1, 3, H, W), which tokens are changes of:

    >>> model = Tokenizer(TokenizerConfig.preset("f8-reference")).eval()
    >>> rest = torch.rand(1, 3, 128, 128)
    >>> tokens = model.encode(torch.rand(4, 3, 128, 128), rest)
    >>> images = model.decode(tokens, rest)                 # or model.features(rest), made once
    """

    def __init__(self, config: TokenizerConfig | None = None) -> None:
        super().__init__()
        self.config = config or TokenizerConfig()
        c = self.config
        self.encoder: Any
        self.decoder: Any
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(c.seed)
            if c.reference:
                self.encoder = ReferenceEncoder(c.patch, c.widths, c.encoder_blocks, c.width)
                self.decoder = ReferenceDecoder(
                    c.patch, c.decoder_widths, c.decoder_blocks, c.width
                )
            else:
                self.encoder, self.decoder = Encoder(c), Decoder(c)
        self.quantizer = make_quantizer(c)
        self._beside_codes = still_token(c) if c.reference and c.quantizer == "vq" else None
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    @property
    def num_codes(self) -> int:
        """How many tokens there are, `still_token` included."""
        return self.quantizer.num_codes + (self._beside_codes is not None)

    @property
    def still_token(self) -> int:
        """The token that says that nothing changed. Raises VQTokenizerError without a reference."""
        if not self.config.reference:
            raise VQTokenizerError("Tokenizer.still_token: this tokenizer has no reference")
        return still_token(self.config)

    @property
    def codebook(self) -> Tensor:
        """The codes (num_codes, D) of all tokens, as `decode_codes` takes them."""
        codes = self.quantizer.codebook
        return torch.cat([codes, codes.new_zeros(self.num_codes - len(codes), codes.shape[1])])

    def forward(
        self,
        images: Tensor,
        reference: Tensor | None = None,
        *,
        shown: Tensor | None = None,
        opened: Tensor | None = None,
    ) -> TokenizerOutput:
        """images (B, 3, H, W) float in [0, 1] -> TokenizerOutput; in training the codebook moves.

        reference: (B, 3, H, W) or one for all. shown: what the decoder gets in its place.
        opened: (B, h, w) bool, where the decoder may change the picture whatever the tokens say.
        """
        self._check_images(images)
        if not self.config.reference:
            self._refuse(reference, shown, opened)
            latents = self.encoder(images)
            quantized = self.quantizer(rearrange(latents, "b d h w -> b h w d"))
            decoded = self.decoder(rearrange(quantized.codes, "b h w d -> b d h w"))
            loss = quantized.loss
            if self.training and self.config.quantizer == "fsq" and self.config.spread:
                loss = loss + self.config.spread * spread_loss(latents)
            return TokenizerOutput(decoded, quantized.indices, loss, latents)

        beside = self._beside(reference, images)
        latents = self.encoder(images, beside)
        z = rearrange(latents, "b d h w -> b h w d")
        codes, tokens, loss = quantize(self.quantizer, z, self._beside_codes)
        changed = tokens != self.still_token
        if reference is None:
            changed = torch.ones_like(changed)
        elif opened is not None:
            changed = changed | opened
        read = self.decoder.read(beside if shown is None else self._beside(shown, images))
        gate = open_gate(changed, self.config.factor)
        flows: list[Tensor] = []
        decoded = self.decoder(
            rearrange(codes, "b h w d -> b d h w"), read, gate, flows if self.training else None
        )
        return TokenizerOutput(decoded, tokens, loss, latents, tuple(flows))

    @torch.no_grad()
    def encode(self, images: Tensor, reference: Tensor | None = None) -> Tensor:
        """images (B, 3, H, W) float in [0, 1] -> tokens (B, h, w) int64. Never moves the
        codebook.

        reference: (B, 3, H, W) or (1, 3, H, W), for tokenizers that have one; without it the
        tokens are those of a change from mid grey.
        """
        self._check_images(images)
        if not self.config.reference:
            self._refuse(reference)
            return self.quantizer.search(rearrange(self.encoder(images), "b d h w -> b h w d"))
        latents = self.encoder(images, self._beside(reference, images))
        return nearest(self.quantizer, rearrange(latents, "b d h w -> b h w d"), self._beside_codes)

    @torch.no_grad()
    def decode(self, tokens: Tensor, reference: Tensor | ReferenceFeatures | None = None) -> Tensor:
        """tokens (B, h, w) int64 in [0, num_codes) -> images (B, 3, H, W) in [0, 1].

        reference: pictures, or what `features` made of them, B or one for all. Where no token
        within one of a place says anything but `still_token`, the reference comes out to the bit.
        """
        if tokens.ndim != 3:
            raise VQTokenizerError(
                f"Tokenizer.decode: tokens must be (B, h, w), got {tuple(tokens.shape)}"
            )
        codes = look_up(self.quantizer, tokens, self._beside_codes)
        changed = None
        if self.config.reference and reference is not None:
            changed = tokens != self.still_token
        return self.decode_codes(codes, reference, changed=changed).clamp(0.0, 1.0)

    def decode_codes(
        self,
        codes: Tensor,
        reference: Tensor | ReferenceFeatures | None = None,
        *,
        changed: Tensor | None = None,
    ) -> Tensor:
        """codes (B, h, w, D) -> images (B, 3, H, W), about [0, 1] and not clamped; with gradients.

        For codes that no token stands for: the mean of `codebook` under a model's probabilities
        (B, h, w, num_codes) is `probabilities @ tokenizer.codebook`.
        changed: (B, h, w), bool or 0 to 1, how far each place may differ from the reference, such
        as `1 - probabilities[..., tokenizer.still_token]`; wherever codes are not zero unless told.
        """
        if codes.ndim != 4 or codes.shape[3] != self.config.width:
            raise VQTokenizerError(
                f"Tokenizer.decode_codes: codes must be (B, h, w, {self.config.width}), got "
                f"{tuple(codes.shape)}"
            )
        if not self.config.reference:
            self._refuse(reference, changed)
            decoded: Tensor = self.decoder(rearrange(codes, "b h w d -> b d h w"))
            return decoded
        count, height, width, _ = codes.shape
        if reference is None:
            read = self._read(None, count, height, width)
            changed = codes.new_ones(count, height, width)
        else:
            read = self._read(reference, count, height, width)
            changed = (codes != 0).any(-1) if changed is None else changed
        if changed.shape != codes.shape[:3]:
            raise VQTokenizerError(
                f"Tokenizer.decode_codes: changed must be {tuple(codes.shape[:3])}, got "
                f"{tuple(changed.shape)}"
            )
        gate = open_gate(changed, self.config.factor)
        decoded = self.decoder(rearrange(codes, "b h w d -> b d h w"), read, gate)
        return decoded

    @torch.no_grad()
    def features(self, reference: Tensor) -> ReferenceFeatures:
        """What decoding needs of references (B, 3, H, W), for `decode` to take in their place."""
        if not self.config.reference:
            raise VQTokenizerError("Tokenizer.features: this tokenizer has no reference")
        self._check_images(reference, "reference")
        read: ReferenceFeatures = self.decoder.read(reference)
        return read

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

    def _beside(self, reference: Tensor | None, images: Tensor) -> Tensor:
        """References alike images; mid grey where there is none."""
        if reference is None:
            return torch.full_like(images, 0.5)
        self._check_images(reference, "reference")
        if reference.shape[1:] != images.shape[1:] or len(reference) not in (1, len(images)):
            raise VQTokenizerError(
                f"Tokenizer: reference must be {tuple(images.shape)}, or one for all, got "
                f"{tuple(reference.shape)}"
            )
        return reference.expand_as(images)

    def _read(
        self, reference: Tensor | ReferenceFeatures | None, count: int, height: int, width: int
    ) -> ReferenceFeatures:
        """Features of count references for a grid of height x width tokens."""
        sides = (height * self.config.factor, width * self.config.factor)
        if reference is None:
            like = next(self.decoder.parameters())
            reference = torch.full((1, 3, *sides), 0.5, dtype=like.dtype, device=like.device)
        pictures = reference if isinstance(reference, Tensor) else reference.pictures
        if tuple(pictures.shape[2:]) != sides or len(pictures) not in (1, count):
            raise VQTokenizerError(
                f"Tokenizer: reference must be ({count} or 1, 3, {sides[0]}, {sides[1]}) for these "
                f"tokens, got {tuple(pictures.shape)}"
            )
        if isinstance(reference, ReferenceFeatures):
            return reference.expand(count)
        self._check_images(reference, "reference")
        read: ReferenceFeatures = self.decoder.read(reference)
        return read.expand(count)

    def _refuse(self, *given: object) -> None:
        if any(value is not None for value in given):
            raise VQTokenizerError(
                "Tokenizer: this tokenizer was made without a reference; call it without one, or "
                "load one of TokenizerConfig(reference=True)"
            )

    def _check_images(self, images: Tensor, name: str = "images") -> None:
        if images.ndim != 4 or images.shape[1] != 3 or not images.is_floating_point():
            raise VQTokenizerError(
                f"Tokenizer: {name} must be floating point (B, 3, H, W) in [0, 1], got "
                f"{images.dtype} {tuple(images.shape)}"
            )
        self.grid(images.shape[2], images.shape[3])
