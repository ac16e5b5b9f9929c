"""Pictures of a folder or of tar shards: which there are, where their bytes lie, what they show.

Any folder works (searched through, in sorted order). Where it has `train`, `valid` or `test` below
it, those are its splits; where a split has a `metadata.jsonl` (the Hugging Face image-folder
layout), its `file_name`s are the pictures, in the order of the file; where it has `.tar` files
(WebDataset shards, of a split where their names begin with it: `train-000000.tar`), the pictures in
them are, in the order of the shards, and their rows are the `.json` beside them.
"""

from __future__ import annotations

import array
import io
import json
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from vq_tokenizer.errors import VQTokenizerError
from vq_tokenizer.pictures import read_rgb

__all__ = ["IMAGE_SUFFIXES", "Listed", "Places", "Row", "decode", "list_pictures"]

IMAGE_SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".webp")
Row = dict[str, Any]
_MOST_BYTES = 1 << 28  # of a picture or a row in a shard


class Listed(NamedTuple):
    """A picture of a folder: where it lies (a folder, or a shard), its name there, its row, and in
    a shard its first byte and its length.
    """

    home: str
    name: str
    row: Row
    offset: int = -1
    size: int = -1

    @property
    def path(self) -> str:
        """The file's path; in a shard the shard's, followed by the name in there."""
        return os.path.join(self.home, self.name)

    def open(self) -> BinaryIO:
        """The picture's bytes, as a file. Raises OSError."""
        if self.offset < 0:
            return open(self.path, "rb")
        with open(self.home, "rb") as stream:
            stream.seek(self.offset)
            return io.BytesIO(stream.read(self.size))


def list_pictures(folder: str | os.PathLike[str], split: str | None = None) -> Iterator[Listed]:
    """The pictures of a folder, or of one split of it, with their rows, one by one, in order.

    Raises VQTokenizerError when there is no folder, naming a row or a shard that cannot be read.
    """
    root = Path(folder)
    if not root.is_dir():
        raise VQTokenizerError(f"{root}: no such folder")
    if split is not None and (root / split).is_dir():
        root = root / split
    listing = root / "metadata.jsonl"
    shards = sorted(root.glob("*.tar"))
    if split is not None and any(shard.name.startswith(f"{split}-") for shard in shards):
        shards = [shard for shard in shards if shard.name.startswith(f"{split}-")]
    if listing.is_file():
        yield from _listed(listing)
    elif shards:
        for shard in shards:
            yield from _members(shard)
    else:
        for path in sorted(root.rglob("*")):
            if path.suffix.lower() in IMAGE_SUFFIXES and path.is_file():
                name = path.relative_to(root).as_posix()
                yield Listed(os.fspath(root), name, {"file_name": name})


def _listed(listing: Path) -> Iterator[Listed]:
    root = os.path.realpath(listing.parent.parent) + os.sep
    with open(listing, "rb") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            row = _row(line, f"{listing}:{number}")
            path = listing.parent / row["file_name"]
            # A split's rows may name a picture of another split of the corpus by a link, no other.
            if not os.path.realpath(path).startswith(root):
                raise VQTokenizerError(
                    f"{listing}:{number}: {row['file_name']} is a link that leads out"
                )
            yield Listed(os.fspath(listing.parent), row["file_name"], row)


