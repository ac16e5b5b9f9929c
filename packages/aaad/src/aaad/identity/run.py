"""What trains an identity network: the settings of a run, written to run.json as they are."""

from __future__ import annotations

from dataclasses import dataclass

from aaad.learning.run import TrainingRun

__all__ = ["IdentityRun"]


@dataclass(frozen=True, kw_only=True)
class IdentityRun(TrainingRun):
    """A run of `train_identity`; what all runs have is in `TrainingRun`.

    `name`: id of the network. `size`: pixels a side, a multiple of 16. `width`: channels of the
    first blocks. `dimensions` of the embedding. `margin` and `scale` of the cosine softmax over the
    training people. `augment`: how strongly pictures are changed, 0 not at all to 1.
    """

    steps: int = 6_000
    batch: int = 64
    name: str = "aaad-identity-0"
    size: int = 96
    width: int = 24
    dimensions: int = 96
    margin: float = 0.2
    scale: float = 16.0
    augment: float = 1.0
