"""Packs what was trained into one model folder, in half precision.

That folder is what `AUFace.from_pretrained` reads, and how the shipped weights were made. The bank
of people is made with the packed tokenizer: its tokens are those that the model itself would find.
"""

from __future__ import annotations

import json
from pathlib import Path

import torch

from auface_gen.generator.checkpoint import read_folder, write_folder
from auface_gen.generator.legacy.people_bank import make_bank
from vq_tokenizer import load_checkpoint, save_checkpoint

__all__ = ["pack_model"]


def pack_model(
    corpus: str | Path,
    out: str | Path,
    *,
    tokenizer: str | Path,
    reader: str | Path,
    generator: str | Path,
    size: int = 128,
) -> Path:
    """Write tokenizer/, reader/, generator/ and people.safetensors under `out`, and return it.

    size: side of the corpus's pictures in pixels. Raises AUFaceGenError or VQTokenizerError that
    names the folder at fault.
    """
    out = Path(out)
    model = load_checkpoint(tokenizer)
    run = json.loads((Path(tokenizer) / "config.json").read_text("utf-8")).get("train")
    save_checkpoint(model, out / "tokenizer", dtype=torch.float16, train=run)
    for part, folder in (("reader", reader), ("generator", generator)):
        config, tensors = read_folder(folder)
        write_folder(out / part, config, tensors, half=True)
    make_bank(corpus, out / "tokenizer", out / "people.safetensors", size=size)
    return out
