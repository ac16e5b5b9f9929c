"""Annotations joined with images into a corpus.

Rows are streamed and images looked up a folder at a time, so memory holds one sequence and the
people, not the corpus. A build that was stopped goes on where its rows end.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from facs_text import readers
from facs_text._errors import FacsTextError
from facs_text._notation import Coding
from facs_text.corpus._align import crop
from facs_text.corpus._rows import SPLITS, make_row
from facs_text.corpus._write import CorpusWriter
from facs_text.readers import Row

__all__ = ["SUFFIXES", "BuildReport", "build", "split_of"]

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp")
_DIGITS = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build did. rows by split; drops by reason; format and frame_offset as used."""

    rows: Mapping[str, int]
    drops: Mapping[str, int]
    format: str
    frame_offset: int


def split_of(subject: str) -> str:
    """train, valid or test (8 : 1 : 1), by the person's name alone: the same everywhere."""
    place = hashlib.sha256(subject.encode("utf-8", "surrogatepass")).digest()[0] % 10
    return {8: "valid", 9: "test"}.get(place, "train")


def build(
    annotations: str | Path,
    images: str | Path,
    out: str | Path,
    *,
    licence: str,
    source: str = "",
    format: str = "auto",
    frame_offset: int | None = None,
    splits: Mapping[str, str] | None = None,
    size: int | None = None,
    link: bool = False,
    seed: int = 0,
    threshold: float | None = None,
    on_error: str = "raise",
    rejects: str | Path | None = None,
    resume: bool = False,
    options: Mapping[str, Any] | None = None,
) -> BuildReport:
    """Write a corpus of the annotated images.

    annotations: a file or tree that readers.read takes. images: the folder they are under, as
    SUBJECT/TASK/FRAME, SEQUENCE/FRAME, or by the row's own file name. frame_offset: number of the
    image minus number of the annotation; None takes that of the format and refuses it when
    another fits the images better. splits: subject to split; None splits by name, 8 : 1 : 1. size:
    crop to this many pixels, aligned where rows bring landmarks (needs Pillow). link: hard links,
    not copies. threshold: for probabilities, see readers.to_coding. Rows without a coding or an
    image are dropped and counted by reason; the reasons go to rejects as JSON lines when given.
    """
    images = Path(images)
    if not images.is_dir():
        raise FacsTextError(f"{images}: no such folder of images")
    if format == "auto":
        format = readers.sniff(annotations)
    rows = _Rows(annotations, format, on_error, dict(options or {}))
    finder = _Images(images)
    offset = readers.FRAME_OFFSETS.get(format, 0) if frame_offset is None else frame_offset
    if frame_offset is None:
        _check_offset(rows, finder, offset)
    drops: Counter[str] = Counter()
    neutrals = _neutrals(rows, finder, offset, threshold)
    with (
        CorpusWriter(
            out,
            source=source or Path(annotations).name,
            licence=licence,
            resume=resume,
            about={"annotations": {"format": format, "frame_offset": offset}, "seed": seed},
        ) as writer,
        _Rejects(rejects) as rejected,
    ):
        skip = dict(writer.counts)
        for number, row in enumerate(rows.read(rejected)):
            reason, coding, image = _join(row, finder, offset, threshold)
            if coding is None or image is None:
                drops[reason] += 1
                rejected.add(row.id, reason)
                continue
            subject = row.subject or image.parent.name
            split = (splits or {}).get(subject) or split_of(subject)
            name = _name(finder, image, size)
            if skip[split]:
                skip[split] -= 1
                if not skip[split] and writer.last(split) != name:
                    raise FacsTextError(
                        f"{out}: its {split} rows end with {writer.last(split)}, this build would "
                        f"have {name} there; take another folder, or the same arguments"
                    )
                continue
            neutral = neutrals.get(subject)
            try:
                _bring(image, writer.folder(split) / name, row, size, link)
            except FacsTextError as error:
                if on_error == "raise":
                    raise
                drops["image cannot be read"] += 1
                rejected.add(row.id, str(error))
                continue
            extra: dict[str, Any] = {"row": row.id}
            if row.missing:
                extra["missing"] = list(row.missing)
            writer.add(
                make_row(
                    name, coding, subject=subject, source=writer.source,
                    neutral=_name(finder, neutral, size) if neutral else None,
                    seed=seed + number, **extra,
                ),
                split,
            )  # fmt: skip
        if not any(writer.counts.values()):
            raise FacsTextError(
                f"{annotations}: no row has both a coding and an image under {images}; "
                + ", ".join(f"{n} x {reason}" for reason, n in drops.items())
            )
        drops["bad row"] += rows.bad
        writer.about["drops"] = {k: v for k, v in drops.items() if v}
        counts = {s: writer.counts[s] for s in SPLITS}
    return BuildReport(counts, {k: v for k, v in drops.items() if v}, format, offset)


@dataclass(slots=True)
class _Rejects:
    """JSON lines of what was left out and why; renamed into place at the end."""

    path: str | Path | None
    _file: Any = None

    def add(self, ident: str, reason: str) -> None:
        if self._file is not None:
            self._file.write(json.dumps({"id": ident, "reason": reason}, ensure_ascii=False) + "\n")

    def __enter__(self) -> _Rejects:
        if self.path is not None:
            self._file = Path(f"{self.path}.part").open("w", encoding="utf-8")
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()
            os.replace(f"{self.path}.part", str(self.path))


