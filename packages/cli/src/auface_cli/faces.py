"""Faces as a command is asked about them, typed or in a file, and what it says of each.

The commands that say several things of a face (compare, contrast, ask) share their options and
this loop: one line a statement, or one JSON object with --json.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from auface_cli.output import note
from auface_cli.sources import beside, codings, reader_options, reading_options, skip_options
from facs_text import Coding, FacsTextError, parse, readers
from facs_text.files import Whole

__all__ = ["Face", "Said", "face_options", "faces", "say"]

F = TypeVar("F", bound=Callable[..., Any])
Said = tuple[dict[str, Any], str]  # a statement for JSON, and in words


@dataclass(frozen=True, slots=True)
class Face:
    """One face asked about: its place from 0, its coding, and its row where it is from a file."""

    number: int
    coding: Coding
    row: readers.Row | None = None

    @property
    def about(self) -> dict[str, Any]:
        """What JSON says of a row: its id, and its frame where the source counts them."""
        if self.row is None:
            return {}
        return {"id": self.row.id} | ({} if self.row.frame is None else {"frame": self.row.frame})


def face_options(command: F) -> F:
    """--from and how it is read, --out and --json; say() takes all of them."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line."),
        click.option("--out", type=click.Path(path_type=Path), help="Write to this file."),
        skip_options,
        reading_options,
        click.option(
            "--from", "source", type=click.Path(path_type=Path), help="Read a file of codings."
        ),
    ):
        command = option(command)
    return command


def faces(codes: Iterable[str]) -> Iterator[Face]:
    """Faces that are typed."""
    for number, text in enumerate(codes):
        if not text.strip():
            raise FacsTextError("empty codes; a face at rest is written 0")
        yield Face(number, parse(text))


def say(
    typed: Iterable[Face],
    tell: Callable[[Face], Iterable[Said]],
    *,
    source: Path | None,
    source_format: str,
    kind: str | None,
    columns: str | None,
    confidence: float | None,
    threshold: float | None,
    on_error: str,
    rejects: Path | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Write what tell says of each face: of those that are typed, or of the rows of source.

    An error of tell about a row names file and line, or is listed among the rejects.
    """
    if source is None and on_error == "skip":
        raise click.UsageError("--on-error skip goes with --from: codes are typed, not rows")
    if rejects is not None and on_error != "skip":
        raise click.UsageError("--rejects goes with --on-error skip")
    with ExitStack() as stack:
        left_out = None
        if source is not None:
            if not source.exists():
                raise FacsTextError(f"{source}: no such file or folder")
            if on_error == "skip":
                listed = beside(out or source) if rejects is None else rejects
                if any(p is not None and p.resolve() == listed.resolve() for p in (source, out)):
                    raise click.UsageError(f"{listed}: --rejects would overwrite that file")
                left_out = stack.enter_context(readers.Rejects(listed, source))
        file = stack.enter_context(Whole(out)) if out is not None else None
        options = reader_options(kind, columns, confidence, threshold)
        asked = typed
        if source is not None:
            rows = codings(source, source_format, options, threshold, left_out)
            asked = (Face(n, coding, row) for n, (row, coding) in enumerate(rows))
        for face in asked:
            for value, words in _told(face, tell, source, left_out):
                about = json.dumps(face.about | value, ensure_ascii=False)
                line = about if as_json else words
                if file is None:
                    click.echo(line)
                else:
                    file.write(line + "\n")
        if left_out is not None:
            left_out.keep()
            note(f"{source}: {left_out.count} rows left out, listed in {left_out.path}")
        if file is not None:
            file.keep()


def _told(
    face: Face,
    tell: Callable[[Face], Iterable[Said]],
    source: Path | None,
    left_out: readers.Rejects | None,
) -> list[Said]:
    try:
        return list(tell(face))
    except FacsTextError as error:
        if face.row is None:
            raise
        if left_out is None:
            where = f"{source}, line {face.row.line}"
            raise FacsTextError(f"{where}: {error}; --on-error skip leaves it out") from None
        left_out.add_row(face.row.line, face.row.id, str(error))
        return []
