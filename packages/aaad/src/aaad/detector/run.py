"""What trains a detector: the settings of a run, written to run.json as they are."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from ..errors import AAADError

__all__ = ["NETWORKS", "DetectorRun"]

NETWORKS = ("grid", "attention")
"""Two networks that are built differently: one to train generators against, one to score them."""


@dataclass(frozen=True, kw_only=True)
class DetectorRun:
    """A run ends after `steps`, or after `minutes` of training if that comes first, counted over
    all the pieces of a resumed run; the learning rate has fallen to zero by then.

    `name`: id that scores will carry, and that a generator's provenance names; made of network
    and seed where it is empty. `network`: one of NETWORKS. `size`: pixels, a multiple of 16.
    `width`: channels of the first layers. `hidden`: width before the head. `rest_drop`: how often
    the person at rest is withheld. `ordinal`: weight of the Cramér distance beside the log score.
    `augment`: how strongly pictures are changed, 0 not at all to 1. `rate` is the peak learning
    rate, `warmup` in steps, `average` the decay of the averaged weights, `clip` the largest norm of
    a gradient, `workers` threads that decode pictures.
    """

    steps: int = 20_000
    minutes: float | None = None
    batch: int = 48
    rate: float = 2e-3
    warmup: int = 60
    weight_decay: float = 0.02
    average: float = 0.995
    clip: float = 1.0
    precision: str = "fp32"
    seed: int = 0
    workers: int = 2
    checkpoint_minutes: float = 5.0
    log_every: int = 20
    name: str = ""
    network: str = "grid"
    size: int = 128
    width: int = 48
    hidden: int = 192
    rest_drop: float = 0.5
    ordinal: float = 4.0
    augment: float = 1.0

    def __post_init__(self) -> None:
        if self.precision not in ("fp32", "bf16"):
            raise AAADError(f"precision must be fp32 or bf16, not {self.precision!r}")
        if self.network not in NETWORKS:
            raise AAADError(f"network must be one of {', '.join(NETWORKS)}, not {self.network!r}")
        for name in ("steps", "batch", "log_every", "workers"):
            if getattr(self, name) < 1:
                raise AAADError(f"{name} must be at least 1, not {getattr(self, name)}")
        if self.minutes is not None and self.minutes < 0:
            raise AAADError(f"minutes must not be negative, is {self.minutes}")

    @property
    def id(self) -> str:
        """The name that scores carry."""
        return self.name or f"aaad-{self.network}-{self.seed}"

    def to_json(self) -> dict[str, Any]:
        """Plain values for run.json."""
        return asdict(self)

    def must_match(self) -> dict[str, Any]:
        """What a resumed run may not change: all but its length and what only watches it."""
        free = ("steps", "minutes", "workers", "checkpoint_minutes", "log_every", "name")
        return {key: value for key, value in self.to_json().items() if key not in free}
