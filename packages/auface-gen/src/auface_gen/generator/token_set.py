"""A corpus as tokens of change: every picture, in each of its views, through the tokenizer once.

    FOLDER/train-00000.safetensors   tokens (n, V, h, w) int16, features (m, V, C, h, w) fp16

A file a chunk of the corpus: tokens of its n pictures in the order of the rows, and what the m
people at rest among them look like to the tokenizer. Each carries a digest of the tokenizer and of
its rows: encoding that was stopped goes on where it was, a corpus that has grown costs what is new,
and another tokenizer or other rows begin anew.

N pictures, M people at rest, V views (see `views`), h x w the tokenizer's grid, C features of the
reference a token.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from auface_gen.errors import AUFaceGenError
from auface_gen.generator.checkpoint import write_tensors
from auface_gen.generator.pictures import Chunk, Pictures
from auface_gen.generator.views import seen_as, views_of
from facs_text.corpus import CorpusRow
from vq_tokenizer import Tokenizer

__all__ = ["TokenSet", "encode_pictures", "tokenizer_digest"]

_BATCH = 16


@dataclass(frozen=True)
class TokenSet:
    """`tokens` (N, V, h, w) int16 of each picture; `features` (M, V, C, h, w) fp16 of the people at
    rest; `person` (N,) int64, which of them is a picture's; `rows`: what the
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
        """Take some of the pictures only."""
        rows = [self.rows[i] for i in keep]
        return TokenSet(self.tokens[keep], self.features, self.person[keep], rows, self.still)


def tokenizer_digest(tokenizer: Tokenizer) -> str:
    """A digest of a tokenizer's weights: tokens mean nothing to another one."""
    digest = hashlib.sha256()
    for name, weights in sorted(tokenizer.state_dict().items()):
        digest.update(name.encode())
        digest.update(weights.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def encode_pictures(
    pictures: Pictures,
    tokenizer: Tokenizer,
    folder: str | Path,
    *,
    worlds: int = 0,
    tell: Callable[[str], None] = print,
) -> TokenSet:
    """The tokens of a split, made where `folder` does not hold them yet.

    worlds: other colours, light and quality that each picture is also seen in. Raises
    AUFaceGenError for a picture that cannot be read, and for a tokenizer without a reference.
    """
    if not tokenizer.config.reference:
        raise AUFaceGenError(
            "tokens of change need a tokenizer with a reference; train one with "
            "`auface train tokenizer --set model=f16-reference-fsq`"
        )
    folder, own = Path(folder), f"{tokenizer_digest(tokenizer)} {worlds}"
    folder.mkdir(parents=True, exist_ok=True)
    tokens, features = [], []
    for chunk in pictures.chunks:
        path = folder / f"{chunk.name}.safetensors"
        digest = _digest(own, pictures.rows[chunk.start : chunk.stop])
        made = _kept(path, digest)
        if made is None:
            made = _encoded(pictures, chunk, tokenizer, worlds)
            write_tensors(path, made, {"digest": digest})
            tell(f"{chunk.name}: {chunk.stop} of {len(pictures.rows)} pictures encoded")
        tokens.append(made["tokens"])
        features.append(made["features"])
    rest = [row.file_name for row in pictures.rows if row.file_name == row.neutral]
    number = {name: i for i, name in enumerate(rest)}
    person = torch.tensor([number[str(row.neutral)] for row in pictures.rows])
    return TokenSet(
        torch.cat(tokens), torch.cat(features), person, pictures.rows, tokenizer.still_token
    )


def _digest(tokenizer: str, rows: list[CorpusRow]) -> str:
    digest = hashlib.sha256(tokenizer.encode())
    for row in rows:
        digest.update(row.to_json().encode())
    return digest.hexdigest()


def _kept(path: Path, digest: str) -> dict[str, Tensor] | None:
    """What a file holds; None when it is missing, cut, or of another tokenizer or corpus."""
    try:
        with safe_open(path, "pt") as file:
            if (file.metadata() or {}).get("digest") != digest:
                return None
            return {name: file.get_tensor(name) for name in ("tokens", "features")}
    except (OSError, SafetensorError):
        return None


@torch.no_grad()
def _encoded(
    pictures: Pictures, chunk: Chunk, tokenizer: Tokenizer, worlds: int
) -> dict[str, Tensor]:
    """Tokens of a chunk, and features of the people at rest in it."""
    tokens, features = [], []
    for rows, x in _batches(pictures, chunk):
        same = [row.file_name == row.neutral for row in rows]
        grids, sides = [], []
        for view in range(views_of(worlds)):
            seen, rest = _pairs(pictures, rows, x, view)
            grids.append(tokenizer.encode(seen, rest))
            if any(same):
                sides.append(tokenizer.features(rest[same]).maps[-1])
        grid = torch.stack(grids, 1)
        grid[same] = tokenizer.still_token  # a picture does not differ from itself
        tokens.append(grid.short())
        features += [torch.stack(sides, 1).half()] if sides else []
    grid = torch.cat(tokens)
    if not features:
        width = tokenizer.config.decoder_widths[-1]
        features = [torch.zeros(0, grid.shape[1], width, *grid.shape[2:], dtype=torch.half)]
    return {"tokens": grid, "features": torch.cat(features)}


def _pairs(
    pictures: Pictures, rows: list[CorpusRow], x: Tensor, view: int
) -> tuple[Tensor, Tensor]:
    """Pictures (B, 3, S, S) and their people at rest in a view."""
    pairs = [
        seen_as(torch.stack([one, pictures.at_rest(str(row.neutral))]), view, str(row.neutral))
        for one, row in zip(x, rows, strict=True)
    ]
    both = torch.stack(pairs, 1).contiguous()
    return both[0], both[1]


def _batches(pictures: Pictures, chunk: Chunk) -> Iterator[tuple[list[CorpusRow], Tensor]]:
    """Rows and pictures (B, 3, S, S) of a chunk."""
    stream, at = pictures.chunk(chunk), chunk.start
    while some := list(islice(stream, _BATCH)):
        yield pictures.rows[at : at + len(some)], torch.stack(some)
        at += len(some)
