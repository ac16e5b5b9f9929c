"""Tiny models with random weights: the whole path at the price of a second."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest
import torch

from aaad.detector import DetectorConfig, build
from aaad.detector.checkpoint import write_detector
from auface_cli.main import main
from auface_gen.columns import COLUMNS
from auface_gen.generator.checkpoint import write_folder, write_tensors
from auface_gen.generator.legacy.model import FaceTransformer, GeneratorConfig
from auface_gen.generator.legacy.reader import ClauseReader, TextConfig
from vq_tokenizer import Tokenizer, TokenizerConfig, save_checkpoint

SIZE = 64


@dataclass
class Outcome:
    """Exit status, and what stood on standard output and standard error."""

    status: int
    out: str
    err: str


@pytest.fixture
def auface(capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """auface("describe", "12C") -> Outcome."""

    def run(*arguments: object) -> Outcome:
        capsys.readouterr()
        status = main([str(a) for a in arguments])
        captured = capsys.readouterr()
        return Outcome(status, captured.out, captured.err)

    return run


def write_model(folder: Path) -> Path:
    """A generator's folder as `AUFace.from_pretrained` reads it."""
    torch.manual_seed(0)
    tokenizer = Tokenizer(TokenizerConfig.preset("tiny"))
    save_checkpoint(tokenizer, folder / "tokenizer")
    config = tokenizer.config
    text = TextConfig(("the", "lip", "corners"), width=16, layers=1, heads=2)
    write_folder(folder / "reader", {"text": asdict(text)}, ClauseReader(text).state_dict())
    shape = GeneratorConfig(
        grid=SIZE // config.factor,
        num_codes=config.num_codes,
        code_dim=config.code_dim,
        width=32,
        layers=1,
        heads=2,
        hidden=32,
        token_width=8,
    )
    model = FaceTransformer(shape, tokenizer.quantizer.codes)
    for parameter in model.parameters():
        parameter.data.add_(0.1 * torch.randn_like(parameter))
    about = {"model": asdict(shape), "shown": [True] * len(COLUMNS)}
    write_folder(folder / "generator", about, model.state_dict())
    people = torch.randint(0, config.num_codes, (4, shape.grid, shape.grid))
    write_tensors(folder / "people.safetensors", {"tokens": people})
    return folder


def write_eyes(folder: Path) -> Path:
    """A detector's folder as `Detector.from_pretrained` reads it."""
    torch.manual_seed(1)
    net = build(DetectorConfig(size=SIZE, width=8, hidden=16))
    write_detector(net, folder, name="tiny", training={})
    return folder


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny generator, not to be written to."""
    return write_model(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="session")
def eyes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny detector, not to be written to."""
    return write_eyes(tmp_path_factory.mktemp("eyes"))
