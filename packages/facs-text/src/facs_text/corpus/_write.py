"""Writing a corpus: nothing half-written ever has its final name."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

from facs_text._errors import FacsTextError
from facs_text._version import __version__
from facs_text.corpus._lock import Lock
from facs_text.corpus._paths import safe_name
from facs_text.corpus._request import check_same, clear_unfinished, recorded, remember
from facs_text.corpus._rows import SCHEMA, CorpusRow, check_split
from facs_text.corpus._splits import SPLITS
from facs_text.files import PART, Whole

__all__ = ["CorpusWriter"]


class CorpusWriter:
    """Writes a corpus: ``with CorpusWriter(root, source=..., licence=...) as out: out.add(...)``.

    Lines go to ``metadata.jsonl.part`` and are renamed when the writer is closed without an
    error, so nothing half-written is ever named metadata.jsonl. Images are the caller's: write
    them under ``out.folder(split)``. resume=True adds after the rows that are there; a corpus
    that is whole stays whole until the first row is added.

    request: what the corpus is asked to be, as JSON. With it, resume is refused where the folder
    holds another request's rows, and without resume the rows and pictures of an unfinished one
    are removed first. One writer at a time holds a folder.
    """

    def __init__(
        self,
        root: str | Path,
        *,
        source: str,
        licence: str,
        resume: bool = False,
        about: Mapping[str, Any] | None = None,
        request: Mapping[str, Any] | None = None,
    ) -> None:
        self.root = Path(root)
        self.source = source
        self.licence = licence
        self.about = dict(about or {})
        self._request = request
        self._files: dict[str, TextIO] = {}
        self._counts = dict.fromkeys(SPLITS, 0)
        self._subjects: dict[str, str] = {}
        self._last: dict[str, str] = {}
        try:
            self.root.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise FacsTextError(f"{self.root}: a file stands there; name a folder") from None
        self._lock = Lock(self.root)
        try:
            self._begin(resume)
        except BaseException:
            self._lock.release()
            raise

    def _begin(self, resume: bool) -> None:
        present = [s for s in SPLITS if self._final(s).exists()]
        if present and not resume:
            raise FacsTextError(
                f"{self.root} already holds a corpus ({', '.join(present)}); "
                "take another folder or resume"
            )
        if not resume:
            if recorded(self.root)[0] is not None:
                clear_unfinished(self.root)
            for split in SPLITS:
                self._part(split).unlink(missing_ok=True)
        elif self._request is not None:
            check_same(self.root, self._request)
        if self._request is not None:
            remember(self.root, self._request)
        for split in SPLITS if resume else ():
            if self._part(split).exists():
                self._recover(self._part(split), split, cut=True)
            elif self._final(split).exists():
                self._recover(self._final(split), split, cut=False)

    def _part(self, split: str) -> Path:
        return self.root / split / f"metadata.jsonl{PART}"

    def _final(self, split: str) -> Path:
        return self.root / split / "metadata.jsonl"

    def _recover(self, path: Path, split: str, *, cut: bool) -> None:
        """Count what is there; cut: remove a last line that was not finished."""
        good = 0
        with path.open("rb") as file:
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
        if cut:
            with path.open("r+b") as file:
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

    def earlier(self, split: str) -> Iterator[str]:
        """The lines of the rows that an earlier run left in a split, to compare with."""
        for path in (self._part(split), self._final(split)):
            if path.exists():
                with path.open(encoding="utf-8", newline="\n") as file:
                    yield from (line.removesuffix("\n") for line in file)
                return

    def add(self, row: CorpusRow, split: str = "train") -> None:
        """Write one row. A person may stand in one split only."""
        name = row.file_name
        if safe_name(name) != name:
            raise FacsTextError(f"file_name {name!r} has parts that say nothing; leave them out")
        line = row.to_json()
        other = self._subjects.setdefault(row.subject, split)
        if other != split:
            raise FacsTextError(
                f"subject {row.subject!r} is in {other} and cannot be in {split} too"
            )
        if split not in self._files:
            self.folder(split)
            if self._final(split).exists() and not self._part(split).exists():
                os.replace(self._final(split), self._part(split))
            self._files[split] = self._part(split).open("a", encoding="utf-8", newline="\n")
        try:
            self._files[split].write(line + "\n")
        except UnicodeEncodeError:
            raise FacsTextError(f"{name!r}: holds a surrogate, which is no text") from None
        self._counts[split] += 1

    def flush(self) -> None:
        """Hand all rows to the system, so that a killed process does not lose them."""
        for file in self._files.values():
            file.flush()

    def close(self) -> None:
        """Finish: rename the lines into place and write corpus.json."""
        try:
            for file in self._files.values():
                file.flush()
                os.fsync(file.fileno())
            self._let_go()
            for split in SPLITS:
                if self._part(split).exists():
                    os.replace(self._part(split), self._final(split))
            self._describe()
            remember(self.root, None)
        finally:
            self._lock.release()

    def _describe(self) -> None:
        data = {
            "schema": SCHEMA,
            "source": self.source,
            "licence": self.licence,
            "counts": self._counts,
            "subjects": {s: sum(1 for v in self._subjects.values() if v == s) for s in SPLITS},
            "versions": {"facs-text": __version__},
            **self.about,
            **({} if self._request is None else {"request": self._request}),
        }
        with Whole(self.root / "corpus.json") as file:
            file.write(json.dumps(data, indent=2, ensure_ascii=False) + "\n")
            file.keep()

    def _let_go(self) -> None:
        for file in self._files.values():
            file.close()
        self._files.clear()

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
            return
        self._let_go()
        self._lock.release()
