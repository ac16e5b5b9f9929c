"""A score on disk: `score.json`, `per_image.jsonl`, and one HTML page that needs nothing beside it.

score.json: `PictureScore.to_json`: the result with `controls`, `ceiling`, `conflicts` and `faces`.
per_image.jsonl: a line a picture, in the order of their paths: `file`, `codes`, `text`, `subject`,
`distance` (mean over its known columns, 0 best; null without a face), `reason` in words, and
`units` {column: {"asked", "seen"}} with expected levels 0 to 5.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from aaad.files import write_text
from aaad.page import to_html
from aaad.scoring import PictureScore
from aaad.words import ImageScore

__all__ = ["write_html", "write_json", "write_jsonl"]


def write_json(path: str | Path, score: PictureScore) -> None:
    """Write score.json."""
    write_text(path, json.dumps(score.to_json(), indent=1) + "\n")


def write_jsonl(path: str | Path, images: Sequence[ImageScore]) -> None:
    """Write per_image.jsonl."""
    write_text(path, "".join(json.dumps(image.to_json()) + "\n" for image in images))


def write_html(
    path: str | Path, score: PictureScore, *, title: str = "AAAD", pictures: int = 60
) -> None:
    """Write the page, with at most `pictures` pictures in it, the worst first."""
    write_text(path, to_html(score, title=title, pictures=pictures))
