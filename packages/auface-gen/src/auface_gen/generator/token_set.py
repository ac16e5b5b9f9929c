"""A corpus as tokens of change: every picture, in each of its views, through the tokenizer once.

    FOLDER/train-00000.safetensors   tokens (n, R * V, h, w) int16, features (m, V, C, h, w) fp16

A file a chunk of the corpus: tokens of its n pictures in the order of the rows, and what the m
people at rest among them look like to the tokenizer. Each carries a digest of the tokenizer and of
its rows: encoding that was stopped goes on where it was, a corpus that has grown costs what is new,
and another tokenizer or other rows begin anew.

Where it is asked for, each picture is also told from another of the same person (`others`): its
tokens, behind those from the person at rest, then say what changes against that one, whose features
are kept too. So a change is learned from a face that already does something.

N pictures, M people at rest, V views (see `views`), R references of a picture, 1 or 2, h x w the
tokenizer's grid, C features of the reference a token.
"""

from __future__ import annotations

import hashlib
import zlib
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
    """`tokens` (N, R * V, h, w) int16 of each picture, those from the person at rest first;
    `features` (M or M + N, V, C, h, w) fp16 of the references, people at rest first; `person`
    (N, R) int64, which of them a picture's tokens are told from; `rows`: what the corpus says of
    each; `still`: the token that says "nothing changes".
    """

    tokens: Tensor
    features: Tensor
    person: Tensor
    rows: list[CorpusRow]
    still: int

    @property
    def views(self) -> int:
        """V, views of each picture."""
        return self.features.shape[1]

    @property
    def references(self) -> int:
        """R, references that each picture is told from."""
        return self.person.shape[1]

    def reference_features(self, rows: Tensor, views: Tensor) -> Tensor:
        """Features (B, C, h, w) fp16 of what tokens[rows, views] are told from."""
        return self.features[self.person[rows, views // self.views], views % self.views]

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
    others: bool = False,
    tell: Callable[[str], None] = print,
) -> TokenSet:
    """The tokens of a split, made where `folder` does not hold them yet.

    worlds: other colours, light and quality that each picture is also seen in. others: also from
    another picture of the same person. Raises AUFaceGenError for a picture that cannot be read, and
    for a tokenizer without a reference.
    """
    if not tokenizer.config.reference:
        raise AUFaceGenError(
            "tokens of change need a tokenizer with a reference; train one with "
            "`auface train tokenizer --set model=f16-reference-fsq`"
        )
    folder, own = Path(folder), f"{tokenizer_digest(tokenizer)} {worlds}{' others' * others}"
    folder.mkdir(parents=True, exist_ok=True)
    parts = []
    for chunk in pictures.chunks:
        path = folder / f"{chunk.name}.safetensors"
        digest = _digest(own, pictures.rows[chunk.start : chunk.stop])
        made = _kept(path, digest)
        if made is None:
            made = _encoded(pictures, chunk, tokenizer, worlds)
            made |= _encoded_others(pictures, chunk, tokenizer, worlds, made) if others else {}
            write_tensors(path, made, {"digest": digest})
            tell(f"{chunk.name}: {chunk.stop} of {len(pictures.rows)} pictures encoded")
        parts.append(made)
    rest = [row.file_name for row in pictures.rows if row.file_name == row.neutral]
    number = {name: i for i, name in enumerate(rest)}
    person = torch.tensor([number[str(row.neutral)] for row in pictures.rows])[:, None]
    tokens, features = (torch.cat([part[k] for part in parts]) for k in ("tokens", "features"))
    if others:
        own_number = torch.arange(len(person))[:, None] + len(rest)
        person = torch.cat([person, own_number], 1)
        features = torch.cat([features, *(part["other_features"] for part in parts)])
    return TokenSet(tokens, features, person, pictures.rows, tokenizer.still_token)


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
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
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


@torch.no_grad()
def _encoded_others(
    pictures: Pictures,
    chunk: Chunk,
    tokenizer: Tokenizer,
    worlds: int,
    made: dict[str, Tensor],
) -> dict[str, Tensor]:
    """`tokens` with those of each picture of a chunk from another of its batch that shows the same
    person behind them, and `other_features` of these others (n, V, C, h, w).

    Who is alone in a batch is told from the person at rest again.
    """
    tokens, features = [], []
    for rows, x in _batches(pictures, chunk):
        beside = [_other_of(rows, i) for i in range(len(rows))]
        own = [i if i is not None else -1 for i in beside]
        rest = torch.stack([pictures.at_rest(str(row.neutral)) for row in rows])
        start = torch.where((torch.tensor(own) < 0)[:, None, None, None], rest, x[own])
        grids, sides = [], []
        for view in range(views_of(worlds)):
            seen, before = _together(rows, x, start, view)
            grids.append(tokenizer.encode(seen, before))
            sides.append(tokenizer.features(before).maps[-1])
        grid = torch.stack(grids, 1)
        alone = [i is None and r.file_name == r.neutral for i, r in zip(beside, rows, strict=True)]
        grid[alone] = tokenizer.still_token
        tokens.append(grid.short())
        features.append(torch.stack(sides, 1).half())
    both = torch.cat([made["tokens"], torch.cat(tokens)], 1)
    return {"tokens": both, "other_features": torch.cat(features)}


def _other_of(rows: list[CorpusRow], index: int) -> int | None:
    """Another row of the same person, always the same one; None where there is none."""
    own = rows[index]
    same = [i for i, row in enumerate(rows) if row.neutral == own.neutral and i != index]
    return same[zlib.crc32(own.file_name.encode()) % len(same)] if same else None


def _pairs(
    pictures: Pictures, rows: list[CorpusRow], x: Tensor, view: int
) -> tuple[Tensor, Tensor]:
    """Pictures (B, 3, S, S) and their people at rest in a view."""
    rest = torch.stack([pictures.at_rest(str(row.neutral)) for row in rows])
    return _together(rows, x, rest, view)


def _together(rows: list[CorpusRow], x: Tensor, before: Tensor, view: int) -> tuple[Tensor, Tensor]:
    """Pictures and what they are told from, both (B, 3, S, S), in a view that each pair shares."""
    pairs = [
        seen_as(torch.stack(pair), view, str(row.neutral))
        for *pair, row in zip(x, before, rows, strict=True)
    ]
    both = torch.stack(pairs, 1).contiguous()
    return both[0], both[1]


def _batches(pictures: Pictures, chunk: Chunk) -> Iterator[tuple[list[CorpusRow], Tensor]]:
    """Rows and pictures (B, 3, S, S) of a chunk."""
    stream, at = pictures.chunk(chunk), chunk.start
    while some := list(islice(stream, _BATCH)):
        yield pictures.rows[at : at + len(some)], torch.stack(some)
        at += len(some)
