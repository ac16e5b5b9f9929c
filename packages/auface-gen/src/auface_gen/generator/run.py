"""A training run as data: how long, how fast, how precise, and what is the model's own.

The words are those of the other trainers (tokenizer, detector): the same thing has the same name.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from auface_gen.errors import AUFaceGenError

__all__ = ["GeneratorRun", "ReaderRun", "TrainingRun"]

_MAY_CHANGE = ("steps", "minutes", "checkpoint_minutes", "log_every")


@dataclass(frozen=True, kw_only=True)
class TrainingRun:
    """What every run has.

    steps: length of the run; minutes: its length as training time over all its parts, should that
    end first. batch: samples a step. rate: highest learning rate, reached after
    `warmup` steps and then lowered by a cosine to `floor` of it. weight_decay: of matrices.
    average: decay of the averaged weights, which are what is kept. clip: greatest norm of the
    gradient. precision: "fp32", or "bf16" for the model's forward pass. checkpoint_minutes:
    between two writings of the state. log_every: steps between two lines.
    """

    steps: int = 20_000
    minutes: float | None = None
    batch: int = 32
    rate: float = 6e-4
    warmup: int = 200
    floor: float = 0.02
    weight_decay: float = 0.03
    average: float = 0.999
    clip: float = 1.0
    precision: str = "fp32"
    seed: int = 0
    checkpoint_minutes: float = 4.0
    log_every: int = 50

    def __post_init__(self) -> None:
        """Refuse what no run can be, naming the field."""
        name = type(self).__name__
        for field in ("steps", "batch", "log_every"):
            if getattr(self, field) < 1:
                raise AUFaceGenError(f"{name}: {field}={getattr(self, field)}; at least 1")
        for field in ("rate", "clip"):
            if not getattr(self, field) > 0:
                raise AUFaceGenError(f"{name}: {field}={getattr(self, field)}; more than 0")
        for field in ("warmup", "weight_decay", "checkpoint_minutes", "seed"):
            if not getattr(self, field) >= 0:
                raise AUFaceGenError(f"{name}: {field}={getattr(self, field)}; at least 0")
        for field in ("average", "floor"):
            if not 0 <= getattr(self, field) <= 1:
                raise AUFaceGenError(f"{name}: {field}={getattr(self, field)}; from 0 to 1")
        if self.minutes is not None and not self.minutes > 0:
            raise AUFaceGenError(f"{name}: minutes={self.minutes}; more than 0")
        if self.precision not in ("fp32", "bf16"):
            raise AUFaceGenError(f"{name}: precision={self.precision!r}; fp32 or bf16")

    def progress(self, step: int, seconds: float) -> float:
        """Share of the run that is done, from 0 to 1."""
        timed = 0.0 if self.minutes is None else seconds / (self.minutes * 60)
        return min(1.0, max(step / self.steps, timed))

    def rate_at(self, step: int, seconds: float) -> float:
        """Learning rate of a step: linear warm-up, then a cosine."""
        warm = min(1.0, (step + 1) / max(1, self.warmup))
        wave = 0.5 * (1 + math.cos(math.pi * self.progress(step, seconds)))
        return self.rate * warm * (self.floor + (1 - self.floor) * wave)

    def changed(self, before: dict[str, Any]) -> list[str]:
        """Fields by which this run differs from an earlier one that it cannot go on with."""
        now = asdict(self)
        return [k for k in now if k not in _MAY_CHANGE and now[k] != before.get(k)]


@dataclass(frozen=True, kw_only=True)
class ReaderRun(TrainingRun):
    """A run of the clause reader. batch: clauses a step.

    vocabulary: clauses that the known words are taken from. measured: clauses that the held-out
    error is measured on.
    """

    steps: int = 2000
    batch: int = 128
    rate: float = 2e-3
    warmup: int = 160
    floor: float = 0.0
    weight_decay: float = 0.01
    average: float = 0.99
    log_every: int = 100
    vocabulary: int = 20_000
    measured: int = 3000


@dataclass(frozen=True, kw_only=True)
class GeneratorRun(TrainingRun):
    """A run of the generator. batch: pictures a step.

    text_drop: share of samples told nothing, for guidance. all_masked: share that starts from
    nothing known. moved_weight: weight of a token that differs from the neutral's, against 1.
    soften: probability spread over the codes nearest to the right one. corrupt: share of known
    tokens replaced by the neutral's, as a sampler's early mistakes are.
    """

    text_drop: float = 0.1
    all_masked: float = 0.3
    moved_weight: float = 3.0
    soften: float = 0.15
    corrupt: float = 0.04
