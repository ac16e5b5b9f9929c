"""What a corpus was asked to be, so that two requests are never mixed in one folder.

A request is a flat object of settings and digests. It stands in ROOT/.request.json while a build
is unfinished and in corpus.json once it is whole.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from facs_text._errors import FacsTextError
from facs_text.corpus._paths import safe_name
from facs_text.corpus._splits import SPLITS
from facs_text.files import PART, contents, write_text

__all__ = ["check_same", "clear_unfinished", "digest_of_files", "digest_of_listing", "recorded",
           "remember", "remove_parts"]  # fmt: skip

_NAME = ".request.json"
_WORDS = {
    "annotations": "the annotations", "images": "the pictures", "facs-text": "facs-text's version",
}  # fmt: skip


def digest_of_files(path: Path) -> str:
    """SHA-256 of a file, or of all files of a folder with their names."""
    total = hashlib.sha256()
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if not file.is_file():
            continue
        if path.is_dir():
            total.update(file.relative_to(path).as_posix().encode("utf-8", "surrogatepass") + b"\0")
        try:
            with file.open("rb") as stream:
                total.update(hashlib.file_digest(stream, "sha256").digest())
        except OSError as error:
            raise FacsTextError(f"{file}: {error.strerror or error}") from None
    return total.hexdigest()


def digest_of_listing(root: Path, suffixes: tuple[str, ...], without: Path) -> str:
    """SHA-256 of the names, sizes and times of the files of these kinds in a tree."""
    total = hashlib.sha256()
    hidden = os.path.realpath(without)
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(
            f for f in folders if os.path.realpath(os.path.join(folder, f)) != hidden
        )
        for name in sorted(f for f in files if f.lower().endswith(suffixes)):
            path = os.path.join(folder, name)
            with suppress(OSError):
                found = os.stat(path)
                line = f"{os.path.relpath(path, root)}\0{found.st_size}\0{found.st_mtime_ns}\n"
                total.update(line.encode("utf-8", "surrogatepass"))
    return total.hexdigest()


def recorded(root: Path) -> tuple[Mapping[str, Any] | None, bool]:
    """(request of what is in a folder, whether it is whole); None when none is recorded."""
    for name, key in ((_NAME, None), ("corpus.json", "request")):
        try:
            data = json.loads(contents(root / name))
        except (OSError, ValueError, RecursionError):
            continue
        found = data if key is None else data.get(key) if isinstance(data, dict) else None
        if isinstance(found, dict):
            return found, key is not None
    return None, False


def check_same(root: Path, request: Mapping[str, Any]) -> None:
    """FacsTextError, naming what differs, when a folder holds a corpus of another request."""
    there, _ = recorded(root)
    held = any((root / s / f"metadata.jsonl{end}").exists() for s in SPLITS for end in ("", PART))
    if there is None:
        if held:
            raise FacsTextError(
                f"{root}: holds rows, and no record of the request that they are of; "
                "take another folder"
            )
        return
    asked = json.loads(json.dumps(request))
    other = sorted(k for k in {*there, *asked} if there.get(k) != asked.get(k))
    if other:
        words = ", ".join(_WORDS.get(k, k) for k in other)
        raise FacsTextError(
            f"{root}: was begun with another request: {words} differ; "
            "resume with the same, or take another folder"
        )


def remember(root: Path, request: Mapping[str, Any] | None) -> None:
    """Record the request of an unfinished corpus; None takes the record away."""
    if request is None:
        (root / _NAME).unlink(missing_ok=True)
        return
    write_text(root / _NAME, json.dumps(request, indent=2, sort_keys=True) + "\n")


def clear_unfinished(root: Path) -> None:
    """Remove what an unfinished build left: the pictures that its rows name, and the rows."""
    for split in SPLITS:
        part = root / split / f"metadata.jsonl{PART}"
        if not part.exists():
            continue
        for name in _names(part):
            path = root / split / name
            if os.path.realpath(path.parent).startswith(os.path.realpath(root / split)):
                with suppress(OSError):
                    path.unlink()
        part.unlink()
    remove_parts(root)


def _names(part: Path) -> Iterator[str]:
    with part.open("rb") as file:
        for raw in file:
            try:
                yield safe_name(json.loads(raw)["file_name"])
            except (ValueError, KeyError, TypeError):
                return


def remove_parts(root: Path) -> None:
    """Remove files that were being written when a build was stopped."""
    for split in SPLITS:
        for path in (root / split).rglob(f".*{PART}"):
            with suppress(OSError):
                path.unlink()
