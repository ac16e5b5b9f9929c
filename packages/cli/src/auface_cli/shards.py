"""A corpus as tar shards, by WebDataset's convention: members of one sample share their basename.

`train-000000.tar` holds `KEY.png` (or the picture's own suffix), `KEY.txt` (the text) and
`KEY.json` (the row as it stands in metadata.jsonl). KEY is the picture's path with / and .
replaced. Times and owners are left out, so that the same corpus gives the same bytes.
"""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from facs_text import FacsTextError, corpus

__all__ = ["write_shards"]


def write_shards(folder: Path, out: Path, *, per_shard: int) -> Iterator[Path]:
    """Write OUT/SPLIT-NUMBER.tar for each split; yields each path when it is whole."""
    splits = [s for s in corpus.SPLITS if (folder / s / "metadata.jsonl").is_file()]
    if not splits:
        raise FacsTextError(f"{folder}: no split with a metadata.jsonl; not a corpus")
    out.mkdir(parents=True, exist_ok=True)
    for split in splits:
        for number, rows in enumerate(_chunks(corpus.read(folder, split), per_shard)):
            path = out / f"{split}-{number:06d}.tar"
            beside = path.with_name(path.name + ".part")
            with tarfile.open(beside, "w") as tar:
                for row in rows:
                    name = Path(row.file_name)
                    key = name.with_suffix("").as_posix().replace("/", "_").replace(".", "_")
                    _add(tar, f"{key}{name.suffix}", (folder / split / name).read_bytes())
                    _add(tar, f"{key}.txt", row.text.encode())
                    _add(tar, f"{key}.json", row.to_json().encode())
            os.replace(beside, path)
            yield path


def _chunks(rows: Iterator[corpus.CorpusRow], size: int) -> Iterator[list[corpus.CorpusRow]]:
    while part := list(islice(rows, size)):
        yield part


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    tar.addfile(info, io.BytesIO(data))
