"""Where a trainer's pictures come from: files, shards, or an array in memory.

Of files only their places are kept, some 150 bytes a picture; a picture is decoded when its step
comes. Shapes: M pictures, S side in pixels, R regions.
"""

from __future__ import annotations

import array
import os
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from vq_tokenizer.errors import VQTokenizerError
from vq_tokenizer.training.picture_files import (
    IMAGE_SUFFIXES,
    Listed,
    Places,
    Row,
    decode,
    list_pictures,
)

__all__ = [
    "ArrayPictures",
    "FilePictures",
    "Listed",
    "Pictures",
    "Row",
    "Sample",
    "find_pictures",
    "list_pictures",
    "pair_files",
]


class Sample(NamedTuple):
    """One picture for training: image (S, S, 3) uint8; reference alike, where it has one; weights
    (S, S) float32, where some of its pixels count more."""

    image: np.ndarray
    reference: np.ndarray | None = None
    weights: np.ndarray | None = None


class Pictures(Protocol):
    """What a trainer takes: so many samples, by number. Anything alike will do."""

    def __len__(self) -> int: ...

    def name(self, index: int) -> str:
        """What to call a picture where something is said of it."""

    def sample(self, index: int, other: int | None = None) -> Sample:
        """The picture of that number, decoded. other: a chance of any size; its reference is then
        not its own, but another picture that has the same. Only runs with `other_reference` ask.
        """


class ArrayPictures:
    """Decoded pictures in memory: pixels (M, S, S, 3) uint8.

    references: pixels alike, or for each picture the number of the one that is its reference.
    weights: (M, S, S) or (1, S, S).
    """

    def __init__(
        self,
        pixels: np.ndarray,
        names: Sequence[str] | None = None,
        *,
        references: np.ndarray | Sequence[int] | None = None,
        weights: np.ndarray | None = None,
    ) -> None:
        if pixels.ndim != 4 or pixels.shape[3] != 3 or pixels.dtype != np.uint8 or not len(pixels):
            raise VQTokenizerError(
                f"ArrayPictures: pixels must be uint8 (M, S, S, 3), got {pixels.dtype} "
                f"{pixels.shape}"
            )
        self.pixels, self.weights = pixels, weights
        self.names = list(names) if names is not None else [str(i) for i in range(len(pixels))]
        self.references = None if references is None else np.asarray(references)

    def __len__(self) -> int:
        return len(self.pixels)

    def name(self, index: int) -> str:
        """The name as given, or the number."""
        return self.names[index]

    def sample(self, index: int, other: int | None = None) -> Sample:
        """The picture of that number. Raises VQTokenizerError for an `other` where references are
        no pictures of the set.
        """
        reference = None
        if self.references is not None:
            if other is not None and self.references.ndim > 1:
                raise VQTokenizerError(
                    "ArrayPictures: other_reference needs references that are numbers of pictures"
                )
            found = self.references[index]
            if other is not None:
                found = np.asarray(_other(self.references, index, other))
            reference = self.pixels[int(found)] if found.ndim == 0 else found
        weights = None if self.weights is None else self.weights[index % len(self.weights)]
        return Sample(self.pixels[index], reference, weights)


class FilePictures:
    """Pictures in files and in tar shards, decoded one by one: centre square, resized to S x S.

    Made by `find_pictures` and `pair_files`. count: how many of the places are pictures; those
    behind them are references alone.
    """

    def __init__(
        self,
        places: Places,
        size: int,
        *,
        references: np.ndarray | None = None,
        boxes: np.ndarray | None = None,
        box_weight: float = 1.0,
        count: int | None = None,
    ) -> None:
        self._places, self.size, self._references = places, size, references
        self._boxes, self._box_weight = boxes, box_weight
        self._count = len(places) if count is None else count

    def __len__(self) -> int:
        return self._count

    def name(self, index: int) -> str:
        """Its path, in a shard the shard's followed by its name in there."""
        return self._places.path(index)

    def boxes(self, index: int) -> np.ndarray | None:
        """Regions of a picture (R, 4): top, left, bottom, right in shares of its side."""
        return None if self._boxes is None else self._boxes[index]

    def reference(self, index: int) -> int:
        """The number of a picture's reference."""
        assert self._references is not None
        return int(self._references[index])

    def sample(self, index: int, other: int | None = None) -> Sample:
        """The picture of that number. Raises VQTokenizerError naming a file that is none."""
        image = self.decode(index)
        reference = None
        if self._references is not None:
            at = self.reference(index)
            if other is not None:
                at = _other(self._references, index, other)
            reference = image if at == index else self.decode(at)
        return Sample(image, reference, self._weigh(index))

    def decode(self, index: int) -> np.ndarray:
        """(S, S, 3) uint8."""
        return decode(self._places.read(index), self.size, self.name(index))

    def load(self) -> ArrayPictures:
        """All of them decoded, for small sets: S x S x 3 bytes a picture."""
        every = range(len(self))
        pixels = np.stack([self.decode(i) for i in every])
        weights = None
        if self._boxes is not None:
            weights = np.stack([self._weigh(i) for i in every])  # type: ignore[misc]
        references = self._references
        if references is not None and references.max() >= len(self):
            references = np.stack([self.decode(int(i)) for i in references])
        names = [self.name(i) for i in every]
        return ArrayPictures(pixels, names, references=references, weights=weights)

    def _weigh(self, index: int) -> np.ndarray | None:
        """(S, S): 1, and more inside the boxes."""
        if self._boxes is None:
            return None
        plane = np.ones((self.size, self.size), dtype=np.float32)
        for top, left, bottom, right in np.rint(self._boxes[index] * self.size).astype(int):
            plane[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)] = 1 + self._box_weight
        return plane


