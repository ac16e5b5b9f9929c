"""What networks see in pictures on disk, streamed: memory does not grow with their number.

A detector says what each face does. Beside it, where there are such networks: who it is, what is
torn, and the features that realism is measured in. Photographs are aligned first where that is
asked for; those without a face are masked out and counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from aaad.errors import AAADError
from aaad.images import Picture, TruePicture
from aaad.pictures import read_photo, resized

if TYPE_CHECKING:
    from aaad.align.finder import Finder
    from aaad.detector import Detector
    from aaad.identity import Identity
    from aaad.tears import Tears

__all__ = ["Eyes", "Look", "look", "true_features"]

Tell = Callable[[str], None]
_TOGETHER = 64
"""Pictures in memory at once."""
_MOST_TRUE = 2000
"""True pictures that features are taken of: the distance hardly moves beyond."""


@dataclass(frozen=True)
class Eyes:
    """The networks that look. `align`: pictures are photographs, not yet the corpus's crop;
    `finder` then says where faces are (the Haar cascade unless told)."""

    detector: Detector
    identity: Identity | None = None
    tears: Tears | None = None
    align: bool = False
    finder: Finder | None = None


@dataclass
class Look:
    """What was seen of N pictures: pred and rest (N, A, 6), mask (N, A); `extra` holds features,
    identity, identity_rest and tears, N rows each."""

    pred: NDArray[np.float32]
    rest: NDArray[np.float32]
    mask: NDArray[np.bool_]
    extra: dict[str, NDArray[Any]] = field(default_factory=dict)


def look(eyes: Eyes, pictures: Sequence[Picture], *, with_rest: bool, tell: Tell) -> Look:
    """See each picture, and its person at rest where `with_rest`."""
    count, columns = len(pictures), len(eyes.detector.columns)
    out = Look(
        pred=np.zeros((count, columns, 6), np.float32),
        rest=np.zeros((count, columns, 6), np.float32),
        mask=np.ones((count, columns), bool),
    )
    out.pred[..., 0] = out.rest[..., 0] = 1.0
    reader = _Reader(eyes, tell)
    known: dict[Path, dict[str, NDArray[Any]]] = {}
    for start in range(0, count, _TOGETHER):
        part = pictures[start : start + _TOGETHER]
        photos = [reader(p.path) for p in part]
        rows = np.array([start + i for i, photo in enumerate(photos) if photo is not None])
        out.mask[[start + i for i, photo in enumerate(photos) if photo is None]] = False
        if not len(rows):
            continue
        here = [photo for photo in photos if photo is not None]
        still = None
        if with_rest:
            still = _at_rest(eyes, [pictures[i] for i in rows], known, reader)
        _see(eyes, out, rows, here, still)
    reader.tell_all()
    return out


def _see(
    eyes: Eyes,
    out: Look,
    rows: NDArray[np.int64],
    photos: list[NDArray[np.uint8]],
    still: list[dict[str, NDArray[Any]]] | None,
) -> None:
    """One batch: `rows` of what was seen, from photos and what is known of the people at rest."""
    images = _stack(photos, eyes.detector.size)
    rest = None if still is None else np.stack([one["pixels"] for one in still])
    out.pred[rows] = eyes.detector(images, rest)
    _put(out, "features", rows, eyes.detector.embed(images))
    if eyes.tears is not None:
        chances = eyes.tears(_stack(photos, eyes.tears.size))
        _put(out, "tears", rows, eyes.tears.flagged(chances))
    if still is not None:
        out.rest[rows] = np.stack([one["pred"] for one in still])
        if eyes.identity is not None:
            _put(out, "identity", rows, eyes.identity(_stack(photos, eyes.identity.size)))
            _put(out, "identity_rest", rows, np.stack([one["identity"] for one in still]))


def _put(out: Look, name: str, rows: NDArray[np.int64], values: NDArray[Any]) -> None:
    if name not in out.extra:
        out.extra[name] = np.zeros((len(out.pred), *values.shape[1:]), values.dtype)
    out.extra[name][rows] = values


def _at_rest(
    eyes: Eyes,
    pictures: Sequence[Picture],
    known: dict[Path, dict[str, NDArray[Any]]],
    reader: _Reader,
) -> list[dict[str, NDArray[Any]]]:
    """Of each picture's person at rest the pixels, what is seen in them and who it is; kept but
    for the pixels, which are read again for the next batch."""
    pixels: dict[Path, NDArray[np.uint8]] = {}
    for path in dict.fromkeys(p.neutral for p in pictures if p.neutral is not None):
        photo = reader(path)
        if photo is None:
            raise AAADError(f"{path}: no face was found at rest; leave its pictures out")
        pixels[path] = resized(photo, eyes.detector.size)
        if path not in known:
            face = pixels[path][None]
            known[path] = {"pred": eyes.detector(face, face)[0]}
            if eyes.identity is not None:
                seen = eyes.identity(resized(photo, eyes.identity.size)[None])
                known[path]["identity"] = seen[0]
    return [{**known[p.neutral], "pixels": pixels[p.neutral]} for p in pictures if p.neutral]


def _stack(photos: Sequence[NDArray[np.uint8]], size: int) -> NDArray[np.uint8]:
    return np.stack([resized(photo, size) for photo in photos])


class _Reader:
    """Pictures as uint8 (H, W, 3), aligned where that is asked for; None where no face is."""

    def __init__(self, eyes: Eyes, tell: Tell) -> None:
        self._eyes, self._tell = eyes, tell
        self._without: list[Path] = []
        self._several = 0

    def __call__(self, path: Path) -> NDArray[np.uint8] | None:
        photo = read_photo(path)
        if not self._eyes.align:
            return photo
        from aaad.align import NoFaceError, align

        try:
            found = align(photo, size=max(256, self._eyes.detector.size), finder=self._eyes.finder)
        except NoFaceError:
            self._without.append(path)
            return None
        self._several += bool(found.note)
        return found.image

    def tell_all(self) -> None:
        """Say what was counted."""
        if self._several:
            self._tell(
                f"{self._several} pictures show several faces; the largest was taken of each"
            )
        if self._without:
            names = ", ".join(path.name for path in self._without[:3])
            more = ", ..." if len(self._without) > 3 else ""
            self._tell(f"{len(self._without)} pictures show no face ({names}{more})")


def true_features(
    eyes: Eyes, pictures: Sequence[TruePicture], *, tell: Tell
) -> tuple[NDArray[np.float32], list[str]]:
    """Features (M, D) of true pictures and their people; of more than 2,000 every n-th."""
    step = -(-len(pictures) // _MOST_TRUE)
    chosen = list(pictures)[::step] if step else []
    reader = _Reader(eyes, tell)
    found: list[NDArray[np.float32]] = []
    people: list[str] = []
    for batch in _parts(chosen):
        photos = [(one, reader(one.path)) for one in batch]
        faces = [(one, photo) for one, photo in photos if photo is not None]
        if faces:
            images = _stack([photo for _, photo in faces], eyes.detector.size)
            found.append(eyes.detector.embed(images))
            people += [one.subject for one, _ in faces]
    if not found:
        raise AAADError("--true: none of the true pictures shows a face")
    return np.concatenate(found), people


def _parts(items: list[TruePicture]) -> Iterator[list[TruePicture]]:
    for start in range(0, len(items), _TOGETHER):
        yield items[start : start + _TOGETHER]