def _row(line: bytes, where: str) -> Row:
    try:  # a line that is not UTF-8 is a ValueError
        row = dict(json.loads(line))
        row["file_name"] = inside(row["file_name"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise VQTokenizerError(
            f"{where}: expected a JSON object with file_name, a path below its folder"
        ) from None
    return row


def inside(name: object) -> str:
    """A name below its folder, without "./"; ValueError for one that is absolute or climbs."""
    if not isinstance(name, str) or "\0" in name or name.startswith("/"):
        raise ValueError(name)
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if not parts or ".." in parts:
        raise ValueError(name)
    name.encode()  # UnicodeEncodeError, a ValueError, for a lone surrogate
    return "/".join(parts)


def _members(shard: Path) -> Iterator[Listed]:
    """Pictures of a shard with the rows that share their key."""
    pictures: dict[str, tarfile.TarInfo] = {}
    rows: dict[str, Row] = {}
    try:
        with tarfile.open(shard, "r:") as archive:
            for member in archive:
                if member.isfile():
                    _check_member(shard, member)
                key = member.name.rpartition("/")[0] + "/" + Path(member.name).name.split(".")[0]
                suffix = Path(member.name).suffix.lower()
                if member.isfile() and suffix in IMAGE_SUFFIXES:
                    pictures[key] = member
                elif member.isfile() and suffix == ".json":
                    stream = archive.extractfile(member)
                    assert stream is not None
                    rows[key] = _row(stream.read(), f"{shard}, {member.name}")
    except VQTokenizerError:
        raise
    except (tarfile.TarError, OSError, EOFError, ValueError) as error:
        raise VQTokenizerError(f"{shard}: cannot be read as a tar file: {error}") from None
    for key, member in pictures.items():
        name = inside(member.name)
        row = rows.get(key, {"file_name": name})
        yield Listed(os.fspath(shard), name, row, member.offset_data, member.size)


def _check_member(shard: Path, member: tarfile.TarInfo) -> None:
    try:
        inside(member.name)
    except ValueError:
        raise VQTokenizerError(
            f"{shard}: its member {member.name[:80]!r} is absolute or climbs out"
        ) from None
    if member.size > _MOST_BYTES:
        raise VQTokenizerError(f"{shard}: its member {member.name[:80]!r} says {member.size} bytes")


class Places:
    """Where each picture lies: a folder and a name in it, or a shard, a name, first byte, length.

    Arrays from the start: 32 bytes a picture and its name, and no object of its own.
    """

    def __init__(self) -> None:
        self._homes: list[str] = []
        self._rows = array.array("q")  # home, first byte or -1, length, end of the name
        self._names = bytearray()

    def add(self, home: str, name: str, offset: int = -1, size: int = -1) -> None:
        """A picture: a file of that name in a folder, or a part of a shard."""
        if not self._homes or self._homes[-1] != home:
            self._homes.append(home)
        self._names += name.encode()
        self._rows.extend((len(self._homes) - 1, offset, size, len(self._names)))

    def __len__(self) -> int:
        return len(self._rows) // 4

    def path(self, index: int) -> str:
        """The file, in a shard followed by the name in there."""
        first = self._rows[4 * index - 1] if index else 0
        name = self._names[first : self._rows[4 * index + 3]].decode()
        return os.path.join(self._homes[self._rows[4 * index]], name)

    def read(self, index: int) -> bytes:
        """The picture's bytes."""
        home, offset, size, _ = self._rows[4 * index : 4 * index + 4]
        if not os.path.isfile(self.path(index) if offset < 0 else self._homes[home]):
            raise VQTokenizerError(f"{self.path(index)}: No such file")  # or a pipe, which waits
        try:
            if offset < 0:
                return Path(self.path(index)).read_bytes()
            with open(self._homes[home], "rb") as stream:
                stream.seek(offset)
                return stream.read(size)
        except OSError as error:
            raise VQTokenizerError(f"{self.path(index)}: {error.strerror or error}") from None


def decode(content: bytes, size: int, name: str) -> np.ndarray:
    """(size, size, 3) uint8 of a picture file: its centre square, resized where it must be.

    Raises VQTokenizerError naming it where it is no picture, or where Pillow is missing.
    """
    picture = read_rgb(content, name)
    if picture.size != (size, size):
        side = min(picture.size)
        left, top = (picture.width - side) // 2, (picture.height - side) // 2
        box = (left, top, left + side, top + side)
        # 1 is LANCZOS; Pillow itself is imported where a picture is read.
        picture = picture.resize((size, size), 1, box=box)
    return np.asarray(picture)
