"""Checkpoint folders: round trip, half precision, and every way they can be wrong."""

import json
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
from vq_tokenizer.tokenizer.checkpoint import detectors_of


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    return save_checkpoint(Tokenizer(TokenizerConfig.preset("tiny")), tmp_path / "model")


def test_round_trip(saved: Path) -> None:
    model = Tokenizer(TokenizerConfig.preset("tiny")).eval()
    again = load_checkpoint(saved)
    assert not again.training
    assert again.config == model.config
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, again.state_dict()[name])
    assert sorted(p.name for p in saved.iterdir()) == ["config.json", "model.safetensors"]


@pytest.mark.parametrize("quantizer", ["fsq", "lfq"])
def test_round_trip_without_a_codebook(tmp_path: Path, quantizer: str) -> None:
    model = Tokenizer(TokenizerConfig.preset("tiny", quantizer=quantizer)).train()
    model(torch.rand(2, 3, 32, 32))  # the counts of the codes' use are kept too
    again = load_checkpoint(save_checkpoint(model, tmp_path))
    assert again.config == model.config
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, again.state_dict()[name])


def test_a_field_that_an_older_file_lacks_has_its_default(saved: Path) -> None:
    config = json.loads((saved / "config.json").read_text())
    for name in ("quantizer", "fsq_levels", "lfq_bits", "spread"):
        del config["model"][name]
    (saved / "config.json").write_text(json.dumps(config))
    assert load_checkpoint(saved).config == TokenizerConfig.preset("tiny")


@pytest.mark.parametrize("train", [None, {}, {"detectors": []}, "what"])
def test_a_file_that_names_no_detectors_has_none(saved: Path, train: object) -> None:
    config = json.loads((saved / "config.json").read_text()) | {"train": train}
    (saved / "config.json").write_text(json.dumps(config))
    assert detectors_of(saved) == []


@pytest.mark.parametrize("names", ["eyes:01", [1], {"eyes": 1}, None])
def test_detectors_that_are_no_list_of_texts_are_refused(saved: Path, names: object) -> None:
    config = json.loads((saved / "config.json").read_text()) | {"train": {"detectors": names}}
    (saved / "config.json").write_text(json.dumps(config))
    with pytest.raises(VQTokenizerError, match=r"config.json: detectors must be a list of texts"):
        detectors_of(saved)


def test_half_precision_on_disk(tmp_path: Path) -> None:
    model = Tokenizer(TokenizerConfig.preset("tiny"))
    save_checkpoint(model, tmp_path, dtype=torch.float16, train={"steps": 3})
    stored = load_file(tmp_path / "model.safetensors")
    assert stored["encoder.stem.weight"].dtype == torch.float16
    assert stored["quantizer.codes"].dtype == torch.float32
    again = load_checkpoint(tmp_path)
    assert {p.dtype for p in again.parameters()} == {torch.float32}
    torch.testing.assert_close(
        again.encoder.stem.weight, model.encoder.stem.weight, rtol=1e-3, atol=1e-4
    )
    assert json.loads((tmp_path / "config.json").read_text())["train"] == {"steps": 3}


def test_cut_file(saved: Path) -> None:
    path = saved / "model.safetensors"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(VQTokenizerError, match=r"model\.safetensors: damaged or cut"):
        load_checkpoint(saved)


def test_wrong_keys_are_each_named(saved: Path) -> None:
    path = saved / "model.safetensors"
    state = load_file(path)
    del state["decoder.head.bias"]
    state["decoder.extra"] = torch.zeros(1)
    state["quantizer.codes"] = torch.zeros(3, 8)
    save_file(state, path)
    with pytest.raises(VQTokenizerError) as caught:
        load_checkpoint(saved)
    for part in (
        "missing decoder.head.bias",
        "unexpected decoder.extra",
        "quantizer.codes is (3, 8), expected (64, 8)",
    ):
        assert part in str(caught.value)


def test_weights_of_another_configuration(saved: Path) -> None:
    config = json.loads((saved / "config.json").read_text())
    config["model"]["num_codes"] = 32
    (saved / "config.json").write_text(json.dumps(config))
    with pytest.raises(VQTokenizerError, match=r"expected \(32, 8\)"):
        load_checkpoint(saved)


def test_not_a_checkpoint(saved: Path, tmp_path: Path) -> None:
    with pytest.raises(VQTokenizerError, match="no such file"):
        load_checkpoint(tmp_path / "nothing")
    (saved / "config.json").write_text("{")
    with pytest.raises(VQTokenizerError, match="cannot be read as JSON"):
        load_checkpoint(saved)
    (saved / "config.json").write_text('{"format": "other"}')
    with pytest.raises(VQTokenizerError, match="not a vq_tokenizer checkpoint"):
        load_checkpoint(saved)
    (saved / "config.json").write_text('{"format": "vq_tokenizer", "version": 9}')
    with pytest.raises(VQTokenizerError, match="version 9"):
        load_checkpoint(saved)


@pytest.mark.parametrize(
    "entry",
    [
        {"num_codes": "many"},
        {"widths": [-3, 4]},
        {"code_dim": 0},
        {"widths": 7},
        {"patch": 0},
        ["not", "a", "table"],
        {"quantizer": "magic"},
    ],
)
def test_a_broken_model_entry(saved: Path, entry: object) -> None:
    config = json.loads((saved / "config.json").read_text())
    config["model"] = config["model"] | entry if isinstance(entry, dict) else entry
    (saved / "config.json").write_text(json.dumps(config))
    with pytest.raises(VQTokenizerError, match=r"config\.json: bad model entry"):
        load_checkpoint(saved)
