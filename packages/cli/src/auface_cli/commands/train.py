"""auface train: the tokenizer, the generator, and what scores them.

Each trainer is a function `train_X(..., out, *, run, resume, device, tell)`, whose `run` is a
frozen dataclass; its fields are the settings that --config and --set know.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from auface_cli.devices import device_option
from auface_cli.group import LazyGroup
from auface_cli.output import emit, note
from auface_cli.settings import read_settings

__all__ = ["command"]


@click.group("train", cls=LazyGroup, lazy={})
def command() -> None:
    """Train a model; each run can be stopped and resumed."""


def _shared(function: Callable[..., None]) -> Callable[..., None]:
    """The options that all runs have."""
    function = device_option(default="cpu", help="Train on cpu, cuda or cuda:N.")(function)
    for option in (
        click.option("--threads", type=click.IntRange(1), help="Use this many CPU threads."),
        click.option("--resume", is_flag=True, help="Resume the run in --out where it stopped."),
        click.option("--steps", type=click.IntRange(1), help="Stop the run after so many steps."),
        click.option(
            "--minutes",
            type=click.FloatRange(min=0.0, min_open=True),
            help="Stop the run after this time, should that come first.",
        ),
        click.option(
            "--set",
            "sets",
            multiple=True,
            metavar="KEY=VALUE",
            help="Set one setting of the run, such as batch=16; give it again for more.",
        ),
        click.option(
            "--config",
            type=click.Path(path_type=Path),
            help="Read settings of the run from this TOML file; --set goes before it.",
        ),
        click.option(
            "--out",
            required=True,
            type=click.Path(path_type=Path),
            help="Keep the run in this folder.",
        ),
    ):
        function = option(function)
    return function


_corpus = click.argument("corpus", type=click.Path(path_type=Path))


def _train(
    function: Callable[..., Any],
    *places: Path,
    out: Path,
    resume: bool,
    device: str,
    threads: int | None,
    config: Path | None,
    sets: tuple[str, ...],
    steps: int | None,
    minutes: float | None,
    **more: Any,
) -> Any:
    """Call a trainer with the run that the options describe; returns what it does."""
    takes = inspect.signature(function).parameters
    length = {"steps": steps, "minutes": minutes}
    run = read_settings(
        _run_class(function),
        config=config,
        sets=sets,
        given={key: value for key, value in length.items() if value is not None},
    )
    if threads is not None:
        import torch

        torch.set_num_threads(threads)
    options = {key: value for key, value in more.items() if value is not None}
    if unknown := [key for key in options if key not in takes]:
        raise click.UsageError(f"this trainer takes no --{unknown[0].replace('_', '-')}")
    return function(*places, out, run=run, resume=resume, device=device, tell=note, **options)


def _run_class(function: Callable[..., Any]) -> Any:
    """The dataclass of a trainer's runs: the type of its `run`, as the default says it."""
    return type(inspect.signature(function).parameters["run"].default)


def _emit(report: dict[str, Any]) -> None:
    """Print a report; of several processes under torchrun, the first has one."""
    if report:
        emit(report)


@command.command("tokenizer")
@_corpus
@_shared
@click.option(
    "--start", type=click.Path(path_type=Path), help="Begin with the weights of this tokenizer."
)
@click.option(
    "--detector",
    type=click.Path(path_type=Path),
    help="Also match what this detector (of aaad) sees; never the one that scores.",
)
def tokenizer(corpus: Path, start: Path | None, detector: Path | None, **options: Any) -> None:
    """Train the image tokenizer on the pictures of CORPUS.

    A model that has a reference (--set model=f16-reference-fsq) is trained on pictures and their
    people at rest. CORPUS may grow between a run and its --resume.
    """
    from auface_gen.corpus.train_tokenizer import train_corpus_tokenizer

    loss = None
    if detector is not None:
        from aaad.detector import FeatureLoss

        loss = FeatureLoss.from_pretrained(detector, device=options["device"])
    _train(train_corpus_tokenizer, corpus, feature_loss=loss, start=start, **options)


@command.command("detector")
@_corpus
@_shared
@click.option(
    "--start", type=click.Path(path_type=Path), help="Begin with the weights of this detector."
)
def detector(corpus: Path, **options: Any) -> None:
    """Train a detector for `auface score`, and print what it scores on true pictures."""
    from aaad import train_detector

    report = _train(train_detector, corpus, **options)
    for mode in ("with_neutral", "alone") if report else ():
        emit({"mode": mode, "aaad": report.get(mode, {}).get("aaad", {}).get("aaad")})


@command.command("landmarks")
@_corpus
@_shared
def landmarks(corpus: Path, **options: Any) -> None:
    """Train the network of `auface align` on CORPUS, whose rows carry landmarks."""
    from aaad import train_landmarks

    _emit(_train(train_landmarks, corpus, **options))


@command.command("identity")
@_corpus
@_shared
def identity(corpus: Path, **options: Any) -> None:
    """Train the network that tells people apart on the people of CORPUS."""
    from aaad import train_identity

    _emit(_train(train_identity, corpus, **options))


@command.command("tears")
@_corpus
@_shared
def tears(corpus: Path, **options: Any) -> None:
    """Train the network that sees torn lips, lids and brows, on CORPUS with landmarks."""
    from aaad import train_tears

    _emit(_train(train_tears, corpus, **options))


@command.command("generator")
@_corpus
@_shared
@click.option(
    "--tokenizer",
    type=click.Path(path_type=Path),
    help="Use the tokenizer in this folder, and not the shipped one.",
)
@click.option(
    "--tokens",
    type=click.Path(path_type=Path),
    help="Share the tokens of CORPUS that lie in this folder.",
)
@click.option(
    "--start", type=click.Path(path_type=Path), help="Begin with the weights of this generator."
)
@click.option(
    "--detector",
    type=click.Path(path_type=Path),
    help="Fine-tune against this detector of aaad, never the one that scores.",
)
def generator(corpus: Path, detector: Path | None, **options: Any) -> None:
    """Train the face generator on CORPUS, which may grow between a run and its --resume.

    It goes in stages: alignment of words and pictures, masked tokens of change, and, with
    --detector and --set finetune=0.1, fine-tuning against a detector.
    """
    from auface_gen.generator.train import train_generator

    loss = None
    if detector is not None:
        from aaad.detector import AskedLoss

        loss = AskedLoss.from_pretrained(detector, device=options["device"])
    _train(train_generator, corpus, detector=loss, **options)
