"""What the pipeline asks of a model that draws, whatever kind it is."""

from __future__ import annotations

from collections.abc import Sequence, Sized
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from PIL import Image
from torch import Tensor, device, nn

from facs_text import Description
from vq_tokenizer import Tokenizer

__all__ = ["Drawer", "Sampling", "Wish", "to_pixels"]


@dataclass(frozen=True)
class Sampling:
    """How tokens are filled in. steps: passes of the transformer. guidance: how far what is told is
    overdone; 1.0 is off. temperature: 0 takes the likeliest. prior: whether words are drawn to the
    cells that they can move. near: only cells that some word reaches by more than this may change;
    0 for all.
    """

    steps: int
    guidance: float = 1.0
    temperature: float = 0.0
    prior: bool = True
    near: float = 0.0


class Wish(NamedTuple):
    """One picture to draw: the text that is told, the description of what was understood of it, who
    does it (what `person` or `made_up` gave), and the seed.
    """

    text: str
    said: Description
    person: Any
    seed: int


class Drawer(Protocol):
    """A model that draws. `people`: the bank of made-up ones; `size`: side of a picture in pixels;
    `digest`: of the weights; `reads_words`: whether a text is told as it is written; `portraits`:
    whether anybody's picture can be the person; `prior`: (A, cells, cells) where each unit moves
    the face; `detectors`: ids of those that it was trained against.
    """

    reads_words: bool
    portraits: bool
    defaults: Sampling
    digest: str
    detectors: tuple[str, ...]

    @property
    def people(self) -> Sized: ...
    @property
    def prior(self) -> Tensor: ...
    @property
    def size(self) -> int: ...
    @property
    def device(self) -> device: ...
    @property
    def tokenizer(self) -> Tokenizer: ...
    @property
    def transformer(self) -> nn.Module: ...

    def person(self, picture: Image.Image) -> Any:
        """Somebody from a square picture of `size` pixels."""

    def made_up(self, seed: int) -> Any:
        """Somebody of the bank; seeds wrap around."""

    def fits(self, text: str) -> bool:
        """Whether a text is read to its end."""

    def not_shown(self, said: Description) -> tuple[str, ...]:
        """Units of a description that the model has not learned to show."""

    def draw(
        self, wishes: Sequence[Wish], sampling: Sampling, *, start: Tensor | None = None
    ) -> Tensor:
        """(B, h, w) tokens. start: (B, h, w) tokens to keep, -1 where they are drawn."""

    def pictures(self, tokens: Tensor, people: Sequence[Any]) -> np.ndarray:
        """Tokens (B, h, w) of people as pictures (B, S, S, 3) uint8."""

    def at_rest(self, people: Sequence[Any]) -> np.ndarray:
        """The people themselves (B, S, S, 3) uint8."""

    def blend(self, one: Tensor, two: Tensor, t: float, person: Any) -> np.ndarray:
        """The picture (S, S, 3) uint8 a share `t` of the way between tokens (h, w) of a person."""


def to_pixels(images: Tensor) -> np.ndarray:
    """Images (B, 3, S, S) in about [0, 1] as (B, S, S, 3) uint8."""
    return (images.clamp(0, 1) * 255 + 0.5).byte().permute(0, 2, 3, 1).cpu().numpy()
