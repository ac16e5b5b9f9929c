"""What all stages work on: the models under training, the data, and the run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from auface_gen.generator.alignment import Alignment
from auface_gen.generator.anatomy import Anatomy
from auface_gen.generator.condition import Heard, TextCondition
from auface_gen.generator.masked_tokens import NearCodes
from auface_gen.generator.model import Generator
from auface_gen.generator.pictures import Pictures
from auface_gen.generator.run import GeneratorRun
from auface_gen.generator.token_set import TokenSet
from auface_gen.generator.wording import Said, meant
from facs_text import Coding
from vq_tokenizer import Tokenizer

__all__ = ["DetectorLoss", "Pupil", "Work", "hear", "meaning_loss"]

DetectorLoss = Callable[[Tensor, Tensor, Sequence[Coding]], Tensor]
"""(drawn, at rest, both (B, 3, S, S) in [0, 1], what was asked) -> a scalar, with gradients to the
drawn pictures: how far a detector sees something else than was asked.
"""


class Pupil(nn.Module):
    """All that is trained: the generator, and the alignment that is left behind."""

    def __init__(self, generator: Generator, alignment: Alignment) -> None:
        super().__init__()
        self.generator, self.alignment = generator, alignment


@dataclass(frozen=True)
class Work:
    """What a stage needs. pictures: those of the training split, for fine-tuning, as is the
    detector. apart: pairs of units that are kept out of training, which no text may name either.
    """

    pupil: Pupil
    data: TokenSet
    run: GeneratorRun
    near: NearCodes
    tokenizer: Tokenizer
    pictures: Pictures
    detector: DetectorLoss | None = None
    apart: tuple[frozenset[str], ...] = ()

    @property
    def generator(self) -> Generator:
        """The generator under training."""
        return self.pupil.generator

    @property
    def device(self) -> torch.device:
        """The device that it is trained on."""
        return self.generator.transformer.place.device

    def autocast(self) -> torch.autocast:
        """The precision of the run."""
        return torch.autocast(
            self.device.type, torch.bfloat16, enabled=self.run.precision == "bf16"
        )


def hear(generator: Generator, said: Sequence[Said]) -> Heard:
    """What the generator hears, be it told texts or numbers."""
    numbers = torch.stack([torch.from_numpy(one.columns) for one in said])
    device = generator.transformer.place.device
    return generator.hear([one.text for one in said], numbers.to(device))


def meaning_loss(generator: Generator, heard: Heard, said: Sequence[Said]) -> Tensor:
    """How far the words of texts are taken to mean other units than they do; 0 for numbers."""
    condition = generator.condition
    if heard.units is None or not isinstance(condition, TextCondition):
        return heard.states.sum() * 0.0
    spans = condition.encoder.spans([one.text for one in said])
    true = meant(said, spans, heard.said.shape[1]).to(heard.units.device)
    return Anatomy.loss(heard.units, true, heard.said)
