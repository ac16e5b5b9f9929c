"""Training a tear network on a corpus whose rows carry `landmarks`, torn on purpose."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Generator, Tensor

from aaad.errors import AAADError
from aaad.learning.data import Split
from aaad.learning.files import save_json, write_model
from aaad.learning.loop import Tell, batch_rows, begin, provenance, train
from aaad.learning.moves import jitter, moved
from aaad.learning.photometric import spoil
from aaad.learning.processes import is_first, pick_device, together
from aaad.learning.state import TrainingState
from aaad.ranks import auc
from aaad.tears.made import tear
from aaad.tears.model import PARTS, TearConfig, TearNet
from aaad.tears.predict import FORMAT
from aaad.tears.run import TearRun

__all__ = ["train_tears"]


@together
def train_tears(
    corpus: str | Path,
    out: str | Path,
    *,
    run: TearRun = TearRun(),  # noqa: B008 - frozen
    resume: bool = False,
    device: str = "auto",
    tell: Tell = print,
) -> dict[str, Any]:
    """Train on CORPUS/train, set thresholds on CORPUS/valid, report on CORPUS/test; write to `out`.

    `out` gets config.json and model.safetensors (what `Tears.from_pretrained` reads), run.json,
    report.json, log.jsonl and training.safetensors. Returns the report: for each part the area
    under the curve of torn against whole pictures, and the shares flagged of both.

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
    config = TearConfig(size=run.size, width=run.width)
    net = TearNet(config).to(pick_device(device))
    about = {"corpus": root.name}
    state = begin(net, run, folder, shape=config.to_json(), resume=resume, about=about)
    points = torch.from_numpy(split.landmarks)

    def loss_of(step: int, generator: Generator) -> Tensor:
        rows = batch_rows(len(split), run, step)
        images = split.images(rows).to(state.device).float() / 255.0
        seen, torn = tear(images, points[rows].to(state.device), generator)
        seen = _changed(seen, generator, run.augment)
        with state.autocast():
            logits = net(seen)
        return F.binary_cross_entropy_with_logits(logits, torn)

    if state.progress.share(run) < 1.0:
        train(state, folder, loss_of, tell=tell)
    return _finish(state, split, run, root, folder) if is_first() else {}


def _changed(images: Tensor, generator: Generator, amount: float) -> Tensor:
    """Flipped, moved and spoilt alike, torn or whole: a blur is no tear."""
    if amount <= 0:
        return images
    flipped = torch.rand(len(images), 1, 1, 1, generator=generator, device=images.device) < 0.5
    images = torch.where(flipped, images.flip(-1), images)
    images = moved(images, jitter(generator, len(images), amount))
    return spoil([images], generator, amount)[0]


def _split(root: Path, name: str, run: TearRun) -> Split:
    return Split(root, name, size=run.size, workers=run.workers, memory_mb=run.memory_mb)


def _finish(
    state: TrainingState[TearNet], split: Split, run: TearRun, root: Path, folder: Path
) -> dict[str, Any]:
    net = state.settle()
    valid, test = (_split(root, name, run) for name in ("valid", "test"))
    held_out = test if len(test) else valid
    limits = [0.5] * len(PARTS)
    if len(valid):
        # Of whole pictures a third of the alarms may come from each part.
        whole, _ = _chances(net, valid, run, share=0.0)
        quantile = 1.0 - run.false_alarms / len(PARTS)
        limits = [max(0.5, float(np.quantile(whole[:, k], quantile))) for k in range(len(PARTS))]
    report: dict[str, Any] = {"split": held_out.name, "n": len(held_out)}
    if len(held_out):
        report |= _report(net, held_out, run, limits)
    config = {
        "format": FORMAT,
        "id": run.name,
        "model": net.config.to_json(),
        "thresholds": limits,
        "held_out": report,
        "training": provenance(state, rows=len(split), subjects=len(set(split.subjects))),
    }
    write_model(net, folder, config)
    save_json(report, folder / "report.json")
    return report


@torch.inference_mode()
def _chances(
    net: TearNet, split: Split, run: TearRun, *, share: float
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Chances (N, 3) for a split of which a share is torn, and where it was."""
    device = next(net.parameters()).device
    generator = Generator(device).manual_seed(run.seed)
    said, there = [], []
    for start in range(0, len(split), 64):
        rows = np.arange(start, min(start + 64, len(split)))
        images = split.images(rows).to(device).float() / 255.0
        points = torch.from_numpy(split.landmarks[rows]).to(device)
        seen, torn = tear(images, points, generator, share=share)
        said.append(torch.sigmoid(net(seen)).double().cpu().numpy())
        there.append(torn.cpu().numpy() > 0.5)
    return np.concatenate(said), np.concatenate(there)


def _report(net: TearNet, split: Split, run: TearRun, limits: list[float]) -> dict[str, Any]:
    whole, _ = _chances(net, split, run, share=0.0)
    said, there = _chances(net, split, run, share=1.0)
    torn = np.asarray(there.any(axis=1))
    parts = {}
    for k, part in enumerate(PARTS):
        both = np.concatenate([whole[:, k], said[there[:, k], k]])
        truth = np.arange(len(both)) >= len(whole)
        caught = float((said[there[:, k], k] > limits[k]).mean()) if there[:, k].any() else None
        area = auc(both, truth)
        parts[part] = {"auc": None if np.isnan(area) else round(area, 5), "caught": caught}
    return {
        "parts": parts,
        "false_alarms": float((whole > limits).any(1).mean()),
        "caught": float((said[torn] > limits).any(1).mean()) if torn.any() else None,
    }
