"""auface train: the tokenizer, a detector, the generator."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from ..group import LazyGroup
from ..output import emit, note

__all__ = ["command"]


@click.group("train", cls=LazyGroup, lazy={})
def command() -> None:
    """Train a model on a corpus; each run can be stopped and resumed."""


def _shared(function: Callable[..., None]) -> Callable[..., None]:
    """The options that all runs have."""
    for option in (
        click.option("--device", default="cpu", show_default=True),
        click.option("--threads", type=click.IntRange(1), help="Processor threads."),
        click.option("--seed", default=0, show_default=True),
        click.option("--batch", type=click.IntRange(1), help="Pictures a step."),
        click.option("--steps", type=click.IntRange(1), help="Length of the run in steps."),
        click.option("--minutes", type=click.FloatRange(min=0.0), help="Or in time."),
        click.option("--resume", is_flag=True, help="Go on where the run in --out stopped."),
        click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder."),
        click.argument("corpus", type=click.Path(path_type=Path)),
    ):
        function = option(function)
    return function


def _length(steps: int | None, minutes: float | None, **more: Any) -> dict[str, Any]:
    """The options that were given; exactly one of steps and minutes."""
    if (steps is None) == (minutes is None):
        raise click.UsageError("give the length of the run: --steps or --minutes")
    given = {"steps": steps, "minutes": minutes, **more}
    return {name: value for name, value in given.items() if value is not None}


def _use(threads: int | None) -> None:
    if threads is not None:
        import torch

        torch.set_num_threads(threads)


@command.command("tokenizer")
@_shared
@click.option("--size", default=128, show_default=True, help="Pixels.")
@click.option("--preset", default="f8", show_default=True, help="Configuration of the model.")
@click.option(
    "--detector",
    type=click.Path(path_type=Path),
    help="Also match what this detector (of aaad) sees; never the one that scores.",
)
def tokenizer(
    corpus: Path,
    out: Path,
    resume: bool,
    minutes: float | None,
    steps: int | None,
    batch: int | None,
    seed: int,
    threads: int | None,
    device: str,
    size: int,
    preset: str,
    detector: Path | None,
) -> None:
    """Train the image tokenizer."""
    length = _length(steps, minutes, batch=batch)
    from vq_tokenizer.training.train import train_tokenizer

    _use(threads)
    if detector is not None:
        from aaad.detector import FeatureLoss

        length["feature_loss"] = FeatureLoss.from_pretrained(detector, device=device)
    train_tokenizer(
        corpus, out, resume=resume, seed=seed, device=device, size=size, model=preset, **length
    )


@command.command("detector")
@_shared
@click.option("--size", default=128, show_default=True, help="Pixels.")
@click.option("--width", default=48, show_default=True, help="Channels of the first layers.")
@click.option("--name", help="Id that scores will carry.")
def detector(
    corpus: Path,
    out: Path,
    resume: bool,
    minutes: float | None,
    steps: int | None,
    batch: int | None,
    seed: int,
    threads: int | None,
    device: str,
    size: int,
    width: int,
    name: str | None,
) -> None:
    """Train a detector for `auface score`; prints what it scores on true pictures."""
    length = _length(steps, minutes, batch=batch)
    from aaad import DetectorRun, train_detector

    _use(threads)
    run = DetectorRun(seed=seed, size=size, width=width, name=name or "", **length)
    report = train_detector(corpus, out, run=run, resume=resume, device=device, tell=note)
    for mode in ("with_neutral", "alone"):
        emit({"mode": mode, "aaad": report.get(mode, {}).get("aaad", {}).get("aaad")})


@command.command("generator")
@_shared
@click.option(
    "--tokenizer",
    type=click.Path(path_type=Path),
    help="Folder of a tokenizer; the shipped one unless told.",
)
@click.option("--lr", type=float, help="Highest learning rate.")
def generator(
    corpus: Path,
    out: Path,
    resume: bool,
    minutes: float | None,
    steps: int | None,
    batch: int | None,
    seed: int,
    threads: int | None,
    device: str,
    tokenizer: Path | None,
    lr: float | None,
) -> None:
    """Train the face generator."""
    length = _length(steps, minutes, batch=batch, lr=lr)
    from auface_gen.generator.train import GeneratorRun, train_generator

    _use(threads)
    run = GeneratorRun(seed=seed, **length)
    train_generator(corpus, out, tokenizer=tokenizer, run=run, resume=resume, device=device)
