"""A tokenizer as two ONNX files, for runtimes without torch; needs the extra `vq-tokenizer[onnx]`.

    encoder.onnx    images (B, 3, H, W) float32 in [0, 1] -> tokens (B, h, w) int64,
                                                             latents (B, D, h, w) float32
    decoder.onnx    tokens (B, h, w) int64 in [0, K)      -> images (B, 3, H, W) float32 in [0, 1]

A tokenizer with a reference takes `reference` (B, 3, H, W) as a second input of both.

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
from vq_tokenizer.files import write_bytes
from vq_tokenizer.quantizers.vector import VectorQuantizer
from vq_tokenizer.tokenizer.model import Tokenizer
from vq_tokenizer.tokenizer.reference import open_gate

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
    about = json.dumps({"model": config.to_json(), "num_codes": plain.num_codes})
    images, tokens = torch.rand(2, 3, 4 * width, 5 * width), torch.ones(2, 4, 5, dtype=torch.int64)
    paths = root / "encoder.onnx", root / "decoder.onnx"
    seen: dict[str, Tensor] = {"images": images}
    said: dict[str, Tensor] = {"tokens": tokens}
    sides = {0: batch, 2: width * rows, 3: width * columns}
    free: dict[str, dict[int, Any]] = {
        "images": sides,
        "tokens": {0: batch, 1: rows, 2: columns},
        "reference": sides,
    }
    if config.reference:
        seen["reference"] = said["reference"] = torch.rand_like(images)
    for path, module, example, outputs in (
        (paths[0], _Encoder(plain), seen, ["tokens", "latents"]),
        (paths[1], _Decoder(plain), said, ["images"]),
    ):
        _write(path, module, example, {name: free[name] for name in example}, outputs, about)
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
        self.still = model.still_token if model.config.reference else None

    def forward(self, images: Tensor, reference: Tensor | None = None) -> tuple[Tensor, Tensor]:
        latents = self.encoder(images) if reference is None else self.encoder(images, reference)
        z = latents.permute(0, 2, 3, 1)  # (B, h, w, D)
        if not isinstance(self.quantizer, VectorQuantizer):
            return self.quantizer.search(z), latents
        centre = self.quantizer.codes.mean(0)
        codes = self.quantizer.codes - centre  # small numbers lose less to rounding
        scores = (z - centre) @ codes.t() - 0.5 * codes.square().sum(1)
        tokens = scores.argmax(-1)
        if self.still is not None:  # where zero is nearer than any code
            apart = (z - self.quantizer.codes[tokens]).square().sum(-1)
            tokens = torch.where(z.square().sum(-1) <= apart, self.still, tokens)
        return tokens, latents


class _Decoder(nn.Module):
    """tokens (B, h, w) int64 -> images (B, 3, H, W) in [0, 1]."""

    def __init__(self, model: Tokenizer) -> None:
        super().__init__()
        self.decoder, self.quantizer, self.factor = model.decoder, model.quantizer, 0
        if model.config.reference:
            self.factor, self.still = model.config.factor, model.still_token
            self.codebook = nn.Buffer(model.codebook)

    def forward(self, tokens: Tensor, reference: Tensor | None = None) -> Tensor:
        if reference is None:
            images: Tensor = self.decoder(self.quantizer.lookup(tokens).permute(0, 3, 1, 2))
        else:
            codes = self.codebook[tokens].permute(0, 3, 1, 2)
            gate = open_gate(tokens != self.still, self.factor)
            images = self.decoder(codes, self.decoder.read(reference), gate)
        return images.clamp(0.0, 1.0)
