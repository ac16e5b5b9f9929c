"""Training a detector on a corpus: a plain loop that can be stopped at any moment and taken up.

A run is data: its settings go into config.json. What a batch holds depends on the seed and the
step alone, so a run that was stopped and resumed sees the batches that it would have seen.
"""

from __future__ import annotations

import json
import math
import os
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor
from tqdm import tqdm

from ..columns import mirror_index
from ..errors import AAADError
from .augment import augment
from .checkpoint import save_json, write_detector
from .data import Split
from .evaluate import MODES, evaluate, fit_temperature, logits_of
from .losses import training_loss
from .model import DetectorConfig, DetectorNet

__all__ = ["TrainConfig", "train_detector"]

STATE = "state.safetensors"


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """Settings of a run. It ends after `steps`, or after `minutes` of training, counted over all
    the pieces of a resumed run; the learning rate falls to zero by then."""

    steps: int | None = None
    minutes: float | None = None
    batch: int = 48
    rate: float = 2e-3
    decay: float = 0.02
    neutral_drop: float = 0.5
    ema: float = 0.995
    seed: int = 0
    precision: str = "auto"
    save_seconds: float = 120.0

    def __post_init__(self) -> None:
        if (self.steps is None) == (self.minutes is None):
            raise AAADError("give the length of the run as either steps or minutes")
        if self.precision not in ("auto", "fp32", "bf16"):
            raise AAADError(f"precision must be auto, fp32 or bf16, not {self.precision!r}")


@dataclass
class _Progress:
    step: int = 0
    seconds: float = 0.0

    def share(self, config: TrainConfig) -> float:
        """How much of the run is done, 0 to 1."""
        if config.steps is not None:
            return min(1.0, self.step / max(config.steps, 1))
        assert config.minutes is not None
        return min(1.0, self.seconds / max(config.minutes * 60.0, 1e-6))


def train_detector(
    corpus: str | Path,
    out: str | Path,
    *,
    steps: int | None = None,
    minutes: float | None = None,
    resume: bool = False,
    width: int = 48,
    size: int = 128,
    name: str | None = None,
    device: str = "auto",
    threads: int | None = None,
    quiet: bool = False,
    **settings: Any,
) -> dict[str, Any]:
    """Train on CORPUS/train, calibrate on CORPUS/valid, report on CORPUS/test; write to `out`.

    `out` gets config.json, model.safetensors (what `Detector.from_pretrained` reads), report.json
    and log.jsonl, and while training state.safetensors, which can be thrown away afterwards.
    `settings` are those of `TrainConfig`. Returns the report.

    Raises:
        AAADError: an empty split, a state of another run, settings that do not fit.
    """
    config = TrainConfig(steps=steps, minutes=minutes, **settings)
    shape = DetectorConfig(width=width, size=size)
    root, folder = Path(corpus), Path(out)
    if not root.is_dir():
        raise AAADError(f"{root}: no such corpus")
    folder.mkdir(parents=True, exist_ok=True)
    if threads is not None:
        torch.set_num_threads(threads)
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"

    train = Split(root, "train", size=size)
    if len(train) == 0:
        raise AAADError(f"{root}: the split train holds no rows")
    torch.manual_seed(config.seed)
    net = DetectorNet(shape).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    _start_at_base_rates(net, train)
    run = _Run(net, config, shape)
    if (folder / STATE).is_file():
        if not resume:
            raise AAADError(
                f"{folder / STATE}: there is a run in this folder; resume it, or train into another"
            )
        run.load(folder / STATE)
    if run.progress.share(config) < 1.0:
        _loop(run, train, folder, device=device, quiet=quiet)
    # What ships is half precision: it is what is calibrated and reported, too.
    net.load_state_dict(
        {k: v.half().to(v.dtype) if v.is_floating_point() else v for k, v in run.ema.items()}
    )
    net.train(False)

    valid, test = (Split(root, name, size=size) for name in ("valid", "test"))
    held_out = test if len(test) else valid
    temperature = {
        mode: fit_temperature(logits_of(net, valid, mode), torch.from_numpy(valid.targets))
        if len(valid)
        else [1.0] * len(shape.columns)
        for mode in MODES
    }
    report: dict[str, Any] = {"split": None, "n": 0}
    if len(held_out):
        report = evaluate(net, held_out, temperature)
    write_detector(
        net,
        folder,
        name=name or f"aaad-rig-{config.seed}",
        temperature=temperature,
        held_out={
            "split": report["split"],
            "n": report["n"],
            **{mode: report.get(mode, {}).get("aaad", {}).get("aaad") for mode in MODES},
        },
        training={
            **asdict(config),
            "train_rows": len(train),
            "train_subjects": len(set(train.subjects)),
            "steps_done": run.progress.step,
            "seconds": round(run.progress.seconds, 1),
            "parameters": sum(p.numel() for p in net.parameters()),
            "torch": torch.__version__,
        },
    )
    save_json(report, folder / "report.json")
    return report


