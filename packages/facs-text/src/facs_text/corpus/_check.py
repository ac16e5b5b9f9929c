"""End-to-end check of a corpus."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from facs_text._coding import Coding
from facs_text._describe import DETAILS
from facs_text._errors import FacsTextError
from facs_text._notation import parse
from facs_text._resolve import resolve
from facs_text._understand import understand
from facs_text.corpus._opened import Pictures, is_file
from facs_text.corpus._rows import SCHEMA, CorpusRow, numbered
from facs_text.corpus._splits import SPLITS
from facs_text.files import contents

__all__ = ["CheckReport", "check"]

TOLERANCE = 1e-6  # of an activation, for those who round what they write


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What check found. ok when there are no problems. sizes: pictures by (width, height), where
    they were opened.
    """

    rows: Mapping[str, int]
    subjects: Mapping[str, int]
    problems: tuple[str, ...]
    sizes: Mapping[tuple[int, int], int] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return not self.problems


def check(root: str | Path, *, limit: int = 50, pictures: bool = False) -> CheckReport:
    """Check a corpus end to end: files, codings, texts, activations, people, counts.

    Activations must be what the row's codes resolve to. A problem names its file and line. Stops
    collecting after limit problems.

    pictures: decode each one too, which needs Pillow: a cut file, one of another size than
    corpus.json says, and the same pixels in two splits are problems.
    """
    root = Path(root)
    problems: list[str] = []
    rows: dict[str, int] = {}
    people: dict[str, str] = {}
    per_split: dict[str, set[str]] = {}
    meta: dict[str, Any] = {}
    try:
        loaded = json.loads(contents(root / "corpus.json"))
        meta = loaded if isinstance(loaded, dict) else {}
        if meta.get("schema") != SCHEMA:
            problems.append(f"corpus.json: schema {meta.get('schema')!r}, expected {SCHEMA!r}")
    except (OSError, ValueError, RecursionError) as error:
        problems.append(f"corpus.json: {error}")
    opened = Pictures(meta) if pictures else None
    for split in SPLITS:
        listing = root / split / "metadata.jsonl"
        if not listing.exists():
            continue
        rows[split] = 0
        per_split[split] = set()
        seen: set[int] = set()
        try:
            for line, row in numbered(listing):
                rows[split] += 1
                per_split[split].add(row.subject)
                where = f"{split}/metadata.jsonl, line {line} ({row.file_name})"
                if hash(row.file_name) in seen:
                    problems.append(f"{where}: file_name stands twice")
                seen.add(hash(row.file_name))
                if people.setdefault(row.subject, split) != split:
                    problems.append(f"{where}: subject {row.subject!r} is also in another split")
                problems.extend(f"{where}: {p}" for p in _row_problems(root / split, row))
                if opened is not None and is_file(root / split / row.file_name):
                    found = opened.problems(root / split, row.file_name)
                    problems.extend(f"{where}: {p}" for p in found)
                if len(problems) >= limit:
                    break
        except FacsTextError as error:
            problems.append(str(error))
        counted = (
            meta.get("counts", {}).get(split) if isinstance(meta.get("counts"), dict) else None
        )
        if counted is not None and counted != rows[split] and len(problems) < limit:
            problems.append(f"{split}: {rows[split]} rows, corpus.json says {counted}")
    if not rows:
        problems.append(f"{root}: no split with a metadata.jsonl")
    return CheckReport(
        rows,
        {k: len(v) for k, v in per_split.items()},
        tuple(problems[:limit]),
        {} if opened is None else dict(opened.sizes),
    )


def _row_problems(folder: Path, row: CorpusRow) -> Iterator[str]:
    if not is_file(folder / row.file_name):
        yield "image is not there"
    if row.neutral is not None and not is_file(folder / row.neutral):
        yield f"neutral {row.neutral} is not there"
    try:
        resolution = resolve(parse(row.codes), absent=_absent(row))
    except FacsTextError as error:
        yield f"codes: {error}"
        return
    if str(resolution.coding) != row.codes:
        yield f"codes {row.codes} do not stand; they resolve to {resolution.coding}"
    for name, text in (("text", row.text), ("text_brief", row.text_brief)):
        if understand(text).coding != resolution.coding:
            yield f"{name} says {understand(text).coding}, codes say {resolution.coding}"
    yield from _more_texts(row, resolution.coding)
    sound = True
    for key, sides in row.aus.items():
        for side, value in sides.items():
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
                yield f"aus {key} {side} is {value!r}; expected above 0 and at most 1"
                sound = False
    if sound and str(resolution.coding) == row.codes:
        yield from _differences(row.aus, resolution.activations)


def _absent(row: CorpusRow) -> frozenset[str]:
    """Units that the row says were looked for and not seen, in its field "absent"."""
    said = row.extra.get("absent", [])
    if not isinstance(said, list) or not all(isinstance(code, str) for code in said):
        raise FacsTextError(f"absent {said!r} is no list of codes such as ['25']")
    return frozenset(said)


def _more_texts(row: CorpusRow, coding: Coding) -> Iterator[str]:
    """Texts of further details; a prompt may leave units out, and says no others."""
    for detail in DETAILS:
        text = row.extra.get(f"text_{detail}")
        if not isinstance(text, str):
            continue
        said = understand(text).coding
        if said != coding and not (detail == "prompt" and set(said) <= set(coding)):
            yield f"text_{detail} says {said}, codes say {coding}"


def _differences(
    recorded: Mapping[str, Mapping[str, float]], meant: Mapping[str, Mapping[str, float]]
) -> Iterator[str]:
    """Where recorded activations are not those of the coding, one line for all of a row."""
    said = []
    for key in sorted({*recorded, *meant}, key=lambda k: (len(k), k)):
        one, other = recorded.get(key, {}), meant.get(key, {})
        for side in sorted({*one, *other}):
            was, should = one.get(side, 0.0), other.get(side, 0.0)
            if abs(was - should) > TOLERANCE:
                said.append(f"{key} {side} is {was:g}, codes say {should:g}")
    if said:
        yield "aus: " + "; ".join(said)
