"""Pairs of image and text on disk, in the image-folder layout that Hugging Face datasets reads.

    ROOT/corpus.json                schema, counts, licence, source, versions
    ROOT/train/metadata.jsonl       one JSON object a line, file_name relative to this folder
    ROOT/valid/..., ROOT/test/...

Lines hold file_name, text, text_brief, codes (FACS notation of what stands), aus (activation by
unit and side), subject, neutral (file_name of the same person at rest, or null), source, and
whatever else the writer adds.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Any, TextIO

from facs_text._describe import describe
from facs_text._errors import FacsTextError
from facs_text._notation import Coding, parse
from facs_text._resolve import resolve
from facs_text._understand import understand

__all__ = [
    "SCHEMA",
    "SPLITS",
    "CheckReport",
    "CorpusRow",
    "CorpusWriter",
    "check",
    "make_row",
    "read",
]

SCHEMA = "auface/corpus/1"
SPLITS = ("train", "valid", "test")
_OWN = ("file_name", "text", "text_brief", "codes", "aus", "subject", "neutral", "source")


@dataclass(frozen=True, slots=True)
class CorpusRow:
    """One image and what it shows. aus: activation by unit and side, 0..1, non-zero ones only."""

    file_name: str
    text: str
    text_brief: str
    codes: str
    aus: Mapping[str, Mapping[str, float]]
    subject: str
    neutral: str | None
    source: str
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> str:
        """The line of metadata.jsonl."""
        data: dict[str, Any] = {k: getattr(self, k) for k in _OWN if k != "aus"}
        data["aus"] = {k: dict(v) for k, v in self.aus.items()}
        for key, value in self.extra.items():
            if key in data:
                raise FacsTextError(f"extra field {key!r} of {self.file_name} is one of the schema")
            data[key] = value
        try:
            return json.dumps(data, ensure_ascii=False, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise FacsTextError(f"{self.file_name}: cannot be written as JSON: {error}") from None


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What check found. ok when there are no problems."""

    rows: Mapping[str, int]
    subjects: Mapping[str, int]
    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        return not self.problems


def make_row(
    file_name: str,
    coding: Coding | str,
    *,
    subject: str,
    source: str,
    neutral: str | None = None,
    seed: int = 0,
    **extra: Any,
) -> CorpusRow:
    """A row with both texts and the activations of a coding."""
    resolution = resolve(coding)
    return CorpusRow(
        file_name=file_name,
        text=describe(resolution, seed=seed).text,
        text_brief=describe(resolution, detail="brief", seed=seed).text,
        codes=str(resolution.coding),
        aus=resolution.activations,
        subject=subject,
        neutral=neutral,
        source=source,
        extra=extra,
    )


class CorpusWriter:
    """Writes a corpus: ``with CorpusWriter(root, source=..., licence=...) as out: out.add(...)``.

    Lines go to ``metadata.jsonl.part`` and are renamed when the writer is closed without an
    error, so nothing half-written is ever named metadata.jsonl. Images are the caller's: write
    them under ``out.folder(split)`` first. resume=True goes on after the rows that are there.
    """

    def __init__(
        self,
        root: str | Path,
        *,
        source: str,
        licence: str,
        resume: bool = False,
        about: Mapping[str, Any] | None = None,
    ) -> None:
        self.root = Path(root)
        self.source = source
        self.licence = licence
        self.about = dict(about or {})
        self._files: dict[str, TextIO] = {}
        self._counts = dict.fromkeys(SPLITS, 0)
        self._subjects: dict[str, str] = {}
        self.done: set[str] = set()
        self.root.mkdir(parents=True, exist_ok=True)
        present = [s for s in SPLITS if (self.root / s / "metadata.jsonl").exists()]
        if present and not resume:
            raise FacsTextError(
                f"{self.root} already holds a corpus ({', '.join(present)}); "
                "take another folder or resume"
            )
        for split in SPLITS:
            part = self._part(split)
            if not resume:
                part.unlink(missing_ok=True)
                continue
            final = self.root / split / "metadata.jsonl"
            if final.exists() and not part.exists():
                os.replace(final, part)
            if part.exists():
                self._recover(part, split)

    def _part(self, split: str) -> Path:
        return self.root / split / "metadata.jsonl.part"

    def _recover(self, part: Path, split: str) -> None:
        """Count what is there and cut a last line that was not finished."""
        good = 0
        with part.open("rb") as file:
            for raw in file:
                try:
                    data = json.loads(raw)
                    name, subject = data["file_name"], data["subject"]
                except (ValueError, KeyError, TypeError):
                    break
                if not raw.endswith(b"\n"):
                    break
                good += len(raw)
                self._counts[split] += 1
                self._subjects[subject] = split
                self.done.add(f"{split}/{name}")
        with part.open("r+b") as file:
            file.truncate(good)

    def folder(self, split: str) -> Path:
        """Folder of a split, made when it is not there."""
        if split not in SPLITS:
            raise FacsTextError(f"split {split!r}; expected one of {', '.join(SPLITS)}")
        path = self.root / split
        path.mkdir(exist_ok=True)
        return path

    def add(self, row: CorpusRow, split: str = "train") -> None:
        """Write one row. A person may stand in one split only."""
        name = row.file_name
        if not name or PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise FacsTextError(f"file_name {name!r} must be a path inside the split's folder")
        line = row.to_json()
        other = self._subjects.setdefault(row.subject, split)
        if other != split:
            raise FacsTextError(
                f"subject {row.subject!r} is in {other} and cannot be in {split} too"
            )
        if split not in self._files:
            self.folder(split)
            self._files[split] = self._part(split).open("a", encoding="utf-8")
        self._files[split].write(line + "\n")
        self._counts[split] += 1

    def close(self) -> None:
        """Finish: rename the lines into place and write corpus.json."""
        from facs_text import __version__

        for file in self._files.values():
            file.flush()
            os.fsync(file.fileno())
            file.close()
        self._files.clear()
        for split in SPLITS:
            if self._part(split).exists():
                os.replace(self._part(split), self.root / split / "metadata.jsonl")
        data = {
            "schema": SCHEMA,
            "source": self.source,
            "licence": self.licence,
            "counts": self._counts,
            "subjects": {
                s: sum(1 for v in self._subjects.values() if v == s) for s in SPLITS
            },
            "versions": {"facs-text": __version__},
            **self.about,
        }
        beside = self.root / "corpus.json.part"
        beside.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        os.replace(beside, self.root / "corpus.json")

    def __enter__(self) -> CorpusWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
        else:
            for file in self._files.values():
                file.close()
            self._files.clear()


