"""The bank of made-up people: the neutral faces of people whom the generator never saw in
training, as tokens.

python -m auface_gen.bank CORPUS --tokenizer DIR --out people.safetensors
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch

from auface_gen.store import write_tensors
from auface_gen.train import encode_corpus, read_rows
from vq_tokenizer import load_checkpoint

__all__ = ["main", "make_bank"]


def make_bank(
    corpus: str | Path, tokenizer: str | Path, out: str | Path, *, size: int = 128
) -> int:
    """Write (n, h, w) tokens of the test and valid people at rest, one a person, and return n.

    Raises AUFaceGenError for a broken corpus.
    """
    model = load_checkpoint(tokenizer).eval()
    grids, names = [], []
    for split in ("test", "valid"):
        data = encode_corpus(corpus, split, model, size=size)
        for i, row in enumerate(read_rows(Path(corpus), split)):
            if row["file_name"] == row["neutral"] and row["subject"] not in names:
                names.append(row["subject"])
                grids.append(data.tokens[i, 0])
    write_tensors(
        Path(out), {"tokens": torch.stack(grids).to(torch.int16)}, {"subjects": ",".join(names)}
    )
    return len(names)


def main(argv: list[str] | None = None) -> int:
    """Command line of this module; 2 for wrong input."""
    parser = argparse.ArgumentParser(
        prog="python -m auface_gen.bank", description="Make the bank of people from a corpus."
    )
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args(argv)
    try:
        sys.stderr.write(f"{make_bank(args.corpus, args.tokenizer, args.out)} people\n")
    except ValueError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
