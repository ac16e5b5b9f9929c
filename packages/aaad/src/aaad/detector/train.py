"""Training a detector on a corpus: it can be stopped at any moment and taken up.

A run is data: its settings go into run.json and config.json.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Generator, Tensor

from aaad.columns import mirror_index
from aaad.detector.augment import augment
from aaad.detector.calibration import calibrate, neutral_calibration
from aaad.detector.checkpoint import read_detector, write_detector
from aaad.detector.evaluate import MODES, evaluate, held_out_of, logits_of
from aaad.detector.losses import training_loss
from aaad.detector.model import DetectorConfig, DetectorNet, build
from aaad.detector.run import DetectorRun
from aaad.errors import AAADError
from aaad.learning.data import Split
from aaad.learning.files import digest, save_json
from aaad.learning.loop import Tell, batch_rows, begin, provenance, train
from aaad.learning.processes import is_first, pick_device, together
from aaad.learning.state import TrainingState

__all__ = ["train_detector"]

SMALL = 128
"""Pixels of the smaller pictures that a detector of more is reported on, too."""


@together
def train_detector(
    corpus: str | Path,
    out: str | Path,
    *,
    run: DetectorRun = DetectorRun(),  # noqa: B008 - frozen
    start: str | Path | None = None,
    resume: bool = False,
    device: str = "auto",
    tell: Tell = print,
) -> dict[str, Any]:
    """Train on CORPUS/train, calibrate on CORPUS/valid, report on CORPUS/test; write to `out`.

    `out` gets config.json and model.safetensors (what `Detector.from_pretrained` reads: averaged
    weights, calibrated), run.json, report.json, log.jsonl, and training.safetensors, which holds
    what resuming needs and can be thrown away afterwards. Returns the report. start: the folder of
    a detector of the run's shape to begin with, named in config.json as `began_with`.

    Raises:
        AAADError: an empty split, a state of another run, settings that do not fit.
        WorkFailed: under torchrun, another of the processes has gone.
    """
    root, folder = Path(corpus), Path(out)
    shape = DetectorConfig(
        network=run.network,
        width=run.width,
        size=run.size,
        fold=run.fold,
        hidden=run.hidden,
        fine=run.fine if run.network == "grid" else 0,
    )
    if not root.is_dir():
        raise AAADError(f"{root}: no such corpus")
    device = pick_device(device)
    split = _split(root, "train", run)
    if len(split) == 0:
        raise AAADError(f"{root}: the split train holds no rows")
    torch.manual_seed(run.seed)
    net, began = _first(shape, split, start)
    net = net.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    about = {"id": run.id, "corpus": root.name, **began}
    state = begin(net, run, folder, shape={**shape.to_json(), **began}, resume=resume, about=about)
    if state.progress.share(run) < 1.0:
        _train(state, split, run, folder, tell)
    return _finish(state, split, run, root, folder, began) if is_first() else {}


def _first(
    shape: DetectorConfig, split: Split, start: str | Path | None
) -> tuple[DetectorNet, dict[str, Any]]:
    """The network that training begins with, and what is told of it if it is another's."""
    if start is None:
        net = build(shape)
        net.start_at(_log_rates(split))
        return net, {}
    known, _, config = read_detector(Path(start))
    found, wanted = known.config.to_json(), shape.to_json()
    other = [f"{key} is {found[key]!r}" for key in wanted if found[key] != wanted[key]]
    grows = not found["fine"] and wanted["fine"]  # what it lacks begins as nothing
    if [one for one in other if not (grows and one.startswith("fine"))]:
        raise AAADError(f"{start}: no detector of this run's shape to begin with: {other[0]}")
    net = build(shape)
    net.load_state_dict(known.state_dict(), strict=not grows)
    made = digest(Path(start) / "model.safetensors")
    about = {"id": config["id"], "weights": made, "training": config.get("training")}
    return net, {"began_with": about}


def _split(root: Path, name: str, run: DetectorRun, via: int | None = None) -> Split:
    return Split(root, name, size=run.size, workers=run.workers, memory_mb=run.memory_mb, via=via)


def _log_rates(split: Split) -> Tensor:
    """(A, 6) log chances of the levels as the split asks for them."""
    mean = torch.from_numpy(split.targets.mean(0))
    return ((mean * len(split) + 0.5) / (len(split) + 3.0)).log()


def _train(
    state: TrainingState[DetectorNet], split: Split, run: DetectorRun, folder: Path, tell: Tell
) -> None:
    net, device, layout = state.net, state.device, torch.channels_last
    mirror = mirror_index(net.config.columns)
    targets = torch.from_numpy(split.targets)

    def loss_of(step: int, generator: Generator) -> Tensor:
        rows = batch_rows(len(split), run, step)
        images = split.images(rows).to(device).float() / 255.0
        rest, known = split.neutrals(rows)
        images, neutral, wanted = augment(
            images,
            rest.to(device).float() / 255.0,
            targets[rows].to(device),
            mirror,
            generator,
            run.augment,
        )
        told = torch.rand(len(rows), generator=generator, device=device) >= run.rest_drop
        with state.autocast():
            logits = net(
                images.contiguous(memory_format=layout),
                neutral.contiguous(memory_format=layout),
                known.to(device) & told,
            )
        return training_loss(logits, wanted, run.ordinal)

    train(state, folder, loss_of, tell=tell)


def _finish(
    state: TrainingState[DetectorNet],
    split: Split,
    run: DetectorRun,
    root: Path,
    folder: Path,
    began: dict[str, Any],
) -> dict[str, Any]:
    """Calibrate, report and write what ships."""
    net = state.settle()
    valid, test = (_split(root, name, run) for name in ("valid", "test"))
    held_out = test if len(test) else valid
    calibration = {
        mode: calibrate(logits_of(net, valid, mode), torch.from_numpy(valid.targets))
        if len(valid)
        else neutral_calibration(len(net.config.columns))
        for mode in MODES
    }
    report: dict[str, Any] = {"split": None, "n": 0}
    if len(held_out):
        report = evaluate(net, held_out, calibration)
        if run.size > SMALL:
            small = _split(root, held_out.name, run, via=SMALL)
            report[f"at_{SMALL}"] = evaluate(net, small, calibration)
    write_detector(
        net,
        folder,
        name=run.id,
        calibration=calibration,
        held_out=held_out_of(report),
        training=provenance(state, rows=len(split), subjects=len(set(split.subjects))) | began,
    )
    save_json(report, folder / "report.json")
    return report
