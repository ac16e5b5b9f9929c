"""A corpus as tokens: every picture, and its mirror image, through the tokenizer once.

N pictures of a split in the order of its rows, h x w the tokenizer's grid.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from auface_gen.errors import AUFaceGenError
from auface_gen.generator.checkpoint import read_tensors, write_tensors
from facs_text import FacsTextError
from facs_text.corpus import CorpusRow, read
from facs_text.pictures import read_rgb
from vq_tokenizer import Tokenizer

__all__ = ["TokenSet", "encode_corpus", "kept_tokens", "picture_size", "read_picture", "rows_of"]


@dataclass(frozen=True)
class TokenSet:
    """`tokens` and `neutral` (N, 2, h, w) int64: each picture and its mirror image, and the same
    of the person at rest; `rows`: what the corpus says of each.
    """

    tokens: Tensor
    neutral: Tensor
    rows: list[CorpusRow]

    @property
    def unmoved(self) -> float:
        """Share of tokens that are those of the neutral picture."""
        return float((self.tokens == self.neutral).float().mean())


def rows_of(corpus: Path, split: str) -> list[CorpusRow]:
    """Rows of a split. Raises AUFaceGenError when it is missing or empty, and facs-text's error
    naming the file and line of a bad row.
    """
    path = corpus / split / "metadata.jsonl"
    if not path.is_file():
        raise AUFaceGenError(
            f"{path} is missing: {corpus} is not a corpus with a {split} split "
            "(auface corpus render makes one)"
        )
    rows = list(read(corpus, split))
    if not rows:
        raise AUFaceGenError(f"{path} has no rows")
    return rows


def picture_size(corpus: Path, split: str, row: CorpusRow) -> int:
    """Width of a row's picture in pixels."""
    return _open(corpus / split / row.file_name).width


def _open(path: Path) -> Image.Image:
    try:
        return read_rgb(path)
    except FacsTextError as error:
        raise AUFaceGenError(f"{path} is not a picture that can be read: {error}") from error


def read_picture(path: Path, size: int) -> np.ndarray:
    """(size, size, 3) uint8. Raises AUFaceGenError when it is no picture or of another size."""
    picture = np.asarray(_open(path))
    if picture.shape != (size, size, 3):
        raise AUFaceGenError(
            f"{path} is {picture.shape[1]} x {picture.shape[0]} px, expected {size} x {size}"
        )
    return picture


@torch.no_grad()
def encode_corpus(
    corpus: str | Path, split: str, tokenizer: Tokenizer, *, size: int, batch: int = 32
) -> TokenSet:
    """Tokens of every picture of a split and of its mirror image, in the order of its rows."""
    corpus = Path(corpus)
    rows = rows_of(corpus, split)
    place = {row.file_name: i for i, row in enumerate(rows)}
    if lost := [row for row in rows if row.neutral not in place]:
        raise AUFaceGenError(
            f"{corpus / split}: {lost[0].file_name}: its neutral picture {lost[0].neutral} "
            "is not among the rows"
        )
    parts = []
    for start in range(0, len(rows), batch):
        some = rows[start : start + batch]
        pictures = np.stack([read_picture(corpus / split / r.file_name, size) for r in some])
        images = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255
        parts.append(torch.stack([tokenizer.encode(images), tokenizer.encode(images.flip(3))], 1))
    tokens = torch.cat(parts)
    return TokenSet(tokens, tokens[[place[str(row.neutral)] for row in rows]], rows)


def kept_tokens(path: Path, corpus: Path, split: str, tokenizer: Tokenizer, size: int) -> TokenSet:
    """Tokens of a split, kept at `path` so that resuming does not encode again; made anew for
    another tokenizer or other rows.
    """
    digest = hashlib.sha256()
    for _, weights in sorted(tokenizer.state_dict().items()):
        digest.update(weights.cpu().numpy().tobytes())
    metadata = corpus / split / "metadata.jsonl"
    digest.update(metadata.read_bytes() if metadata.is_file() else b"")
    if path.exists():
        kept = read_tensors(path)
        if bytes(kept["digest"].tolist()) == digest.digest():
            return TokenSet(kept["tokens"].long(), kept["neutral"].long(), rows_of(corpus, split))
    made = encode_corpus(corpus, split, tokenizer, size=size)
    tensors = {"tokens": made.tokens.int(), "neutral": made.neutral.int()}
    tensors["digest"] = torch.tensor(list(digest.digest()), dtype=torch.uint8)
    write_tensors(path, tensors)
    return made
