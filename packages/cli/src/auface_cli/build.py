"""Pictures somewhere and codings elsewhere, joined into a corpus."""

from __future__ import annotations

import hashlib
import re
import shutil
from pathlib import Path

from facs_text import FacsTextError, corpus, readers

from .output import note, progress

__all__ = ["SUFFIXES", "build_corpus", "split_of"]

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp")
_LAST_NUMBER = re.compile(r"^(?:frame_det_\d+_|frame_?)?0*(\d+)$")


def split_of(subject: str) -> str:
    """train, valid or test (8 : 1 : 1) by the person's name alone: the same wherever it is run."""
    place = hashlib.sha256(subject.encode()).digest()[0] % 10
    return "valid" if place == 8 else "test" if place == 9 else "train"


def _key(name: str) -> str:
    """A path without suffix, its last part a plain number where it is a frame's name."""
    head, _, last = name.replace("\\", "/").rpartition("/")
    stem, dot, suffix = last.rpartition(".")
    if dot and f".{suffix.lower()}" in SUFFIXES:
        last = stem
    number = _LAST_NUMBER.match(last)
    return f"{head}/{number[1] if number else last}".lstrip("/").lower()


def _index(folder: Path) -> dict[str, Path]:
    """Pictures under a folder by key: their path in it, and their name alone where it is unique."""
    files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES)
    if not files:
        raise FacsTextError(f"{folder}: holds no pictures ({', '.join(SUFFIXES)})")
    found = {_key(p.relative_to(folder).as_posix()): p for p in files}
    names: dict[str, list[Path]] = {}
    for path in files:
        names.setdefault(_key(path.name), []).append(path)
    return {k: v[0] for k, v in names.items() if len(v) == 1} | found


def build_corpus(
    source: Path, out: Path, *, images: Path, kind: str, licence: str, seed: int
) -> dict[str, int]:
    """Write the corpus; returns how many rows went where, and how many had no picture or coding."""
    pictures = _index(images)
    counts = dict.fromkeys(("train", "valid", "test", "no picture", "no coding"), 0)
    placed = []
    for row in readers.read(source, kind):
        if row.coding is None:
            counts["no coding"] += 1
            continue
        tried = (row.id, row.extra.get("file_name", ""), f"{row.subject}/{row.frame}")
        path = next((pictures[_key(name)] for name in tried if _key(name) in pictures), None)
        if path is None:
            counts["no picture"] += 1
            continue
        placed.append((path, row.coding, row.subject or path.parent.name or "unknown"))
    if not placed:
        raise FacsTextError(
            f"{source}: none of its rows has both a coding and a picture in {images}; "
            "rows are found by id, file_name, or subject/frame"
        )
    at_rest: dict[str, str] = {}
    for path, coding, subject in placed:
        if not coding:
            at_rest.setdefault(subject, path.relative_to(images).as_posix())
    with corpus.CorpusWriter(out, source=source.name, licence=licence) as writer:
        for k, (path, coding, subject) in enumerate(progress(placed, what="build")):
            split, name = split_of(subject), path.relative_to(images).as_posix()
            for file in {name, at_rest.get(subject, name)}:
                copy = writer.folder(split) / file
                if not copy.exists():
                    copy.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(images / file, copy)
            writer.add(
                corpus.make_row(
                    name,
                    coding,
                    subject=subject,
                    source=source.name,
                    neutral=at_rest.get(subject),
                    seed=seed + k,
                ),
                split,
            )
            counts[split] += 1
    if counts["no picture"]:
        note(f"{counts['no picture']} rows have no picture in {images}")
    return counts