class _Run:
    """What a run carries from step to step, and how it gets to disk and back."""

    def __init__(self, net: DetectorNet, config: TrainConfig, shape: DetectorConfig) -> None:
        self.net, self.config = net, config
        self.signature = {"seed": config.seed, "batch": config.batch, **shape.to_json()}
        decayed = [p for p in net.parameters() if p.ndim > 1]
        rest = [p for p in net.parameters() if p.ndim <= 1]
        self.optimizer = torch.optim.AdamW(
            [
                {"params": decayed, "weight_decay": config.decay},
                {"params": rest, "weight_decay": 0.0},
            ],
            lr=config.rate,
            betas=(0.9, 0.98),
        )
        self.ema = {key: value.clone() for key, value in net.state_dict().items()}
        self.progress = _Progress()

    def follow(self) -> None:
        """Move the averaged weights towards the current ones."""
        keep = min(self.config.ema, (1 + self.progress.step) / (10 + self.progress.step))
        for key, value in self.net.state_dict().items():
            if value.is_floating_point():
                self.ema[key].lerp_(value, 1.0 - keep)
            else:
                self.ema[key].copy_(value)

    def _named(self) -> list[tuple[str, Tensor]]:
        return list(self.net.named_parameters())

    def save(self, path: Path) -> None:
        """Everything in one file, written beside and renamed."""
        tensors = {f"net.{k}": v for k, v in self.net.state_dict().items()}
        tensors |= {f"ema.{k}": v for k, v in self.ema.items()}
        for name, parameter in self._named():
            for key, value in self.optimizer.state[parameter].items():
                tensors[f"adam.{key}.{name}"] = torch.as_tensor(value)
        facts = {"run": self.signature, "progress": asdict(self.progress)}
        beside = path.with_name(path.name + ".part")
        save_file(
            {k: v.detach().cpu().contiguous().clone() for k, v in tensors.items()},
            beside,
            metadata={"facts": json.dumps(facts)},
        )
        os.replace(beside, path)

    def load(self, path: Path) -> None:
        """Take up a run; an `AAADError` when the file is broken or of another run."""
        try:
            with safe_open(path, framework="pt") as file:
                facts = json.loads((file.metadata() or {})["facts"])
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (SafetensorError, OSError, KeyError, ValueError) as error:
            raise AAADError(f"{path}: not a state to resume from ({error})") from None
        if facts.get("run") != json.loads(json.dumps(self.signature)):
            raise AAADError(
                f"{path}: is the state of a run with other settings; resume with the same seed, "
                "batch, width and size, or train into another folder"
            )
        self.net.load_state_dict({k: tensors[f"net.{k}"] for k in self.net.state_dict()})
        for key, value in self.ema.items():
            value.copy_(tensors[f"ema.{key}"])
        for name, parameter in self._named():
            self.optimizer.state[parameter] = {
                key: tensors[f"adam.{key}.{name}"].to("cpu" if key == "step" else parameter.device)
                for key in ("step", "exp_avg", "exp_avg_sq")
                if f"adam.{key}.{name}" in tensors
            }
        self.progress = _Progress(**facts["progress"])


