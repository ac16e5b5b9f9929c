"""Train a Tokenizer on a folder of pictures: `python -m vq_tokenizer.train IMAGEFOLDER --out DIR`.

OUT/config.json and OUT/model.safetensors are the averaged weights (what load_checkpoint reads),
OUT/training.safetensors is all that resuming needs (delete it when done), OUT/log.jsonl has one
line a report, OUT/samples/ has sheets of originals above reconstructions.
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from vq_tokenizer.checkpoint import load_strict, read_tensors, save_checkpoint, write_tensors
from vq_tokenizer.data import ImageArray, find_images, load_images, sample_batch
from vq_tokenizer.errors import VQTokenizerError
from vq_tokenizer.losses import psnr, reconstruction_loss
from vq_tokenizer.model import Tokenizer, TokenizerConfig
from vq_tokenizer.sheet import write_sheet

__all__ = ["TrainConfig", "main", "train_tokenizer"]

FeatureLoss = Callable[[Tensor, Tensor], Tensor]
PixelWeights = Callable[[Sequence[str]], Tensor]


@dataclass(frozen=True)
class TrainConfig:
    """A run as data, written to config.json.

    steps: length of the run, or None for as long as minutes lasts. minutes: of training time over
    all resumed parts; it shapes the learning rate too, so only runs bounded by steps repeat to the
    bit. batch, size: pictures a step and their side in pixels. lr: peak, reached after warmup
    steps, then a cosine down to lr * floor. average: decay of the averaged weights.
    feature_weight: of the loss passed in from outside. precision: "auto", "bf16" or "fp32".
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
    feature_weight: float = 1.0
    flip: bool = True
    seed: int = 0
    precision: str = "auto"

    def __post_init__(self) -> None:
        if self.steps is None and self.minutes is None:
            raise VQTokenizerError("train: give steps or minutes, so that the run ends")
        if self.batch < 1 or self.size < 1:
            raise VQTokenizerError(
                f"train: batch and size must be positive, got {self.batch} and {self.size}"
            )
        if self.precision not in ("auto", "bf16", "fp32"):
            raise VQTokenizerError(f"train: precision {self.precision!r} is not auto, bf16 or fp32")

    def progress(self, step: int, seconds: float) -> float:
        """Share of the run that is done, 0 to 1: by steps or by minutes, whichever is further."""
        by_steps = step / max(1, self.steps) if self.steps is not None else 0.0
        by_time = seconds / max(1e-9, self.minutes * 60) if self.minutes is not None else 0.0
        return min(1.0, max(by_steps, by_time))

    def rate(self, step: int, seconds: float) -> float:
        """Learning rate of a step."""
        cosine = 0.5 * (1 + math.cos(math.pi * self.progress(step, seconds)))
        return (
            self.lr
            * min(1.0, (step + 1) / max(1, self.warmup))
            * (self.floor + (1 - self.floor) * cosine)
        )


