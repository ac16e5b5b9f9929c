"""What trains a detector: the settings of a run, written to run.json as they are."""

from __future__ import annotations

from dataclasses import dataclass

from aaad.errors import AAADError
from aaad.learning.run import TrainingRun

__all__ = ["NETWORKS", "DetectorRun"]

NETWORKS = ("grid", "attention")
"""Two networks that are built differently: one to train generators against, one to score them."""


@dataclass(frozen=True, kw_only=True)
class DetectorRun(TrainingRun):
    """A run of `train_detector`; what all runs have is in `TrainingRun`.

    `name`: id that scores will carry, and that a generator's provenance names; made of network
    and seed where it is empty. `network`: one of NETWORKS. `size`: pixels. `fold`: pixels a side
    that the first layer takes as one; a fold of 8 at 256 pixels costs what 4 does at 128. `width`:
    channels of the first layers. `hidden`: width before the head. `rest_drop`: how often the person
    at rest is withheld. `ordinal`: weight of the Cramér distance beside the log score. `augment`:
    how strongly pictures are changed, 0 not at all to 1. `fine`: channels that the head of `grid`
    reads of the grid before the last, 0 for none.
    """

    name: str = ""
    network: str = "grid"
    size: int = 256
    fold: int = 8
    width: int = 48
    hidden: int = 192
    fine: int = 16
    rest_drop: float = 0.5
    ordinal: float = 4.0
    augment: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.network not in NETWORKS:
            raise AAADError(f"network must be one of {', '.join(NETWORKS)}, not {self.network!r}")

    @property
    def id(self) -> str:
        """The name that scores carry."""
        return self.name or f"aaad-{self.network}-{self.seed}"
