"""The generator as a whole: what is told, and the transformer that hears it.

What it is told is its `condition`: "text" is the model; "numbers" and "onehot" are arms of a
comparison, of the same trunk, that are told levels or mere presence of units.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn

from auface_gen.columns import COLUMNS
from auface_gen.errors import AUFaceGenError
from auface_gen.generator.condition import Heard, NumberCondition, TextCondition
from auface_gen.generator.pretrained_encoder import PretrainedEncoder
from auface_gen.generator.text_encoder import TextEncoder, WordEncoder, WordEncoderConfig
from auface_gen.generator.transformer import ChangeTransformer, TransformerConfig
from auface_gen.generator.words import Vocabulary

__all__ = ["Condition", "Generator", "GeneratorConfig"]

Condition = Literal["text", "numbers", "onehot"]


@dataclass(frozen=True, kw_only=True)
class GeneratorConfig:
    """condition: what is told. encoder: of words; for numbers its width, layers and heads are used.
    pretrained: folder of a text encoder that takes the place of the own one, see
    `PretrainedEncoder`. transformer: see TransformerConfig.
    """

    condition: Condition = "text"
    encoder: WordEncoderConfig = field(default_factory=WordEncoderConfig)
    pretrained: str = ""
    transformer: TransformerConfig = field(default_factory=TransformerConfig)

    def __post_init__(self) -> None:
        """Refuse what fits no model."""
        if self.condition not in get_args(Condition):
            raise AUFaceGenError(
                f"condition={self.condition!r}: one of {', '.join(get_args(Condition))}"
            )
        if self.encoder.width != self.transformer.text_width:
            raise AUFaceGenError(
                f"the encoder is {self.encoder.width} wide, but the transformer is told "
                f"text_width={self.transformer.text_width}"
            )

    def to_json(self) -> dict[str, Any]:
        """Plain values for a config.json."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Any, where: object) -> GeneratorConfig:
        """The reverse. Raises AUFaceGenError that names `where` for values of no config."""
        try:
            encoder = dict(values["encoder"])
            vocabulary = dict(encoder.pop("vocabulary"))
            vocabulary["words"] = tuple(str(word) for word in vocabulary["words"])
            return cls(
                condition=values["condition"],
                encoder=WordEncoderConfig(Vocabulary(**vocabulary), **encoder),
                pretrained=str(values.get("pretrained", "")),
                transformer=TransformerConfig(**values["transformer"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise AUFaceGenError(f"{where} is not a config of a generator: {error}") from None


class Generator(nn.Module):
    """What is told, and who hears it.

    codebook: (K, C) of the tokenizer. maps: (A, cells, cells) where each unit moves the face.
    Both are kept with the weights.
    """

    def __init__(
        self,
        config: GeneratorConfig,
        codebook: Tensor | None = None,
        maps: Tensor | None = None,
    ) -> None:
        super().__init__()
        self.config = config
        cells, e = config.transformer.cells, config.encoder
        maps = torch.zeros(len(COLUMNS), cells, cells) if maps is None else maps
        self.condition: TextCondition | NumberCondition
        if config.condition == "text":
            encoder: TextEncoder = (
                PretrainedEncoder.load(config.pretrained, width=e.width)
                if config.pretrained
                else WordEncoder(e)
            )
            self.condition = TextCondition(encoder, maps)
        else:
            self.condition = NumberCondition(e.width, e.layers, e.heads, maps)
        self.transformer = ChangeTransformer(config.transformer, codebook)

    def hear(self, texts: Sequence[str], values: Tensor | None = None) -> Heard:
        """What is told of B pictures: their texts; or the columns (B, A), for an arm of numbers."""
        if isinstance(self.condition, TextCondition):
            heard: Heard = self.condition(texts)
            return heard
        if values is None:
            raise AUFaceGenError(f"a generator told {self.config.condition} needs values")
        if self.config.condition == "onehot":
            values = (values > 0).to(values.dtype)
        heard = self.condition(values)
        return heard
