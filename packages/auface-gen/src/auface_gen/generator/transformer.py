"""VQ-AUFace's generator: a masked-token transformer over tokens of change that attends to words.

Tokens say what changes against a picture of the person at rest; the one that says "nothing" has a
bonus of its own. Every 2 x 2 tokens make one cell, which costs a quarter of attention over tokens.
A cell is given its tokens (known or masked), what the reference picture shows there, and the words
that can matter there; it attends to the other cells and to the words, and says for each of its
tokens how likely each code is.

B batch, P cells, G tokens a cell, T = P * G tokens in the order of cells, K codes, C code width, L
words, W width of their states, R features of the reference a cell, D width, H heads.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from auface_gen.errors import AUFaceGenError
from auface_gen.generator.condition import Heard
from auface_gen.generator.layers import Attention

__all__ = ["ChangeTransformer", "Memory", "TransformerConfig"]


@dataclass(frozen=True, kw_only=True)
class TransformerConfig:
    """grid: tokens a side; cell: tokens a cell's side; num_codes, code_dim: the tokenizer's
    codebook; still: its token that says "nothing changes"; reference_width: features of the
    reference picture a token; text_width: width of what is told.
    """

    grid: int = 16
    cell: int = 2
    num_codes: int = 1000
    code_dim: int = 4
    still: int = 0
    reference_width: int = 128
    text_width: int = 160
    width: int = 224
    layers: int = 6
    heads: int = 4
    hidden: int = 560
    token_width: int = 48

    def __post_init__(self) -> None:
        """Refuse what no transformer can be."""
        if self.cell < 1 or self.grid % self.cell:
            raise AUFaceGenError(f"cell {self.cell} does not divide grid {self.grid}")
        if self.width % self.heads:
            raise AUFaceGenError(f"heads {self.heads} do not divide width {self.width}")
        if not 0 <= self.still < self.num_codes:
            raise AUFaceGenError(f"still {self.still} is none of {self.num_codes} codes")

    @property
    def cells(self) -> int:
        """Cells a side."""
        return self.grid // self.cell


@dataclass(frozen=True)
class Memory:
    """What one request costs once and every pass uses: the words and the reference picture.

    keys, bias: one a block. place: (B, P, D) what enters each cell besides its tokens. modulation:
    (B, 6, D).
    """

    keys: tuple[tuple[Tensor, Tensor], ...]
    bias: tuple[Tensor, ...]
    place: Tensor
    modulation: Tensor


class _Block(nn.Module):
    """Attention among cells, attention to words, and a gated feed-forward layer."""

    def __init__(self, c: TransformerConfig) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.RMSNorm(c.width) for _ in range(3))
        self.among = Attention(c.width, c.heads)
        self.words = Attention(c.width, c.heads, keys=c.text_width)
        # How far the prior draws each head's attention.
        self.pull = nn.Parameter(torch.full((c.heads,), 2.0))
        self.up = nn.Linear(c.width, 2 * c.hidden, bias=False)
        self.down = nn.Linear(c.hidden, c.width, bias=False)
        nn.init.zeros_(self.down.weight)
        # This block's own part of the modulation that all share.
        self.modulation = nn.Parameter(torch.zeros(6, c.width))

    def ear(
        self, states: Tensor, reach: Tensor, shut: Tensor
    ) -> tuple[tuple[Tensor, Tensor], Tensor]:
        """Keys and values of the states (B, L, W), and the bias (B, H, P, L) towards them."""
        return self.words.keys_and_values(states), reach * self.pull[:, None, None] + shut

    def forward(
        self, x: Tensor, memory: tuple[Tensor, Tensor], bias: Tensor, shared: Tensor
    ) -> Tensor:
        """x (B, P, D), keys and values of the words, bias (B, H, P, L), shared (B, 6, D)."""
        scale1, gate1, scale2, gate2, scale3, gate3 = (shared + self.modulation)[:, :, None].unbind(
            1
        )
        norm1, norm2, norm3 = self.norms

        h = norm1(x) * (1 + scale1)
        x = x + self.among(h, self.among.keys_and_values(h)) * (1 + gate1)

        h = norm2(x) * (1 + scale2)
        x = x + self.words(h, memory, bias) * (1 + gate2)

        a, b = self.up(norm3(x) * (1 + scale3)).chunk(2, -1)
        y: Tensor = x + self.down(F.silu(a) * b) * (1 + gate3)
        return y


class ChangeTransformer(nn.Module):
    """Tokens, some of them masked, to the likelihood of each code in each place.

    codebook: (K, C) the tokenizer's codes, whose distances it knows from the start.
    """

    codebook: Tensor

    def __init__(self, config: TransformerConfig, codebook: Tensor | None = None) -> None:
        super().__init__()
        c = self.config = config
        codes = torch.zeros(c.num_codes, c.code_dim) if codebook is None else codebook.float()
        if codes.shape != (c.num_codes, c.code_dim):
            raise AUFaceGenError(
                f"codes {tuple(codes.shape)} do not fit a config of {c.num_codes} x {c.code_dim}"
            )
        self.register_buffer("codebook", codes.clone())
        each, around = c.cell**2, c.cell**2 * c.reference_width

        # What enters a cell; the last row of `free` is the mask's.
        self.free = nn.Parameter(torch.randn(c.num_codes + 1, c.token_width) * 0.02)
        self.geometry = nn.Linear(c.code_dim, c.token_width, bias=False)
        self.enter = nn.Linear(each * c.token_width, c.width)
        self.around_norm = nn.LayerNorm(around)
        self.around = nn.Linear(around, c.width)
        self.place = nn.Parameter(torch.randn(c.cells**2, c.width) * 0.02)
        self.local = nn.Linear(c.text_width, c.width, bias=False)

        # What is told: a state to attend to when no word matters, and what stands for no text.
        self.silence = nn.Parameter(torch.randn(c.text_width) * 0.02)
        self.untold = nn.Parameter(torch.zeros(c.text_width))
        last = nn.Linear(c.width, 6 * c.width)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.shared = nn.Sequential(nn.Linear(c.text_width, c.width), nn.SiLU(), last)

        self.blocks = nn.ModuleList(_Block(c) for _ in range(c.layers))
        self.norm = nn.RMSNorm(c.width)
        self.leave = nn.Linear(c.width, each * (c.token_width + c.code_dim))
        nn.init.normal_(self.leave.weight, std=0.02)  # the start is the person at rest
        nn.init.zeros_(self.leave.bias)
        self.bias = nn.Parameter(torch.zeros(c.num_codes))
        self.sharp = nn.Parameter(torch.tensor(1.0))
        self.still_bonus = nn.Parameter(torch.tensor(2.0))

    @property
    def mask_id(self) -> int:
        """The id of a masked token, one past the codes."""
        return self.config.num_codes

    def to_cells(self, grid: Tensor) -> Tensor:
        """(B, h, w) -> (B, T), the tokens of a cell beside each other."""
        c = self.config
        n, k = c.cells, c.cell
        return grid.reshape(-1, n, k, n, k).transpose(2, 3).reshape(-1, c.grid**2)

    def to_grid(self, flat: Tensor) -> Tensor:
        """The reverse of to_cells: (B, T) -> (B, h, w)."""
        c = self.config
        n, k = c.cells, c.cell
        return flat.reshape(-1, n, n, k, k).transpose(2, 3).reshape(-1, c.grid, c.grid)

    def reference_cells(self, features: Tensor) -> Tensor:
        """Features of the reference picture (B, R / G, h, w) -> (B, P, R)."""
        c = self.config
        b, width = features.shape[:2]
        n, k = c.cells, c.cell
        if features.shape[1:] != (c.reference_width, c.grid, c.grid):
            raise AUFaceGenError(
                f"features of the reference are {tuple(features.shape[1:])}, expected "
                f"{(c.reference_width, c.grid, c.grid)}"
            )
        cut = features.reshape(b, width, n, k, n, k).permute(0, 2, 4, 3, 5, 1)
        return cut.reshape(b, n * n, k * k * width)

    def listen(self, heard: Heard, reference: Tensor) -> Memory:
        """What is told and the reference's features (B, P, R), made ready for any number of passes.

        A row of `heard` without a word is told nothing.
        """
        said = heard.said
        told = said.any(1, keepdim=True)
        reach = heard.reach * said[:, None]  # (B, P, L)

        # The words that can matter in a cell enter it, each by its reach.
        near = (reach @ self.local(heard.states).float()) / (1 + reach.sum(2, keepdim=True))
        place = self.around(self.around_norm(reference.float())) + self.place + near
        pooled = torch.where(told, heard.pooled, self.untold)
        modulation = self.shared(pooled).view(-1, 6, self.config.width)

        # A cell that no word concerns attends to the silence.
        b = len(said)
        states = torch.cat([self.silence.expand(b, 1, -1), heard.states], 1)
        open_ = torch.cat([said.new_ones(b, 1), said], 1)[:, None, None]  # (B, 1, 1, 1 + L)
        shut = torch.zeros(open_.shape, device=states.device).masked_fill(~open_, -1e4)
        reach = F.pad(reach, (1, 0))[:, None]  # (B, 1, P, 1 + L)
        ears = [block.ear(states, reach, shut) for block in self._blocks()]
        return Memory(tuple(keys for keys, _ in ears), tuple(b for _, b in ears), place, modulation)

    def _blocks(self) -> Iterator[_Block]:
        for block in self.blocks:
            assert isinstance(block, _Block)
            yield block

    def _table(self) -> Tensor:
        return self.free[: self.mask_id] + self.geometry(self.codebook).float()

    def hidden(self, tokens: Tensor, memory: Memory) -> Tensor:
        """tokens (B, T) in the order of cells -> (B, T, token_width + C), for `logits`."""
        c = self.config
        table = torch.cat([self._table(), self.free[self.mask_id :]])
        given = F.embedding(tokens, table).view(len(tokens), c.cells**2, -1)
        x = self.enter(given) + memory.place
        for block, keys, bias in zip(self.blocks, memory.keys, memory.bias, strict=True):
            x = block(x, keys, bias, memory.modulation)
        out: Tensor = self.leave(self.norm(x.float())).float()
        return out.view(len(tokens), c.grid**2, -1)

    def logits(self, hidden: Tensor) -> Tensor:
        """(..., token_width + C) -> (..., K) float32: likeness to the code as learned, and nearness
        to it in the codebook.
        """
        codes, sharp = self.codebook, 4 * F.softplus(self.sharp)
        still = F.one_hot(torch.tensor(self.config.still, device=codes.device), self.mask_id)
        # Nearness is -|z - code|^2 / 2 without |z|^2, which all codes share: one product for both.
        offset = self.bias + self.still_bonus * still - sharp * 0.5 * codes.square().sum(1)
        return F.linear(hidden, torch.cat([self._table(), sharp * codes], 1), offset)

    def forward(self, tokens: Tensor, memory: Memory) -> Tensor:
        """tokens (B, T) in the order of cells, what `listen` gave -> logits (B, T, K) float32."""
        return self.logits(self.hidden(tokens, memory))
