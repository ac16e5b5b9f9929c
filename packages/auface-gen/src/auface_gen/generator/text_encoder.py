"""Text to states, one a word: what the transformer attends to.

Nothing here is a number of a unit: a state is learned from words alone. `TextEncoder` is what the
transformer needs of an encoder; `WordEncoder` is the one that ships, and any other (a local CLIP
or T5) can take its place.

B texts, L words, W width.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from auface_gen.generator.layers import EncoderBlock, closed
from auface_gen.generator.words import Vocabulary, WordIds, split_words

__all__ = ["TextEncoder", "WordEncoder", "WordEncoderConfig"]


class TextEncoder(Protocol):
    """What the generator needs of a text encoder."""

    @property
    def width(self) -> int:
        """Width W of a state."""

    def encode(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """B texts -> states (B, L, W), and (B, L) bool: which of them say something."""

    def spans(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        """Give for each state of each text the characters that it stands for: [begin, end)."""

    def fits(self, text: str) -> bool:
        """Whether a text is read to its end."""


@dataclass(frozen=True)
class WordEncoderConfig:
    """vocabulary: see `words.Vocabulary`. word_drop: share of known words that training reads by
    their pieces alone, so that words never met are readable.
    """

    vocabulary: Vocabulary = field(default_factory=Vocabulary)
    width: int = 160
    layers: int = 3
    heads: int = 4
    word_drop: float = 0.1


class WordEncoder(nn.Module):
    """A small transformer over words, each the sum of itself and the mean of its pieces."""

    def __init__(self, config: WordEncoderConfig) -> None:
        super().__init__()
        c = self.config = config
        v = c.vocabulary
        self.word = nn.Embedding(len(v.words) + 2, c.width, padding_idx=0)
        self.piece = nn.Embedding(v.buckets + 1, c.width, padding_idx=0)
        for table in (self.word, self.piece):
            nn.init.normal_(table.weight, std=0.3)
            with torch.no_grad():
                table.weight[0] = 0.0
        self.place = nn.Parameter(torch.randn(v.max_words, c.width) * 0.02)
        # "Raised slightly" is one thing: neighbours are mixed before attention.
        self.near = nn.Conv1d(c.width, c.width, 5, padding=2)
        self.blocks = nn.ModuleList(EncoderBlock(c.width, c.heads) for _ in range(c.layers))
        self.norm = nn.RMSNorm(c.width)

    @property
    def width(self) -> int:
        """Width of a state."""
        return self.config.width

    def forward(self, ids: WordIds) -> tuple[Tensor, Tensor]:
        """Ids of B texts -> states (B, L, W) float32, said (B, L)."""
        said = ids.said
        words = ids.words
        if self.training and self.config.word_drop:
            hidden = torch.rand(words.shape, device=words.device) < self.config.word_drop
            words = torch.where(hidden & said, 1, words)

        # A word is itself and the mean of its pieces, which are summed once for each that differs.
        count = (ids.pieces > 0).sum(1, keepdim=True).clamp_min(1)
        spelled = self.piece(ids.pieces).sum(1) / count
        x = self.word(words) + F.embedding(ids.distinct, spelled)
        x = (x + self.place[: words.shape[1]]).masked_fill(~said[..., None], 0.0)
        x = x + F.gelu(self.near(x.transpose(1, 2)).transpose(1, 2))

        bias = closed(said)
        for block in self.blocks:
            x = block(x, bias)
        return self.norm(x.float()), said

    def encode(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """See `TextEncoder.encode`."""
        device = self.place.device
        ids = self.config.vocabulary.ids(texts)
        states: tuple[Tensor, Tensor] = self(WordIds(*(t.to(device) for t in ids)))
        return states

    def spans(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        """See `TextEncoder.spans`."""
        most = self.config.vocabulary.max_words
        return [[(a, b) for _, a, b in split_words(t)][:most] or [(0, 0)] for t in texts]

    def fits(self, text: str) -> bool:
        """See `TextEncoder.fits`."""
        return not self.config.vocabulary.truncated(text)