class _Run:
    """Model, averaged model, optimizer and counters; everything a checkpoint holds."""

    def __init__(self, model: Tokenizer, config: TrainConfig, device: torch.device) -> None:
        self.config = config
        self.model = model.to(device).train()
        self.averaged = copy.deepcopy(self.model).eval().requires_grad_(False)
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(),
            lr=config.lr,
            betas=(0.9, 0.95),
            weight_decay=config.weight_decay,
            fused=True,
        )
        self.step = 0
        self.seconds = 0.0
        self.autocast = _use_bf16(config.precision, device)
        self.device = device

    def advance(
        self, images: Tensor, weights: Tensor | None, feature_loss: FeatureLoss | None
    ) -> dict[str, float]:
        """One step on images (B, 3, S, S); returns its figures."""
        rate = self.config.rate(self.step, self.seconds)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.autocast):
            output = self.model(images)
        restored = output.images.float()
        loss = reconstruction_loss(restored, images, weights) + output.loss_commit
        if feature_loss is not None:
            loss = loss + self.config.feature_weight * feature_loss(restored, images)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.config.clip)
        self.optimizer.step()
        self._average()
        self.step += 1
        figures = {
            "loss": float(loss.detach()),
            "psnr": float(psnr(restored.detach(), images).mean()),
        }
        if not math.isfinite(figures["loss"]):
            raise VQTokenizerError(
                f"train: the loss is {figures['loss']} at step {self.step}; lower the learning rate"
            )
        return figures

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

    def save(self, out: Path) -> None:
        """Write the resumable state in one file, then the averaged weights beside it."""
        tensors = {f"model.{k}": v for k, v in self.model.state_dict().items()}
        tensors |= {f"averaged.{k}": v for k, v in self.averaged.state_dict().items()}
        for name, parameter in self.model.named_parameters():
            for key, value in self.optimizer.state[parameter].items():
                tensors[f"optimizer.{name}.{key}"] = value
        about = {
            "step": self.step,
            "seconds": self.seconds,
            "model": self.model.config.to_json(),
            "train": asdict(self.config),
        }
        write_tensors(out / "training.safetensors", tensors, {"vq_tokenizer": json.dumps(about)})
        trained = {"step": self.step, "seconds": round(self.seconds, 1), **asdict(self.config)}
        save_checkpoint(self.averaged, out, train=trained)

    def restore(self, path: Path) -> None:
        """Go on from a training.safetensors of the same model, batch, size and seed."""
        tensors, metadata = read_tensors(path)
        try:
            about = json.loads(metadata["vq_tokenizer"])
            train, step, seconds = about["train"], int(about["step"]), float(about["seconds"])
        except (KeyError, ValueError, TypeError):
            raise VQTokenizerError(f"{path}: not a training state of vq_tokenizer") from None
        if TokenizerConfig.from_json(about["model"]) != self.model.config:
            raise VQTokenizerError(f"{path}: was trained with another model configuration")
        for key in ("batch", "size", "seed", "flip"):
            if train.get(key) != getattr(self.config, key):
                raise VQTokenizerError(
                    f"{path}: was trained with {key} {train.get(key)!r}, now {key} is "
                    f"{getattr(self.config, key)!r}; use the same, or start in another folder"
                )
        parts: dict[str, dict[str, Tensor]] = {"model": {}, "averaged": {}, "optimizer": {}}
        for name, tensor in tensors.items():
            kind, _, rest = name.partition(".")
            parts.setdefault(kind, {})[rest] = tensor
        load_strict(self.model, parts["model"], path)
        load_strict(self.averaged, parts["averaged"], path)
        for name, parameter in self.model.named_parameters():
            stored, keys = parts["optimizer"], ("step", "exp_avg", "exp_avg_sq")
            if missing := [key for key in keys if f"{name}.{key}" not in stored]:
                raise VQTokenizerError(f"{path}: optimizer state of {name} lacks {missing}")
            moments = {
                key: torch.zeros_like(parameter).copy_(stored[f"{name}.{key}"]) for key in keys[1:]
            }
            self.optimizer.state[parameter] = {"step": stored[f"{name}.step"], **moments}
        self.step, self.seconds = step, seconds

    @torch.no_grad()
    def evaluate(self, images: ImageArray, limit: int) -> tuple[float, Tensor, Tensor]:
        """Held-out PSNR in dB of the averaged model, in float32; first 8 originals and outputs."""
        picked = torch.linspace(0, len(images) - 1, min(limit, len(images))).long()
        values, shown = [], []
        for part in picked.split(self.config.batch):
            batch = images.batch(part).to(self.device)
            restored = self.averaged.decode(self.averaged.encode(batch))
            values.append(psnr(restored, batch))
            shown.append(torch.stack([batch, restored], 1))
        first = torch.cat(shown)[:8]
        return float(torch.cat(values).mean()), first[:, 0], first[:, 1]


