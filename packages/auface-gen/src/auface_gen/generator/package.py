"""Packs what was trained into one model folder, in half precision.

    python -m auface_gen.generator.package CORPUS \
        --tokenizer DIR --reader DIR --generator DIR --out MODEL

That folder is what `AUFace.from_pretrained` reads, and how the shipped weights were made. The bank
of people is made with the packed tokenizer: its tokens are those that the model itself would find.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import torch

from auface_gen.generator.bank import make_bank
from auface_gen.generator.checkpoint import read_folder, write_folder
from vq_tokenizer import load_checkpoint, save_checkpoint

__all__ = ["main", "pack"]


def pack(
    corpus: str | Path,
    out: str | Path,
    *,
    tokenizer: str | Path,
    reader: str | Path,
    generator: str | Path,
    size: int = 128,
) -> Path:
    """Write tokenizer/, reader/, generator/ and people.safetensors under `out`, and return it.

    Raises AUFaceGenError or VQTokenizerError that names the folder at fault.
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


def main(argv: list[str] | None = None) -> int:
    """Command line of this module; 2 for wrong input."""
    parser = argparse.ArgumentParser(
        prog="python -m auface_gen.generator.package",
        description="Pack a trained model into one folder.",
    )
    parser.add_argument("corpus", type=Path)
    for part in ("tokenizer", "reader", "generator", "out"):
        parser.add_argument(f"--{part}", type=Path, required=True)
    args = parser.parse_args(argv)
    try:
        pack(
            args.corpus,
            args.out,
            tokenizer=args.tokenizer,
            reader=args.reader,
            generator=args.generator,
        )
    except ValueError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
