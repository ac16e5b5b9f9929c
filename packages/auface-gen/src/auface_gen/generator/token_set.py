"""A corpus as tokens of change: every picture, and its mirror image, through the tokenizer once.

    FOLDER/train-pictures-00000.safetensors   tokens (n, 2, h, w) int16
    FOLDER/train-people-00000.safetensors     features (m, 2, C, h, w) fp16

The pictures of a split are in the order of its rows, 512 a file; the people at rest are in the
order in which rows first name them, 64 a file. Each file carries a digest of the tokenizer and of
the split's rows; encoding that was stopped goes on where it was, and another tokenizer or other
rows begin anew.

N pictures, M people at rest, h x w the tokenizer's grid, C features of the reference a token.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors import SafetensorError, safe_open
from torch import Tensor

from auface_gen.errors import AUFaceGenError
from auface_gen.generator.checkpoint import write_tensors
from facs_text.corpus import CorpusRow, read
from vq_tokenizer import Tokenizer

__all__ = [
    "TokenSet",
    "encode_corpus",
    "picture_size",
    "read_picture",
    "rows_of",
    "tokenizer_digest",
]

_PICTURES, _PEOPLE = 512, 64  # a file
_BATCH = 16


@dataclass(frozen=True)
class TokenSet:
    """`tokens` (N, 2, h, w) int16: each picture and its mirror image; `features` (M, 2, C, h, w)
    fp16 of the people at rest; `person` (N,) int64, which of them is a picture's; `rows`: what the
    corpus says of each; `still`: the token that says "nothing changes".
    """

    tokens: Tensor
    features: Tensor
    person: Tensor
    rows: list[CorpusRow]
    still: int

    @property
    def stillness(self) -> float:
        """Share of tokens that say nothing."""
        return float((self.tokens == self.still).float().mean())

    def take(self, keep: list[int]) -> TokenSet:
        """The same of some pictures only."""
        rows = [self.rows[i] for i in keep]
        return TokenSet(self.tokens[keep], self.features, self.person[keep], rows, self.still)


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
        with Image.open(path) as image:
            return image.convert("RGB")
    except (OSError, ValueError, SyntaxError) as error:
        raise AUFaceGenError(f"{path} is not a picture that can be read: {error}") from error


def read_picture(path: Path, size: int) -> Tensor:
    """(3, size, size) float in 0..1. Raises AUFaceGenError when it is no picture or of another
    size.
    """
    picture = np.asarray(_open(path))
    if picture.shape != (size, size, 3):
        raise AUFaceGenError(
            f"{path} is {picture.shape[1]} x {picture.shape[0]} px, expected {size} x {size}"
        )
    return torch.from_numpy(picture.copy()).permute(2, 0, 1).float() / 255


def tokenizer_digest(tokenizer: Tokenizer) -> str:
    """A digest of a tokenizer's weights: tokens mean nothing to another one."""
    digest = hashlib.sha256()
    for name, weights in sorted(tokenizer.state_dict().items()):
        digest.update(name.encode())
        digest.update(weights.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


@torch.no_grad()
def encode_corpus(
    corpus: str | Path,
    split: str,
    tokenizer: Tokenizer,
    folder: str | Path,
    *,
    size: int,
    tell: Callable[[str], None] = print,
) -> TokenSet:
    """The tokens of a split, made where `folder` does not hold them yet.

    size: side of the pictures in pixels. Raises AUFaceGenError for a picture that cannot be read or
    has no neutral one among the rows, and for a tokenizer without a reference.
    """
    corpus, folder = Path(corpus), Path(folder)
    if not tokenizer.config.reference:
        raise AUFaceGenError(
            "tokens of change need a tokenizer with a reference; train one with "
            "`auface train tokenizer --set preset=f16-reference-fsq`"
        )
    rows = rows_of(corpus, split)
    person, people = _people(corpus / split, rows)
    metadata = (corpus / split / "metadata.jsonl").read_bytes()
    digest = hashlib.sha256(tokenizer_digest(tokenizer).encode() + metadata).hexdigest()
    folder.mkdir(parents=True, exist_ok=True)

    def picture(row: CorpusRow) -> Tensor:
        return read_picture(corpus / split / row.file_name, size)

    def features(start: int, stop: int) -> Tensor:
        rest = torch.stack([picture(row) for row in people[start:stop]])
        both = [tokenizer.features(x.contiguous()).maps[-1] for x in (rest, rest.flip(3))]
        return torch.stack(both, 1).half()

    def tokens(start: int, stop: int) -> Tensor:
        x = torch.stack([picture(row) for row in rows[start:stop]])
        rest = torch.stack([picture(people[p]) for p in person[start:stop]])
        grid = torch.stack(
            [tokenizer.encode(x, rest), tokenizer.encode(x.flip(3), rest.flip(3))], 1
        )
        same = [row.file_name == row.neutral for row in rows[start:stop]]
        grid[same] = tokenizer.still_token  # a picture does not differ from itself
        return grid.short()

    kept = _Files(folder, digest, tell)
    found = kept.all(f"{split}-people", "features", features, len(people), _PEOPLE)
    grids = kept.all(f"{split}-pictures", "tokens", tokens, len(rows), _PICTURES)
    return TokenSet(grids, found, torch.tensor(person), rows, tokenizer.still_token)


def _people(folder: Path, rows: list[CorpusRow]) -> tuple[list[int], list[CorpusRow]]:
    """Which person at rest is each row's, and their rows, in the order of first mention."""
    place = {row.file_name: row for row in rows}
    number: dict[str, int] = {}
    for row in rows:
        if row.neutral not in place:
            raise AUFaceGenError(
                f"{folder}: {row.file_name}: its neutral picture {row.neutral} "
                "is not among the rows"
            )
        number.setdefault(str(row.neutral), len(number))
    return [number[str(row.neutral)] for row in rows], [place[name] for name in number]


@dataclass(frozen=True)
class _Files:
    """Tensors in files of a folder, each made once."""

    folder: Path
    digest: str
    tell: Callable[[str], None]

    def all(
        self, stem: str, name: str, make: Callable[[int, int], Tensor], count: int, per_file: int
    ) -> Tensor:
        """The tensors of all files of a stem, one behind the other."""
        parts = []
        for number, start in enumerate(range(0, count, per_file)):
            path = self.folder / f"{stem}-{number:05d}.safetensors"
            stop = min(count, start + per_file)
            part = self._kept(path, name)
            if part is None:
                steps = range(start, stop, _BATCH)
                part = torch.cat([make(a, min(stop, a + _BATCH)) for a in steps])
                write_tensors(path, {name: part}, {"digest": self.digest})
                self.tell(f"{stem}: {stop} of {count} encoded")
            parts.append(part)
        return torch.cat(parts)

    def _kept(self, path: Path, name: str) -> Tensor | None:
        """The tensor of a file; None when it is missing, cut, or of another tokenizer or corpus."""
        try:
            with safe_open(path, "pt") as file:
                if (file.metadata() or {}).get("digest") != self.digest:
                    return None
                kept: Tensor = file.get_tensor(name)
                return kept
        except (OSError, SafetensorError):
            return None
