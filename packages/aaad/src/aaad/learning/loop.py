"""The loop of every trainer: it can be stopped at any moment and taken up.

What a batch holds depends on the seed and the step alone, so a run that was stopped and resumed
sees the batches it would have seen. Several processes share each batch (see `processes`).
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor

from aaad.errors import AAADError
from aaad.files import write_text
from aaad.learning.files import save_json
from aaad.learning.processes import (
    average,
    first_says,
    is_first,
    processes,
    rank,
    share,
    wait_for_all,
)
from aaad.learning.run import TrainingRun
from aaad.learning.state import Net, Progress, TrainingState

__all__ = [
    "STATE",
    "Tell",
    "batch_rows",
    "begin",
    "generator_of",
    "provenance",
    "train",
]

STATE = "training.safetensors"
Tell = Callable[[str], None]


def begin(
    net: Net,
    run: TrainingRun,
    folder: Path,
    *,
    shape: dict[str, Any],
    resume: bool,
    about: dict[str, Any],
) -> TrainingState[Net]:
    """The state of a run that starts or goes on in `folder`; run.json says what it is.

    Raises:
        AAADError: there is a run in the folder already, or one with other settings.
    """
    state = TrainingState(net, run, shape)
    if (folder / STATE).is_file():
        if not resume:
            raise AAADError(
                f"{folder / STATE}: there is a run in this folder; resume it, or train into another"
            )
        state.load(folder / STATE)
    share(run.batch)
    if is_first():
        folder.mkdir(parents=True, exist_ok=True)
        save_json({**run.to_json(), **about}, folder / "run.json")
        _trim_log(folder / "log.jsonl", state.progress.step)
    return state


def train(
    state: TrainingState[Any],
    folder: Path,
    loss_of: Callable[[int, Generator], Tensor],
    *,
    tell: Tell,
) -> None:
    """Take steps until the run is done. `loss_of` gives the loss of this process's part of a step's
    batch as a scalar; whatever is drawn for it comes from the generator, or from torch's own, which
    is seeded too. The first process writes and tells."""
    run, progress = state.run, state.progress
    saved = last = time.monotonic()
    state.net.train()
    while progress.share(run) < 1.0:
        generator = generator_of(run, progress.step, state.device)
        loss, rate = _step(state, loss_of(progress.step, generator))
        now = time.monotonic()
        progress.seconds += now - last
        last = now
        if run.minutes is not None:  # all must end at the same step
            progress.seconds = first_says(progress.seconds)
        if not is_first():
            continue
        if progress.step % run.log_every == 0:
            _log(folder / "log.jsonl", progress, loss, rate, tell)
        if now - saved > run.checkpoint_minutes * 60.0:
            state.save(folder / STATE)
            saved = now
    if is_first():
        state.save(folder / STATE)
    wait_for_all()


def generator_of(run: TrainingRun, step: int, device: torch.device) -> Generator:
    """The generator of a step; torch's own (dropout's stream) is seeded alike."""
    # Each process draws its own. A processor's generator knows a seed by its lower 32 bits alone.
    seed = run.seed * 1_000_003 + step + rank() * 2_654_435_761
    torch.manual_seed(seed)
    return Generator(device).manual_seed(seed)


def _step(state: TrainingState[Any], loss: Tensor) -> tuple[Tensor, float]:
    """One step of the optimiser; returns the loss of the whole batch and the rate that it took."""
    run, progress = state.run, state.progress
    state.optimizer.zero_grad(set_to_none=True)
    loss.backward()
    loss = average(state.net, loss)
    if not torch.isfinite(loss):
        raise AAADError(f"the loss is {loss.item()} at step {progress.step}; lower the rate")
    warm = min(1.0, (progress.step + 1) / max(run.warmup, 1))
    rate = run.rate * warm * (1 + math.cos(math.pi * progress.share(run))) / 2
    for group in state.optimizer.param_groups:
        group["lr"] = rate
    torch.nn.utils.clip_grad_norm_(state.net.parameters(), run.clip)
    state.optimizer.step()
    state.follow()
    progress.step += 1
    return loss, rate


def _log(path: Path, progress: Progress, loss: Tensor, rate: float, tell: Tell) -> None:
    line = {
        "step": progress.step,
        "seconds": round(progress.seconds, 1),
        "loss": round(loss.item(), 5),
        "rate": round(rate, 7),
    }
    with path.open("a", encoding="utf-8") as log:
        log.write(json.dumps(line) + "\n")
    tell(f"step {line['step']}, loss {line['loss']:.4f}, {line['seconds']:.0f} s")


def _trim_log(path: Path, step: int) -> None:
    """Drop what a killed run logged after the step that was saved, half a line included."""
    kept = []
    for line in path.read_bytes().splitlines() if path.is_file() else []:
        with suppress(ValueError, KeyError, TypeError):
            if json.loads(line)["step"] <= step:
                kept.append(line.decode() + "\n")
    if path.is_file():
        write_text(path, "".join(kept))


def batch_rows(n: int, run: TrainingRun, step: int) -> NDArray[np.int64]:
    """The rows of a step that are this process's: the corpus in a new order each time round."""
    start = step * run.batch
    places = [(place // n, place % n) for place in range(start, start + run.batch)]
    orders = {
        epoch: np.random.default_rng([run.seed, epoch]).permutation(n)
        for epoch in {epoch for epoch, _ in places}
    }
    rows = np.array([orders[epoch][place] for epoch, place in places], np.int64)
    return rows[share(run.batch)]


def provenance(state: TrainingState[Any], *, rows: int, subjects: int) -> dict[str, Any]:
    """What config.json says of a run: enough to make it again."""
    return {
        **state.run.to_json(),
        "train_rows": rows,
        "train_subjects": subjects,
        "processes": processes(),
        "steps_done": state.progress.step,
        "seconds": round(state.progress.seconds, 1),
        "parameters": sum(p.numel() for p in state.net.parameters()),
        "torch": torch.__version__,
    }
