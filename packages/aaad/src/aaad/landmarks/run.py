"""What trains a landmark network: the settings of a run, written to run.json as they are."""

from __future__ import annotations

from dataclasses import dataclass

from aaad.learning.run import TrainingRun

__all__ = ["LandmarkRun"]


@dataclass(frozen=True, kw_only=True)
class LandmarkRun(TrainingRun):
    """A run of `train_landmarks`; what all runs have is in `TrainingRun`.

    `name`: id of the network. `size`: pixels a side of what it looks at, a multiple of 16, which is
    about 1.4 times as wide as the corpus's crop. `width`: channels of the first blocks. `augment`:
    how strongly pictures are changed, 0 not at all to 1.
    """

    steps: int = 6_000
    batch: int = 32
    rate: float = 2e-3
    warmup: int = 50
    name: str = "aaad-landmarks-0"
    size: int = 96
    width: int = 24
    augment: float = 1.0
