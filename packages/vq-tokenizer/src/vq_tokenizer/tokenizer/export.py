"""A tokenizer as two ONNX files, for runtimes without torch; needs the extra `vq-tokenizer[onnx]`.

    encoder.onnx    images (B, 3, H, W) float32 in [0, 1] -> tokens (B, h, w) int64,
                                                             latents (B, D, h, w) float32
    decoder.onnx    tokens (B, h, w) int64 in [0, K)      -> images (B, 3, H, W) float32 in [0, 1]

B, h and w are free; H = h * factor, W = w * factor. Each file holds its weights. The metadata entry
`vq_tokenizer` of both is the configuration as JSON. The search is a product with all codes, so its
memory is tokens x K; of two codes that are equally near but for rounding, either can win.
"""

from __future__ import annotations

import copy
import importlib.util
import json
import logging
import os
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from vq_tokenizer.errors import VQTokenizerError
from vq_tokenizer.quantizers.vector import VectorQuantizer
from vq_tokenizer.tokenizer.checkpoint import write_bytes
from vq_tokenizer.tokenizer.model import Tokenizer

__all__ = ["export_onnx"]

OPSET = 20


def export_onnx(model: Tokenizer, folder: str | os.PathLike[str]) -> tuple[Path, Path]:
    """Write encoder.onnx and decoder.onnx to folder (made if need be); their paths.

    model: on a processor or not, in any mode; it is left as it is. Raises VQTokenizerError where
    the extra is not installed.
    """
    if missing := [n for n in ("onnx", "onnxscript") if importlib.util.find_spec(n) is None]:
        raise VQTokenizerError(
            f"export_onnx: needs {' and '.join(missing)}; pip install 'vq-tokenizer[onnx]'"
        )
    root = Path(folder)
    root.mkdir(parents=True, exist_ok=True)
    plain = copy.deepcopy(model).cpu().float().eval().requires_grad_(False)
    config, width = plain.config, plain.config.factor
    batch, rows, columns = (torch.export.Dim(name) for name in ("batch", "rows", "columns"))
    about = json.dumps({"model": config.to_json(), "num_codes": plain.quantizer.num_codes})
    images, tokens = torch.rand(2, 3, 4 * width, 5 * width), torch.ones(2, 4, 5, dtype=torch.int64)
    paths = root / "encoder.onnx", root / "decoder.onnx"
    _write(
        paths[0],
        _Encoder(plain),
        {"images": images},
        {"images": {0: batch, 2: width * rows, 3: width * columns}},
        ["tokens", "latents"],
        about,
    )
    _write(
        paths[1],
        _Decoder(plain),
        {"tokens": tokens},
        {"tokens": {0: batch, 1: rows, 2: columns}},
        ["images"],
        about,
    )
    return paths


def _write(
    path: Path,
    module: nn.Module,
    example: dict[str, Tensor],
    dynamic: dict[str, Any],
    outputs: list[str],
    about: str,
) -> None:
    log = logging.getLogger("torch.onnx")
    level = log.level
    with warnings.catch_warnings():  # the exporter warns of its own insides, and that there is no
        warnings.simplefilter("ignore")  # torchvision
        log.setLevel(logging.ERROR)
        program = torch.onnx.export(
            module.eval(),
            kwargs=example,
            dynamo=True,
            input_names=list(example),
            output_names=outputs,
            dynamic_shapes=dynamic,
            opset_version=OPSET,
            verbose=False,
        )
    log.setLevel(level)
    assert program is not None  # None is what the exporter without dynamo returns
    program.model.metadata_props["vq_tokenizer"] = about
    write_bytes(path, program.model_proto.SerializeToString())


class _Encoder(nn.Module):
    """images (B, 3, H, W) -> tokens (B, h, w) int64, latents (B, D, h, w)."""

    def __init__(self, model: Tokenizer) -> None:
        super().__init__()
        self.encoder, self.quantizer = model.encoder, model.quantizer

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        latents = self.encoder(images)
        z = latents.permute(0, 2, 3, 1)  # (B, h, w, D)
        if not isinstance(self.quantizer, VectorQuantizer):
            return self.quantizer.search(z), latents
        centre = self.quantizer.codes.mean(0)
        codes = self.quantizer.codes - centre  # small numbers lose less to rounding
        scores = (z - centre) @ codes.t() - 0.5 * codes.square().sum(1)
        return scores.argmax(-1), latents


class _Decoder(nn.Module):
    """tokens (B, h, w) int64 -> images (B, 3, H, W) in [0, 1]."""

    def __init__(self, model: Tokenizer) -> None:
        super().__init__()
        self.decoder, self.quantizer = model.decoder, model.quantizer

    def forward(self, tokens: Tensor) -> Tensor:
        images: Tensor = self.decoder(self.quantizer.lookup(tokens).permute(0, 3, 1, 2))
        return images.clamp(0.0, 1.0)
