"""The bank of made-up people: faces at rest of people never seen in training, as tokens."""

from __future__ import annotations

from pathlib import Path

import torch

from auface_gen.errors import AUFaceGenError
from auface_gen.generator.checkpoint import write_tensors
from auface_gen.generator.legacy.token_set import encode_corpus
from vq_tokenizer import load_checkpoint

__all__ = ["make_bank"]


def make_bank(
    corpus: str | Path, tokenizer: str | Path, out: str | Path, *, size: int = 128
) -> int:
    """Write (n, h, w) tokens of the test and valid people at rest, one a person, and return n.

    Raises AUFaceGenError for a broken corpus, and for one without such people.
    """
    model = load_checkpoint(tokenizer).eval()
    grids, names = [], []
    for split in ("test", "valid"):
        data = encode_corpus(corpus, split, model, size=size)
        for i, row in enumerate(data.rows):
            if row.file_name == row.neutral and row.subject not in names:
                names.append(row.subject)
                grids.append(data.tokens[i, 0])
    if not grids:
        raise AUFaceGenError(f"{corpus}: nobody of the test and valid splits is at rest")
    tensors = {"tokens": torch.stack(grids).to(torch.int16)}
    write_tensors(Path(out), tensors, {"subjects": ",".join(names)})
    return len(names)
