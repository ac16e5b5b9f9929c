"""Files that are there whole or not at all: written beside, then renamed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from facs_text.files import whole

__all__ = ["write_bytes", "write_json", "write_text"]


def write_bytes(path: Path, data: bytes) -> None:
    """Write data to path, making its folder."""
    with whole(path) as beside:
        beside.write_bytes(data)


def write_text(path: Path, text: str) -> None:
    """Write text in UTF-8, with line ends as they are."""
    write_bytes(path, text.encode("utf-8"))


def write_json(path: Path, value: Any) -> None:
    """Write a value as JSON that a person can read."""
    write_text(path, json.dumps(value, ensure_ascii=False, indent=2) + "\n")
