"""A split of a corpus as trainers take it: pictures, the same people at rest, what is asked, and
where the face is.

Pictures are decoded when they are first asked for and kept as bytes, as long as they fit into the
memory that a run gives them; what is beyond that is decoded anew each time.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aaad.asked import effective, target
from aaad.errors import AAADError
from aaad.pictures import picture_size, read_picture
from facs_text import corpus

__all__ = ["Pictures", "Split"]


class Pictures:
    """Files of a folder as uint8 (B, 3, S, S), decoded by `workers` threads.

    `via`: pixels that a picture is shrunk to first, to see what a smaller one would give.
    """

    def __init__(
        self,
        folder: Path,
        files: list[str],
        *,
        size: int,
        workers: int = 1,
        memory_mb: int = 2048,
        via: int | None = None,
    ) -> None:
        self.folder, self.files, self.size, self.via = folder, files, size, via
        fits = memory_mb * 1_000_000 // (3 * size * size)
        self._kept = np.empty((min(len(files), fits), 3, size, size), np.uint8)
        self._read = np.zeros(len(self._kept), bool)
        self._workers = workers

    def __call__(self, rows: NDArray[np.int64]) -> Tensor:
        """uint8 (B, 3, S, S) of these indices into `files`."""
        fits = len(self._kept)
        different = [int(i) for i in np.unique(rows)]
        new = [i for i in different if i >= fits or not self._read[i]]
        fresh: dict[int, NDArray[np.uint8]] = {}
        if new:
            # Pillow lets go of the interpreter while it decodes, so threads are enough.
            with ThreadPoolExecutor(self._workers) as pool:
                fresh = dict(zip(new, pool.map(self._decode, new), strict=True))
        for i, pixels in fresh.items():
            if i < fits:
                self._kept[i], self._read[i] = pixels, True
        out = np.empty((len(rows), 3, self.size, self.size), np.uint8)
        for k, i in enumerate(map(int, rows)):
            out[k] = fresh[i] if i in fresh else self._kept[i]
        return torch.from_numpy(out)

    def _decode(self, index: int) -> NDArray[np.uint8]:
        return read_picture(self.folder / self.files[index], self.size, via=self.via)


class Split:
    """One of train, valid, test of a corpus; empty when the corpus has no such split.

    `subjects` N names, `files` the pictures' names, of which the first N are the rows', `rest`
    (N,) the index in `files` of the person at rest, or -1.
    """

    def __init__(
        self,
        root: Path,
        name: str,
        *,
        size: int,
        workers: int = 1,
        memory_mb: int = 2048,
        via: int | None = None,
    ) -> None:
        there = (root / name / "metadata.jsonl").is_file()
        rows = list(corpus.read(root, name)) if there else []
        self.name, self.folder, self._rows = name, root / name, rows
        self.subjects = [str(row.subject) for row in rows]
        names = [row.file_name for row in rows]
        place = {file: i for i, file in enumerate(names)}
        rest = []
        for row in rows:
            if row.neutral and row.neutral not in place:
                place[row.neutral] = len(names)  # a picture that is no row itself
                names.append(row.neutral)
            rest.append(place[row.neutral] if row.neutral else -1)
        self.files = names
        self.rest = np.array(rest, np.int64)
        self.images = Pictures(
            self.folder, names, size=size, workers=workers, memory_mb=memory_mb, via=via
        )

    def __len__(self) -> int:
        return len(self.rest)

    @cached_property
    def targets(self) -> NDArray[np.float32]:
        """(N, A, 6) what each row asks for; float32 halves what a big corpus costs."""
        if not self._rows:
            return np.zeros((0, 0, 6), np.float32)
        return np.stack([target(row.aus) for row in self._rows]).astype(np.float32)

    @cached_property
    def strengths(self) -> NDArray[np.float32]:
        """(N, A) the same as strengths from 0 to 1."""
        if not self._rows:
            return np.zeros((0, 0), np.float32)
        return np.stack([effective(row.aus) for row in self._rows]).astype(np.float32)

    @cached_property
    def landmarks(self) -> NDArray[np.float32]:
        """(N, 68, 2) places x, y in iBUG's order, as shares of the picture's width and height.

        Raises:
            AAADError: a row has none, or other than 68 points; names the first.
        """
        found = np.zeros((len(self._rows), 68, 2), np.float32)
        for i, row in enumerate(self._rows):
            try:
                points = np.asarray(row.extra.get("landmarks"), np.float32)
            except (TypeError, ValueError):
                points = np.zeros(0, np.float32)
            if points.shape != (68, 2) or not np.isfinite(points).all():
                raise AAADError(
                    f"{self.folder / 'metadata.jsonl'}: {row.file_name} has no `landmarks` of "
                    "68 x [x, y] pixels; render the corpus anew, which writes them"
                )
            found[i] = points / np.array(picture_size(self.folder / row.file_name), np.float32)
        return found

    def neutrals(self, rows: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        """uint8 (B, 3, S, S) of the same people at rest, and bool (B,) of whether there is one."""
        rest = self.rest[rows]
        known = rest >= 0
        return self.images(np.where(known, rest, rows)), torch.from_numpy(known)
