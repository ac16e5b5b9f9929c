"""What decides the shape of a tokenizer, and the presets.

Kept apart from the model, so that a configuration can be read and checked before anything is built.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from vq_tokenizer.errors import VQTokenizerError
from vq_tokenizer.weights import from_fields

__all__ = ["PRESETS", "QUANTIZERS", "TokenizerConfig"]

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
    spread: for "fsq", weight of quantizers.terms.spread_loss in loss_commit; with a reference the
    trainer adds it, over what changed.
    reference: tokens say what changed against a second picture, see tokenizer/reference.py. The
    decoder then works at each scale of decoder_widths, and has neither fine_width nor fine_blocks.
    One code more than num_codes means "nothing" with "vq"; with "fsq" it is the zero of the grid.
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
    reference: bool = False

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
        if not isinstance(self.reference, bool):
            raise VQTokenizerError(
                f"TokenizerConfig: reference must be true or false, got {self.reference!r}"
            )
        if self.reference and self.quantizer == "lfq":
            raise VQTokenizerError(
                "TokenizerConfig: lfq has no code for nothing; with a reference use vq or fsq"
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
        """One of PRESETS, with fields changed by name."""
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


_REFERENCE_8 = TokenizerConfig(
    reference=True,
    patch=2,
    widths=(24, 64, 128),
    encoder_blocks=(0, 1, 2),
    decoder_widths=(24, 64, 128),
    decoder_blocks=(1, 2, 3),
)
_REFERENCE_16 = TokenizerConfig(
    reference=True,
    factor=16,
    patch=2,
    widths=(24, 48, 96, 128),
    encoder_blocks=(0, 1, 1, 2),
    decoder_widths=(24, 48, 96, 128),
    decoder_blocks=(1, 2, 2, 3),
)

# A grid of 16 x 16 tokens is f8 at 128 pixels and f16 at 256. FSQ has 8 x 5 x 5 x 5 = 1000 codes.
PRESETS: dict[str, TokenizerConfig] = {
    "f8": TokenizerConfig(),
    "f8-fsq": TokenizerConfig(quantizer="fsq"),
    "f8-reference": _REFERENCE_8,
    "f8-reference-fsq": replace(_REFERENCE_8, quantizer="fsq"),
    "f16": TokenizerConfig(
        factor=16,
        widths=(96, 192, 256),
        encoder_blocks=(2, 1, 1),
        decoder_widths=(128, 256, 256),
        decoder_blocks=(2, 3, 2),
    ),
    "f16-reference": _REFERENCE_16,
    "f16-reference-fsq": replace(_REFERENCE_16, quantizer="fsq"),
    "tiny": TokenizerConfig(
        widths=(16, 32),
        decoder_widths=(16, 32),
        encoder_blocks=(1, 1),
        decoder_blocks=(1, 1),
        fine_width=8,
        num_codes=64,
        code_dim=8,
    ),
    "tiny-reference": TokenizerConfig(
        reference=True,
        widths=(16, 32),
        decoder_widths=(16, 32),
        encoder_blocks=(1, 1),
        decoder_blocks=(1, 1),
        num_codes=64,
        code_dim=8,
    ),
}
