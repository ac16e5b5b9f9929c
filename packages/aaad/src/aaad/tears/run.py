"""What trains a tear network: the settings of a run, written to run.json as they are."""

from __future__ import annotations

from dataclasses import dataclass

from aaad.learning.run import TrainingRun

__all__ = ["TearRun"]


@dataclass(frozen=True, kw_only=True)
class TearRun(TrainingRun):
    """A run of `train_tears`; what all runs have is in `TrainingRun`.

    `name`: id of the network. `size`: pixels a side, a multiple of 16. `width`: channels of the
    first blocks. `false_alarms`: share of whole pictures that may be flagged, which sets the
    threshold. `augment`: how strongly pictures are changed, 0 not at all to 1.
    """

    steps: int = 4_000
    name: str = "aaad-tears-0"
    size: int = 128
    width: int = 24
    false_alarms: float = 0.02
    augment: float = 0.7
