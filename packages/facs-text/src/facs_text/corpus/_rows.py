"""Rows of a corpus: made from codings, written as JSON lines, read back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from facs_text._coding import Coding
from facs_text._describe import DETAILS, describe
from facs_text._errors import FacsTextError
from facs_text._resolve import Resolution, resolve
from facs_text.corpus._paths import Inside, safe_name
from facs_text.corpus._splits import SPLITS
from facs_text.files import one_line
from facs_text.readers._lines import lines

__all__ = [
    "OWN",
    "SCHEMA",
    "CorpusRow",
    "check_split",
    "check_texts",
    "make_row",
    "numbered",
    "parse_row",
    "read",
]

SCHEMA = "auface/corpus/1"
_quote = json.encoder.encode_basestring
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False)
_ALWAYS = ("full", "brief")  # in text and text_brief
OWN = ("file_name", "text", "text_brief", "codes", "aus", "subject", "neutral", "source")


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
        for key in self.extra:
            if key in OWN:
                raise FacsTextError(f"extra field {key!r} of {self.file_name} is one of the schema")
        try:
            text = (
                f'{{"file_name": {_quote(self.file_name)}, "text": {_quote(self.text)}, '
                f'"text_brief": {_quote(self.text_brief)}, "codes": {_quote(self.codes)}, '
                f'"aus": {_aus(self.aus)}, "subject": {_quote(self.subject)}, "neutral": '
                f"{'null' if self.neutral is None else _quote(self.neutral)}, "
                f'"source": {_quote(self.source)}'
            )
            extra = _ENCODER.encode(dict(self.extra))[1:] if self.extra else "}"
            return one_line(f"{text}, {extra}" if self.extra else text + extra)
        except (TypeError, ValueError) as error:
            raise FacsTextError(f"{self.file_name}: cannot be written as JSON: {error}") from None


_AUS: dict[int, tuple[Mapping[str, Mapping[str, float]], str]] = {}


def _aus(aus: Mapping[str, Mapping[str, float]]) -> str:
    """Activations as JSON; those of a resolution cannot change, and their text is kept."""
    kept = _AUS.get(id(aus))
    if kept is not None and kept[0] is aus:
        return kept[1]
    text = _ENCODER.encode({k: dict(v) for k, v in aus.items()})
    if isinstance(aus, MappingProxyType):
        if len(_AUS) >= 4096:
            _AUS.clear()
        _AUS[id(aus)] = (aus, text)
    return text


def make_row(
    file_name: str,
    coding: Coding | Resolution | str,
    *,
    subject: str,
    source: str,
    neutral: str | None = None,
    seed: int = 0,
    texts: Iterable[str] = (),
    **extra: Any,
) -> CorpusRow:
    """A row with both texts and the activations of a coding: the one place where rows are made.

    file_name, neutral: relative to the split's folder. coding: a Resolution is taken as it is, so
    that words and picture can come from the same one. seed: picks among paraphrases. texts:
    further details of describe, each in a field of its own ("prompt" in text_prompt). extra:
    further fields of the line, which must be JSON and none of the schema's own.
    """
    resolution = coding if isinstance(coding, Resolution) else resolve(coding)
    for detail in texts:
        if detail not in _ALWAYS:
            extra[f"text_{detail}"] = describe(resolution, detail=detail, seed=seed).text
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


def check_texts(texts: Iterable[str]) -> tuple[str, ...]:
    """The details as they are, once each, or FacsTextError for one that describe has not."""
    for detail in texts:
        if detail not in DETAILS:
            raise FacsTextError(f"text {detail!r}; expected one of {', '.join(DETAILS)}")
    return tuple(dict.fromkeys(texts))


def check_split(split: str) -> str:
    """The split, or FacsTextError."""
    if split not in SPLITS:
        raise FacsTextError(f"split {split!r}; expected one of {', '.join(SPLITS)}")
    return split


def read(root: str | Path, split: str = "train") -> Iterator[CorpusRow]:
    """Rows of a split, streamed. FacsTextError names file and line of a bad one."""
    root = Path(root)
    check_split(split)
    path = root / split / "metadata.jsonl"
    if not path.is_file():
        raise FacsTextError(f"{path}: not there; {root} has no {split} split")
    return (row for _, row in numbered(path))


def numbered(path: Path) -> Iterator[tuple[int, CorpusRow]]:
    """(1-based line, row) of a metadata.jsonl; empty lines are passed over.

    The names of pictures are checked: none leads out of the corpus, by itself or by a link.
    """
    inside = Inside(path.parent)
    for count, text in lines(path):
        if not text.strip():
            continue
        try:
            row = parse_row(text)
            inside.check(row.file_name)
            if row.neutral is not None:
                inside.check(row.neutral, "neutral")
            yield count, row
        except FacsTextError as error:
            raise FacsTextError(f"{path}, line {count}: {error}") from None


def _is_text(data: dict[str, Any]) -> bool:
    """Whether all that is in a row can be written again."""
    try:
        json.dumps(data, ensure_ascii=False).encode("utf-8")
    except (UnicodeEncodeError, RecursionError):
        return False
    return True


def parse_row(line: str) -> CorpusRow:
    """The row that a line of metadata.jsonl says; to_json's inverse.

    FacsTextError when a field is missing or of the wrong type, or when the name of a picture
    leads out of its folder ("./1.png" is read as "1.png").
    """
    try:
        data = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise FacsTextError(str(error)) from None
    if not isinstance(data, dict):
        raise FacsTextError("expected a JSON object")
    if "\\u" in line and not _is_text(data):
        raise FacsTextError("holds a lone surrogate, which is no text")
    for key in ("file_name", "text", "text_brief", "codes", "subject", "source"):
        if not isinstance(data.get(key), str):
            raise FacsTextError(f"{key!r} must be text, is {data.get(key)!r:.60}")
    aus = data.get("aus")
    if not isinstance(aus, dict) or not all(isinstance(v, dict) for v in aus.values()):
        raise FacsTextError("'aus' must be an object from unit to side to activation")
    neutral = data.get("neutral")
    if neutral is not None and not isinstance(neutral, str):
        raise FacsTextError("'neutral' must be text or null")
    extra = {k: v for k, v in data.items() if k not in OWN}
    return CorpusRow(
        safe_name(data["file_name"]), data["text"], data["text_brief"], data["codes"], aus,
        data["subject"], None if neutral is None else safe_name(neutral, "neutral"),
        data["source"], extra,
    )  # fmt: skip
