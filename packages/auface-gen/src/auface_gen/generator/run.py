"""A training run as data: how long, how fast, how precise, and what is the model's own.

The words are those of the other trainers (tokenizer, detector): the same thing has the same name.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

from auface_gen.errors import AUFaceGenError

__all__ = ["STAGES", "GeneratorRun", "TrainingRun"]

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
        return self.rate * self._wave(step, self.progress(step, seconds))

    def _wave(self, steps: int, share: float) -> float:
        """Linear warm-up over the first steps, times a cosine over the whole down to `floor`."""
        warm = min(1.0, (steps + 1) / max(1, self.warmup))
        wave = 0.5 * (1 + math.cos(math.pi * share))
        return warm * (self.floor + (1 - self.floor) * wave)

    def changed(self, before: dict[str, Any]) -> list[str]:
        """Fields by which this run differs from an earlier one that it cannot go on with."""
        now, usual = (
            {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(run).items()}
            for run in (self, type(self)())
        )
        before = {**usual, **before}  # a field that is new was as it is usually
        return [k for k in now if k not in _MAY_CHANGE and now[k] != before[k]]


STAGES = ("align", "masked", "finetune")
"""What a run of the generator goes through, in this order."""


@dataclass(frozen=True, kw_only=True)
class GeneratorRun(TrainingRun):
    """A run of the generator, in stages. batch: pictures a step, over all processes.

    What it is told. condition: "text", or for comparison "numbers" or "onehot". resolved: whether
    units have been set against each other before they are told; without, each as it is written.
    paraphrases: share of texts that are in everyday words (`paraphrase`).
    leave_out: pairs of units ("1+4") of which no picture is trained on. worlds: other colours,
    light and quality that each picture is also seen in, for photographs; each costs the encoding
    of the corpus once more. other_reference: share of pictures that are told from another picture
    of the person instead of the one at rest, which costs the encoding twice, so that a face that
    already does something is moved too; fine-tuning uses none.

    Stages. align, finetune: their shares of the run, 0 to leave them out; the rest is "masked".
    regions: share of "align" after which clauses are aligned with regions too. finetune needs a
    detector. align_batch, finetune_batch, finetune_rate: as batch and rate, for these stages, each
    of which warms up and cools down by itself.

    only_words: train what hears words and leave the transformer as it is, to teach a generator that
    draws well (`start`) other ways of saying the same; also on few people.

    Size. width, layers: of the transformer. text_width, text_layers: of what is told. vocabulary:
    codings whose texts the known words are taken from. pretrained: folder of a text encoder (CLIP,
    T5) in place of the own one; it stays as it is.

    Objective. word_drop: share of known words read by their pieces alone, so that words never met
    are readable. text_drop: share of pictures told nothing, for guidance. reach_drop: share that is
    told words without the anatomical prior, so that it can be switched off; 1 never uses it.
    all_masked: share that starts from nothing known. moved_weight: weight of a token that says
    something, against 1. soften: probability spread over the codes nearest to the right one.
    corrupt: share of known tokens replaced by "nothing changes", as a sampler's early mistakes are.
    anatomy: weight of the loss of what words mean. detector: weight of the detector's loss.
    accumulate: parts that a step is cut into, for less memory.
    """

    rate: float = 1e-3
    condition: Literal["text", "numbers", "onehot"] = "text"
    resolved: bool = True
    paraphrases: float = 0.25
    leave_out: tuple[str, ...] = ()
    worlds: int = 1
    other_reference: float = 0.0
    align: float = 0.15
    regions: float = 0.5
    finetune: float = 0.0
    align_batch: int = 64
    finetune_batch: int = 8
    finetune_rate: float = 1e-4
    only_words: bool = False
    width: int = 224
    layers: int = 6
    text_width: int = 160
    text_layers: int = 3
    vocabulary: int = 3000
    pretrained: str = ""
    word_drop: float = 0.1
    text_drop: float = 0.1
    reach_drop: float = 0.15
    all_masked: float = 0.35
    moved_weight: float = 3.0
    soften: float = 0.15
    corrupt: float = 0.04
    anatomy: float = 0.05
    detector: float = 1.0
    accumulate: int = 1

    def __post_init__(self) -> None:
        """Refuse what no run can be, naming the field."""
        super().__post_init__()
        counts = ("align_batch", "finetune_batch", "width", "layers", "text_width", "text_layers")
        for field in (*counts, "vocabulary", "accumulate"):
            if getattr(self, field) < 1:
                raise AUFaceGenError(f"GeneratorRun: {field}={getattr(self, field)}; at least 1")
        shares = (
            "align",
            "regions",
            "finetune",
            "word_drop",
            "paraphrases",
            "text_drop",
            "reach_drop",
            "all_masked",
            "other_reference",
        )
        for field in (*shares, "soften", "corrupt"):
            if not 0 <= getattr(self, field) <= 1:
                raise AUFaceGenError(f"GeneratorRun: {field}={getattr(self, field)}; from 0 to 1")
        for field in ("worlds", "moved_weight", "anatomy", "detector", "finetune_rate"):
            if not getattr(self, field) >= 0:
                raise AUFaceGenError(f"GeneratorRun: {field}={getattr(self, field)}; at least 0")
        if self.align + self.finetune > 1:
            raise AUFaceGenError(
                f"GeneratorRun: align={self.align} and finetune={self.finetune} are more than all"
            )
        if self.condition not in ("text", "numbers", "onehot"):
            raise AUFaceGenError(
                f"GeneratorRun: condition={self.condition!r}; text, numbers or onehot"
            )

    def ends(self) -> dict[str, float]:
        """Tell at which share of the run each stage ends; those that are left out are not there."""
        ends = {"align": self.align, "masked": 1 - self.finetune, "finetune": 1.0}
        begins = {"align": 0.0, "masked": self.align, "finetune": 1 - self.finetune}
        return {name: ends[name] for name in STAGES if ends[name] - begins[name] > 1e-9}

    def stage(self, step: int, seconds: float) -> tuple[str, float]:
        """The stage of a step, and the share of it that is done."""
        done, began = self.progress(step, seconds), 0.0
        for name, end in self.ends().items():
            if done < end - 1e-12 or end == 1.0:
                return name, min(1.0, (done - began) / (end - began))
            began = end
        raise AssertionError("one stage ends at 1")

    def batch_of(self, stage: str) -> int:
        """Pictures a step of a stage."""
        return {"align": self.align_batch, "finetune": self.finetune_batch}.get(stage, self.batch)

    def rate_of(self, stage: str, steps: int, share: float) -> float:
        """Learning rate of a stage after `steps` of its own, `share` of it being done."""
        highest = self.finetune_rate if stage == "finetune" else self.rate
        return highest * self._wave(steps, share)
