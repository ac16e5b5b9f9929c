"""Checkpoints by strangers: refused by name before anything is allocated."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from vq_tokenizer import (
    Tokenizer,
    TokenizerConfig,
    VQTokenizerError,
    load_checkpoint,
    save_checkpoint,
)
from vq_tokenizer.weights import from_fields, header_of


@pytest.fixture
def checkpoint(tmp_path):
    save_checkpoint(Tokenizer(TokenizerConfig.preset("tiny")), tmp_path / "m")
    return tmp_path / "m"


def change(folder, **fields):
    path = folder / "config.json"
    config = json.loads(path.read_text())
    config["model"].update(fields)
    path.write_text(json.dumps(config))


@pytest.mark.parametrize(
    "fields",
    [
        {"num_codes": 10**6},
        {"num_codes": 10**12},
        {"code_dim": 10**9},
        {"fine_width": 10**6},
        {"fine_blocks": 10**6},
        {"widths": [10**6, 32]},
        {"encoder_blocks": [10**6, 1]},
        {"decoder_blocks": [1, 10**6]},
        {"decoder_widths": [16, 10**7]},
    ],
)
def test_a_model_larger_than_its_file_is_not_built(checkpoint, fields, monkeypatch):
    """Nothing of it is made: what would be is on the meta device when it is refused."""
    real = []
    plain = torch.nn.Module.register_parameter

    def watch(self, name, value):
        if value is not None and value.device.type != "meta":
            real.append(value.numel())
        return plain(self, name, value)

    monkeypatch.setattr(torch.nn.Module, "register_parameter", watch)
    change(checkpoint, **fields)
    with pytest.raises(VQTokenizerError, match="config.json"):
        load_checkpoint(checkpoint)
    assert real == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("num_codes", "x"), ("num_codes", None), ("num_codes", 1.5), ("num_codes", True),
        ("num_codes", -1), ("num_codes", 10**30), ("decay", float("nan")), ("decay", "x"),
        ("decay", [0.9]), ("widths", 3), ("widths", [1, None]), ("widths", []),
        ("quantizer", 7), ("quantizer", "pq"), ("evil", 1),
    ],
)  # fmt: skip
def test_fields_of_other_types_are_named(checkpoint, field, value):
    change(checkpoint, **{field: value})
    with pytest.raises(VQTokenizerError, match="config.json"):
        load_checkpoint(checkpoint)


def test_a_config_of_any_shape(checkpoint):
    for text in ("[" * 100_000, "{", '{"model": 3}', "\udcff", "null", '{"a": ' * 50_000):
        (checkpoint / "config.json").write_text(text, errors="surrogateescape")
        with pytest.raises(VQTokenizerError, match="config.json"):
            load_checkpoint(checkpoint)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_weights_that_are_not_finite_are_named(checkpoint, value):
    path = checkpoint / "model.safetensors"
    tensors = load_file(path)
    name = next(n for n, t in tensors.items() if t.is_floating_point() and t.numel() > 3)
    tensors[name].view(-1)[2] = value
    save_file(tensors, path)
    with pytest.raises(VQTokenizerError, match=f"not finite: .*{name}"):
        load_checkpoint(checkpoint)


@pytest.mark.parametrize("preset", ["tiny", "f8-fsq"])
def test_good_ones_load(tmp_path, preset):
    """The buffers that a model makes for itself are no reason to refuse it."""
    model = Tokenizer(TokenizerConfig.preset(preset))
    save_checkpoint(model, tmp_path / "m")
    assert load_checkpoint(tmp_path / "m").config == model.config


@pytest.mark.parametrize(
    "data",
    [
        b"", b"1234567", struct.pack("<Q", 2**63), struct.pack("<Q", 5) + b"{}",
        struct.pack("<Q", 2) + b"[]", struct.pack("<Q", 7) + b'{"a":3}',
        struct.pack("<Q", 21) + b'{"a": {"shape": "xy"}}', struct.pack("<Q", 4000) + b"[" * 4000,
    ],
)  # fmt: skip
def test_headers_that_are_none(tmp_path, data):
    (tmp_path / "x.safetensors").write_bytes(data)
    with pytest.raises(VQTokenizerError, match=r"x\.safetensors: damaged"):
        header_of(tmp_path / "x.safetensors")


def test_lists_are_tuples():
    config = from_fields(TokenizerConfig, {"widths": [8, 16], "decay": 1, "quantizer": "vq"})
    assert (config.widths, config.decay) == ((8, 16), 1.0)


def test_a_checkpoint_that_is_a_pipe_does_not_hang(checkpoint: Path):
    import os

    (checkpoint / "model.safetensors").unlink()
    os.mkfifo(checkpoint / "model.safetensors")
    with pytest.raises(VQTokenizerError, match="no such file"):
        load_checkpoint(checkpoint)
