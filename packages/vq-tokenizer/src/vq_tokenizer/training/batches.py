"""The batch of a step, which depends on seed and step alone, so that a run can go on anywhere.

Shapes: B batch, S side in pixels.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from vq_tokenizer._distributed import rank, world_size
from vq_tokenizer.errors import VQTokenizerError
from vq_tokenizer.training.pictures import Pictures, Sample
from vq_tokenizer.training.run import TokenizerRun

__all__ = ["Batch", "batches", "collate", "pick"]


class Batch(NamedTuple):
    """images (B, 3, S, S) float32 in [0, 1], channels last in memory; references alike and weights
    (B, S, S), where the pictures have them."""

    images: Tensor
    references: Tensor | None
    weights: Tensor | None

    def to(self, device: torch.device) -> Batch:
        """Put the batch on a device."""
        return Batch(*(None if t is None else t.to(device) for t in self))  # type: ignore[arg-type]


def pick(
    count: int, batch: int, step: int, seed: int, *, flip: bool = True
) -> tuple[Tensor, Tensor]:
    """Which pictures a step uses and which of them are mirrored: (batch,) int64, (batch,) bool.

    Every epoch is one shuffle of all pictures.
    """
    first = step * batch
    picks: list[Tensor] = []
    while sum(map(len, picks)) < batch:
        epoch, offset = divmod(first + sum(map(len, picks)), count)
        generator = torch.Generator().manual_seed(seed * 1_000_003 + epoch)
        order = torch.randperm(count, generator=generator)
        picks.append(order[offset : offset + batch - sum(map(len, picks))])
    generator = torch.Generator().manual_seed(seed * 1_000_003 + step + (1 << 40))
    flips = torch.rand(batch, generator=generator) < 0.5
    return torch.cat(picks), flips & flip


def collate(samples: list[Sample], flips: Tensor | None = None) -> Batch:
    """Samples as one batch, those that flips (B,) names mirrored with all that belongs to them."""
    images = _pictures([s.image for s in samples], flips)
    references = weights = None
    if samples[0].reference is not None:
        references = _pictures([s.reference for s in samples if s.reference is not None], flips)
    if samples[0].weights is not None:
        planes = [s.weights for s in samples if s.weights is not None]
        weights = torch.from_numpy(np.stack(planes)).float()  # (B, S, S)
        if flips is not None:
            weights = torch.where(flips[:, None, None], weights.flip(2), weights)
    for made in (references, weights):
        if made is not None and len(made) != len(images):
            raise VQTokenizerError("train: some pictures have a reference or weights, others none")
    return Batch(images, references, weights)


def _pictures(pixels: list[np.ndarray], flips: Tensor | None) -> Tensor:
    images = torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2).to(torch.float32) / 255
    if flips is not None:
        images = torch.where(flips[:, None, None, None], images.flip(3), images)
    return images.contiguous(memory_format=torch.channels_last)


class _Steps(Dataset[Batch]):
    """This process's part of the batch of each step."""

    def __init__(self, pictures: Pictures, run: TokenizerRun, part: tuple[int, int]) -> None:
        self.pictures, self.run, self.part = pictures, run, part

    def __getitem__(self, step: int) -> Batch:
        run, (first, stride) = self.run, self.part
        index, flips = pick(len(self.pictures), run.batch, step, run.seed, flip=run.flip)
        index, flips = index[first::stride], flips[first::stride]
        if not run.other_reference:
            return collate([self.pictures.sample(i) for i in index.tolist()], flips)
        others = _others(run, step)[first::stride]
        pairs = zip(index.tolist(), others, strict=True)
        return collate([self.pictures.sample(i, other) for i, other in pairs], flips)


def _others(run: TokenizerRun, step: int) -> list[int | None]:
    """For each picture of a step the chance by which it gets another reference, or None."""
    generator = torch.Generator().manual_seed(run.seed * 1_000_003 + step + (1 << 41))
    gets = torch.rand(run.batch, generator=generator) < run.other_reference
    chance = torch.randint(1 << 30, (run.batch,), generator=generator)
    return [c if g else None for c, g in zip(chance.tolist(), gets.tolist(), strict=True)]


def batches(pictures: Pictures, run: TokenizerRun, start: int) -> Iterator[Batch]:
    """The batches of all steps from `start` on, read ahead by `run.workers` processes."""
    steps = _Steps(pictures, run, (rank(), world_size()))
    if not run.workers:
        return map(steps.__getitem__, range(start, run.steps))
    loader = DataLoader(
        steps, batch_size=None, sampler=range(start, run.steps), num_workers=run.workers
    )
    return iter(loader)
