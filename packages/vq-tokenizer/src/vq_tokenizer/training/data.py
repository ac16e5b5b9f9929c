"""Pictures of a folder as one uint8 array in memory, and batches that depend on seed and step only.

Any folder works (searched through, in sorted order). Where the folder has `train`, `valid` or
`test` below it, those are its splits; where a split has a `metadata.jsonl` (the Hugging Face
image-folder layout), its `file_name`s are the pictures, in the order of the file; where it has
`.tar` files (WebDataset shards), the pictures in them are, in the order of the shards.

Shapes: M pictures, B batch, S side in pixels.
"""

from __future__ import annotations

import json
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from vq_tokenizer.errors import VQTokenizerError
from vq_tokenizer.pictures import read_rgb

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["IMAGE_SUFFIXES", "ImageArray", "find_images", "load_images", "sample_batch"]

IMAGE_SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".webp")
_MOST_BYTES = 1 << 28  # of a picture in a shard


class ImageArray:
    """Decoded pictures: pixels (M, S, S, 3) uint8, names M paths relative to root."""

    def __init__(self, pixels: np.ndarray, names: list[str]) -> None:
        self.pixels, self.names = pixels, names

    def __len__(self) -> int:
        return len(self.names)

    def batch(self, index: Tensor, flips: Tensor | None = None) -> Tensor:
        """Pictures by index (B,) as (B, 3, S, S) float32 in [0, 1], channels last in memory."""
        chosen = torch.from_numpy(self.pixels[index.numpy()])  # (B, S, S, 3)
        images = chosen.permute(0, 3, 1, 2).to(torch.float32) / 255
        if flips is not None:
            images = torch.where(flips[:, None, None, None], images.flip(3), images)
        return images.contiguous(memory_format=torch.channels_last)


def find_images(folder: str | os.PathLike[str], split: str | None = None) -> list[Path]:
    """Paths of the pictures of a folder, or of one split of it, in a fixed order.

    A picture in a shard has the shard's path followed by its name in there.
    Raises VQTokenizerError when there is no folder or not one picture in it.
    """
    root = Path(folder)
    if not root.is_dir():
        raise VQTokenizerError(f"{root}: no such folder")
    if split is not None and (root / split).is_dir():
        root = root / split
    listing = root / "metadata.jsonl"
    shards = sorted(root.glob("*.tar"))
    if listing.is_file():
        paths = list(_listed(listing))
    elif shards:
        paths = [shard / name for shard in shards for name in _names(shard)]
    else:
        paths = sorted(
            p for p in root.rglob("*") if p.suffix.lower() in IMAGE_SUFFIXES and p.is_file()
        )
    if not paths:
        raise VQTokenizerError(
            f"{root}: no pictures there (looked for {', '.join(IMAGE_SUFFIXES)} and .tar); give a "
            "folder of pictures"
        )
    return paths


def _listed(listing: Path) -> Iterator[Path]:
    root = listing.parent.parent
    with open(listing, "rb") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:  # a line that is not UTF-8 is a ValueError
                name = _inside(json.loads(line)["file_name"])
            except (ValueError, KeyError, TypeError, RecursionError):
                raise VQTokenizerError(
                    f"{listing}:{number}: expected a JSON object with file_name, a path below "
                    f"{listing.parent}"
                ) from None
            path = listing.parent / name
            # A split's rows may name a picture of another split of the corpus by a link, no other.
            if not os.path.realpath(path).startswith(os.path.realpath(root) + os.sep):
                raise VQTokenizerError(f"{listing}:{number}: {name} is a link that leads out")
            yield path


def _inside(name: object) -> str:
    """A name below its folder, without "./"; ValueError for one that is absolute or climbs."""
    if not isinstance(name, str) or "\0" in name or name.startswith("/"):
        raise ValueError(name)
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if not parts or ".." in parts:
        raise ValueError(name)
    name.encode()  # UnicodeEncodeError, a ValueError, for a lone surrogate
    return "/".join(parts)


