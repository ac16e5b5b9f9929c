"""Train a Tokenizer on a folder of pictures.

    python -m vq_tokenizer.training.train IMAGEFOLDER --out DIR

OUT/config.json and OUT/model.safetensors are the averaged weights (what load_checkpoint reads),
OUT/training.safetensors is all that resuming needs (delete it when done), OUT/log.jsonl has one
line a report, OUT/samples/ has sheets of originals above reconstructions. Several processes:
`torchrun --nproc-per-node 8 -m vq_tokenizer.training.train IMAGEFOLDER --out DIR --device cuda`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from vq_tokenizer._device import usable_device
from vq_tokenizer._distributed import rank, world_size
from vq_tokenizer.errors import VQTokenizerError
from vq_tokenizer.tokenizer.checkpoint import write_text
from vq_tokenizer.tokenizer.model import PRESETS, QUANTIZERS, Tokenizer, TokenizerConfig
from vq_tokenizer.training.data import ImageArray, find_images, load_images, sample_batch
from vq_tokenizer.training.evaluate import evaluate
from vq_tokenizer.training.pixel_weights import PixelWeights, load_weights, name_weights
from vq_tokenizer.training.run import FeatureLoss, Run, TrainConfig
from vq_tokenizer.training.sheet import write_sheet

__all__ = ["TrainConfig", "main", "train_tokenizer"]

Say = Callable[[str], None]


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
    colour: float = 0.0,
    feature_loss: FeatureLoss | None = None,
    feature_weight: float = 1.0,
    adversarial: float = 0.0,
    adversarial_start: float = 0.6,
    device: str = "cpu",
    progress: Say | None = None,
) -> Tokenizer:
    """Train on the pictures of a folder and return the averaged model, in evaluation mode.

    images: folder of pictures or of tar shards; its `train` split where it has one.
    valid: folder for held-out figures; by default the `valid` split of images where it has one.
    weights: per-pixel weights, either a callable from picture names (relative paths) to (B, S, S)
        positive floats, or a safetensors file with one tensor `weights` of (S, S).
    feature_loss: a callable from (output, target), both (B, 3, S, S), to a scalar.
    resume: go on from out/training.safetensors where there is one.
    progress: takes each report line; standard error by default.
    The rest: see TrainConfig. Started by torchrun, the processes share each batch.
    Raises VQTokenizerError for what cannot be used.
    """
    config = TrainConfig(
        steps=steps,
        minutes=minutes,
        batch=batch,
        size=size,
        lr=lr,
        warmup=warmup,
        colour=colour,
        feature_weight=feature_weight,
        flip=flip,
        seed=seed,
        precision=precision,
        adversarial=adversarial,
        adversarial_start=adversarial_start,
    )
    chief = _join(device, batch)
    say = (progress or _standard_error) if chief else _quiet
    place = usable_device(device)
    tokenizer = Tokenizer(TokenizerConfig.preset(model) if isinstance(model, str) else model)
    tokenizer.grid(size, size)
    pixel_weights = load_weights(weights, size)
    root, folder = Path(images), Path(out)
    training = load_images(find_images(root, "train"), size, root=root)
    held_out = None
    if valid is not None or (root / "valid").is_dir():
        held_out = load_images(find_images(valid or root, "valid"), size)
    say(f"{len(training)} pictures, {len(held_out) if held_out else 0} held out")
    about = {
        "pictures": len(training),
        "processes": world_size(),
        "weights": name_weights(weights),
        "feature_loss": type(feature_loss).__name__ if feature_loss is not None else None,
    }
    run = Run(tokenizer, config, place, about)
    _continue(run, folder, resume, say, chief)
    began = saved = time.monotonic()
    earlier, recent = run.seconds, [began]
    while config.progress(run.step, run.seconds) < 1.0:
        pictures, weight_map = _batch(training, run, pixel_weights)
        figures = run.advance(pictures, weight_map, feature_loss)
        now = time.monotonic()
        recent = [*recent[-50:], now]
        run.keep_time(earlier + now - began)
        done = config.progress(run.step, run.seconds) >= 1.0
        if not chief:
            continue
        if done or run.step % report_steps == 0 or run.step == 1:
            pace = (recent[-1] - recent[0]) / max(1, len(recent) - 1)
            _report(run, figures, pace, folder, say)
        due = now - saved > save_minutes * 60
        if done or due or (save_steps and run.step % save_steps == 0):
            run.save(folder)
            _show(run, training, held_out, valid_count, folder, say)
            saved = time.monotonic()
    if world_size() > 1:
        dist.barrier()  # nobody leaves while the first process writes
    return run.averaged


def _join(device: str, batch: int) -> bool:
    """Join the other processes that torchrun started, if it did; whether this is the first."""
    if int(os.environ.get("WORLD_SIZE", "1")) > 1 and world_size() == 1:
        if device == "cuda":
            torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
        dist.init_process_group("nccl" if device == "cuda" else "gloo")
    if batch % world_size():
        raise VQTokenizerError(
            f"train: batch {batch} cannot be shared by {world_size()} processes; use a multiple"
        )
    return rank() == 0


def _continue(run: Run, folder: Path, resume: bool, say: Say, chief: bool) -> None:
    """Take up the run in folder if asked to, and never overwrite one by accident."""
    state = folder / "training.safetensors"
    if resume and state.is_file():
        run.restore(state)
        say(f"resumed at step {run.step}")
    elif state.is_file():
        raise VQTokenizerError(
            f"{state}: there is a run in this folder; resume it, or train into another folder"
        )
    if chief:
        try:
            (folder / "samples").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise VQTokenizerError(f"{folder}: cannot be made: {error.strerror}") from None
        _trim_log(folder, run.step)


def _trim_log(folder: Path, step: int) -> None:
    """Drop what a killed run logged after the step that was saved, half a line included."""
    path, kept = folder / "log.jsonl", []
    if not path.is_file():
        return
    for line in path.read_bytes().splitlines():
        with contextlib.suppress(ValueError, KeyError, TypeError):
            if json.loads(line)["step"] <= step:
                kept.append(line.decode() + "\n")
    write_text(path, "".join(kept))


def _batch(
    images: ImageArray, run: Run, pixel_weights: PixelWeights | None
) -> tuple[Tensor, Tensor | None]:
    """This process's part of the step's batch, mirrored pictures with mirrored weights."""
    config = run.config
    index, flips = sample_batch(len(images), config.batch, run.step, config.seed, flip=config.flip)
    index, flips = index[rank() :: world_size()], flips[rank() :: world_size()]
    pictures = images.batch(index, flips).to(run.device)
    if pixel_weights is None:
        return pictures, None
    plane = pixel_weights([images.names[i] for i in index.tolist()]).float()  # (B, S, S)
    if plane.shape != (len(index), config.size, config.size):
        raise VQTokenizerError(
            f"train: weights must be ({len(index)}, {config.size}, {config.size}), got "
            f"{tuple(plane.shape)}"
        )
    return pictures, torch.where(flips[:, None, None], plane.flip(2), plane).to(run.device)


def _report(run: Run, figures: dict[str, float], pace: float, folder: Path, say: Say) -> None:
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
    run: Run,
    training: ImageArray,
    held_out: ImageArray | None,
    limit: int,
    folder: Path,
    say: Say,
) -> None:
    """Held-out figures and a sheet of samples."""
    name = "valid" if held_out else "train"
    found = evaluate(run.averaged, held_out or training, limit=limit, batch=run.config.batch)
    sheet = folder / "samples" / f"{run.step:07d}.png"
    write_sheet(sheet, [found.originals, found.restored])
    figures = found.figures()
    say(
        f"step {run.step}  {name} psnr {figures['psnr']:.2f} dB  ssim {figures['ssim']:.4f}  "
        f"usage {figures['usage']:.1%}  perplexity {figures['perplexity']:.0f}  "
        f"dead {figures['dead']}  saved in {folder}"
    )
    _log(folder, {"step": run.step} | {f"{name}_{key}": v for key, v in figures.items()})


def _log(folder: Path, row: dict[str, Any]) -> None:
    with open(folder / "log.jsonl", "a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")


def _standard_error(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def _quiet(line: str) -> None:
    """For all processes but the first."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; exit status 0 done, 2 when the call or its input was wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m vq_tokenizer.training.train",
        description="Train an image tokenizer on a folder.",
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
    parser.add_argument(
        "--preset", default="f8", help=f"one of {', '.join(sorted(PRESETS))} (default f8)"
    )
    parser.add_argument(
        "--quantizer", choices=QUANTIZERS, help="in place of the preset's: fsq has 8x5x5x5 codes"
    )
    parser.add_argument("--precision", default="auto", choices=["auto", "bf16", "fp32"])
    parser.add_argument("--valid", help="folder of held-out pictures")
    parser.add_argument("--weights", help="safetensors file with per-pixel weights (size, size)")
    parser.add_argument("--colour", type=float, default=0.0, help="weight of the colour loss")
    parser.add_argument("--no-flip", dest="flip", action="store_false", help="no mirror pictures")
    parser.add_argument("--adversarial", type=float, default=0.0, help="discriminator's weight")
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--save-minutes", type=float, default=5.0)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--device", default="cpu")
    given = vars(parser.parse_args(arguments))
    if threads := given.pop("threads"):
        torch.set_num_threads(threads)
    quantizer = given.pop("quantizer")
    changes = {"quantizer": quantizer} if quantizer else {}
    try:
        model = TokenizerConfig.preset(given.pop("preset"), **changes)
        train_tokenizer(given.pop("images"), given.pop("out"), model=model, **given)
    except VQTokenizerError as error:
        _standard_error(f"error: {error}")
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
