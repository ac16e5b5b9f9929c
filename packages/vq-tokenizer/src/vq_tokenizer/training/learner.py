"""A tokenizer that is being trained: models, optimizers and counters, and all of it on disk."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from vq_tokenizer._distributed import all_reduce, rank, world_size
from vq_tokenizer.errors import VQTokenizerError
from vq_tokenizer.tokenizer.checkpoint import load_strict, read_tensors, write_tensors
from vq_tokenizer.tokenizer.config import TokenizerConfig
from vq_tokenizer.tokenizer.model import Tokenizer
from vq_tokenizer.training.batches import Batch
from vq_tokenizer.training.discriminator import PatchDiscriminator
from vq_tokenizer.training.losses import reconstruction_loss
from vq_tokenizer.training.measure import psnr
from vq_tokenizer.training.objective import change_loss, flow_loss, prepare
from vq_tokenizer.training.run import TokenizerRun

__all__ = ["FeatureLoss", "Learner"]

FeatureLoss = Callable[[Tensor, Tensor], Tensor]
_SEEDS = 1_000_003  # steps of one seed; a prime, so that no two seeds meet soon
_MAY_GROW = "pictures"


class Learner:
    """Model, averaged model, optimizer and counters; everything that resuming needs.

    about: what else decides the result (pictures, weights, ...); to resume it must be the same, but
    for `pictures`, which may have become more. feature_loss: from (output, target), both
    (B, 3, S, S), to a scalar.
    """

    def __init__(
        self,
        model: Tokenizer,
        run: TokenizerRun,
        device: torch.device,
        *,
        about: Mapping[str, Any] | None = None,
        feature_loss: FeatureLoss | None = None,
    ) -> None:
        self.run, self.about, self.feature_loss = run, dict(about or {}), feature_loss
        self.model = model.to(device).train()
        self.averaged = copy.deepcopy(self.model).eval().requires_grad_(False)
        self.optimizer = self._optimizer(self.model)
        self.critic = None
        if run.adversarial:
            self.critic = PatchDiscriminator(seed=run.seed).to(device).train()
            self.critic_optimizer = self._optimizer(self.critic)
        self.step, self.seconds = 0, 0.0
        self.device = device
        self.parallel: nn.Module = self.model
        if world_size() > 1:  # buffers are the same on every rank by themselves
            self.parallel = DistributedDataParallel(self.model, broadcast_buffers=False)

    @property
    def progress(self) -> float:
        """Share of the run that is done, from 0 to 1."""
        return self.run.progress(self.step, self.seconds)

    def _optimizer(self, module: nn.Module) -> torch.optim.AdamW:
        return torch.optim.AdamW(
            module.parameters(),
            lr=self.run.rate,
            betas=(0.9, 0.95),
            weight_decay=self.run.weight_decay,
            fused=True,
        )

    def _autocast(self) -> torch.autocast:
        return torch.autocast(
            self.device.type, torch.bfloat16, enabled=self.run.precision == "bf16"
        )

    def advance(self, batch: Batch) -> dict[str, float]:
        """One step on a batch; returns its figures."""
        rate = self.run.rate_at(self.step, self.seconds)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        if self.model.config.reference:
            restored, target, weights, loss, figures = self._change(batch)
        else:
            restored, target, weights, loss, figures = self._whole(batch)
        loss = loss + reconstruction_loss(
            restored,
            target,
            weights,
            colour=self.run.colour,
            even=not self.model.config.reference,
        )
        if self.feature_loss is not None:
            loss = loss + self.run.feature_weight * self.feature_loss(restored, target)
        critic = self.critic if self.progress >= self.run.adversarial_start else None
        if critic is not None:
            with self._autocast():
                loss = loss + self.run.adversarial * critic.generator_loss(restored, weights)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), self.run.clip)
        self.optimizer.step()
        if critic is not None:
            self._train_critic(critic, target, restored.detach(), weights, rate)
        self._average()
        self.step += 1
        value = float(psnr(restored.detach(), target).mean())
        figures = {"loss": float(loss.detach()), "psnr": value} | figures
        if not math.isfinite(figures["loss"]):
            raise VQTokenizerError(
                f"train: the loss is {figures['loss']} at step {self.step}; lower the learning rate"
            )
        return figures

    def _whole(
        self, batch: Batch
    ) -> tuple[Tensor, Tensor, Tensor | None, Tensor, dict[str, float]]:
        """Output, target, weights, further loss and figures of a tokenizer without a reference."""
        with self._autocast():
            output = self.parallel(batch.images)
        return output.images.float(), batch.images, batch.weights, output.loss_commit, {}

    def _change(
        self, batch: Batch
    ) -> tuple[Tensor, Tensor, Tensor | None, Tensor, dict[str, float]]:
        """The same of one with a reference."""
        if batch.references is None:
            raise VQTokenizerError(
                f"train: {self.run.model} codes changes, and these pictures have no references; "
                "give pairs, or take another model"
            )
        seed = (self.run.seed * _SEEDS + self.step) * world_size() + rank()
        generator = torch.Generator().manual_seed(seed + (1 << 41))
        factor = self.model.config.factor
        pairs = prepare(batch, self.run, factor, self.progress, generator)
        with self._autocast():
            output = self.parallel(
                pairs.seen, pairs.seen_reference, shown=pairs.shown, opened=pairs.opened
            )
        quiet = output.tokens == self.model.still_token
        warm = min(1.0, (self.step + 1) / max(1, 2 * self.run.warmup))
        spread = self.model.config.spread if self.model.config.quantizer == "fsq" else 0.0
        held = change_loss(output.latents, pairs.still, self.run, spread)
        moved = flow_loss(output.flows, pairs.shown, pairs.target, pairs.weights)
        loss = output.loss_commit + warm * held + self.run.flow_weight * moved
        figures = {
            "quiet": float(quiet.float().mean()),
            "still": float(pairs.still.float().mean()),
            "agree": float((quiet == pairs.still).float().mean()),
        }
        return output.images.float(), pairs.target, pairs.weights, loss, figures

    def _train_critic(
        self,
        critic: PatchDiscriminator,
        images: Tensor,
        restored: Tensor,
        weights: Tensor | None,
        rate: float,
    ) -> None:
        for group in self.critic_optimizer.param_groups:
            group["lr"] = rate
        self.critic_optimizer.zero_grad(set_to_none=True)
        with self._autocast():
            loss = critic.loss(images, restored, weights)
        loss.backward()
        if world_size() > 1:
            for parameter in critic.parameters():
                if parameter.grad is not None:
                    all_reduce(parameter.grad).div_(world_size())
        nn.utils.clip_grad_norm_(critic.parameters(), self.run.clip)
        self.critic_optimizer.step()

    @torch.no_grad()
    def _average(self) -> None:
        """Move the averaged weights, and with them the codebook, towards the model's."""
        decay = min(self.run.average, (1 + self.step) / (10 + self.step))
        target = self.model.state_dict()
        for name, tensor in self.averaged.state_dict().items():
            if tensor.is_floating_point():
                tensor.lerp_(target[name], 1 - decay)
            else:
                tensor.copy_(target[name])

    def keep_time(self, seconds: float) -> None:
        """Set the training time; that of the first rank, where it decides when to end."""
        self.seconds = seconds
        if world_size() > 1 and self.run.minutes is not None:
            own = torch.tensor(seconds if rank() == 0 else 0.0, dtype=torch.float64)
            self.seconds = float(all_reduce(own.to(self.device)))

    def start_from(self, model: Tokenizer) -> None:
        """Begin with the weights of another tokenizer of the same configuration."""
        load_strict(self.model, model.state_dict(), "start")
        load_strict(self.averaged, model.state_dict(), "start")

    def save(self, path: Path) -> None:
        """Write all that resuming needs."""
        tensors = {f"model.{k}": v for k, v in self.model.state_dict().items()}
        tensors |= {f"averaged.{k}": v for k, v in self.averaged.state_dict().items()}
        tensors |= _moments("optimizer", self.model, self.optimizer)
        if self.critic is not None:
            tensors |= {f"critic.{k}": v for k, v in self.critic.state_dict().items()}
            tensors |= _moments("critic_optimizer", self.critic, self.critic_optimizer)
        state = {
            "step": self.step,
            "seconds": self.seconds,
            "model": self.model.config.to_json(),
            "run": asdict(self.run),
            "about": self.about,
        }
        write_tensors(path, tensors, {"vq_tokenizer": json.dumps(state)})

    def restore(self, path: Path) -> list[str]:
        """Go on from a state; what a user should be told of it. Raises VQTokenizerError for one
        that is cut, or of another model, run or data."""
        tensors, metadata = read_tensors(path)
        try:
            state = json.loads(metadata["vq_tokenizer"])
            before, about = dict(state["run"]), dict(state["about"])
            # a run that was begun before detectors were written down does not say its own
            about.setdefault("detectors", self.about.get("detectors"))
            step, seconds = int(state["step"]), float(state["seconds"])
            config = TokenizerConfig.from_json(state["model"])
        except (AttributeError, KeyError, TypeError, ValueError):
            raise VQTokenizerError(f"{path}: not a training state of vq_tokenizer") from None
        if config != self.model.config:
            raise VQTokenizerError(f"{path}: was trained with another model configuration")
        now = {key: getattr(self.run, key) for key in self.run.changed(before)} | self.about
        told = [f"resumed at step {step}"]
        for key, value in now.items():
            old = before.get(key, about.get(key))
            if old == value:
                continue
            if key == _MAY_GROW and isinstance(old, int) and old < value:
                told.append(f"there are {value} pictures now, {old} before")
                continue
            raise VQTokenizerError(
                f"{path}: was trained with {key} {old!r}, now {key} is {value!r}; use the same, "
                "or start in another folder"
            )
        self._take(tensors, path)
        self.step, self.seconds = step, seconds
        return told

    def _take(self, tensors: dict[str, Tensor], path: Path) -> None:
        parts: dict[str, dict[str, Tensor]] = {}
        for name, tensor in tensors.items():
            kind, _, rest = name.partition(".")
            parts.setdefault(kind, {})[rest] = tensor
        load_strict(self.model, parts.get("model", {}), path)
        load_strict(self.averaged, parts.get("averaged", {}), path)
        _restore_moments(self.model, self.optimizer, parts.get("optimizer", {}), path)
        if self.critic is not None and "critic" in parts:  # else it begins now
            load_strict(self.critic, parts["critic"], path)
            if stored := parts.get("critic_optimizer", {}):
                _restore_moments(self.critic, self.critic_optimizer, stored, path)


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
