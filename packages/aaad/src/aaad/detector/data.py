"""A split of a corpus as the trainer takes it: pictures, the same people at rest, targets.

Pictures are decoded when they are first asked for and then kept as bytes; what is never asked for
costs no memory.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError
from torch import Tensor

from facs_text import corpus

from ..errors import AAADError
from ..asked import effective, target

__all__ = ["Split", "read_image"]


def read_image(path: Path, size: int) -> NDArray[np.uint8]:
    """An RGB picture as uint8 (3, size, size); another size is resized with Pillow's LANCZOS."""
    try:
        with Image.open(path) as file:
            image = file.convert("RGB")
    except FileNotFoundError:
        raise AAADError(f"{path}: no such picture") from None
    except (UnidentifiedImageError, OSError, ValueError) as error:
        raise AAADError(f"{path}: cannot be read as a picture ({error})") from None
    if image.size != (size, size):
        image = image.resize((size, size), Image.Resampling.LANCZOS)
    return np.ascontiguousarray(np.asarray(image, dtype=np.uint8).transpose(2, 0, 1))


class Split:
    """One of train, valid, test of a corpus; empty when the corpus has no such split.

    `targets` (N, A, 6) and `strengths` (N, A) hold what each row asks for, `subjects` N names,
    `rest` (N,) the index in `files` of the person at rest, or -1.
    """

    def __init__(self, root: Path, name: str, *, size: int) -> None:
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

    def __len__(self) -> int:
        return len(self.rest)

    def images(self, rows: NDArray[np.int64]) -> Tensor:
        """uint8 (B, 3, S, S) of these indices into `files`."""
        for i in np.unique(rows):
            if not self._read[i]:
                self._pixels[i] = read_image(self.folder / self.files[i], self.size)
                self._read[i] = True
        return torch.from_numpy(self._pixels[rows])

    def neutrals(self, rows: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        """uint8 (B, 3, S, S) of the same people at rest, and bool (B,) of whether there is one."""
        rest = self.rest[rows]
        known = rest >= 0
        return self.images(np.where(known, rest, rows)), torch.from_numpy(known)
