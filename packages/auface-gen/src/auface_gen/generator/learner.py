"""A model that is being trained: its weights, their average, the optimiser, and all of it on disk.

Each step seeds its own generators from (seed, step), so that a run stopped and resumed gives the
same bits as one that was not; what is kept between the two is here.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import safe_open
from torch import Tensor, nn

from auface_gen.errors import AUFaceGenError
from auface_gen.generator.checkpoint import read_tensors, restore, write_json, write_tensors
from auface_gen.generator.processes import (
    average_gradients,
    first_says,
    is_first,
    mean_of,
    wait_for_all,
)
from auface_gen.generator.run import TrainingRun

__all__ = ["Learner", "begin", "learn", "provenance", "write_log"]


def begin(out: Path, *, resume: bool) -> None:
    """Make the folder of a run. Raises AUFaceGenError when it holds one and is not to be
    resumed.
    """
    if (out / "config.json").exists() and not resume:
        raise AUFaceGenError(f"{out} already holds a run: resume it, or give another folder")
    out.mkdir(parents=True, exist_ok=True)


def provenance(run: TrainingRun, **more: Any) -> dict[str, Any]:
    """What made a run, for its run.json."""
    import auface_gen
    import facs_text

    versions = {
        "auface-gen": auface_gen.__version__,
        "facs-text": facs_text.__version__,
        "torch": str(torch.__version__),
    }
    return {"run": asdict(run), "versions": versions, **more}


class Learner:
    """A model under training. `average` are the weights that are kept in the end."""

    def __init__(self, model: nn.Module, run: TrainingRun, *, betas: tuple[float, float]) -> None:
        self.model, self.run = model, run
        self.average = {k: v.detach().clone() for k, v in model.state_dict().items()}
        matrices = [p for p in model.parameters() if p.ndim >= 2]
        others = [p for p in model.parameters() if p.ndim < 2]
        groups: list[dict[str, Any]] = [
            {"params": matrices, "weight_decay": run.weight_decay},
            {"params": others, "weight_decay": 0.0},
        ]
        self.optimiser = torch.optim.AdamW(groups, lr=run.rate, betas=betas, fused=True)
        self.step, self.seconds = 0, 0.0
        # Learning rate by step and seconds, and steps at which something began, for its owner.
        self.rate: Callable[[int, float], float] = run.rate_at
        self.marks: dict[str, int] = {}

    @property
    def done(self) -> bool:
        """Whether the run is at its end."""
        return self.run.progress(self.step, self.seconds) >= 1.0

    def update(self, losses: Iterable[Tensor], *, parts: int = 1) -> float:
        """One step down the mean of the losses (scalars), of which there are `parts` on each
        process; their mean over all of them is returned.
        """
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate(self.step, self.seconds)
        self.optimiser.zero_grad(set_to_none=True)
        total = 0.0
        for loss in losses:  # each graph is gone before the next is made
            (loss / parts).backward()
            total += float(loss.detach()) / parts
        average_gradients(self.model)
        nn.utils.clip_grad_norm_(self.model.parameters(), self.run.clip)
        self.optimiser.step()
        self.step += 1
        # The average follows fast at first, or the random start would stay in it.
        share = 1 - min(self.run.average, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for name, parameter in self.model.named_parameters():
                self.average[name].lerp_(parameter, share)
        total = mean_of(total)
        if not math.isfinite(total):
            raise AUFaceGenError(f"the loss is {total} at step {self.step}; lower the rate")
        return total

    def averaged(self, measure: Callable[[], dict[str, float]]) -> dict[str, float]:
        """What `measure` says while the model has its averaged weights."""
        own = {k: v.detach().clone() for k, v in self.model.state_dict().items()}
        self.model.load_state_dict(self.average)
        try:
            return measure()
        finally:
            self.model.load_state_dict(own)

    def _moments(self) -> Iterator[tuple[str, Tensor]]:
        for i, state in sorted(self.optimiser.state_dict()["state"].items()):
            for key, value in state.items():
                yield f"optimiser.{i}.{key}", value

    def save(self, path: Path) -> None:
        """Write all that resuming needs."""
        state = {f"model.{k}": v for k, v in self.model.state_dict().items()}
        state |= {f"average.{k}": v for k, v in self.average.items()}
        state |= dict(self._moments())
        about = {"step": str(self.step), "seconds": repr(self.seconds)}
        about |= {"marks": json.dumps(self.marks)}
        write_tensors(path, state, about | {"run": json.dumps(asdict(self.run))})

    def load(self, path: Path) -> None:
        """Go on from a state. Raises AUFaceGenError for one that is cut or of another run."""
        state = read_tensors(path)
        with safe_open(path, "pt") as file:
            about = file.metadata() or {}
        try:
            before, step = json.loads(about["run"]), int(about["step"])
            seconds, marks = float(about["seconds"]), json.loads(about.get("marks", "{}"))
        except (KeyError, ValueError) as error:
            raise AUFaceGenError(f"{path} is not the state of a run: {error!r}") from None
        if changed := self.run.changed(before):
            raise AUFaceGenError(
                f"{path}: was begun with another {', '.join(changed)}; "
                "resume with the same settings"
            )
        parts: dict[str, dict[str, Tensor]] = {"model": {}, "average": {}, "optimiser": {}}
        for key, value in state.items():
            kind, _, name = key.partition(".")
            parts.setdefault(kind, {})[name] = value
        restore(self.model, parts["model"], path)
        if parts["average"].keys() != self.average.keys():
            raise AUFaceGenError(f"{path} holds no whole averaged weights; train again")
        for key, value in parts["average"].items():
            self.average[key].copy_(value)
        packed = self.optimiser.state_dict()
        packed["state"] = {}
        for key, value in parts["optimiser"].items():
            index, _, name = key.partition(".")
            packed["state"].setdefault(int(index), {})[name] = value
        self.optimiser.load_state_dict(packed)
        self.step, self.seconds, self.marks = step, seconds, marks


def learn(
    learner: Learner,
    losses: Callable[[int], Iterable[Tensor]],
    keep: Callable[[], None],
    tell: Callable[[str], None],
    *,
    parts: int = 1,
) -> None:
    """Run a learner to its end: `losses` of each step by its number, `parts` of them; `keep` writes
    the run, every `checkpoint_minutes` and at the end, and is called by the first process alone.
    """
    run = learner.run
    began, kept = time.monotonic() - learner.seconds, time.monotonic()
    seen: list[float] = []
    learner.model.train()
    while not learner.done:
        seen.append(learner.update(losses(learner.step), parts=parts))
        learner.seconds = first_says(time.monotonic() - began)
        if not is_first():
            continue
        if learner.step % run.log_every == 0:
            mean = float(np.mean(seen[-run.log_every :]))
            tell(f"step {learner.step}  {learner.seconds:.0f} s  loss {mean:.4f}")
        if time.monotonic() - kept > run.checkpoint_minutes * 60 and not learner.done:
            keep()
            kept = time.monotonic()
    if is_first():
        keep()
    wait_for_all()


def write_log(out: Path, about: dict[str, Any], run: TrainingRun, **more: Any) -> None:
    """Add a line to a run's log.jsonl, and write its run.json."""
    with (out / "log.jsonl").open("a", encoding="utf-8") as log:
        log.write(json.dumps(about) + "\n")
    write_json(out / "run.json", provenance(run, result=about, **more))