def find_pictures(
    folder: str | os.PathLike[str],
    size: int,
    *,
    split: str | None = None,
    reference: str | None = None,
    boxes: Callable[[Row], npt.ArrayLike] | None = None,
    box_weight: float = 1.0,
) -> FilePictures:
    """The pictures of a folder, or of one split of it, in a fixed order.

    reference: the field of a picture's row that has the `file_name` of its reference. boxes: the
    same number of regions (top, left, bottom, right, in shares of the side) of every row, whose
    pixels weigh 1 + box_weight. Both need rows: metadata.jsonl, or .json files in the shards.
    Raises VQTokenizerError when there is no folder or not one picture in it, or naming a row.
    """
    places, named = Places(), {}
    at, later = array.array("q"), {}
    regions, shapes = array.array("f"), set()
    for number, found in enumerate(list_pictures(folder, split)):
        places.add(found.home, found.name, found.offset, found.size)
        if reference is not None:
            named[found.row.get("file_name", found.name)] = number
            wanted = str(found.row.get(reference))
            at.append(named.get(wanted, -1))
            if at[-1] < 0:
                later[number] = wanted
        if boxes is not None:
            made = _regions(boxes, found)
            shapes.add(made.shape)
            regions.extend(made.ravel().tolist())
    if not len(places):
        raise VQTokenizerError(
            f"{folder}: no pictures there (looked for {', '.join(IMAGE_SUFFIXES)} and .tar); "
            "give a folder of pictures"
        )
    if len(shapes) > 1:
        raise VQTokenizerError(f"{folder}: rows have different numbers of regions, {shapes}")
    for number, wanted in later.items():
        if wanted not in named:
            raise VQTokenizerError(
                f"{places.path(number)}: its {reference} is {wanted!r}, which is not among the "
                "pictures; give rows that name one of them"
            )
        at[number] = named[wanted]
    numbers = np.array(at) if reference is not None else None
    stacked = np.array(regions).reshape(len(places), -1, 4) if boxes is not None else None
    return FilePictures(places, size, references=numbers, boxes=stacked, box_weight=box_weight)


def pair_files(
    pairs: Sequence[tuple[str | os.PathLike[str], str | os.PathLike[str]]], size: int
) -> FilePictures:
    """Pictures and their references as (file, reference file), for those that lie anywhere.

    The references are not pictures themselves, unless a pair says so.
    """
    if not pairs:
        raise VQTokenizerError("pair_files: no pairs")
    places, at = Places(), {}
    for file, _ in pairs:
        places.add("", os.fspath(file))
    for _, beside in pairs:
        if (path := os.fspath(beside)) not in at:
            at[path] = len(places)
            places.add("", path)
    numbers = np.array([at[os.fspath(beside)] for _, beside in pairs], dtype=np.int64)
    return FilePictures(places, size, references=numbers, count=len(pairs))


def _other(references: np.ndarray, index: int, chance: int) -> int:
    """Another picture with the same reference, as `chance` has it; the reference where none is."""
    same = np.flatnonzero(references == references[index])
    same = same[same != index]
    return int(same[chance % len(same)]) if len(same) else int(references[index])


def _regions(boxes: Callable[[Row], npt.ArrayLike], found: Listed) -> np.ndarray:
    where = found.path
    try:
        made = np.asarray(boxes(found.row), dtype=np.float32)
    except (KeyError, TypeError, ValueError) as error:
        raise VQTokenizerError(f"{where}: its row has no regions ({error!r})") from None
    if made.ndim != 2 or made.shape[1] != 4 or not np.isfinite(made).all():
        raise VQTokenizerError(
            f"{where}: its row's regions must be finite (R, 4), got {made.shape}"
        )
    return made
