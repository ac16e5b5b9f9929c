"""VQ-AUFace's generator: a masked-token transformer that is told the person's neutral cell by
cell, and what to do clause by clause.

Every 2 x 2 tokens of the tokenizer's grid make one cell, which costs a quarter of attention over
tokens. A cell is given its tokens (known or masked), the neutral's tokens in the same place, and,
through the anatomical prior, the units that move it. It attends to the clauses, again drawn by the
prior, and says for each of its tokens how likely each code is; "same as the neutral" has a bonus
of its own.

B batch, P cells, G tokens a cell, T = P * G tokens, K codes, C clauses, A columns, D width, H
heads.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from auface_gen.columns import COLUMNS
from auface_gen.errors import AUFaceGenError

__all__ = ["FaceTransformer", "GeneratorConfig"]


@dataclass(frozen=True)
class GeneratorConfig:
    """grid: tokens a side; cell: tokens a cell's side; num_codes, code_dim: the tokenizer's
    codebook.
    """

    grid: int = 16
    cell: int = 2
    num_codes: int = 1024
    code_dim: int = 16
    columns: int = len(COLUMNS)
    width: int = 256
    layers: int = 8
    heads: int = 4
    hidden: int = 640
    token_width: int = 64
    dropout: float = 0.0

    @property
    def cells(self) -> int:
        """Cells a side."""
        return self.grid // self.cell


class _Attention(nn.Module):
    """Multi-head attention with RMS-normalised queries and keys."""

    def __init__(self, width: int, heads: int, *, cross: bool) -> None:
        super().__init__()
        self.heads = heads
        self.q = nn.Linear(width, width, bias=False)
        self.kv = nn.Linear(width, 2 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.q_norm, self.k_norm = nn.RMSNorm(width // heads), nn.RMSNorm(width // heads)
        nn.init.zeros_(self.out.weight)
        self.pull = (
            nn.Parameter(torch.ones(heads)) if cross else None
        )  # how far the prior draws attention

    def forward(
        self, x: Tensor, source: Tensor, reach: Tensor | None = None, closed: Tensor | None = None
    ) -> Tensor:
        """x (B, P, D), source (B, C, D), reach (B, P, C) of the prior, closed (B, 1, C) 0 or -inf
        -> (B, P, D).
        """
        b, p, d = x.shape
        q = self.q(x).view(b, p, self.heads, -1).transpose(1, 2)  # (B, H, P, D / H)
        k, v = (
            t.transpose(1, 2)
            for t in self.kv(source).view(b, source.shape[1], 2, self.heads, -1).unbind(2)
        )
        q, k = (
            self.q_norm(q.float()).to(v.dtype),
            self.k_norm(k.float()).to(v.dtype),
        )  # fp32 has a fused norm, mixed types have none
        bias = None
        if reach is not None and closed is not None and self.pull is not None:
            bias = (reach[:, None] * self.pull[:, None, None] + closed[:, None]).to(
                q.dtype
            )  # (B, H, P, C)
        out = F.scaled_dot_product_attention(q, k, v, attn_mask=bias)
        y: Tensor = self.out(out.transpose(1, 2).reshape(b, p, d))
        return y


class _Block(nn.Module):
    def __init__(self, c: GeneratorConfig) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.RMSNorm(c.width) for _ in range(3))
        self.self_attention = _Attention(c.width, c.heads, cross=False)
        self.clauses = _Attention(c.width, c.heads, cross=True)
        self.up = nn.Linear(c.width, 2 * c.hidden, bias=False)
        self.down = nn.Linear(c.hidden, c.width, bias=False)
        self.modulation = nn.Parameter(
            torch.zeros(6, c.width)
        )  # this block's share of the shared modulation
        self.dropout = nn.Dropout(c.dropout)
        nn.init.zeros_(self.down.weight)

    def forward(
        self, x: Tensor, clauses: Tensor, reach: Tensor, closed: Tensor, shared: Tensor
    ) -> Tensor:
        s1, g1, s2, g2, s3, g3 = (shared + self.modulation).unbind(1)  # (B, D) each
        n1, n2, n3 = self.norms
        h = n1(x) * (1 + s1[:, None])
        x = x + self.dropout(self.self_attention(h, h)) * (1 + g1[:, None])
        x = x + self.dropout(self.clauses(n2(x) * (1 + s2[:, None]), clauses, reach, closed)) * (
            1 + g2[:, None]
        )
        a, b = self.up(n3(x) * (1 + s3[:, None])).chunk(2, -1)
        y: Tensor = x + self.dropout(self.down(F.silu(a) * b)) * (1 + g3[:, None])
        return y


class FaceTransformer(nn.Module):
    """forward(tokens, neutral, clauses, said) -> logits. The mask id is `num_codes`.

    codebook: (K, code_dim) of the tokenizer; prior: (A, cells, cells) from `prior.region_maps`.
    Both are kept as buffers.
    """

    codebook: Tensor
    prior: Tensor

    def __init__(
        self, config: GeneratorConfig, codebook: Tensor | None = None, prior: Tensor | None = None
    ) -> None:
        super().__init__()
        c = self.config = config
        if c.grid % c.cell:
            raise AUFaceGenError(f"GeneratorConfig: cell {c.cell} does not divide grid {c.grid}")
        group = c.cell**2
        book = (
            torch.zeros(c.num_codes, c.code_dim) if codebook is None else codebook.detach().float()
        )
        maps = torch.zeros(c.columns, c.cells, c.cells) if prior is None else prior.float()
        if book.shape != (c.num_codes, c.code_dim) or maps.shape != (c.columns, c.cells, c.cells):
            raise AUFaceGenError(
                f"codebook {tuple(book.shape)} or prior {tuple(maps.shape)} do not fit the config"
            )
        self.register_buffer("codebook", book / book.std().clamp_min(1e-6))
        self.register_buffer("prior", maps)
        self.free = nn.Parameter(torch.randn(c.num_codes + 1, c.token_width) * 0.02)
        self.geometry = nn.Linear(c.code_dim, c.token_width, bias=False)
        self.enter = nn.Linear(2 * group * c.token_width, c.width)
        self.place = nn.Parameter(torch.randn(c.cells**2, c.width) * 0.02)
        self.local = nn.Linear(c.columns, c.width, bias=False)
        self.clause = nn.Sequential(
            nn.Linear(c.columns, c.width), nn.SiLU(), nn.Linear(c.width, c.width)
        )
        self.silence = nn.Parameter(
            torch.randn(c.width) * 0.02
        )  # a clause that says nothing: always there
        self.unsaid = nn.Parameter(
            torch.zeros(c.columns)
        )  # stands for the units where no text is given
        modulation = nn.Linear(c.width, 6 * c.width)
        nn.init.zeros_(modulation.weight)
        nn.init.zeros_(modulation.bias)
        self.shared = nn.Sequential(nn.Linear(c.columns, c.width), nn.SiLU(), modulation)
        self.blocks = nn.ModuleList(_Block(c) for _ in range(c.layers))
        self.norm = nn.RMSNorm(c.width)
        self.leave = nn.Linear(c.width, group * (c.token_width + c.code_dim + 1))
        self.bias = nn.Parameter(torch.zeros(c.num_codes))
        self.sharp = nn.Parameter(torch.tensor(0.5))

    @property
    def mask_id(self) -> int:
        """The id of a token not yet known."""
        return self.config.num_codes

    def _embed(self, tokens: Tensor) -> Tensor:
        """(B, T) ids in cell order -> (B, P, G * token_width)."""
        known = torch.cat([self.codebook, self.codebook.new_zeros(1, self.config.code_dim)])
        table = self.free + self.geometry(known)
        e = F.embedding(tokens, table)
        return e.view(e.shape[0], self.config.cells**2, -1)

    def to_cells(self, grid: Tensor) -> Tensor:
        """(B, h, w) -> (B, T), the tokens of a cell beside each other."""
        c = self.config
        n, k = c.cells, c.cell
        return grid.view(-1, n, k, n, k).transpose(2, 3).reshape(-1, c.grid**2)

    def to_grid(self, flat: Tensor) -> Tensor:
        """The reverse of to_cells: (B, T) -> (B, h, w)."""
        c = self.config
        n, k = c.cells, c.cell
        return flat.view(-1, n, n, k, k).transpose(2, 3).reshape(-1, c.grid, c.grid)

    def forward(self, tokens: Tensor, neutral: Tensor, clauses: Tensor, said: Tensor) -> Tensor:
        """tokens, neutral (B, T) in cell order, clauses (B, C, A) in 0..1, said (B, C) bool ->
        logits (B, T, K) float32.

        A row of `said` without any True has no text: the unconditional face.
        """
        c = self.config
        b = tokens.shape[0]
        told = said.any(1, keepdim=True)
        units = (clauses * said[..., None]).amax(1)  # (B, A)
        units = torch.where(told, units, self.unsaid.to(units.dtype))
        maps = self.prior.flatten(1)  # (A, P)
        x = self.enter(torch.cat([self._embed(tokens), self._embed(neutral)], -1)) + self.place
        x = x + self.local(units[:, None] * maps.T)  # (B, P, A) -> (B, P, D)
        source = torch.cat(
            [self.silence.expand(b, 1, -1), self.clause(clauses)], 1
        )  # (B, 1 + C, D)
        reach = (
            (clauses[:, :, :, None] * maps).amax(2)
            if clauses.shape[1]
            else clauses.new_zeros(b, 0, maps.shape[1])
        )
        reach = torch.cat([reach.new_zeros(b, 1, maps.shape[1]), 2 * reach], 1).transpose(
            1, 2
        )  # (B, P, 1 + C)
        heard = torch.cat([said.new_ones(b, 1), said], 1)[:, None]  # (B, 1, 1 + C)
        closed = torch.zeros_like(heard, dtype=reach.dtype).masked_fill(~heard, -torch.inf)
        shared = self.shared(units).view(b, 6, c.width)
        for block in self.blocks:
            x = block(x, source, reach, closed, shared)
        out = self.leave(self.norm(x)).view(b, c.grid**2, -1).float()
        q, z, same = out.split([c.token_width, c.code_dim, 1], -1)
        table = (self.free[: c.num_codes] + self.geometry(self.codebook)).float()
        sharp = F.softplus(self.sharp)
        logits = (
            q @ table.T
            + sharp * (z @ self.codebook.T - 0.5 * self.codebook.square().sum(1))
            + self.bias
        )
        return logits.scatter_add(2, neutral[..., None], same + 2.0)