@dataclass(slots=True)
class _Rows:
    """The annotation rows, read as often as needed."""

    path: str | Path
    format: str
    on_error: str
    options: dict[str, Any]
    bad: int = 0

    def read(self, rejected: _Rejects | None = None) -> Iterator[Row]:
        self.bad = 0
        for row in readers.rows_and_errors(self.path, self.format, **self.options):
            if isinstance(row, Row):
                yield row
            elif self.on_error == "raise":
                raise row
            else:
                self.bad += 1
                if rejected is not None:
                    rejected.add("", str(row))


@dataclass(slots=True)
class _Images:
    """Finds images by folder and number. Remembers the last few folders only."""

    root: Path
    _folders: dict[Path, dict[str, Path]] = field(default_factory=dict)

    def folder(self, path: Path) -> dict[str, Path]:
        """Images of a folder by file name and by the last number in it."""
        if path not in self._folders:
            if len(self._folders) >= 4:
                self._folders.pop(next(iter(self._folders)))
            found: dict[str, Path] = {}
            if path.is_dir():
                with os.scandir(path) as entries:
                    for name in sorted(e.name for e in entries):
                        stem, suffix = os.path.splitext(name)
                        if suffix.lower() in SUFFIXES:
                            found[name] = path / name
                            digits = _DIGITS.findall(stem)
                            if digits:
                                found.setdefault(str(int(digits[-1])), path / name)
            self._folders[path] = found
        return self._folders[path]

    def home(self, row: Row) -> Path | None:
        """Folder that holds the images of a row's sequence."""
        head = row.id.split("#")[0].rpartition("/")[0]
        choices = [head, head.replace("/", "_"), f"{head}_aligned", row.subject, ""]
        for choice in choices:
            parts = Path(choice).parts
            if ".." in parts or (choice and Path(choice).is_absolute()):
                continue
            if self.folder(self.root / choice):
                return self.root / choice
        return None

    def find(self, row: Row, offset: int) -> Path | None:
        named = row.extra.get("file_name") or row.extra.get("input") or row.id.split("#")[0]
        if named.lower().endswith(SUFFIXES):
            parts = Path(named.replace("\\", "/")).parts
            if ".." not in parts:
                for start in range(len(parts)):
                    path = self.root.joinpath(*parts[start:])
                    if self.root in path.parents and path.is_file():
                        return path
        home = self.home(row)
        if home is None or row.frame is None:
            return None
        return self.folder(home).get(str(row.frame + offset))


def _coding(row: Row, threshold: float | None) -> Coding | None:
    if row.coding is None and row.kind == "probability" and threshold is not None and row.values:
        return readers.to_coding(row, threshold=threshold)
    return row.coding


def _join(
    row: Row, finder: _Images, offset: int, threshold: float | None
) -> tuple[str, Coding | None, Path | None]:
    coding = _coding(row, threshold)
    if coding is None:
        if row.kind == "probability" and row.values:
            return "probabilities without a threshold", None, None
        return "no face or nothing scored", None, None
    if row.missing and not coding and not row.values:
        return "no face or nothing scored", None, None
    image = finder.find(row, offset)
    return ("" if image else "no image"), coding, image


def _check_offset(rows: _Rows, finder: _Images, offset: int) -> None:
    """Refuse an assumed offset when another fits the first sequence better."""
    first: Row | None = None
    numbers: list[int] = []
    for row in islice(rows.read(), 20_000):
        if row.frame is None:
            return
        head = row.id.rpartition("/")[0]
        if first is None:
            first = row
        elif head != first.id.rpartition("/")[0]:
            break
        numbers.append(row.frame)
    if first is None:
        return
    home = finder.home(first)
    if home is None:
        return
    there = finder.folder(home)
    lost = {o: sum(str(n + o) not in there for n in numbers) for o in (-1, 0, 1)}
    best = min(lost, key=lambda o: (lost[o], o != offset))
    if lost[best] < lost.get(offset, len(numbers)):
        raise FacsTextError(
            f"{home}: frame numbers fit better with frame_offset={best} ({lost[best]} of "
            f"{len(numbers)} frames without an image) than with {offset} ({lost[offset]}); "
            "say which one is meant"
        )


def _neutrals(
    rows: _Rows, finder: _Images, offset: int, threshold: float | None
) -> dict[str, Path]:
    """For each person the first image on which every unit is scored and none acts."""
    found: dict[str, Path] = {}
    for row in rows.read():
        coding = _coding(row, threshold)
        if coding is None or coding or row.subject in found:
            continue
        image = finder.find(row, offset)
        if image is not None:
            found[row.subject or image.parent.name] = image
    return found


def _name(finder: _Images, image: Path, size: int | None) -> str:
    name = image.relative_to(finder.root).as_posix()
    return str(Path(name).with_suffix(".png").as_posix()) if size else name


def _bring(image: Path, copy: Path, row: Row, size: int | None, link: bool) -> None:
    if copy.exists():
        return
    copy.parent.mkdir(parents=True, exist_ok=True)
    if size:
        crop(image, copy, row.landmarks, size)
        return
    part = copy.with_name(copy.name + ".part")
    part.unlink(missing_ok=True)
    if link:
        try:
            os.link(image, part)
        except OSError:
            shutil.copyfile(image, part)
    else:
        shutil.copyfile(image, part)
    os.replace(part, copy)
