"""Train a Tokenizer on pictures, or on pictures and their references.

OUT/config.json and OUT/model.safetensors are the averaged weights (what load_checkpoint reads),
OUT/run.json is the run and what made it, OUT/training.safetensors is all that resuming needs
(delete it when done), OUT/log.jsonl has one line a report, OUT/samples/ has sheets of held-out
pictures: references, where there are some, originals and reconstructions below each other.
Started by torchrun, the processes share each batch.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch.distributed as dist

from vq_tokenizer._device import usable_device
from vq_tokenizer._distributed import rank, together, world_size
from vq_tokenizer.errors import VQTokenizerError, WorkFailed
from vq_tokenizer.files import write_text
from vq_tokenizer.tokenizer.checkpoint import (
    detectors_of,
    load_checkpoint,
    save_checkpoint,
)
from vq_tokenizer.tokenizer.config import TokenizerConfig
from vq_tokenizer.tokenizer.model import Tokenizer
from vq_tokenizer.training.batches import batches
from vq_tokenizer.training.evaluate import evaluate, machine
from vq_tokenizer.training.learner import FeatureLoss, Learner
from vq_tokenizer.training.pictures import Pictures, find_pictures
from vq_tokenizer.training.run import TokenizerRun
from vq_tokenizer.training.sheet import write_sheet

__all__ = ["train_tokenizer"]

Tell = Callable[[str], None]


@together(WorkFailed)
def train_tokenizer(
    images: str | os.PathLike[str] | Pictures,
    out: str | os.PathLike[str],
    *,
    run: TokenizerRun = TokenizerRun(),  # noqa: B008 - frozen
    config: TokenizerConfig | None = None,
    valid: str | os.PathLike[str] | Pictures | None = None,
    start: str | os.PathLike[str] | None = None,
    feature_loss: FeatureLoss | None = None,
    resume: bool = False,
    device: str = "cpu",
    tell: Tell = print,
) -> Tokenizer:
    """Train and return the averaged model, in evaluation mode.

    images: pictures (`pictures.find_pictures`, `ArrayPictures`, or anything alike), or a folder of
    pictures or tar shards, whose `train` split is taken where it has one. A tokenizer with a
    reference wants pictures that have one. config: in place of the run's preset. valid: held-out
    pictures; by default the `valid` split of a folder. start: a checkpoint folder whose weights the
    run begins with. feature_loss: from (output, target), both (B, 3, S, S), to a scalar; its `id`,
    where it has one, is kept in config.json among the `detectors` that must not score what the
    tokenizer draws, with those of `start`. resume: go on from out/training.safetensors where there
    is one; there may be more pictures than before, and the run then goes on, no longer to the bit.
    tell: takes each line of progress.
    Raises VQTokenizerError for what cannot be used, and WorkFailed when another process of the run
    has gone.
    """
    folder = Path(out)
    chief = _shared(run)
    tell = tell if chief else _quiet
    place = usable_device(device)
    tokenizer = Tokenizer(config or run.config())
    tokenizer.grid(run.size, run.size)
    training, held_out = _pictures(images, valid, run.size)
    tell(f"{len(training)} pictures, {len(held_out) if held_out else 0} held out")
    about = {
        "pictures": len(training),
        "processes": world_size(),
        "start": None if start is None else os.fspath(Path(start).name),
        "feature_loss": type(feature_loss).__name__ if feature_loss is not None else None,
        "detectors": _pleased(start, feature_loss),
    }
    learner = Learner(tokenizer, run, place, about=about, feature_loss=feature_loss)
    begun = (folder / "training.safetensors").is_file()
    if start is not None and not (resume and begun):
        learner.start_from(load_checkpoint(start, device=place))
    _continue(learner, folder, resume, tell, chief)
    _learn(learner, training, held_out, folder, tell, chief)
    if world_size() > 1:
        dist.barrier()  # nobody leaves while the first process writes
    return learner.averaged


def _pleased(start: str | os.PathLike[str] | None, feature_loss: FeatureLoss | None) -> list[str]:
    """Ids of the detectors that the weights have learned to please, those of `start` first."""
    before = [] if start is None else detectors_of(start)
    own = getattr(feature_loss, "id", None)
    return list(dict.fromkeys([*before, *([] if own is None else [str(own)])]))


def _pictures(
    images: str | os.PathLike[str] | Pictures,
    valid: str | os.PathLike[str] | Pictures | None,
    size: int,
) -> tuple[Pictures, Pictures | None]:
    """The pictures to train on and the held-out ones."""
    if isinstance(images, str | os.PathLike):
        if valid is None and (Path(images) / "valid").is_dir():
            valid = images
        images = find_pictures(images, size, split="train")
    if isinstance(valid, str | os.PathLike):
        valid = find_pictures(valid, size, split="valid")
    if not len(images):
        raise VQTokenizerError("train: there are no pictures")
    if (shape := images.sample(0).image.shape) != (size, size, 3):
        raise VQTokenizerError(
            f"train: the run's size is {size}, but {images.name(0)} is {shape}; give pictures of "
            "that size, or set the run's size"
        )
    return images, valid


def _shared(run: TokenizerRun) -> bool:
    """Whether this is the first of the processes, which must be able to share a batch."""
    if run.batch % world_size():
        raise VQTokenizerError(
            f"train: batch {run.batch} cannot be shared by {world_size()} processes; use a multiple"
        )
    return rank() == 0


def _continue(learner: Learner, folder: Path, resume: bool, tell: Tell, chief: bool) -> None:
    """Take up the run in folder if asked to, and never overwrite one by accident."""
    state = folder / "training.safetensors"
    if resume and state.is_file():
        for line in learner.restore(state):
            tell(line)
    elif state.is_file():
        raise VQTokenizerError(
            f"{state}: there is a run in this folder; resume it, or train into another folder"
        )
    if chief:
        try:
            (folder / "samples").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise VQTokenizerError(f"{folder}: cannot be made: {error.strerror}") from None
        _trim_log(folder, learner.step)


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


def _learn(
    learner: Learner,
    training: Pictures,
    held_out: Pictures | None,
    folder: Path,
    tell: Tell,
    chief: bool,
) -> None:
    """Run a learner to its end."""
    run, earlier = learner.run, learner.seconds
    began = kept = time.monotonic()
    recent = [began]
    for batch in batches(training, run, learner.step):
        figures = learner.advance(batch.to(learner.device))
        now = time.monotonic()
        recent = [*recent[-50:], now]
        learner.keep_time(earlier + now - began)
        done = learner.progress >= 1.0
        if chief and (done or learner.step % run.log_every == 0 or learner.step == 1):
            pace = (recent[-1] - recent[0]) / max(1, len(recent) - 1)
            _report(learner, figures, pace, folder, tell)
        if chief and (done or now - kept > run.checkpoint_minutes * 60):
            _keep(learner, held_out or training, held_out is not None, folder, tell)
            kept = time.monotonic()
            began += kept - now  # measuring is no training time
            recent = [kept]
        if done:
            return


def _report(
    learner: Learner, figures: dict[str, float], pace: float, folder: Path, tell: Tell
) -> None:
    """One progress line, and the same as JSON at the end of log.jsonl."""
    usage, perplexity, dead = (float(v) for v in learner.model.quantizer.stats())
    more = "".join(f"  {k} {v:.1%}" for k, v in figures.items() if k not in ("loss", "psnr"))
    tell(
        f"step {learner.step}/{learner.run.steps}  loss {figures['loss']:.4f}  "
        f"psnr {figures['psnr']:.2f} dB{more}  usage {usage:.1%}  perplexity {perplexity:.0f}  "
        f"dead {dead:.0f}  {pace:.2f} s/step  {learner.seconds / 60:.1f} min"
    )
    row = {"step": learner.step, "seconds": round(learner.seconds, 1), "usage": usage}
    _log(folder, row | {"perplexity": perplexity, "dead": dead, **figures})


def _keep(learner: Learner, pictures: Pictures, held_out: bool, folder: Path, tell: Tell) -> None:
    """Write the run as it is now, the state first, and how held-out pictures fare."""
    run = learner.run
    learner.save(folder / "training.safetensors")
    trained = {"step": learner.step, "seconds": round(learner.seconds, 1)}
    save_checkpoint(learner.averaged, folder, train=trained | asdict(run) | learner.about)
    found = evaluate(learner.averaged, pictures, limit=run.measured, batch=run.batch)
    write_sheet(folder / "samples" / f"{learner.step:07d}.png", found.shown)
    figures = found.figures()
    provenance = {
        "run": asdict(run),
        "about": learner.about,
        "machine": machine(),
        "result": trained | figures,
    }
    write_text(folder / "run.json", json.dumps(provenance, indent=2) + "\n")
    name = "valid" if held_out else "train"
    more = "".join(f"  {k} {figures[k]:.2f}" for k in ("psnr_moved", "still") if k in figures)
    tell(
        f"step {learner.step}  {name} psnr {figures['psnr']:.2f} dB{more}  ssim "
        f"{figures['ssim']:.4f}  usage {figures['usage']:.1%}  perplexity "
        f"{figures['perplexity']:.0f}  dead {figures['dead']}  saved in {folder}"
    )
    _log(folder, {"step": learner.step} | {f"{name}_{key}": v for key, v in figures.items()})


def _log(folder: Path, row: dict[str, Any]) -> None:
    with open(folder / "log.jsonl", "a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")


def _quiet(line: str) -> None:
    """For all processes but the first."""
