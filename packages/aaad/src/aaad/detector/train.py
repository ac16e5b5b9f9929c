"""Training a detector on a corpus: a plain loop that can be stopped at any moment and taken up.

A run is data: its settings go into run.json and config.json. What a batch holds depends on the
seed and the step alone, so a run that was stopped and resumed sees the batches it would have seen.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from torch import Tensor

from ..columns import mirror_index
from ..errors import AAADError
from .augment import augment
from .checkpoint import save_json, save_tensors, write_detector
from .data import Split
from .evaluate import MODES, evaluate, fit_temperature, held_out_of, logits_of
from .losses import training_loss
from .model import DetectorConfig, DetectorNet, build
from .run import DetectorRun

__all__ = ["train_detector"]

STATE = "training.safetensors"
Tell = Callable[[str], None]


def train_detector(
    corpus: str | Path,
    out: str | Path,
    *,
    run: DetectorRun = DetectorRun(),  # noqa: B008 - frozen
    resume: bool = False,
    device: str = "auto",
    tell: Tell = print,
) -> dict[str, Any]:
    """Train on CORPUS/train, calibrate on CORPUS/valid, report on CORPUS/test; write to `out`.

    `out` gets config.json and model.safetensors (what `Detector.from_pretrained` reads: averaged
    weights, calibrated), run.json, report.json, log.jsonl, and training.safetensors, which holds
    what resuming needs and can be thrown away afterwards. Returns the report.

    Raises:
        AAADError: an empty split, a state of another run, settings that do not fit.
    """
    root, folder = Path(corpus), Path(out)
    shape = DetectorConfig(network=run.network, width=run.width, size=run.size, hidden=run.hidden)
    if not root.is_dir():
        raise AAADError(f"{root}: no such corpus")
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    train = Split(root, "train", size=run.size, workers=run.workers)
    if len(train) == 0:
        raise AAADError(f"{root}: the split train holds no rows")
    torch.manual_seed(run.seed)
    net = build(shape).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    net.start_at(_log_rates(train).to(device))
    state = _State(net, run)
    if (folder / STATE).is_file():
        if not resume:
            raise AAADError(
                f"{folder / STATE}: there is a run in this folder; resume it, or train into another"
            )
        state.load(folder / STATE)
    folder.mkdir(parents=True, exist_ok=True)
    save_json({**run.to_json(), "id": run.id, "corpus": root.name}, folder / "run.json")
    if state.progress.share(run) < 1.0:
        _loop(state, train, folder, device=device, tell=tell)
    return _finish(state, train, root, folder)


def _finish(state: _State, train: Split, root: Path, folder: Path) -> dict[str, Any]:
    """Calibrate, report and write what ships."""
    net, run = state.net, state.run
    # What ships is half precision: it is what is calibrated and reported, too.
    net.load_state_dict(
        {k: v.half().to(v.dtype) if v.is_floating_point() else v for k, v in state.average.items()}
    )
    net.train(False)
    valid, test = (Split(root, name, size=run.size, workers=run.workers) for name in _HELD_OUT)
    held_out = test if len(test) else valid
    temperature = {
        mode: fit_temperature(logits_of(net, valid, mode), torch.from_numpy(valid.targets))
        if len(valid)
        else [1.0] * len(net.config.columns)
        for mode in MODES
    }
    report: dict[str, Any] = {"split": None, "n": 0}
    if len(held_out):
        report = evaluate(net, held_out, temperature)
    write_detector(
        net,
        folder,
        name=run.id,
        temperature=temperature,
        held_out=held_out_of(report),
        training={
            **run.to_json(),
            "train_rows": len(train),
            "train_subjects": len(set(train.subjects)),
            "steps_done": state.progress.step,
            "seconds": round(state.progress.seconds, 1),
            "parameters": sum(p.numel() for p in net.parameters()),
            "torch": torch.__version__,
        },
    )
    save_json(report, folder / "report.json")
    return report


_HELD_OUT = ("valid", "test")


@dataclass
class _Progress:
    step: int = 0
    seconds: float = 0.0

    def share(self, run: DetectorRun) -> float:
        """How much of the run is done, 0 to 1."""
        done = self.step / run.steps
        if run.minutes is not None:
            done = max(done, self.seconds / max(run.minutes * 60.0, 1e-6))
        return min(1.0, done)


class _State:
    """What a run carries from step to step, and how it gets to disk and back."""

    def __init__(self, net: DetectorNet, run: DetectorRun) -> None:
        self.net, self.run = net, run
        self.signature = {"format": 2, **run.must_match(), **net.config.to_json()}
        decayed = [p for p in net.parameters() if p.ndim > 1]
        rest = [p for p in net.parameters() if p.ndim <= 1]
        self.optimizer = torch.optim.AdamW(
            [
                {"params": decayed, "weight_decay": run.weight_decay},
                {"params": rest, "weight_decay": 0.0},
            ],
            lr=run.rate,
            betas=(0.9, 0.98),
        )
        self.average = {key: value.clone() for key, value in net.state_dict().items()}
        self.progress = _Progress()

    def follow(self) -> None:
        """Move the averaged weights, and the running means, towards the current ones."""
        keep = min(self.run.average, (1 + self.progress.step) / (10 + self.progress.step))
        for key, value in self.net.state_dict().items():
            if value.is_floating_point():
                self.average[key].lerp_(value, 1.0 - keep)
            else:
                self.average[key].copy_(value)

    def save(self, path: Path) -> None:
        """Write all of it as one file."""
        tensors = {f"net.{k}": v for k, v in self.net.state_dict().items()}
        tensors |= {f"average.{k}": v for k, v in self.average.items()}
        for name, parameter in self.net.named_parameters():
            for key, value in self.optimizer.state[parameter].items():
                tensors[f"adam.{key}.{name}"] = torch.as_tensor(value)
        facts = {"run": self.signature, "progress": asdict(self.progress)}
        save_tensors(tensors, path, {"facts": json.dumps(facts)})

    def load(self, path: Path) -> None:
        """Take up a run; an `AAADError` when the file is broken or of another run."""
        try:
            with safe_open(path, framework="pt") as file:
                facts = json.loads((file.metadata() or {})["facts"])
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (SafetensorError, OSError, KeyError, ValueError) as error:
            raise AAADError(f"{path}: not a state to resume from ({error})") from None
        wanted = json.loads(json.dumps(self.signature))
        if facts.get("run") != wanted:
            found = facts.get("run") or {}
            other = [key for key in wanted if found.get(key) != wanted[key]]
            raise AAADError(
                f"{path}: is the state of a run with other settings ({', '.join(other)}); resume "
                "with the same, or train into another folder"
            )
        self.net.load_state_dict({k: tensors[f"net.{k}"] for k in self.net.state_dict()})
        for key, value in self.average.items():
            value.copy_(tensors[f"average.{key}"])
        for name, parameter in self.net.named_parameters():
            self.optimizer.state[parameter] = {
                key: tensors[f"adam.{key}.{name}"].to("cpu" if key == "step" else parameter.device)
                for key in ("step", "exp_avg", "exp_avg_sq")
                if f"adam.{key}.{name}" in tensors
            }
        self.progress = _Progress(**facts["progress"])


def _log_rates(split: Split) -> Tensor:
    """(A, 6) log chances of the levels as the split asks for them."""
    mean = torch.from_numpy(split.targets.mean(0))
    return ((mean * len(split) + 0.5) / (len(split) + 3.0)).log()


def _loop(state: _State, train: Split, folder: Path, *, device: str, tell: Tell) -> None:
    run, progress = state.run, state.progress
    mirror = mirror_index(state.net.config.columns)
    targets = torch.from_numpy(train.targets)
    saved = last = time.monotonic()
    state.net.train()
    while progress.share(run) < 1.0:
        batch = _batch(train, targets, mirror, run, progress.step, device)
        rate, loss = _step(state, batch, device)
        now = time.monotonic()
        progress.seconds += now - last
        last = now
        if progress.step % run.log_every == 0:
            _log(folder / "log.jsonl", progress, loss, rate, tell)
        if now - saved > run.checkpoint_minutes * 60.0:
            state.save(folder / STATE)
            saved = now
    state.save(folder / STATE)


def _log(path: Path, progress: _Progress, loss: Tensor, rate: float, tell: Tell) -> None:
    line = {
        "step": progress.step,
        "seconds": round(progress.seconds, 1),
        "loss": round(loss.item(), 5),
        "rate": round(rate, 7),
    }
    with path.open("a", encoding="utf-8") as log:
        log.write(json.dumps(line) + "\n")
    tell(f"step {line['step']}, loss {line['loss']:.4f}, {line['seconds']:.0f} s")


Batch = tuple[Tensor, Tensor, Tensor, Tensor]


def _batch(
    train: Split, targets: Tensor, mirror: list[int], run: DetectorRun, step: int, device: str
) -> Batch:
    """Pictures, people at rest, what is asked and whether the rest is told, augmented."""
    rows = _batch_rows(len(train), run, step)
    seed = run.seed * 1_000_003 + step
    generator = torch.Generator(device).manual_seed(seed)
    torch.manual_seed(seed)  # dropout's stream
    images = train.images(rows).to(device).float() / 255.0
    rest, known = train.neutrals(rows)
    images, neutral, wanted = augment(
        images,
        rest.to(device).float() / 255.0,
        targets[rows].to(device),
        mirror,
        generator,
        run.augment,
    )
    told = torch.rand(len(rows), generator=generator, device=device) >= run.rest_drop
    return images, neutral, wanted, known.to(device) & told


def _step(state: _State, batch: Batch, device: str) -> tuple[float, Tensor]:
    """One step of the optimiser: the rate that it took and the loss that it met."""
    run, progress, net = state.run, state.progress, state.net
    images, neutral, wanted, known = batch
    warm = min(1.0, (progress.step + 1) / max(run.warmup, 1))
    rate = run.rate * warm * (1 + math.cos(math.pi * progress.share(run))) / 2
    for group in state.optimizer.param_groups:
        group["lr"] = rate
    layout = torch.channels_last
    half = run.precision == "bf16"
    with torch.autocast(device.split(":")[0], dtype=torch.bfloat16, enabled=half):
        logits = net(
            images.contiguous(memory_format=layout), neutral.contiguous(memory_format=layout), known
        )
    loss = training_loss(logits, wanted, run.ordinal)
    if not torch.isfinite(loss):
        raise AAADError(f"the loss is {loss.item()} at step {progress.step}; lower the rate")
    state.optimizer.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(net.parameters(), run.clip)
    state.optimizer.step()
    state.follow()
    progress.step += 1
    return rate, loss.detach()


def _batch_rows(n: int, run: DetectorRun, step: int) -> NDArray[np.int64]:
    """The rows of a step: the corpus in a new order each time round."""
    start = step * run.batch
    places = [(place // n, place % n) for place in range(start, start + run.batch)]
    orders = {
        epoch: np.random.default_rng([run.seed, epoch]).permutation(n)
        for epoch in {epoch for epoch, _ in places}
    }
    return np.array([orders[epoch][place] for epoch, place in places], np.int64)
