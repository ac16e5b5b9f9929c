"""Sampling masked tokens: the order in which they are revealed, how many at a step, and the loop.

Pure functions over a callable model. Sources: MaskGIT (Chang et al. 2022) for confidence order and
the cosine curve; Besnier et al. 2025 for the Halton order. T tokens, K codes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from auface_gen.errors import AUFaceGenError

__all__ = ["halton_order", "reveal_counts", "sample", "steady"]


@contextmanager
def steady() -> Iterator[None]:
    """While this lasts, convolutions on the processor do not round by the number of its threads.

    oneDNN cuts a convolution into pieces by that number, so that sums differ in their last bit and
    one pixel in 100,000 by one level. PyTorch's own kernels, used here instead, take their pieces
    from the shape alone; a decoder takes 1.5 times as long. Matrix products keep to MKL, which
    promises no such thing: over 48 pictures at temperature 1 no token differed between one thread
    and two, where two nearly equal codes would have to change places.
    """
    # torch.backends.mkldnn.flags sets other switches too, and warns of them.
    switch, before = torch._C._set_mkldnn_enabled, torch._C._get_mkldnn_enabled()
    switch(False)
    try:
        yield
    finally:
        switch(before)


def halton_order(grid: int) -> Tensor:
    """(grid * grid,) a permutation of the cells, spread evenly at every length: Halton points in
    bases 2 and 3 until all cells are met.
    """
    seen: dict[int, None] = {}
    i = 0
    while len(seen) < grid * grid:
        i += 1
        seen[int(_radical_inverse(i, 2) * grid) * grid + int(_radical_inverse(i, 3) * grid)] = None
    return torch.tensor(list(seen))


def _radical_inverse(i: int, base: int) -> float:
    out, scale = 0.0, 1.0
    while i:
        scale /= base
        out += scale * (i % base)
        i //= base
    return out


def reveal_counts(tokens: int, steps: int, curve: str = "cosine") -> list[int]:
    """How many tokens each step reveals: sums to `tokens`, each at least 1. Curves: "cosine" (few
    first, many last), "linear".
    """
    if not 1 <= steps <= tokens:
        raise AUFaceGenError(f"steps={steps}: from 1 to {tokens}, the number of tokens")
    if curve not in ("cosine", "linear"):
        raise AUFaceGenError(f"curve={curve!r}: 'cosine' or 'linear'")
    left = [
        math.cos(math.pi / 2 * i / steps) if curve == "cosine" else 1 - i / steps
        for i in range(steps + 1)
    ]
    known, out = 0, []
    for i in range(1, steps + 1):
        want = tokens - round(tokens * left[i]) if i < steps else tokens
        now = max(1, min(want - known, tokens - known - (steps - i)))
        out.append(now)
        known += now
    return out


@torch.no_grad()
def sample(
    model: Callable[[Tensor, bool], Tensor],
    start: Tensor,
    *,
    mask_id: int,
    steps: int = 10,
    guidance: float = 1.0,
    temperature: float = 0.0,
    order: Tensor | None = None,
    curve: str = "cosine",
    generators: list[torch.Generator] | None = None,
    on_step: Callable[[int, Tensor], None] | None = None,
) -> Tensor:
    """Fill the masked tokens of `start` (B, T) and return (B, T) without any mask id.

    model(tokens, told) -> logits (B, T, K), with the text when `told`. guidance: uncond + g *
    (cond - uncond); 1.0 is off and runs no unconditional pass. temperature 0 takes the likeliest
    code. order: a permutation of T for a fixed order, None for the most confident first.
    generators: one a row, so that a row's picture does not depend on its batch. A token once
    revealed never changes.
    """
    tokens = start.clone()
    rows = torch.arange(len(tokens), device=tokens.device)[:, None]
    masked = tokens == mask_id
    total = int(masked.sum(1).max())
    if total == 0:
        return tokens
    rank = None
    if order is not None:
        rank = torch.empty_like(order)
        rank[order] = torch.arange(len(order), device=order.device)
    for step, count in enumerate(reveal_counts(total, min(steps, total), curve)):
        logits = model(tokens, True)
        if guidance != 1.0:
            unconditional = model(tokens, False)
            logits = unconditional + guidance * (logits - unconditional)
        log_p = torch.log_softmax(logits.float(), -1)
        if temperature > 0:
            uniform = torch.stack(
                [torch.rand(log_p.shape[1:], generator=g) for g in generators]
                if generators
                else [torch.rand(log_p.shape[1:]) for _ in range(len(tokens))]
            ).to(log_p.device)
            noise = -torch.log(-torch.log(uniform.clamp(1e-9, 1 - 1e-7)))
            choice = (log_p / temperature + noise).argmax(-1)
        else:
            choice = log_p.argmax(-1)
        masked = tokens == mask_id
        if rank is None:
            score = log_p.gather(2, choice[..., None])[..., 0]
        else:
            score = -rank.float().to(log_p.device).expand_as(tokens)
        score = score.masked_fill(~masked, -torch.inf)
        pick = score.topk(count, dim=1).indices
        open_ = torch.zeros_like(masked)
        open_[rows, pick] = True
        tokens = torch.where(open_ & masked, choice, tokens)
        if on_step:
            on_step(step, tokens)
    return tokens