def read(root: str | Path, split: str = "train") -> Iterator[CorpusRow]:
    """Rows of a split, streamed. FacsTextError names file and line of a bad one."""
    root = Path(root)
    if split not in SPLITS:
        raise FacsTextError(f"split {split!r}; expected one of {', '.join(SPLITS)}")
    path = root / split / "metadata.jsonl"
    if not path.is_file():
        raise FacsTextError(f"{path}: not there; {root} has no {split} split")
    return _rows(path)


def _rows(path: Path) -> Iterator[CorpusRow]:
    from facs_text.readers._lines import lines

    for count, text in lines(path):
        if not text.strip():
            continue
        try:
            yield _row(json.loads(text))
        except (ValueError, RecursionError) as error:
            raise FacsTextError(f"{path}, line {count}: {error}") from None


def _row(data: Any) -> CorpusRow:
    if not isinstance(data, dict):
        raise FacsTextError("expected a JSON object")
    for key in ("file_name", "text", "text_brief", "codes", "subject", "source"):
        if not isinstance(data.get(key), str):
            raise FacsTextError(f"{key!r} must be text, is {data.get(key)!r:.60}")
    aus = data.get("aus")
    if not isinstance(aus, dict) or not all(isinstance(v, dict) for v in aus.values()):
        raise FacsTextError("'aus' must be an object from unit to side to activation")
    neutral = data.get("neutral")
    if neutral is not None and not isinstance(neutral, str):
        raise FacsTextError("'neutral' must be text or null")
    extra = {k: v for k, v in data.items() if k not in _OWN}
    return CorpusRow(
        data["file_name"], data["text"], data["text_brief"], data["codes"], aus,
        data["subject"], neutral, data["source"], extra,
    )  # fmt: skip


def check(root: str | Path, *, limit: int = 50) -> CheckReport:
    """Check a corpus end to end: files, codings, texts, activations, people, counts.

    Stops collecting after limit problems.
    """
    root = Path(root)
    problems: list[str] = []
    rows: dict[str, int] = {}
    people: dict[str, str] = {}
    per_split: dict[str, set[str]] = {}
    meta: dict[str, Any] = {}
    try:
        loaded = json.loads((root / "corpus.json").read_text(encoding="utf-8"))
        meta = loaded if isinstance(loaded, dict) else {}
        if meta.get("schema") != SCHEMA:
            problems.append(f"corpus.json: schema {meta.get('schema')!r}, expected {SCHEMA!r}")
    except (OSError, ValueError) as error:
        problems.append(f"corpus.json: {error}")
    for split in SPLITS:
        if not (root / split / "metadata.jsonl").exists():
            continue
        rows[split] = 0
        per_split[split] = set()
        seen: set[int] = set()
        try:
            for row in read(root, split):
                rows[split] += 1
                per_split[split].add(row.subject)
                where = f"{split}, row {rows[split]} ({row.file_name})"
                if hash(row.file_name) in seen:
                    problems.append(f"{where}: file_name stands twice")
                seen.add(hash(row.file_name))
                if people.setdefault(row.subject, split) != split:
                    problems.append(f"{where}: subject {row.subject!r} is also in another split")
                problems.extend(f"{where}: {p}" for p in _row_problems(root / split, row))
                if len(problems) >= limit:
                    break
        except FacsTextError as error:
            problems.append(str(error))
        counted = meta.get("counts", {}).get(split) if isinstance(meta.get("counts"), dict) else None
        if counted is not None and counted != rows[split] and len(problems) < limit:
            problems.append(f"{split}: {rows[split]} rows, corpus.json says {counted}")
    if not rows:
        problems.append(f"{root}: no split with a metadata.jsonl")
    return CheckReport(rows, {k: len(v) for k, v in per_split.items()}, tuple(problems[:limit]))


def _row_problems(folder: Path, row: CorpusRow) -> Iterator[str]:
    if not (folder / row.file_name).is_file():
        yield "image is not there"
    if row.neutral is not None and not (folder / row.neutral).is_file():
        yield f"neutral {row.neutral} is not there"
    try:
        resolution = resolve(parse(row.codes))
    except FacsTextError as error:
        yield f"codes: {error}"
        return
    if str(resolution.coding) != row.codes:
        yield f"codes {row.codes} do not stand; they resolve to {resolution.coding}"
    for name, text in (("text", row.text), ("text_brief", row.text_brief)):
        if understand(text).coding != resolution.coding:
            yield f"{name} says {understand(text).coding}, codes say {resolution.coding}"
    for key, sides in row.aus.items():
        for side, value in sides.items():
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
                yield f"aus {key} {side} is {value!r}; expected above 0 and at most 1"