def _members(archive: tarfile.TarFile, shard: Path) -> dict[str, tarfile.TarInfo]:
    """The pictures of a shard by name."""
    found = {}
    for member in archive:
        if member.isfile() and member.name.lower().endswith(IMAGE_SUFFIXES):
            try:
                found[_inside(member.name)] = member
            except ValueError:
                raise VQTokenizerError(
                    f"{shard}: its member {member.name[:80]!r} is absolute or climbs out"
                ) from None
            if member.size > _MOST_BYTES:
                raise VQTokenizerError(
                    f"{shard}: its member {member.name[:80]!r} says {member.size} bytes"
                )
    return found


def _open_shard(shard: Path) -> tuple[tarfile.TarFile, dict[str, tarfile.TarInfo]]:
    try:
        archive = tarfile.open(shard, "r:")  # noqa: SIM115 - see _Opener.close
        try:
            return archive, _members(archive, shard)
        except BaseException:
            archive.close()
            raise
    except (tarfile.TarError, OSError, EOFError, ValueError) as error:
        if isinstance(error, VQTokenizerError):
            raise
        raise VQTokenizerError(f"{shard}: cannot be read as a tar file: {error}") from None


def _names(shard: Path) -> list[str]:
    archive, members = _open_shard(shard)
    archive.close()
    return list(members)


class _Opener:
    """Opens files, and members of tar files, of which it keeps the last one open."""

    def __init__(self) -> None:
        self.path: Path | None = None
        self.archive: tarfile.TarFile | None = None
        self.members: dict[str, tarfile.TarInfo] = {}

    def __call__(self, path: Path) -> Path | bytes:
        shard = next((p for p in path.parents if p.suffix == ".tar" and p.is_file()), None)
        if shard is None:
            return path
        if shard != self.path:
            self.close()
            self.archive, self.members = _open_shard(shard)
            self.path = shard
        assert self.archive is not None
        try:
            file = self.archive.extractfile(self.members[path.relative_to(shard).as_posix()])
            return b"" if file is None else file.read()
        except (tarfile.TarError, OSError, EOFError, KeyError) as error:
            raise VQTokenizerError(f"{path}: cannot be read from its shard: {error}") from None

    def close(self) -> None:
        if self.archive is not None:
            self.archive.close()
        self.path = self.archive = None


def load_images(paths: list[Path], size: int, *, root: Path | None = None) -> ImageArray:
    """Decode pictures once: centre square, resized to size x size where it is not that already.

    Raises VQTokenizerError naming the first file that is no picture, or where Pillow is missing.
    """
    pixels = np.empty((len(paths), size, size, 3), dtype=np.uint8)
    opener = _Opener()
    try:
        for i, path in enumerate(paths):
            pixels[i] = _square(read_rgb(opener(path), path), size)
    finally:
        opener.close()
    base = root or Path(os.path.commonpath([p.parent for p in paths]))
    return ImageArray(pixels, [os.path.relpath(p, base) for p in paths])


def _square(picture: Image.Image, size: int) -> np.ndarray:
    """The middle square of a picture, (size, size, 3) uint8."""
    if picture.size != (size, size):
        side = min(picture.size)
        left, top = (picture.width - side) // 2, (picture.height - side) // 2
        box = (left, top, left + side, top + side)
        # 1 is LANCZOS; Pillow itself is imported where a picture is read.
        picture = picture.resize((size, size), 1, box=box)
    return np.asarray(picture)


def sample_batch(
    count: int, batch: int, step: int, seed: int, *, flip: bool = True
) -> tuple[Tensor, Tensor]:
    """Which pictures a step uses and which of them are mirrored: (batch,) int64, (batch,) bool.

    Every epoch is one shuffle of all pictures; the answer depends on the arguments only, so
    training can go on from any step.
    """
    first = step * batch
    picks: list[Tensor] = []
    while sum(map(len, picks)) < batch:
        epoch, offset = divmod(first + sum(map(len, picks)), count)
        generator = torch.Generator().manual_seed(seed * 1_000_003 + epoch)
        order = torch.randperm(count, generator=generator)
        picks.append(order[offset : offset + batch - sum(map(len, picks))])
    generator = torch.Generator().manual_seed(seed * 1_000_003 + step + (1 << 40))
    flips = torch.rand(batch, generator=generator) < 0.5
    return torch.cat(picks), flips & flip
