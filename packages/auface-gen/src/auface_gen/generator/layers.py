"""The two layers that the text encoder, the transformer and the alignment share.

B batch, N queries, M keys, D width, W width of the keys, H heads.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["Attention", "EncoderBlock", "closed"]


class Attention(nn.Module):
    """Multi-head attention with RMS-normalised queries and keys (Henry et al. 2020)."""

    def __init__(self, width: int, heads: int, *, keys: int | None = None) -> None:
        super().__init__()
        self.heads = heads
        self.q = nn.Linear(width, width, bias=False)
        self.kv = nn.Linear(keys or width, 2 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.q_norm = nn.RMSNorm(width // heads)
        self.k_norm = nn.RMSNorm(width // heads)
        nn.init.zeros_(self.out.weight)

    def keys_and_values(self, source: Tensor) -> tuple[Tensor, Tensor]:
        """source (B, M, W) -> keys and values (B, H, M, D / H): what a sampler need not redo."""
        b, m, _ = source.shape
        k, v = self.kv(source).view(b, m, 2, self.heads, -1).unbind(2)
        # fp32 has a fused norm, mixed types have none.
        k = self.k_norm(k.float()).to(v.dtype)
        return k.transpose(1, 2), v.transpose(1, 2)

    def forward(
        self, x: Tensor, memory: tuple[Tensor, Tensor], bias: Tensor | None = None
    ) -> Tensor:
        """x (B, N, D), memory of `keys_and_values`, bias fitting (B, H, N, M) -> like x."""
        b, n, d = x.shape
        k, v = memory
        q = self.q(x).view(b, n, self.heads, -1).transpose(1, 2)
        q = self.q_norm(q.float()).to(v.dtype)

        mask = None if bias is None else bias.to(q.dtype)
        heard = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)

        y: Tensor = self.out(heard.transpose(1, 2).reshape(b, n, d))
        return y


class EncoderBlock(nn.Module):
    """Self-attention and a feed-forward layer, each normalised before and added."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1 = nn.RMSNorm(width)
        self.attention = Attention(width, heads)
        self.norm2 = nn.RMSNorm(width)
        self.up = nn.Linear(width, 3 * width)
        self.down = nn.Linear(3 * width, width)
        nn.init.zeros_(self.down.weight)

    def forward(self, x: Tensor, bias: Tensor | None = None) -> Tensor:
        """x (B, N, D), bias broadcastable to (B, H, N, N) -> like x."""
        h = self.norm1(x)
        x = x + self.attention(h, self.attention.keys_and_values(h), bias)
        y: Tensor = x + self.down(F.gelu(self.up(self.norm2(x))))
        return y


def closed(said: Tensor) -> Tensor:
    """(B, M) bool -> (B, 1, 1, M) bias: 0 where something is said, far below where not."""
    return torch.zeros(said.shape, device=said.device).masked_fill(~said, -1e4)[:, None, None]