def _start_at_base_rates(net: DetectorNet, split: Split) -> None:
    """Begin with each column's mean target: no step is spent on learning what is rare."""
    mean = torch.from_numpy(split.targets.mean(0))  # (A, 6)
    smooth = (mean * len(split) + 0.5) / (len(split) + 3.0)
    with torch.no_grad():
        net.head.bias.copy_(smooth.log().flatten())
        net.head.weight.mul_(0.1)


def _bf16(config: TrainConfig, device: str) -> bool:
    """Half precision where it is native: emulated, it is slower than float32."""
    if config.precision != "auto":
        return config.precision == "bf16"
    if device.startswith("cuda"):
        return torch.cuda.is_bf16_supported()
    able = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return bool(able.get("avx512_bf16") or able.get("amx_bf16"))


def _loop(run: _Run, train: Split, folder: Path, *, device: str, quiet: bool) -> None:
    config, progress, net = run.config, run.progress, run.net
    mirror = mirror_index(net.config.columns)
    targets = torch.from_numpy(train.targets)
    half = _bf16(config, device)
    saved = last = time.monotonic()
    bar = tqdm(
        total=config.steps,
        initial=progress.step,
        desc="detector",
        unit="step",
        file=sys.stderr,
        disable=quiet or not sys.stderr.isatty(),
    )
    net.train()
    while progress.share(config) < 1.0:
        rows = _batch_rows(len(train), config, progress.step)
        seed = config.seed * 1_000_003 + progress.step
        generator = torch.Generator().manual_seed(seed)
        torch.manual_seed(seed)  # dropout's stream
        images = train.images(rows).float() / 255.0
        rest, known = train.neutrals(rows)
        images, neutral, wanted = augment(
            images, rest.float() / 255.0, targets[rows], mirror, generator
        )
        known &= torch.rand(len(rows), generator=generator) >= config.neutral_drop
        share = progress.share(config)
        rate = (
            config.rate * min(1.0, (progress.step + 1) / 60) * (1 + math.cos(math.pi * share)) / 2
        )
        for group in run.optimizer.param_groups:
            group["lr"] = rate
        layout = torch.channels_last
        with torch.autocast(device.split(":")[0], dtype=torch.bfloat16, enabled=half):
            logits = net(
                images.to(device, memory_format=layout),
                neutral.to(device, memory_format=layout),
                known.to(device),
            )
        loss = training_loss(logits, wanted.to(device))
        if not torch.isfinite(loss):
            raise AAADError(f"the loss is {loss.item()} at step {progress.step}; lower the rate")
        run.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        run.optimizer.step()
        run.follow()
        progress.step += 1
        now = time.monotonic()
        progress.seconds += now - last
        last = now
        bar.update()
        if progress.step % 20 == 0:
            bar.set_postfix(loss=f"{loss.item():.4f}")
            line = {
                "step": progress.step,
                "seconds": round(progress.seconds, 1),
                "loss": round(loss.item(), 5),
                "rate": round(rate, 7),
            }
            with (folder / "log.jsonl").open("a", encoding="utf-8") as log:
                log.write(json.dumps(line) + "\n")
        if now - saved > config.save_seconds:
            run.save(folder / STATE)
            saved = now
    bar.close()
    run.save(folder / STATE)


def _batch_rows(n: int, config: TrainConfig, step: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    """The rows of a step: the corpus in a new order each time round."""
    start = step * config.batch
    rows = []
    for place in range(start, start + config.batch):
        rows.append((place // n, place % n))
    orders = {
        epoch: np.random.default_rng([config.seed, epoch]).permutation(n)
        for epoch in {epoch for epoch, _ in rows}
    }
    return np.array([orders[epoch][place] for epoch, place in rows], np.int64)
