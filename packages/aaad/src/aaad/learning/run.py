"""What every run of a trainer has: its length, its rate, its seed, how often it is written."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from aaad.errors import AAADError

__all__ = ["TrainingRun"]


@dataclass(frozen=True, kw_only=True)
class TrainingRun:
    """A run ends after `steps`, or after `minutes` of training if that comes first, counted over
    all the pieces of a resumed run; the learning rate has fallen to zero by then.

    `rate` is the peak learning rate, `warmup` in steps, `average` the decay of the averaged
    weights, `clip` the largest norm of a gradient, `precision` fp32 or bf16, `workers` threads
    that decode pictures, `memory_mb` what decoded pictures may take before they are decoded anew.
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
    memory_mb: int = 2048
    checkpoint_minutes: float = 5.0
    log_every: int = 20

    def __post_init__(self) -> None:
        if self.precision not in ("fp32", "bf16"):
            raise AAADError(f"precision must be fp32 or bf16, not {self.precision!r}")
        for name in ("steps", "batch", "log_every", "workers"):
            if getattr(self, name) < 1:
                raise AAADError(f"{name} must be at least 1, not {getattr(self, name)}")
        for name in ("memory_mb", "warmup", "weight_decay", "checkpoint_minutes"):
            if getattr(self, name) < 0:
                raise AAADError(f"{name} must not be negative, is {getattr(self, name)}")
        if self.minutes is not None and self.minutes < 0:
            raise AAADError(f"minutes must not be negative, is {self.minutes}")

    def to_json(self) -> dict[str, Any]:
        """Plain values for run.json."""
        return asdict(self)

    def must_match(self) -> dict[str, Any]:
        """What a resumed run may not change: all but its length and what only watches it."""
        free = (
            *("steps", "minutes", "workers", "memory_mb"),
            *("checkpoint_minutes", "log_every", "name"),
        )
        return {key: value for key, value in self.to_json().items() if key not in free}
