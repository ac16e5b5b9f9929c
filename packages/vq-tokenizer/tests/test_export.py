"""ONNX files say what the torch model says, for pictures of any size."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from vq_tokenizer import Tokenizer, TokenizerConfig, VQTokenizerError, export_onnx


def test_says_which_extra_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "onnxscript" else found(name)
    )
    with pytest.raises(VQTokenizerError, match=r"pip install 'vq-tokenizer\[onnx\]'"):
        export_onnx(Tokenizer(TokenizerConfig.preset("tiny")), tmp_path)
    assert not list(tmp_path.iterdir())


def sessions(paths: tuple[Path, Path]) -> list[Any]:
    runtime = pytest.importorskip("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    provider = ["CPUExecutionProvider"]
    return [runtime.InferenceSession(path, options, providers=provider) for path in paths]


@pytest.mark.parametrize(
    "quantizer",
    [
        "vq",
        pytest.param("fsq", marks=pytest.mark.slow),
        pytest.param("lfq", marks=pytest.mark.slow),
    ],
)
def test_agrees_with_torch(tmp_path: Path, quantizer: str) -> None:
    for name in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(name)
    model = Tokenizer(TokenizerConfig.preset("tiny", quantizer=quantizer)).train()
    model(torch.rand(4, 3, 64, 64))  # k-means starts the codebook
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    paths = export_onnx(model, tmp_path / "new" / "folder")
    assert model.training
    assert all(torch.equal(before[name], now) for name, now in model.state_dict().items())
    files = sorted(path.name for path in paths[0].parent.iterdir())
    assert files == ["decoder.onnx", "encoder.onnx"]  # weights inside, nothing half written
    encoder, decoder = sessions(paths)
    about = json.loads(encoder.get_modelmeta().custom_metadata_map["vq_tokenizer"])
    assert TokenizerConfig.from_json(about["model"]) == model.config
    assert about["num_codes"] == model.quantizer.num_codes
    for shape in ((1, 8, 8), (3, 40, 72), (2, 128, 64)):
        images = torch.rand(shape[0], 3, *shape[1:])
        with torch.no_grad():
            latents = model.encoder(images)
        tokens = model.encode(images)
        got, got_latents = encoder.run(["tokens", "latents"], {"images": images.numpy()})
        assert got.dtype == np.int64
        assert np.abs(got_latents - latents.numpy()).max() < 1e-4
        assert (got == tokens.numpy()).mean() > 0.99  # rounding can swap equally near codes
        drawn = decoder.run(["images"], {"tokens": tokens.numpy()})[0]
        assert drawn.shape == tuple(images.shape)
        assert np.abs(drawn - model.decode(tokens).numpy()).max() < 1e-4


def test_a_reference_is_a_second_input(tmp_path: Path) -> None:
    for name in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(name)
    model = Tokenizer(TokenizerConfig.preset("tiny-reference")).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(
                torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1)), alpha=0.03
            )
    encoder, decoder = sessions(export_onnx(model, tmp_path))
    for shape in ((1, 32, 32), (3, 40, 72)):
        images, rest = torch.rand(2, shape[0], 3, *shape[1:])
        tokens = model.encode(images, rest)
        tokens[:, :2, :2] = model.still_token
        given = {"images": images.numpy(), "reference": rest.numpy()}
        got = encoder.run(["tokens"], given)[0]
        assert (got == model.encode(images, rest).numpy()).mean() > 0.98
        drawn = decoder.run(["images"], {"tokens": tokens.numpy(), "reference": rest.numpy()})[0]
        assert np.abs(drawn - model.decode(tokens, rest).numpy()).max() < 1e-4
        assert np.array_equal(drawn[..., :8, :8], rest[..., :8, :8].numpy())
