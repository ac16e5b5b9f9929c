"""A corpus as tar shards, by WebDataset's convention: members of one sample share their key.

``train-000000.tar`` holds ``KEY.png`` (or the picture's own suffix), ``KEY.txt`` (the text) and
``KEY.json`` (the row as it stands in metadata.jsonl). KEY is the picture's path without its
suffix; dots, which would end it, and % are written %2E and %25, so that two pictures never share
a key. Where two rows name one picture, or two pictures differ in their suffix alone, the later
ends in %row and its number. Times and owners are left out: the same corpus gives the same bytes.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path, PurePosixPath

from facs_text._errors import FacsTextError
from facs_text.corpus._paths import safe_name
from facs_text.corpus._rows import CorpusRow, check_split, parse_row, read
from facs_text.corpus._splits import SPLITS
from facs_text.files import contents, whole

__all__ = ["read_shard", "read_shards", "shard_name", "write_shard", "write_shards"]

_MAX_MEMBER = 1 << 28  # bytes of a picture or a row that are read from a shard


def shard_name(split: str, number: int) -> str:
    """File name of the number-th shard of a split."""
    return f"{check_split(split)}-{number:06d}.tar"


def write_shards(folder: str | Path, out: str | Path, *, per_shard: int = 1000) -> Iterator[Path]:
    """Write OUT/SPLIT-NUMBER.tar for each split of a corpus; yields each path when it is whole."""
    folder, out = Path(folder), Path(out)
    if per_shard < 1:
        raise FacsTextError(f"per_shard is {per_shard}; expected at least 1")
    splits = [s for s in SPLITS if (folder / s / "metadata.jsonl").is_file()]
    if not splits:
        raise FacsTextError(f"{folder}: no split with a metadata.jsonl; not a corpus")
    out.mkdir(parents=True, exist_ok=True)
    for split in splits:
        keys = _Keys()
        rows = ((keys.of(row), row) for row in read(folder, split))
        for number in range(1 << 62):
            part = list(islice(rows, per_shard))
            if not part:
                break
            path = out / shard_name(split, number)
            within = folder / split
            _write(path, ((key, row, _picture(within, row)) for key, row in part))
            yield path


class _Keys:
    """The key of each row of a split, which no other row has."""

    def __init__(self) -> None:
        self._seen: set[int] = set()
        self._count = 0

    def of(self, row: CorpusRow) -> str:
        stem = PurePosixPath(row.file_name).with_suffix("").as_posix()
        key = stem.replace("%", "%25").replace(".", "%2E")
        if hash(key) in self._seen:
            key = f"{key}%row{self._count}"
        self._seen.add(hash(key))
        self._count += 1
        return key


def write_shard(path: str | Path, samples: Iterable[tuple[CorpusRow, bytes]]) -> None:
    """Write one shard from rows and the bytes of their pictures, which are taken one by one.

    The shard is there when all of it is. What stands in `samples` decides its bytes.
    """
    keys = _Keys()
    _write(Path(path), ((keys.of(row), row, data) for row, data in samples))


def _picture(folder: Path, row: CorpusRow) -> bytes:
    try:
        return contents(folder / row.file_name)
    except (OSError, ValueError) as error:
        raise FacsTextError(
            f"{folder / row.file_name}: {getattr(error, 'strerror', None) or error}"
        ) from None


def _write(path: Path, samples: Iterable[tuple[str, CorpusRow, bytes]]) -> None:
    with whole(path) as part, tarfile.open(part, "x", format=tarfile.PAX_FORMAT) as tar:
        for key, row, data in samples:
            _add(tar, f"{key}{PurePosixPath(row.file_name).suffix}", data)
            _add(tar, f"{key}.txt", row.text.encode())
            _add(tar, f"{key}.json", row.to_json().encode())


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    tar.addfile(info, io.BytesIO(data))


def read_shards(folder: str | Path, split: str = "train") -> Iterator[tuple[CorpusRow, bytes]]:
    """(row, its picture's bytes) of the shards of a split, in order; nothing is unpacked to disk.

    FacsTextError names the shard and member for one that is cut, a link, or whose name is
    absolute or climbs.
    """
    paths = sorted(Path(folder).glob(f"{check_split(split)}-*.tar"))
    if not paths:
        raise FacsTextError(f"{folder}: no shards named {shard_name(split, 0)} and so on")
    for path in paths:
        yield from read_shard(path)


def read_shard(path: str | Path) -> Iterator[tuple[CorpusRow, bytes]]:
    """(row, its picture's bytes) of one shard, in order; errors as those of read_shards."""
    path = Path(path)
    try:
        with tarfile.open(path, "r:") as tar:
            yield from _samples(path, tar)
    except (tarfile.TarError, OSError, EOFError) as error:
        raise FacsTextError(f"{path}: {error}") from None


def _samples(path: Path, tar: tarfile.TarFile) -> Iterator[tuple[CorpusRow, bytes]]:
    key, done = "", True
    picture: bytes | None = None
    row: CorpusRow | None = None
    for member in tar:
        where = f"{path}, {member.name[:80]!r}"
        try:
            name = safe_name(member.name, "member")
        except FacsTextError as error:
            raise FacsTextError(f"{path}: {error}") from None
        if not member.isreg() or member.size > _MAX_MEMBER:
            raise FacsTextError(f"{where}: expected a file of at most {_MAX_MEMBER} bytes")
        head, _, base = name.rpartition("/")
        stem, _, suffix = base.partition(".")
        this = f"{head}/{stem}"
        if this != key:
            if not done:
                raise FacsTextError(f"{where}: the sample before has no picture or no row")
            key, picture, row, done = this, None, None, False
        stream = tar.extractfile(member)
        data = b"" if stream is None else stream.read()
        if suffix == "json":
            try:
                row = parse_row(data.decode("utf-8"))
            except (UnicodeDecodeError, FacsTextError) as error:
                raise FacsTextError(f"{where}: {error}") from None
        elif suffix != "txt" and picture is None:
            picture = data
        if picture is not None and row is not None and not done:
            done = True
            yield row, picture
    if not done:
        raise FacsTextError(f"{path}: its last sample has no picture or no row; is it cut short?")
