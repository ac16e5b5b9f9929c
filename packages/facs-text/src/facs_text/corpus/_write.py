"""Writing a corpus: nothing half-written ever has its final name."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

from facs_text._errors import FacsTextError
from facs_text._version import __version__
from facs_text.corpus._rows import SCHEMA, SPLITS, CorpusRow, check_split

__all__ = ["CorpusWriter"]


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
        self._last: dict[str, str] = {}
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
                self._last[split] = name
        with part.open("r+b") as file:
            file.truncate(good)

    def folder(self, split: str) -> Path:
        """Folder of a split, made when it is not there."""
        path = self.root / check_split(split)
        path.mkdir(exist_ok=True)
        return path

    @property
    def counts(self) -> Mapping[str, int]:
        """Rows written so far by split, those of an earlier run included."""
        return dict(self._counts)

    def last(self, split: str) -> str | None:
        """file_name of the last row that an earlier run left in a split."""
        return self._last.get(split)

    def add(self, row: CorpusRow, split: str = "train") -> None:
        """Write one row. A person may stand in one split only."""
        name = row.file_name
        if not name or name.startswith("/") or (".." in name and ".." in name.split("/")):
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
        try:
            self._files[split].write(line + "\n")
        except UnicodeEncodeError:
            raise FacsTextError(f"{name!r}: holds a surrogate, which is no text") from None
        self._counts[split] += 1

    def close(self) -> None:
        """Finish: rename the lines into place and write corpus.json."""
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
            "subjects": {s: sum(1 for v in self._subjects.values() if v == s) for s in SPLITS},
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
