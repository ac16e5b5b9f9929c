"""Tiny models with random weights: the whole path at the price of a second."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from aaad.detector import DetectorConfig, build
from aaad.detector.checkpoint import write_detector
from auface_cli.main import main
from auface_gen.columns import COLUMNS
from auface_gen.generator.checkpoint import write_folder, write_json
from auface_gen.generator.model import Generator, GeneratorConfig
from auface_gen.generator.prior import prior_maps
from auface_gen.generator.text_encoder import WordEncoderConfig
from auface_gen.generator.transformer import TransformerConfig
from auface_gen.generator.words import Vocabulary
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
    """A model's folder as `AUFace.from_pretrained` reads it: random weights, four people."""
    torch.manual_seed(0)
    tokenizer = Tokenizer(TokenizerConfig.preset("tiny-reference"))
    save_checkpoint(tokenizer, folder / "tokenizer")
    codes = tokenizer.codebook
    words = Vocabulary.of(["the left brow rises", "the lip corners"], max_words=120)
    config = GeneratorConfig(
        encoder=WordEncoderConfig(words, width=16, layers=1, heads=2),
        transformer=TransformerConfig(
            grid=SIZE // tokenizer.config.factor, num_codes=codes.shape[0],
            code_dim=codes.shape[1], text_width=16, still=tokenizer.still_token,
            reference_width=tokenizer.config.widths[-1], width=32, layers=1, heads=2, hidden=32,
            token_width=8,
        ),
    )  # fmt: skip
    generator = Generator(config, codes, prior_maps(config.transformer.cells))
    with torch.no_grad():
        for parameter in generator.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.2)
        generator.transformer.still_bonus.zero_()
    about = {"kind": "words", "model": config.to_json(), "shown": [True] * len(COLUMNS)}
    write_folder(folder / "generator", about | {"size": SIZE}, generator.state_dict())
    rng = np.random.default_rng(0)
    (folder / "people").mkdir()
    for i in range(4):
        pixels = rng.integers(0, 255, (SIZE, SIZE, 3), np.uint8)
        Image.fromarray(pixels).save(folder / "people" / f"{i}.webp", lossless=True)
    names = [{"file": f"{i}.webp", "subject": f"p{i}", "split": "test"} for i in range(4)]
    write_json(folder / "people" / "people.json", names)
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
