"""Pictures of a folder as one uint8 array in memory, and batches that depend on seed and step only.

Any folder works (searched through, in sorted order). Where the folder has `train`, `valid` or
`test` below it, those are its splits; where a split has a `metadata.jsonl` (the Hugging Face
image-folder layout), its `file_name`s are the pictures, in the order of the file; where it has
`.tar` files (WebDataset shards), the pictures in them are, in the order of the shards.

Shapes: M pictures, B batch, S side in pixels.
"""

from __future__ import annotations

import io
import json
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from vq_tokenizer.errors import VQTokenizerError

__all__ = ["IMAGE_SUFFIXES", "ImageArray", "find_images", "load_images", "sample_batch"]

IMAGE_SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".webp")


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
        paths = [shard / name for shard in shards for name in _members(shard)]
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
    with open(listing, "rb") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                name = json.loads(line)["file_name"]
            except (ValueError, KeyError, TypeError):  # a line that is not UTF-8 is a ValueError
                raise VQTokenizerError(
                    f"{listing}:{number}: expected a JSON object with file_name"
                ) from None
            yield listing.parent / str(name)


def _members(shard: Path) -> list[str]:
    try:
        with tarfile.open(shard) as archive:
            names = [member.name for member in archive if member.isfile()]
    except (tarfile.TarError, OSError) as error:
        raise VQTokenizerError(f"{shard}: cannot be read as a tar file: {error}") from None
    return [name for name in names if name.lower().endswith(IMAGE_SUFFIXES)]


class _Opener:
    """Opens files, and members of tar files, of which it keeps the last one open."""

    def __init__(self) -> None:
        self.path: Path | None = None
        self.archive: tarfile.TarFile | None = None

    def __call__(self, path: Path) -> Path | io.BytesIO:
        shard = next((p for p in path.parents if p.suffix == ".tar" and p.is_file()), None)
        if shard is None:
            return path
        if shard != self.path:
            self.close()
            self.path, self.archive = shard, tarfile.open(shard)  # noqa: SIM115 - see close()
        assert self.archive is not None
        file = self.archive.extractfile(path.relative_to(shard).as_posix())
        assert file is not None
        return io.BytesIO(file.read())

    def close(self) -> None:
        if self.archive is not None:
            self.archive.close()
        self.path = self.archive = None


def load_images(paths: list[Path], size: int, *, root: Path | None = None) -> ImageArray:
    """Decode pictures once: centre square, resized to size x size where it is not that already.

    Raises VQTokenizerError naming the first file that is no picture, or where Pillow is missing.
    """
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError:
        raise VQTokenizerError(
            "reading pictures needs Pillow; pip install 'vq-tokenizer[train]'"
        ) from None

    pixels = np.empty((len(paths), size, size, 3), dtype=np.uint8)
    opener = _Opener()
    for i, path in enumerate(paths):
        try:
            with Image.open(opener(path)) as opened:
                picture = opened.convert("RGB")
        except FileNotFoundError:
            raise VQTokenizerError(f"{path}: no such picture") from None
        except UnidentifiedImageError:
            raise VQTokenizerError(
                f"{path}: cannot be read as a picture: unknown format; remove it or save it again"
            ) from None
        except (
            OSError,
            SyntaxError,
            ValueError,
            tarfile.TarError,
            Image.DecompressionBombError,
        ) as error:
            why = " ".join(str(error).split())
            raise VQTokenizerError(
                f"{path}: cannot be read as a picture: {why}; remove it or save it again"
            ) from None
        if picture.size != (size, size):
            side = min(picture.size)
            left, top = (picture.width - side) // 2, (picture.height - side) // 2
            box = (left, top, left + side, top + side)
            picture = picture.resize((size, size), Image.Resampling.LANCZOS, box=box)
        pixels[i] = np.asarray(picture)
    opener.close()
    base = root or Path(os.path.commonpath([p.parent for p in paths]))
    return ImageArray(pixels, [os.path.relpath(p, base) for p in paths])


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