def train_tokenizer(
    images: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    steps: int | None = None,
    minutes: float | None = None,
    batch: int = 16,
    size: int = 128,
    lr: float = 6e-4,
    warmup: int = 200,
    seed: int = 0,
    precision: str = "auto",
    flip: bool = True,
    model: TokenizerConfig | str = "f8",
    valid: str | os.PathLike[str] | None = None,
    valid_count: int = 128,
    resume: bool = False,
    save_minutes: float = 5.0,
    save_steps: int | None = None,
    report_steps: int = 50,
    weights: PixelWeights | str | os.PathLike[str] | None = None,
    feature_loss: FeatureLoss | None = None,
    feature_weight: float = 1.0,
    device: str = "cpu",
    progress: Callable[[str], None] | None = None,
) -> Tokenizer:
    """Train on the pictures of a folder and return the averaged model, in evaluation mode.

    images: folder; its `train` split where it has one. valid: folder for held-out figures; by
    default the
    `valid` split of images where it has one. weights: per-pixel weights, either a callable from
    picture
    names (relative paths) to (B, S, S) positive floats, or a safetensors file with one tensor
    `weights`
    of (S, S). feature_loss: a callable from (output, target), both (B, 3, S, S), to a scalar.
    resume: go on from out/training.safetensors where there is one. progress: takes each report
    line;
    standard error by default. Raises VQTokenizerError for what cannot be used.
    """
    config = TrainConfig(
        steps=steps,
        minutes=minutes,
        batch=batch,
        size=size,
        lr=lr,
        warmup=warmup,
        feature_weight=feature_weight,
        flip=flip,
        seed=seed,
        precision=precision,
    )
    say = progress or (lambda line: print(line, file=sys.stderr, flush=True))
    tokenizer = Tokenizer(TokenizerConfig.preset(model) if isinstance(model, str) else model)
    tokenizer.grid(size, size)
    pixel_weights = _load_weights(weights, size)
    root, folder = Path(images), Path(out)
    training = load_images(find_images(root, "train"), size, root=root)
    held_out = None
    if valid is not None or (root / "valid").is_dir():
        held_out = load_images(find_images(valid or root, "valid"), size)
    say(f"{len(training)} pictures, {len(held_out) if held_out else 0} held out")
    run = _Run(tokenizer, config, torch.device(device))
    state = folder / "training.safetensors"
    if resume and state.is_file():
        run.restore(state)
        say(f"resumed at step {run.step}")
    elif state.is_file():
        raise VQTokenizerError(
            f"{state}: there is a run in this folder; resume it, or train into another folder"
        )
    (folder / "samples").mkdir(parents=True, exist_ok=True)
    began = saved = time.monotonic()
    earlier, recent = run.seconds, [began]
    while config.progress(run.step, run.seconds) < 1.0:
        index, flips = sample_batch(len(training), batch, run.step, seed, flip=flip)
        pictures = training.batch(index, flips).to(run.device)
        weight_map = None
        if pixel_weights is not None:
            weight_map = pixel_weights([training.names[i] for i in index.tolist()]).float()
            mirrored = torch.where(flips[:, None, None], weight_map.flip(2), weight_map)
            weight_map = mirrored.to(run.device)
        figures = run.advance(pictures, weight_map, feature_loss)
        now = time.monotonic()
        recent = [*recent[-50:], now]
        run.seconds = earlier + now - began
        done = config.progress(run.step, run.seconds) >= 1.0
        if done or run.step % report_steps == 0 or run.step == 1:
            pace = (recent[-1] - recent[0]) / max(1, len(recent) - 1)
            _report(run, figures, pace, folder, say)
        due = now - saved > save_minutes * 60
        if done or due or (save_steps and run.step % save_steps == 0):
            run.save(folder)
            _show(
                run,
                held_out or training,
                "valid" if held_out else "train",
                valid_count,
                folder,
                say,
            )
            saved = time.monotonic()
    return run.averaged


