"""From whole shards to a corpus: an image folder with its metadata, or the shards as they are.

For an image folder the pictures of a shard are unpacked into their split's folder, its rows are
kept as `.parts/NAME.jsonl`, and its tar is removed. So a shard is whole when its tar is there, or
when its rows and all their pictures are.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import facs_text
from auface_gen.corpus.contact_sheet import corpus_sheet
from auface_gen.corpus.plan import CorpusPlan, Shard
from auface_gen.corpus.sitting import SOURCE
from auface_gen.errors import WorkFailed
from auface_gen.files import cannot_write, write_whole
from facs_text import FacsTextError
from facs_text.corpus import SCHEMA, SPLITS, CorpusRow, CorpusWriter, parse_row, read_shard

__all__ = ["LAYOUTS", "PARTS", "assemble", "is_whole", "shard_folder"]

LAYOUTS = ("folder", "shards")
"""How a corpus lies on disk: an image folder, or WebDataset's tar shards."""

PARTS = ".parts"
"""Folder, within that of a corpus, of what it is made from."""

_LICENCE = "made with ICT-FaceKit (MIT); the pictures are free to use"


def shard_folder(root: Path, layout: str) -> Path:
    """The folder that shards are written to."""
    return root if layout == "shards" else root / PARTS


def is_whole(root: Path, plan: CorpusPlan, shard: Shard, layout: str) -> bool:
    """Whether a shard is made already."""
    if (shard_folder(root, layout) / f"{shard.name}.tar").is_file():
        return True
    return layout == "folder" and _unpacked(root, plan, shard) is not None


def assemble(root: Path, plan: CorpusPlan, layout: str, about: dict[str, Any]) -> None:
    """Put a corpus together, all of whose shards are whole: write its metadata.jsonl, corpus.json
    and contact sheet; about: what corpus.json says of its making.

    Raises WorkFailed when a shard has gone or is damaged, or the disk is full.
    """
    if layout == "shards":
        _describe(root, plan, about)
        return
    for shard in plan.shards():
        _unpack(root, plan, shard)
    for split in SPLITS:
        (root / split / "metadata.jsonl").unlink(missing_ok=True)
    sheet = corpus_sheet(
        (str(row.extra["requested"]), row.subject, root / shard.split / row.file_name)
        for shard, row in _rows(root, plan)
        if row.extra["kind"] == "single"
    )
    if sheet is not None:
        write_whole(root / "sheet.png", sheet)
        about = about | {"contact_sheet": "sheet.png: for the eye; not a row"}
    try:
        with CorpusWriter(root, source=SOURCE, licence=_LICENCE, about=about) as corpus:
            for shard, row in _rows(root, plan):
                corpus.add(row, shard.split)
    except OSError as error:
        raise cannot_write(root / "corpus.json", error) from error


def _describe(root: Path, plan: CorpusPlan, about: dict[str, Any]) -> None:
    """corpus.json of shards, whose counts follow from the plan."""
    told = {
        "schema": SCHEMA,
        "source": SOURCE,
        "licence": _LICENCE,
        "counts": {split: plan.pictures_of(split) for split in SPLITS},
        "subjects": {split: plan.people_of(split) for split in SPLITS},
        "shards": {split: plan.shards_of(split) for split in SPLITS},
        "versions": {"facs-text": facs_text.__version__},
        **about,
    }
    write_whole(root / "corpus.json", (json.dumps(told, indent=2) + "\n").encode())


def _unpack(root: Path, plan: CorpusPlan, shard: Shard) -> None:
    """Put a shard's pictures into the folder of their split, keep its rows, and remove its tar."""
    tar = root / PARTS / f"{shard.name}.tar"
    if not tar.is_file():
        return
    lines, folder = [], root / shard.split
    try:
        for row, picture in read_shard(tar):
            write_whole(folder / row.file_name, picture)
            lines.append(row.to_json() + "\n")
    except FacsTextError as error:
        raise WorkFailed(f"{error}; remove {tar} and run the same command again") from None
    write_whole(_rows_file(root, shard), "".join(lines).encode())
    if _unpacked(root, plan, shard) is not None:
        tar.unlink()


def _rows_file(root: Path, shard: Shard) -> Path:
    return root / PARTS / f"{shard.name}.jsonl"


def _unpacked(root: Path, plan: CorpusPlan, shard: Shard) -> list[CorpusRow] | None:
    """The rows of a shard that is unpacked whole: None when they are missing or cut, or when one
    of its pictures is gone, and it must be made again.
    """
    try:
        text = _rows_file(root, shard).read_text("utf-8")
        rows = [parse_row(line) for line in text.split("\n") if line]
    except (OSError, UnicodeDecodeError, FacsTextError):
        return None
    folder = os.path.join(root, shard.split)
    if len(rows) != plan.pictures_in(shard):
        return None
    if not all(os.path.isfile(os.path.join(folder, row.file_name)) for row in rows):
        return None
    return rows


def _rows(root: Path, plan: CorpusPlan) -> Iterator[tuple[Shard, CorpusRow]]:
    """Each row with its shard, read shard by shard."""
    for shard in plan.shards():
        rows = _unpacked(root, plan, shard)
        if rows is None:
            raise WorkFailed(
                f"{_rows_file(root, shard)} or a picture of it went: run the same command again"
            )
        for row in rows:
            yield shard, row
