"""A training run as data: how long, how fast, how precise, and what is the tokenizer's own.

The words are those of the project's other trainers: the same thing has the same name.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from vq_tokenizer.errors import VQTokenizerError
from vq_tokenizer.tokenizer.config import QUANTIZERS, TokenizerConfig

__all__ = ["TokenizerRun"]

_MAY_CHANGE = ("steps", "minutes", "checkpoint_minutes", "log_every", "measured", "workers")


@dataclass(frozen=True, kw_only=True)
class TokenizerRun:
    """What a run of the tokenizer is.

    steps: length of the run; minutes: its length as training time over all its parts, should that
    end first; it then shapes the learning rate too, so only runs that end by steps repeat to the
    bit. batch: pictures a step, over all processes. rate: highest learning rate, reached after
    `warmup` steps and then lowered by a cosine to `floor` of it. average: decay of the averaged
    weights, which are what is kept. clip: greatest norm of the gradient. precision: "fp32", or
    "bf16" for the model's passes. workers: processes that read pictures, 0 for none but this.
    checkpoint_minutes: between two writings of the state. log_every: steps between two lines.

    size: side of a picture in pixels. model: a preset of TokenizerConfig. quantizer: in place of
    the preset's. measured: held-out pictures that each checkpoint is measured on.
    flip: mirror half of the pictures. colour: weight of losses.colour_loss. feature_weight: of the
    loss passed in from outside. adversarial: weight of the patch discriminator, 0 for none, which
    begins after the share adversarial_start of the run.

    With a reference: moved_weight: a pixel that differs from its reference weighs 1 + this.
    flow_weight: of the loss on each scale's warped reference.
    still_weight: of the penalty on tokens where nothing changed; still_below: a patch none of whose
    means of 2 x 2 pixels differ by this is still. gate_from, gate_to: shares of the run between
    which the gate ceases to be opened by the truth. without: share of pictures that have their
    reference taken away. recoloured: share of pairs that change colour, contrast, blur, grain and
    so on together. redrawn: share whose decoder gets the pair in other colours, and a little
    moved, than its encoder, so that tokens must say motion alone. misaligned: share whose encoder
    gets the reference a little moved. other_reference: share of pictures that are coded from
    another picture with the same reference, so that a change also starts where it is not at rest.
    """

    steps: int = 20_000
    minutes: float | None = None
    batch: int = 16
    rate: float = 6e-4
    warmup: int = 200
    floor: float = 0.02
    weight_decay: float = 1e-4
    average: float = 0.999
    clip: float = 1.0
    precision: str = "fp32"
    seed: int = 0
    workers: int = 0
    checkpoint_minutes: float = 5.0
    log_every: int = 50

    size: int = 128
    model: str = "f8"
    quantizer: str | None = None
    measured: int = 128
    flip: bool = True
    colour: float = 0.0
    feature_weight: float = 1.0
    adversarial: float = 0.0
    adversarial_start: float = 0.6

    moved_weight: float = 15.0
    flow_weight: float = 1.0
    still_weight: float = 0.1
    still_below: float = 0.025
    gate_from: float = 0.4
    gate_to: float = 0.8
    without: float = 0.03
    recoloured: float = 0.7
    redrawn: float = 0.4
    misaligned: float = 0.2
    other_reference: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what no run can be, naming the field."""
        for field in ("steps", "batch", "log_every", "size", "measured"):
            self._demand(field, getattr(self, field) >= 1, "at least 1")
        for field in ("rate", "clip", "still_below"):
            self._demand(field, getattr(self, field) > 0, "more than 0")
        self._demand("minutes", self.minutes is None or self.minutes > 0, "more than 0")
        many = ("warmup", "weight_decay", "checkpoint_minutes", "seed", "workers", "colour")
        for field in (
            *many,
            "feature_weight",
            "adversarial",
            "moved_weight",
            "flow_weight",
            "still_weight",
        ):
            self._demand(field, getattr(self, field) >= 0, "at least 0")
        shares = ("average", "floor", "adversarial_start", "gate_from", "gate_to", "without")
        for field in (*shares, "recoloured", "redrawn", "misaligned", "other_reference"):
            self._demand(field, 0 <= getattr(self, field) <= 1, "from 0 to 1")
        self._demand("precision", self.precision in ("fp32", "bf16"), "fp32 or bf16")
        self._demand("gate_to", self.gate_to >= self.gate_from, "at least gate_from")
        known = self.quantizer is None or self.quantizer in QUANTIZERS
        self._demand("quantizer", known, f"one of {', '.join(QUANTIZERS)}")

    def _demand(self, field: str, holds: bool, what: str) -> None:
        if not holds:
            raise VQTokenizerError(f"TokenizerRun: {field}={getattr(self, field)!r}; {what}")

    def config(self) -> TokenizerConfig:
        """The tokenizer that `model` and `quantizer` name."""
        changes = {} if self.quantizer is None else {"quantizer": self.quantizer}
        return TokenizerConfig.preset(self.model, seed=self.seed, **changes)

    def progress(self, step: int, seconds: float) -> float:
        """Share of the run that is done, from 0 to 1."""
        timed = 0.0 if self.minutes is None else seconds / (self.minutes * 60)
        return min(1.0, max(step / self.steps, timed))

    def rate_at(self, step: int, seconds: float) -> float:
        """Learning rate of a step: linear warm-up, then a cosine."""
        warm = min(1.0, (step + 1) / max(1, self.warmup))
        wave = 0.5 * (1 + math.cos(math.pi * self.progress(step, seconds)))
        return self.rate * warm * (self.floor + (1 - self.floor) * wave)

    def strict_at(self, progress: float) -> float:
        """Share of steps whose gate the tokens alone open."""
        if progress >= self.gate_to:
            return 1.0
        return max(0.0, progress - self.gate_from) / max(1e-9, self.gate_to - self.gate_from)

    def changed(self, before: dict[str, Any]) -> list[str]:
        """Fields by which this run differs from an earlier one that it cannot go on with."""
        now, usual = asdict(self), asdict(type(self)())  # a field that is new was as it is usually
        before = {**usual, **before}
        return [k for k in now if k not in _MAY_CHANGE and now[k] != before[k]]