def _report(
    run: _Run, figures: dict[str, float], pace: float, folder: Path, say: Callable[[str], None]
) -> None:
    """One progress line, and the same as JSON at the end of log.jsonl."""
    usage, perplexity, dead = (float(v) for v in run.model.quantizer.stats())
    of = f"/{run.config.steps}" if run.config.steps is not None else ""
    say(
        f"step {run.step}{of}  loss {figures['loss']:.4f}  psnr {figures['psnr']:.2f} dB  "
        f"usage {usage:.1%}  perplexity {perplexity:.0f}  dead {dead:.0f}  {pace:.2f} s/step  "
        f"{run.seconds / 60:.1f} min"
    )
    row = {"step": run.step, "seconds": round(run.seconds, 1), "usage": usage}
    row |= {"perplexity": perplexity, "dead": dead, **figures}
    _log(folder, row)


def _show(
    run: _Run, images: ImageArray, name: str, limit: int, folder: Path, say: Callable[[str], None]
) -> None:
    """Held-out PSNR and a sheet of samples."""
    value, originals, restored = run.evaluate(images, limit)
    write_sheet(folder / "samples" / f"{run.step:07d}.png", originals, restored)
    say(f"step {run.step}  {name} psnr {value:.2f} dB  saved in {folder}")
    _log(folder, {"step": run.step, f"{name}_psnr": value})


def _log(folder: Path, row: dict[str, Any]) -> None:
    with open(folder / "log.jsonl", "a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")


def _load_weights(
    weights: PixelWeights | str | os.PathLike[str] | None, size: int
) -> PixelWeights | None:
    """A callable from picture names to (B, S, S) weights."""
    if weights is None or callable(weights):
        return weights
    tensors, _ = read_tensors(Path(weights))
    if set(tensors) != {"weights"} or tensors["weights"].shape != (size, size):
        raise VQTokenizerError(
            f"{weights}: expected one tensor `weights` of ({size}, {size}), got "
            f"{ {name: tuple(t.shape) for name, t in tensors.items()} }"
        )
    plane = tensors["weights"].float()
    if not bool((plane.isfinite() & (plane >= 0)).all()) or float(plane.sum()) <= 0:
        raise VQTokenizerError(f"{weights}: weights must be finite, not negative and not all zero")
    return lambda names: plane.expand(len(names), -1, -1)


def _use_bf16(precision: str, device: torch.device) -> bool:
    """Whether to compute in bfloat16: as asked, or where the hardware has it."""
    if precision != "auto":
        return precision == "bf16"
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    capabilities = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; exit status 0 done, 2 when the call or its input was wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m vq_tokenizer.train", description="Train an image tokenizer on a folder."
    )
    parser.add_argument("images", help="folder of pictures, with train/ and valid/ or without")
    parser.add_argument("--out", required=True, help="folder for weights, log and sample sheets")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--size", type=int, default=128, help="side in pixels (default 128)")
    parser.add_argument("--lr", type=float, default=6e-4)
    parser.add_argument("--warmup", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--preset", default="f8")
    parser.add_argument("--precision", default="auto", choices=["auto", "bf16", "fp32"])
    parser.add_argument("--valid", help="folder of held-out pictures")
    parser.add_argument("--weights", help="safetensors file with per-pixel weights (size, size)")
    parser.add_argument("--no-flip", action="store_true", help="do not mirror pictures")
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--save-minutes", type=float, default=5.0)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--device", default="cpu")
    given = parser.parse_args(arguments)
    if given.threads:
        torch.set_num_threads(given.threads)
    try:
        train_tokenizer(
            given.images,
            given.out,
            steps=given.steps,
            minutes=given.minutes,
            batch=given.batch,
            size=given.size,
            lr=given.lr,
            warmup=given.warmup,
            seed=given.seed,
            precision=given.precision,
            flip=not given.no_flip,
            model=given.preset,
            valid=given.valid,
            resume=given.resume,
            save_minutes=given.save_minutes,
            weights=given.weights,
            device=given.device,
        )
    except VQTokenizerError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
