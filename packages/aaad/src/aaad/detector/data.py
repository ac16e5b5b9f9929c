"""A split of a corpus as the trainer takes it: pictures, the same people at rest, targets.

Pictures are decoded when they are first asked for and then kept as bytes; what is never asked for
costs no memory.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from facs_text import corpus

from ..asked import effective, target
from ..pictures import read_picture

__all__ = ["Split"]


class Split:
    """One of train, valid, test of a corpus; empty when the corpus has no such split.

    `targets` (N, A, 6) and `strengths` (N, A) hold what each row asks for, `subjects` N names,
    `rest` (N,) the index in `files` of the person at rest, or -1.
    """

    def __init__(self, root: Path, name: str, *, size: int, workers: int = 1) -> None:
        there = (root / name / "metadata.jsonl").is_file()
        rows = list(corpus.read(root, name)) if there else []
        self.name, self.size, self.folder = name, size, root / name
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
        # float32 halves what a big corpus costs; six numbers that sum to one lose nothing by it.
        self.targets = np.zeros((len(rows), 0, 6), np.float32)
        self.strengths = np.zeros((len(rows), 0), np.float32)
        if rows:
            self.targets = np.stack([target(row.aus) for row in rows]).astype(np.float32)
            self.strengths = np.stack([effective(row.aus) for row in rows]).astype(np.float32)
        self._pixels = np.empty((len(names), 3, size, size), np.uint8)
        self._read = np.zeros(len(names), bool)
        self._workers = workers

    def __len__(self) -> int:
        return len(self.rest)

    def images(self, rows: NDArray[np.int64]) -> Tensor:
        """uint8 (B, 3, S, S) of these indices into `files`."""
        new = [int(i) for i in np.unique(rows) if not self._read[i]]
        if new:
            # Pillow lets go of the interpreter while it decodes, so threads are enough.
            with ThreadPoolExecutor(self._workers) as pool:
                paths = [self.folder / self.files[i] for i in new]
                for i, pixels in zip(new, pool.map(self._decode, paths), strict=True):
                    self._pixels[i], self._read[i] = pixels, True
        return torch.from_numpy(self._pixels[rows])

    def _decode(self, path: Path) -> NDArray[np.uint8]:
        return read_picture(path, self.size)

    def neutrals(self, rows: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        """uint8 (B, 3, S, S) of the same people at rest, and bool (B,) of whether there is one."""
        rest = self.rest[rows]
        known = rest >= 0
        return self.images(np.where(known, rest, rows)), torch.from_numpy(known)
