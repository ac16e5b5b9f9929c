"""Words to units: a small transformer that reads one clause of a description and says what it
moves, by unit and side.

The first stage of the progressive alignment. It learns from text alone, of which facs-text makes
any amount, so that the generator is taught by pictures only what pictures are needed for. B
clauses, L words, D width, A columns.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from auface_gen.columns import COLUMNS

__all__ = ["ClauseReader", "TextConfig", "words"]

_WORD = re.compile(r"[a-z]+|[0-9]+|[,;:]")


def words(text: str) -> list[str]:
    """The words of a text as the reader sees them: lower case, marks apart."""
    return _WORD.findall(text.lower())


@dataclass(frozen=True)
class TextConfig:
    """vocabulary: known words (others read as one unknown word); max_words: longer clauses are
    cut.
    """

    vocabulary: tuple[str, ...]
    width: int = 128
    layers: int = 2
    heads: int = 4
    max_words: int = 64
    columns: int = len(COLUMNS)


class ClauseReader(nn.Module):
    """Activations 0..1 of each unit and side that a clause speaks of.

    Every column asks the words a question of its own, so that a strength stays with its unit.
    """

    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self.config = config
        self._index = {w: i + 2 for i, w in enumerate(config.vocabulary)}  # 0 padding, 1 unknown
        self.word = nn.Embedding(len(config.vocabulary) + 2, config.width, padding_idx=0)
        self.place = nn.Parameter(torch.randn(config.max_words, config.width) * 0.02)
        self.near = nn.Conv1d(config.width, config.width, 5, padding=2)  # "raised slightly" is one
        layer = nn.TransformerEncoderLayer(
            config.width,
            config.heads,
            4 * config.width,
            dropout=0.0,
            activation="gelu",
            batch_first=True,
            norm_first=True,
        )
        self.layers = nn.TransformerEncoder(layer, config.layers, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(config.width)
        self.ask = nn.Parameter(torch.randn(config.columns, config.width) * 0.3)
        self.key = nn.Linear(config.width, config.width)
        self.value = nn.Linear(config.width, config.width)
        self.out = nn.Parameter(torch.randn(config.columns, config.width) * 0.02)
        self.bias = nn.Parameter(torch.full((config.columns,), -4.0))

    def ids(self, texts: Sequence[str]) -> Tensor:
        """(B, L) word ids, padded with 0; an empty clause is one unknown word."""
        rows = [
            [self._index.get(w, 1) for w in words(t)][: self.config.max_words] or [1] for t in texts
        ]
        out = torch.zeros(len(rows), max(map(len, rows)), dtype=torch.long)
        for i, row in enumerate(rows):
            out[i, : len(row)] = torch.tensor(row)
        return out

    def forward(self, ids: Tensor) -> Tensor:
        """(B, L) -> (B, A) logits of the activations."""
        pad = ids == 0
        x = (self.word(ids) + self.place[: ids.shape[1]]).masked_fill(pad[..., None], 0.0)
        x = x + torch.nn.functional.gelu(self.near(x.transpose(1, 2)).transpose(1, 2))
        x = self.norm(self.layers(x, src_key_padding_mask=pad))
        heard = (self.ask @ self.key(x).transpose(1, 2)) * x.shape[-1] ** -0.5  # (B, A, L)
        heard = heard.masked_fill(pad[:, None], -torch.inf).softmax(-1)
        told = heard @ self.value(x)  # (B, A, D)
        logits: Tensor = (told * self.out).sum(-1) + self.bias
        return logits

    @torch.no_grad()
    def read(self, texts: Sequence[str]) -> Tensor:
        """(B, A) activations 0..1 of clauses, values under 0.03 taken as none."""
        p = torch.sigmoid(self(self.ids(texts).to(self.word.weight.device)).float())
        return torch.where(p < 0.03, torch.zeros_like(p), p)
