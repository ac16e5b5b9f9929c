"""What a tokenizer with a reference is trained to do, step by step.

The encoder sees a pair of pictures; the decoder gets the reference, for a share of the pairs in
other colours and a little moved, and must give the picture in those: what its tokens say can then
only be motion. Pixels that moved weigh more. Tokens of patches where nothing moved are pulled to
"nothing", and only those: a penalty on all of them ends in saying nothing anywhere. For the same
reason the gate stands open wherever the truth moved until late in the run, for a gated token gets
no gradient.

Shapes: B pairs, S side in pixels, h x w tokens, D code width.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from vq_tokenizer.quantizers.terms import spread_loss
from vq_tokenizer.tokenizer.reference import warp
from vq_tokenizer.training.augment import move_slightly, recolour
from vq_tokenizer.training.batches import Batch
from vq_tokenizer.training.run import TokenizerRun

__all__ = [
    "Pairs",
    "change_loss",
    "flow_loss",
    "moved_weights",
    "prepare",
    "still_loss",
    "still_patches",
]

CLEAR = 1 / 6  # a difference that counts as moved altogether
USUAL = 0.1  # share of a picture that moves
SHIFT, MISALIGNED = 2.5, 1.0  # pixels of a picture of 256


class Pairs(NamedTuple):
    """One step's pictures: what the encoder sees, what the decoder gets and is to give.

    seen, seen_reference, target, shown: (B, 3, S, S). still: (B, h, w) bool, patches where the
    encoder's pair does not differ. opened: (B, h, w) bool, where the gate stands open: where the
    truth moved, or only for pairs without a reference. weights: (B, S, S), of the target's pixels.
    """

    seen: Tensor
    seen_reference: Tensor
    target: Tensor
    shown: Tensor
    still: Tensor
    opened: Tensor
    weights: Tensor


def prepare(
    batch: Batch, run: TokenizerRun, factor: int, progress: float, generator: torch.Generator
) -> Pairs:
    """The pairs of a step from its batch; progress: of the run; generator: the step's own."""
    assert batch.references is not None
    pairs = torch.stack([batch.images, batch.references], 1)  # (B, 2, 3, S, S)
    side, count = pairs.shape[-1], len(pairs)
    again = torch.rand(count, generator=generator) < run.redrawn
    other = again.to(pairs.device)
    gone = (torch.rand(count, generator=generator) < run.without).to(pairs.device)

    target = pairs.clone()
    if bool(again.any()):
        target[other] = move_slightly(pairs[other], 0.75, generator, pixels=SHIFT)
    still = still_patches(pairs[:, 0], pairs[:, 1], factor, run.still_below)
    weights = moved_weights(target[:, 0], target[:, 1], run.moved_weight)
    if batch.weights is not None:
        weights = weights * batch.weights

    seen = recolour(pairs, run.recoloured, generator)
    if bool(again.any()):
        target[other] = recolour(target[other], 1.0, generator)
    target[~other] = seen[~other]
    beside = move_slightly(seen[:, 1:], run.misaligned, generator, pixels=MISALIGNED)[:, 0]
    shown = target[:, 1]
    if bool(gone.any()):  # mid grey stands for no reference, and everything is new
        target = torch.where(gone.view(-1, 1, 1, 1, 1), seen, target)
        grey = torch.full_like(shown, 0.5)
        beside = torch.where(gone.view(-1, 1, 1, 1), grey, beside)
        shown = torch.where(gone.view(-1, 1, 1, 1), grey, shown)
        still = still & ~gone.view(-1, 1, 1)
        weights = torch.where(gone.view(-1, 1, 1), torch.ones_like(weights), weights)
    strict = float(torch.rand((), generator=generator)) < run.strict_at(progress)
    opened = gone.view(-1, 1, 1).expand_as(still) if strict else ~still
    last = torch.channels_last
    return Pairs(
        seen[:, 0].contiguous(memory_format=last),
        beside.contiguous(memory_format=last),
        target[:, 0].contiguous(memory_format=last),
        shown.contiguous(memory_format=last),
        still,
        opened,
        weights.view(count, side, side),
    )


def still_patches(images: Tensor, references: Tensor, factor: int, below: float) -> Tensor:
    """Find where no mean of 2 x 2 pixels of a token's patch differs by `below` in any channel:
    (B, h, w) bool."""
    apart = (images - references).abs().amax(1, keepdim=True)
    return F.max_pool2d(F.avg_pool2d(apart, 2), factor // 2)[:, 0] < below


def moved_weights(images: Tensor, references: Tensor, weight: float) -> Tensor:
    """1 + weight times how far each pixel differs from the reference, at most 1: (B, S, S).

    Divided by what is usual, but not by each picture's own mean: a pixel of a large change weighs
    as much as one of a small change, and so large changes weigh more.
    """
    apart = (images - references).abs().amax(1)
    return (1 + weight * (apart / CLEAR).clamp(max=1)) / (1 + USUAL * weight)


def still_loss(latents: Tensor, still: Tensor) -> Tensor:
    """How far the latents (B, D, h, w) of still patches are from nothing, 0 to 1; a scalar."""
    return (latents.tanh().abs().mean(1) * still).mean()


def change_loss(latents: Tensor, still: Tensor, run: TokenizerRun, spread: float) -> Tensor:
    """What the latents (B, D, h, w) are held to by the truth, still (B, h, w) bool; a scalar.

    Those of still patches to nothing; all others, by the weight `spread`, to using the whole grid.
    """
    loss = run.still_weight * still_loss(latents, still)
    moving = latents.permute(0, 2, 3, 1)[~still]  # (N, D)
    if spread and len(moving) > 1:
        loss = loss + spread * spread_loss(moving)
    return loss


def flow_loss(flows: Sequence[Tensor], shown: Tensor, target: Tensor, weights: Tensor) -> Tensor:
    """How far the reference, warped by the flow of each scale, is from the picture, both as small
    as that scale; the mean over scales of the weighted L1, a scalar.

    What the whole decoder is asked for can be painted, and a flow sees only one pixel far: without
    this it stays at rest, and large motions come out as a blur at both ends. On a small picture
    they are small.
    """
    total = target.new_zeros(())
    for flow in flows:
        height, width = flow.shape[2:]
        small, wanted, weight = (
            F.adaptive_avg_pool2d(x, (height, width)) for x in (shown, target, weights[:, None])
        )
        total = total + ((warp(small, flow) - wanted).abs() * weight).mean()
    return total / max(1, len(flows))
