"""Annotations joined with images into a corpus.

Rows are streamed and images looked up a folder at a time, so memory holds one sequence and the
people, not the corpus. A build that was stopped is resumed where its rows end, if it is asked
for the same: the annotations' content, the pictures' names, sizes and times, and all settings.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from facs_text import readers
from facs_text._coding import Coding
from facs_text._errors import FacsTextError
from facs_text._resolve import resolve
from facs_text._version import __version__
from facs_text.corpus._bring import bring, moved
from facs_text.corpus._earlier import Earlier, Unreadable
from facs_text.corpus._images import SUFFIXES, Images, check_offset
from facs_text.corpus._parts import Parts, check_part, part_folder, part_of
from facs_text.corpus._request import (
    check_same,
    digest_of_files,
    digest_of_listing,
    recorded,
    remove_parts,
)
from facs_text.corpus._rows import CorpusRow, check_texts, make_row
from facs_text.corpus._splits import SPLITS, split_of_subject
from facs_text.corpus._write import CorpusWriter
from facs_text.files import named
from facs_text.readers import Rejects, Row

__all__ = ["BuildReport", "build"]


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build did. rows by split; drops by reason; format and frame_offset as used."""

    rows: Mapping[str, int]
    drops: Mapping[str, int]
    format: str
    frame_offset: int


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
    texts: Sequence[str] = (),
    part: tuple[int, int] | None = None,
) -> BuildReport:
    """Write a corpus of the annotated images.

    annotations: a file or tree that readers.read takes. images: the folder they are under, as
    SUBJECT/TASK/FRAME, SEQUENCE/FRAME, or by the row's own file name. frame_offset: number of the
    image minus number of the annotation; None takes that of the format and refuses it when
    another fits the images better. splits: subject to split; None splits by name, 8 : 1 : 1. size:
    crop to this many pixels, aligned where rows bring landmarks (needs Pillow). link: hard links,
    not copies. threshold: for probabilities, see readers.to_coding. Rows without a coding or an
    image are dropped and counted by reason, and listed at rejects when given (readers.Rejects).
    options: for the reader. resume: after a build of the same request that was stopped. texts:
    further details of describe, a field each (make_row). part: (I, N) makes the pictures of the
    I-th of N parts of the people alone, into OUT/.parts; the same build without it then takes
    what parts have made, and is the same to the byte however many there were.
    """
    if not Path(images).is_dir():
        raise FacsTextError(f"{images}: no such folder of images")
    if on_error not in ("raise", "skip"):
        raise FacsTextError(f"on_error {on_error!r}; expected 'raise' or 'skip'")
    if format == "auto":
        format = readers.sniff(annotations)
    offset = readers.FRAME_OFFSETS.get(format, 0) if frame_offset is None else frame_offset
    work = _Build(
        Path(annotations), Images(Path(images)), Path(out), format, offset, threshold, size, link,
        seed, on_error == "skip", dict(splits or {}), dict(options or {}), check_texts(texts),
        None if part is None else check_part(part),
    )  # fmt: skip
    request = work.request(licence=licence, source=source)
    root = Path(out)
    if part is None:
        work.parts = Parts(root, request)
    else:
        root, request = part_folder(root, part), {**request, "part": list(part)}
        resume = resume or root.exists()
        rejects = None
    if resume:
        check_same(root, request)
        there, whole = recorded(root)
        if there is not None and whole:
            return _finished(root, format, offset)
    if frame_offset is None:
        check_offset(work.rows(), work.images, offset)
    writer = CorpusWriter(
        root,
        source=source or Path(annotations).name,
        licence=licence,
        resume=resume,
        about={"annotations": {"format": format, "frame_offset": offset}, "seed": seed},
        request=request,
    )
    with named(out), writer, Rejects(rejects, annotations) as left_out:
        remove_parts(root)
        work.run(writer, left_out)
        left_out.keep()
        writer.about["drops"] = {k: v for k, v in work.drops.items() if v}
    if work.parts is not None:
        work.parts.remove()
    return BuildReport({s: writer.counts[s] for s in SPLITS}, writer.about["drops"], format, offset)


def _finished(out: Path, format: str, offset: int) -> BuildReport:
    """The report of a corpus that is whole already."""
    data = json.loads((out / "corpus.json").read_text(encoding="utf-8"))
    counts = {s: int(data.get("counts", {}).get(s, 0)) for s in SPLITS}
    return BuildReport(counts, dict(data.get("drops", {})), format, offset)


