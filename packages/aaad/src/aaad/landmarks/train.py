"""Training a landmark network on a corpus whose rows carry `landmarks`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor

from aaad.errors import AAADError
from aaad.landmarks.augment import augment
from aaad.landmarks.model import LandmarkConfig, LandmarkNet
from aaad.landmarks.predict import FORMAT
from aaad.landmarks.run import LandmarkRun
from aaad.learning.data import Split
from aaad.learning.files import save_json, write_model
from aaad.learning.loop import Tell, batch_rows, begin, provenance, train
from aaad.learning.processes import is_first, pick_device, together
from aaad.learning.state import TrainingState

__all__ = ["train_landmarks"]

_SPREAD = 0.2
"""What a wide map costs beside a wrong place: maps must be narrow for their mean to mean much."""


@together
def train_landmarks(
    corpus: str | Path,
    out: str | Path,
    *,
    run: LandmarkRun = LandmarkRun(),  # noqa: B008 - frozen
    resume: bool = False,
    device: str = "auto",
    tell: Tell = print,
) -> dict[str, Any]:
    """Train on CORPUS/train, report on CORPUS/test (or valid); write to `out`.

    `out` gets config.json and model.safetensors (what `Landmarker.from_pretrained` reads),
    run.json, report.json, log.jsonl and training.safetensors. Returns the report, `plain` and
    `spoilt` as training does: `nme` is the mean distance of a point from its place, in widths
    between the outer eye corners.

    Raises:
        AAADError: an empty split, rows without landmarks, a state of another run.
        WorkFailed: under torchrun, another of the processes has gone.
    """
    root, folder = Path(corpus), Path(out)
    if not root.is_dir():
        raise AAADError(f"{root}: no such corpus")
    split = _split(root, "train", run)
    if len(split) == 0:
        raise AAADError(f"{root}: the split train holds no rows")
    torch.manual_seed(run.seed)
    layout = torch.channels_last
    config = LandmarkConfig(size=run.size, width=run.width)
    net = LandmarkNet(config).to(pick_device(device), memory_format=layout)  # type: ignore[call-overload]
    about = {"corpus": root.name}
    state = begin(net, run, folder, shape=config.to_json(), resume=resume, about=about)
    points = torch.from_numpy(split.landmarks)

    def loss_of(step: int, generator: Generator) -> Tensor:
        rows = batch_rows(len(split), run, step)
        images = split.images(rows).to(state.device).float() / 255.0
        seen, there = augment(
            images, points[rows].to(state.device), generator, size=run.size, amount=run.augment
        )
        with state.autocast():
            found, spread = net(seen.contiguous(memory_format=layout))
        return (found - there).abs().sum(-1).mean() + _SPREAD * spread.mean()

    if state.progress.share(run) < 1.0:
        train(state, folder, loss_of, tell=tell)
    return _finish(state, split, run, root, folder) if is_first() else {}


def _split(root: Path, name: str, run: LandmarkRun) -> Split:
    # Of a size between view and corpus: what is sampled from it hardly aliases.
    return Split(root, name, size=run.size, workers=run.workers, memory_mb=run.memory_mb)


def _finish(
    state: TrainingState[LandmarkNet], split: Split, run: LandmarkRun, root: Path, folder: Path
) -> dict[str, Any]:
    net = state.settle()
    valid, test = (_split(root, name, run) for name in ("valid", "test"))
    held_out = test if len(test) else valid
    report: dict[str, Any] = {"split": held_out.name, "n": len(held_out)}
    report["subjects"] = len(set(held_out.subjects))
    if len(held_out):
        report["plain"] = _errors(net, held_out, run, 0.0)
        report["spoilt"] = _errors(net, held_out, run, run.augment)
    config = {
        "format": FORMAT,
        "id": run.name,
        "model": net.config.to_json(),
        "held_out": report,
        "training": provenance(state, rows=len(split), subjects=len(set(split.subjects))),
    }
    write_model(net, folder, config)
    save_json(report, folder / "report.json")
    return report


@torch.inference_mode()
def _errors(net: LandmarkNet, split: Split, run: LandmarkRun, amount: float) -> dict[str, float]:
    """Mean and 95th percentile over pictures of the mean distance, and the mean spread."""
    device = next(net.parameters()).device
    generator = Generator(device).manual_seed(run.seed)
    off, wide = [], []
    for start in range(0, len(split), 64):
        rows = np.arange(start, min(start + 64, len(split)))
        images = split.images(rows).to(device).float() / 255.0
        points = torch.from_numpy(split.landmarks[rows]).to(device)
        seen, there = augment(images, points, generator, size=run.size, amount=amount)
        found, spread = net(seen)
        eyes = (there[:, 36] - there[:, 45]).norm(dim=-1)
        off.append((found - there).norm(dim=-1).mean(-1) / eyes)
        wide.append(spread.mean(-1) / eyes)
    errors, spreads = torch.cat(off), torch.cat(wide)
    return {
        "nme": round(float(errors.mean()), 5),
        "p95": round(float(errors.quantile(0.95)), 5),
        "spread": round(float(spreads.mean()), 5),
    }
