"""The pictures of a split of a corpus, whichever way it lies on disk: an image folder, or tar
shards (`auface corpus shard`, or those that `auface corpus render` has made so far).

They are read in chunks, a shard each or 512 rows. S side in pixels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from auface_gen.errors import AUFaceGenError
from facs_text.corpus import CorpusRow, read, read_shard
from vq_tokenizer import VQTokenizerError
from vq_tokenizer.pictures import read_rgb

__all__ = ["Chunk", "Pictures", "open_pictures"]

_ROWS = 512  # of a chunk of an image folder


@dataclass(frozen=True)
class Chunk:
    """Rows [start, stop) of a split, under a name that stays when others are added."""

    name: str
    start: int
    stop: int


class Pictures:
    """Rows of a split and their pictures. rest: bytes of the people at rest by their file name,
    where pictures are in shards.
    """

    def __init__(
        self, place: Path, rows: list[CorpusRow], chunks: list[Chunk], rest: dict[str, bytes]
    ) -> None:
        self.place, self.rows, self.chunks = place, rows, chunks
        self._rest = rest
        known = {row.file_name for row in rows}
        for row in rows:
            if row.neutral not in known:
                raise AUFaceGenError(
                    f"{place}: {row.file_name}: its neutral picture {row.neutral} "
                    "is not among the rows"
                )
        self.size = self._open(str(rows[0].neutral)).width

    def at_rest(self, name: str) -> Tensor:
        """(3, S, S) in 0..1, the picture of a person at rest by its file name. Raises
        AUFaceGenError when it is no picture or of another size than the first.
        """
        return self._checked(self._open(name), self.place / name)

    def chunk(self, chunk: Chunk) -> Iterator[Tensor]:
        """The pictures of a chunk in order, each (3, S, S) in 0..1; errors as those of at_rest."""
        rows = self.rows[chunk.start : chunk.stop]
        if not self._rest:
            for row in rows:
                yield self.at_rest(row.file_name)
            return
        shard = self.place / f"{chunk.name}.tar"
        for row, data in read_shard(shard):
            where = shard / row.file_name
            yield self._checked(_decoded(data, where), where)

    def _open(self, name: str) -> Image.Image:
        if self._rest:
            return _decoded(self._rest[name], self.place / name)
        return _decoded(self.place / name, self.place / name)

    def _checked(self, image: Image.Image, where: Path) -> Tensor:
        if image.size != (self.size, self.size):
            raise AUFaceGenError(
                f"{where} is {image.width} x {image.height} px, expected {self.size} x {self.size}"
            )
        return torch.from_numpy(np.array(image)).permute(2, 0, 1).float() / 255


def _decoded(source: Path | bytes, where: Path) -> Image.Image:
    try:
        return read_rgb(source, where)
    except VQTokenizerError as error:
        raise AUFaceGenError(f"{where} is not a picture that can be read: {error}") from error


def open_pictures(corpus: Path, split: str) -> Pictures:
    """The pictures of a split. Raises AUFaceGenError when it is missing or empty or a person at
    rest is not among its rows, and facs-text's error naming the file and line of a bad row.
    """
    folder = corpus / split
    if (folder / "metadata.jsonl").is_file():
        rows = list(read(corpus, split))
        starts = range(0, len(rows), _ROWS)
        chunks = [
            Chunk(f"{split}-{i:05d}", a, min(a + _ROWS, len(rows))) for i, a in enumerate(starts)
        ]
        place, rest = folder, dict[str, bytes]()
    else:
        place, rows, chunks, rest = corpus, [], [], {}
        for shard in sorted(corpus.glob(f"{split}-*.tar")):
            start = len(rows)
            for row, data in read_shard(shard):
                rows.append(row)
                if row.file_name == row.neutral:
                    rest[row.file_name] = data
            chunks.append(Chunk(shard.stem, start, len(rows)))
        if not chunks:
            raise AUFaceGenError(
                f"{folder / 'metadata.jsonl'} is missing: {corpus} is not a corpus with a {split} "
                "split, nor does it hold shards of one (auface corpus render makes one)"
            )
    if not rows:
        raise AUFaceGenError(f"{place}: the {split} split has no rows")
    return Pictures(place, rows, chunks, rest)
