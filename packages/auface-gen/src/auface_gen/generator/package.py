"""Packs what was trained into one model folder, in half precision.

That folder is what `AUFace.from_pretrained` reads: tokenizer/, generator/ and people/.
"""

from __future__ import annotations

import json
from pathlib import Path

import torch

from auface_gen.errors import AUFaceGenError
from auface_gen.generator.checkpoint import read_folder, write_folder
from auface_gen.generator.people_bank import make_bank
from auface_gen.generator.token_set import tokenizer_digest
from vq_tokenizer import load_checkpoint, save_checkpoint

__all__ = ["pack_model"]


def pack_model(
    corpus: str | Path, out: str | Path, *, tokenizer: str | Path, generator: str | Path
) -> Path:
    """Write tokenizer/, generator/ and people/ under `out`, and return it.

    The people are those of the test and valid splits of the corpus, at rest. Raises AUFaceGenError
    or VQTokenizerError that names the folder at fault.
    """
    out = Path(out)
    config, tensors = read_folder(generator)
    model = load_checkpoint(tokenizer)
    if config.get("tokenizer") != tokenizer_digest(model):
        raise AUFaceGenError(
            f"{generator} was trained on tokens of another tokenizer than {tokenizer}; "
            "pack the two of one run"
        )
    run = json.loads((Path(tokenizer) / "config.json").read_text("utf-8")).get("train")
    save_checkpoint(model, out / "tokenizer", dtype=torch.float16, train=run)
    write_folder(out / "generator", config, tensors, half=True)
    make_bank(corpus, out / "people")
    return out
