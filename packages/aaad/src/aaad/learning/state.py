"""What a run carries from step to step, and how it gets to disk and back."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from aaad.errors import AAADError
from aaad.learning.files import save_tensors
from aaad.learning.run import TrainingRun

__all__ = ["Progress", "TrainingState"]

Net = TypeVar("Net", bound=nn.Module)


@dataclass
class Progress:
    """Steps and seconds of training so far, over all pieces of the run."""

    step: int = 0
    seconds: float = 0.0

    def share(self, run: TrainingRun) -> float:
        """How much of the run is done, 0 to 1."""
        done = self.step / run.steps
        if run.minutes is not None:
            done = max(done, self.seconds / max(run.minutes * 60.0, 1e-6))
        return min(1.0, done)


class TrainingState(Generic[Net]):
    """A network, its optimiser, its averaged weights and how far the run is.

    `shape` holds the plain values that built the network: a state of another network or of a run
    with other settings is refused.
    """

    def __init__(self, net: Net, run: TrainingRun, shape: dict[str, Any]) -> None:
        self.net, self.run = net, run
        self.signature = {"format": 3, **run.must_match(), **shape}
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
        self.progress = Progress()

    @property
    def device(self) -> torch.device:
        """The device that the network is on."""
        return next(self.net.parameters()).device

    def autocast(self) -> torch.autocast:
        """The precision of the run, for the network's pass; what is made of pictures before it
        stays in single precision."""
        half = self.run.precision == "bf16"
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=half)

    def follow(self) -> None:
        """Move the averaged weights, and the running means, towards the current ones."""
        keep = min(self.run.average, (1 + self.progress.step) / (10 + self.progress.step))
        for key, value in self.net.state_dict().items():
            if value.is_floating_point():
                self.average[key].lerp_(value, 1.0 - keep)
            else:
                self.average[key].copy_(value)

    def settle(self) -> Net:
        """The network with its averaged weights in half precision: what ships, and so what is
        calibrated and reported."""
        self.net.load_state_dict(
            {
                k: v.half().to(v.dtype) if v.is_floating_point() else v
                for k, v in self.average.items()
            }
        )
        return self.net.train(False)

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
        self._load_optimizer(tensors)
        self.progress = Progress(**facts["progress"])

    def _load_optimizer(self, tensors: dict[str, Tensor]) -> None:
        for name, parameter in self.net.named_parameters():
            self.optimizer.state[parameter] = {
                key: tensors[f"adam.{key}.{name}"].to("cpu" if key == "step" else parameter.device)
                for key in ("step", "exp_avg", "exp_avg_sq")
                if f"adam.{key}.{name}" in tensors
            }
