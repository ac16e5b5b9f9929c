"""One training run: models, optimizers and counters, and their single resumable file."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from vq_tokenizer._distributed import all_reduce, rank, world_size
from vq_tokenizer.errors import VQTokenizerError
from vq_tokenizer.tokenizer.checkpoint import (
    load_strict,
    read_tensors,
    save_checkpoint,
    write_tensors,
)
from vq_tokenizer.tokenizer.model import Tokenizer, TokenizerConfig
from vq_tokenizer.training.discriminator import PatchDiscriminator
from vq_tokenizer.training.losses import reconstruction_loss
from vq_tokenizer.training.measure import psnr

__all__ = ["FeatureLoss", "Run", "TrainConfig"]

FeatureLoss = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class TrainConfig:
    """A run as data, written to config.json.

    steps: length of the run, or None for as long as minutes lasts. minutes: of training time over
    all resumed parts; it shapes the learning rate too, so only runs bounded by steps repeat to the
    bit. batch, size: pictures a step (over all processes) and their side in pixels. lr: peak,
    reached after warmup steps, then a cosine down to lr * floor. average: decay of the averaged
    weights. colour: weight of losses.colour_loss. feature_weight: of the loss passed in from
    outside. precision: "auto", "bf16" or
    "fp32". adversarial: weight of the patch discriminator, 0 for none, which begins after the share
    adversarial_start of the run.
    """

    steps: int | None = None
    minutes: float | None = None
    batch: int = 16
    size: int = 128
    lr: float = 6e-4
    warmup: int = 200
    floor: float = 0.02
    weight_decay: float = 1e-4
    clip: float = 1.0
    average: float = 0.999
    colour: float = 0.0
    feature_weight: float = 1.0
    flip: bool = True
    seed: int = 0
    precision: str = "auto"
    adversarial: float = 0.0
    adversarial_start: float = 0.6

    def __post_init__(self) -> None:
        if self.steps is None and self.minutes is None:
            raise VQTokenizerError("train: give steps or minutes, so that the run ends")
        if self.batch < 1 or self.size < 1:
            raise VQTokenizerError(
                f"train: batch and size must be positive, got {self.batch} and {self.size}"
            )
        if self.precision not in ("auto", "bf16", "fp32"):
            raise VQTokenizerError(f"train: precision {self.precision!r} is not auto, bf16 or fp32")
        if min(1 if v is None else v for v in (self.steps, self.minutes)) <= 0 or self.lr <= 0:
            raise VQTokenizerError(
                f"train: steps, minutes and lr must be positive, got {self.steps}, {self.minutes} "
                f"and {self.lr}"
            )
        if self.adversarial < 0 or not 0 <= self.adversarial_start <= 1:
            raise VQTokenizerError(
                "train: adversarial must not be negative and adversarial_start must be 0 to 1, got "
                f"{self.adversarial} and {self.adversarial_start}"
            )

    def progress(self, step: int, seconds: float) -> float:
        """Share of the run that is done, 0 to 1: by steps or by minutes, whichever is further."""
        by_steps = step / max(1, self.steps) if self.steps is not None else 0.0
        by_time = seconds / max(1e-9, self.minutes * 60) if self.minutes is not None else 0.0
        return min(1.0, max(by_steps, by_time))

    def rate(self, step: int, seconds: float) -> float:
        """Learning rate of a step."""
        cosine = 0.5 * (1 + math.cos(math.pi * self.progress(step, seconds)))
        warm = min(1.0, (step + 1) / max(1, self.warmup))
        return self.lr * warm * (self.floor + (1 - self.floor) * cosine)


class Run:
    """Model, averaged model, optimizer and counters; everything a checkpoint holds.

    about: what else decides the result (pictures, weights, ...); kept beside the configuration, and
    to resume it must be the same.
    """

    def __init__(
        self,
        model: Tokenizer,
        config: TrainConfig,
        device: torch.device,
        about: Mapping[str, Any] | None = None,
    ) -> None:
        self.config, self.about = config, dict(about or {})
        self.model = model.to(device).train()
        self.averaged = copy.deepcopy(self.model).eval().requires_grad_(False)
        self.optimizer = self._optimizer(self.model, config.lr)
        self.critic = None
        if config.adversarial:
            self.critic = PatchDiscriminator(seed=config.seed).to(device).train()
            self.critic_optimizer = self._optimizer(self.critic, config.lr)
        self.step = 0
        self.seconds = 0.0
        self.autocast = use_bf16(config.precision, device)
        self.device = device
        self.parallel: nn.Module = self.model
        if world_size() > 1:  # buffers are the same on every rank by themselves
            self.parallel = DistributedDataParallel(self.model, broadcast_buffers=False)

    def _optimizer(self, module: nn.Module, lr: float) -> torch.optim.AdamW:
        decay = self.config.weight_decay
        return torch.optim.AdamW(
            module.parameters(), lr=lr, betas=(0.9, 0.95), weight_decay=decay, fused=True
        )

    def advance(
        self, images: Tensor, weights: Tensor | None, feature_loss: FeatureLoss | None
    ) -> dict[str, float]:
        """One step on images (B, 3, S, S), weights (B, S, S); returns its figures."""
        rate = self.config.rate(self.step, self.seconds)
        progress = self.config.progress(self.step, self.seconds)
        critic = self.critic if progress >= self.config.adversarial_start else None
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.autocast):
            output = self.parallel(images)
        restored = output.images.float()
        loss = reconstruction_loss(restored, images, weights, colour=self.config.colour)
        loss = loss + output.loss_commit
        if feature_loss is not None:
            loss = loss + self.config.feature_weight * feature_loss(restored, images)
        if critic is not None:
            with torch.autocast(self.device.type, torch.bfloat16, enabled=self.autocast):
                loss = loss + self.config.adversarial * critic.generator_loss(restored)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.config.clip)
        self.optimizer.step()
        if critic is not None:
            self._train_critic(critic, images, restored.detach(), rate)
        self._average()
        self.step += 1
        value = float(psnr(restored.detach(), images).mean())
        figures = {"loss": float(loss.detach()), "psnr": value}
        if not math.isfinite(figures["loss"]):
            raise VQTokenizerError(
                f"train: the loss is {figures['loss']} at step {self.step}; lower the learning rate"
            )
        return figures

    def _train_critic(
        self, critic: PatchDiscriminator, images: Tensor, restored: Tensor, rate: float
    ) -> None:
        for group in self.critic_optimizer.param_groups:
            group["lr"] = rate
        self.critic_optimizer.zero_grad(set_to_none=True)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.autocast):
            loss = critic.loss(images, restored)
        loss.backward()
        if world_size() > 1:
            for parameter in critic.parameters():
                if parameter.grad is not None:
                    all_reduce(parameter.grad).div_(world_size())
        torch.nn.utils.clip_grad_norm_(critic.parameters(), self.config.clip)
        self.critic_optimizer.step()

    @torch.no_grad()
    def _average(self) -> None:
        """Move the averaged weights, and with them the codebook, towards the model's."""
        decay = min(self.config.average, (1 + self.step) / (10 + self.step))
        target = self.model.state_dict()
        for name, tensor in self.averaged.state_dict().items():
            if tensor.is_floating_point():
                tensor.lerp_(target[name], 1 - decay)
            else:
                tensor.copy_(target[name])

    def keep_time(self, seconds: float) -> None:
        """Set the training time; that of the first rank, where it decides when to end."""
        self.seconds = seconds
        if world_size() > 1 and self.config.minutes is not None:
            own = torch.tensor(seconds if rank() == 0 else 0.0, dtype=torch.float64)
            self.seconds = float(all_reduce(own.to(self.device)))

    def save(self, out: Path) -> None:
        """Write the resumable state in one file, then the averaged weights beside it."""
        tensors = {f"model.{k}": v for k, v in self.model.state_dict().items()}
        tensors |= {f"averaged.{k}": v for k, v in self.averaged.state_dict().items()}
        tensors |= _moments("optimizer", self.model, self.optimizer)
        if self.critic is not None:
            tensors |= {f"critic.{k}": v for k, v in self.critic.state_dict().items()}
            tensors |= _moments("critic_optimizer", self.critic, self.critic_optimizer)
        about = {
            "step": self.step,
            "seconds": self.seconds,
            "model": self.model.config.to_json(),
            "train": asdict(self.config) | self.about,
        }
        write_tensors(out / "training.safetensors", tensors, {"vq_tokenizer": json.dumps(about)})
        trained = {"step": self.step, "seconds": round(self.seconds, 1)}
        trained |= asdict(self.config) | self.about
        save_checkpoint(self.averaged, out, train=trained)

    def restore(self, path: Path) -> None:
        """Go on from a training.safetensors of the same model, batch, size and seed."""
        tensors, metadata = read_tensors(path)
        try:
            about = json.loads(metadata["vq_tokenizer"])
            train, step, seconds = about["train"], int(about["step"]), float(about["seconds"])
            config = TokenizerConfig.from_json(about["model"])
        except (AttributeError, KeyError, TypeError, ValueError):
            raise VQTokenizerError(f"{path}: not a training state of vq_tokenizer") from None
        if config != self.model.config:
            raise VQTokenizerError(f"{path}: was trained with another model configuration")
        now = {key: getattr(self.config, key) for key in ("batch", "size", "seed", "flip")}
        for key, value in (now | self.about).items():
            if key in train and train[key] != value:
                raise VQTokenizerError(
                    f"{path}: was trained with {key} {train[key]!r}, now {key} is {value!r}; use "
                    "the same, or start in another folder"
                )
        parts: dict[str, dict[str, Tensor]] = {}
        for name, tensor in tensors.items():
            kind, _, rest = name.partition(".")
            parts.setdefault(kind, {})[rest] = tensor
        load_strict(self.model, parts.get("model", {}), path)
        load_strict(self.averaged, parts.get("averaged", {}), path)
        _restore_moments(self.model, self.optimizer, parts.get("optimizer", {}), path)
        if self.critic is not None and "critic" in parts:  # else it begins now
            load_strict(self.critic, parts["critic"], path)
            stored = parts.get("critic_optimizer", {})
            if stored:
                _restore_moments(self.critic, self.critic_optimizer, stored, path)
        self.step, self.seconds = step, seconds


def _moments(kind: str, module: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """The optimizer's state by parameter name."""
    return {
        f"{kind}.{name}.{key}": value
        for name, parameter in module.named_parameters()
        for key, value in optimizer.state.get(parameter, {}).items()
    }


def _restore_moments(
    module: nn.Module, optimizer: torch.optim.Optimizer, stored: dict[str, Tensor], path: Path
) -> None:
    keys = ("step", "exp_avg", "exp_avg_sq")
    for name, parameter in module.named_parameters():
        if missing := [key for key in keys if f"{name}.{key}" not in stored]:
            raise VQTokenizerError(f"{path}: optimizer state of {name} lacks {missing}")
        state = {
            key: torch.zeros_like(parameter).copy_(stored[f"{name}.{key}"]) for key in keys[1:]
        }
        optimizer.state[parameter] = {"step": stored[f"{name}.step"].to(parameter.device), **state}


def use_bf16(precision: str, device: torch.device) -> bool:
    """Whether to compute in bfloat16: as asked, or where the hardware has it."""
    if precision != "auto":
        return precision == "bf16"
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    capabilities = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))
