"""Words and pictures in one space: the first stage of the progressive alignment.

A picture, as tokens of change beside what the reference shows, becomes one vector a cell and one
for the whole face; so does a text, one a clause and one for all of it. A whole description is to be
nearer to its picture than to others, a clause to the pictures that do what it says, in the cells
that it is about. This part is used in training alone: what it leaves behind is the text encoder.

B pictures, Q texts, C clauses, P cells, T tokens, W width of states, S width of the shared space.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from auface_gen.generator.layers import EncoderBlock
from auface_gen.generator.transformer import TransformerConfig

__all__ = ["Alignment", "contrastive", "region_scores"]

_SHARED, _TOKEN, _LAYERS, _HEADS = 128, 32, 2, 4


class Alignment(nn.Module):
    """The picture's side, and the ways of both into the shared space."""

    def __init__(self, c: TransformerConfig) -> None:
        super().__init__()
        each, width = c.cell**2, c.text_width
        self.token = nn.Embedding(c.num_codes, _TOKEN)
        self.enter = nn.Linear(each * (_TOKEN + c.code_dim), width)
        self.around_norm = nn.LayerNorm(each * c.reference_width)
        self.around = nn.Linear(each * c.reference_width, width)
        self.place = nn.Parameter(torch.randn(c.cells**2, width) * 0.02)
        self.blocks = nn.ModuleList(EncoderBlock(width, _HEADS) for _ in range(_LAYERS))
        self.norm = nn.RMSNorm(width)
        self.weigh = nn.Linear(width, 1)
        self.whole_picture = nn.Linear(width, _SHARED)
        self.whole_text = nn.Linear(width, _SHARED)
        self.cell = nn.Linear(width, _SHARED)
        self.clause = nn.Linear(width, _SHARED)
        # Inverse temperatures of the two losses, as logarithms.
        self.sharp = nn.Parameter(torch.tensor([math.log(10.0), math.log(10.0)]))

    def pictures(self, tokens: Tensor, codes: Tensor, reference: Tensor) -> tuple[Tensor, Tensor]:
        """Tokens (B, T) in the order of cells, their codes (B, T, C), reference (B, P, R) -> whole
        (B, S) and cells (B, P, S), of length 1.
        """
        b, p = reference.shape[:2]
        seen = torch.cat([self.token(tokens), codes.to(self.token.weight.dtype)], -1)
        x = self.enter(seen.view(b, p, -1)) + self.around(self.around_norm(reference)) + self.place
        for block in self.blocks:
            x = block(x)
        x = self.norm(x.float())
        share = torch.softmax(self.weigh(x).float(), 1)
        whole = self.whole_picture((x * share).sum(1))
        return F.normalize(whole.float(), dim=-1), F.normalize(self.cell(x).float(), dim=-1)

    def texts(self, pooled: Tensor) -> Tensor:
        """Means of states (Q, W) -> (Q, S) of length 1."""
        return F.normalize(self.whole_text(pooled).float(), dim=-1)

    def clauses(self, states: Tensor) -> Tensor:
        """Means of the states of clauses (C, W) -> (C, S) of length 1."""
        return F.normalize(self.clause(states).float(), dim=-1)

    def scale(self, which: int) -> Tensor:
        """How sharply likeness decides: 0 for the whole, 1 for regions; at most 100."""
        return self.sharp[which].clamp_max(math.log(100.0)).exp()


def contrastive(scores: Tensor, same: Tensor) -> Tensor:
    """-log of the share that all right ones have together, a row; (Q, B) scores and bool -> scalar.

    InfoNCE (Oord et al. 2018), where several may be right: two pictures of one coding, two texts
    that say the same. Rows without a right one do not count.
    """
    right = scores.masked_fill(~same, -torch.inf)
    each = torch.logsumexp(scores, 1) - torch.logsumexp(right, 1)
    has = same.any(1)
    return each[has].mean() if bool(has.any()) else scores.sum() * 0.0


def region_scores(clauses: Tensor, cells: Tensor, where: Tensor) -> Tensor:
    """How well each picture does what each clause says: (C, S), (B, P, S), (C, P) -> (C, B) in
    -1..1.

    The mean likeness over the cells, each by how much it is like the clause and by how far the
    clause's units move the face there, so that a clause is looked for in its region.
    """
    like = torch.einsum("cs,bps->cbp", clauses, cells)
    share = torch.softmax(5.0 * like.detach() + 4.0 * where[:, None], -1)
    return (share * like).sum(-1)