@dataclass(slots=True)
class _Build:
    """One build: what it was asked, and what it has left out so far."""

    annotations: Path
    images: Images
    out: Path
    format: str
    offset: int
    threshold: float | None
    size: int | None
    link: bool
    seed: int
    skip: bool
    splits: dict[str, str]
    options: dict[str, Any]
    texts: tuple[str, ...]
    part: tuple[int, int] | None = None
    parts: Parts | None = None
    drops: Counter[str] = field(default_factory=Counter)

    def request(self, **more: Any) -> dict[str, Any]:
        """What makes two builds the same."""
        return {
            "annotations": digest_of_files(self.annotations),
            "images": digest_of_listing(self.images.root, SUFFIXES, self.out),
            "format": self.format,
            "frame_offset": self.offset,
            "threshold": self.threshold,
            "size": self.size,
            "link": self.link,
            "seed": self.seed,
            "on_error": "skip" if self.skip else "raise",
            "splits": self.splits,
            "options": {k: v for k, v in self.options.items() if k != "tell"},
            "texts": list(self.texts),
            "facs-text": __version__,
            **more,
        }

    def rows(self, left_out: Rejects | None = None) -> Iterator[Row]:
        """The annotation rows; bad ones stop, or are left out and counted where left_out is."""
        for row in readers.rows_and_errors(self.annotations, self.format, **self.options):
            if isinstance(row, Row):
                yield row
            elif not self.skip:
                raise row
            elif left_out is not None:
                self.drops["bad row"] += 1
                left_out.add_error(row)

    def coding(self, row: Row) -> Coding | None:
        """The row's coding, probabilities by the threshold; None when it has none."""
        probable = row.coding is None and row.kind == "probability" and row.values
        if probable and self.threshold is not None:
            return readers.to_coding(row, threshold=self.threshold)
        return row.coding

    def join(self, row: Row) -> tuple[str, Coding | None, Path | None, str]:
        """(why it is dropped, coding, its image, the image's name in the corpus)."""
        coding = self.coding(row)
        if coding is None:
            unsaid = row.kind == "probability" and row.values
            why = "probabilities without a threshold" if unsaid else "no face or nothing scored"
            return why, None, None, ""
        image = self.images.find(row, self.offset)
        if image is None:
            return "no image", coding, None, ""
        name = self.images.name(image, row, self.size)
        if name is None:
            return "another face of the same picture", coding, None, ""
        return "", coding, image, name

    def neutrals(self) -> dict[str, str]:
        """Give for each person the name of the first image on which nothing acts."""
        found: dict[str, str] = {}
        for row in self.rows():
            coding = self.coding(row)
            if coding is None or coding or row.subject in found:
                continue
            _, _, image, name = self.join(row)
            if image is not None:
                found[row.subject or image.parent.name] = name
        return found

    def run(self, writer: CorpusWriter, left_out: Rejects) -> None:
        """Write every row that has a coding and an image."""
        neutrals = self.neutrals()
        earlier = {s: Earlier(writer, s) for s in SPLITS}
        for number, row in enumerate(self.rows(left_out)):
            if row.subject and not self._mine(row.subject):
                continue
            why, coding, image, name = self.join(row)
            if coding is None or image is None:
                self._drop(row, why, left_out)
                continue
            subject = row.subject or image.parent.name
            if not self._mine(subject):
                continue
            split = self.splits.get(subject) or split_of_subject(subject)
            extra: dict[str, Any] = {"row": row.id}
            if row.missing:
                extra["missing"] = list(row.missing)
            seen = resolve(coding, absent=row.absent)
            if seen.absent:
                extra["absent"] = sorted(seen.absent, key=int)
            made = make_row(
                name, seen, subject=subject, source=writer.source,
                neutral=neutrals.get(subject), seed=self.seed + number, texts=self.texts,
                **extra,
            )  # fmt: skip
            try:
                self._write(writer, earlier[split], made, split, image, row)
            except Unreadable as error:
                if not self.skip:
                    raise FacsTextError(str(error)) from None
                self._drop(row, "image cannot be read", left_out, str(error))
        if self.part is None and not any(writer.counts.values()):
            raise FacsTextError(
                f"{self.annotations}: no row has both a coding and an image under "
                f"{self.images.root}; "
                + ", ".join(f"{n} x {reason}" for reason, n in self.drops.items())
            )

    def _mine(self, subject: str) -> bool:
        """Whether a person is of the part that is built."""
        return self.part is None or part_of(subject, self.part[1]) == self.part[0]

    def _drop(self, row: Row, why: str, left_out: Rejects, said: str = "") -> None:
        self.drops[why] += 1
        left_out.add_row(row.line, row.id, said or why)

    def _write(
        self,
        writer: CorpusWriter,
        earlier: Earlier,
        made: CorpusRow,
        split: str,
        image: Path,
        row: Row,
    ) -> None:
        """Write a row and its picture. The row is on disk before the picture has its name, so
        that every picture of a stopped build is one that a row names.
        """
        copy = writer.folder(split) / made.file_name
        written = earlier.holds(made, unreadable=self.skip and not copy.exists())
        if written and copy.exists():
            return
        held = None if self.parts is None else self.parts.find(split, made.file_name)
        if held is None:
            part = bring(image, copy, row.landmarks, size=self.size, link=self.link)
        else:
            part = moved(held, copy)
        if not written:
            writer.add(made, split)
            writer.flush()
        os.replace(part, copy)
