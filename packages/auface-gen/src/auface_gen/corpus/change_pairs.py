"""A corpus as pairs for a tokenizer that codes change: each picture with its person at rest.

Where rows have landmarks, the pixels of the eyes and of the lips weigh more: they are few, and what
a face does is seen in them. N pictures, S side in pixels, 68 landmarks in iBUG's order.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from auface_gen.errors import AUFaceGenError
from vq_tokenizer.training.pictures import FilePictures, Listed, find_pictures, list_pictures

__all__ = ["REGIONS", "change_pairs", "regions_of", "side_of"]

REGIONS = ("right eye", "left eye", "lips")
"""What the boxes of a picture hold, in their order."""

REGION_WEIGHT = 1.2
_POINTS = ((36, 42), (42, 48), (48, 68))  # of each region, in iBUG's order
_ROUND = ((0.35, 0.6), (0.35, 0.6), (0.15, 0.15))  # shares of the width added: aside, up and down


def change_pairs(corpus: str | Path, split: str, size: int) -> FilePictures:
    """The pictures of a split, each with its `neutral` as reference.

    corpus: a folder with splits, or of tar shards. Raises AUFaceGenError or VQTokenizerError naming
    the row or file at fault.
    """
    first = next(list_pictures(corpus, split), None)
    boxes: Callable[[dict[str, Any]], np.ndarray] | None = None
    if first is not None and "landmarks" in first.row:
        side = side_of(first)

        def boxes(row: dict[str, Any]) -> np.ndarray:
            return regions_of(np.asarray(row["landmarks"], dtype=np.float32), side)

    return find_pictures(
        corpus,
        size,
        split=split,
        reference="neutral",
        boxes=boxes,
        box_weight=REGION_WEIGHT,
    )


def regions_of(landmarks: np.ndarray, side: int) -> np.ndarray:
    """Boxes (3, 4) of REGIONS: top, left, bottom, right in shares of a picture `side` pixels wide.

    landmarks: (68, 2), x and y in pixels. Raises ValueError for another shape.
    """
    if landmarks.shape != (68, 2):
        raise ValueError(f"landmarks are {landmarks.shape}, expected (68, 2)")
    out = []
    for (first, last), (aside, above) in zip(_POINTS, _ROUND, strict=True):
        low, high = landmarks[first:last].min(0), landmarks[first:last].max(0)
        width = high[0] - low[0]
        low, high = low - width * np.array([aside, above]), high + width * np.array([aside, above])
        out.append([low[1], low[0], high[1], high[0]])
    return np.clip(np.array(out, dtype=np.float32) / side, 0, 1)


def side_of(listed: Listed) -> int:
    """Width of a picture in pixels, which its landmarks are in."""
    try:
        with listed.open() as stream, Image.open(stream) as picture:
            return picture.width
    except (OSError, ValueError) as error:
        raise AUFaceGenError(f"{listed.path}: not a picture that can be read: {error}") from None
