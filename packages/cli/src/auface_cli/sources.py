"""A file of codings as a command takes it: the options that say how it is read, and its rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import click

from auface_cli.output import note
from facs_text import Coding, FacsTextError, readers

__all__ = ["beside", "codings", "reader_options", "reading_options", "rows", "skip_options"]

F = TypeVar("F", bound=Callable[..., Any])


def reading_options(command: F) -> F:
    """--format, --kind, --columns, --confidence and --threshold; rows() takes all of them."""
    for option in reversed(
        (
            click.option(
                "--format",
                "source_format",
                default="auto",
                show_default=True,
                help=f"Read the file as one of {', '.join(readers.FORMATS)}.",
            ),
            click.option(
                "--kind",
                type=click.Choice(["presence", "intensity", "probability"]),
                help="Say what the numbers of the file are, or which block of it to read.",
            ),
            click.option(
                "--columns",
                metavar="NAMES",
                help="Name the columns of a table without a header, as in frame,1,2,4.",
            ),
            click.option(
                "--confidence",
                type=click.FloatRange(0, 1),
                help="Leave unscored the faces that OpenFace is less sure of.",
            ),
            click.option(
                "--threshold", type=float, help="Count probabilities from this one up as presence."
            ),
        )
    ):
        command = option(command)
    return command


def skip_options(command: F) -> F:
    """--on-error and --rejects."""
    command = click.option(
        "--rejects",
        type=click.Path(path_type=Path),
        help="List the rows that skip left out in this file.  [default: OUT or FILE + "
        ".rejects.jsonl]",
    )(command)
    return click.option(
        "--on-error",
        type=click.Choice(["stop", "skip"]),
        default="stop",
        show_default=True,
        help="Stop at a bad row of the file, or leave it out and read the next.",
    )(command)


def reader_options(
    kind: str | None, columns: str | None, confidence: float | None, threshold: float | None
) -> dict[str, Any]:
    """What those options are to facs_text.readers. A threshold says that numbers from 0 to 1
    which could be either are probabilities.
    """
    given: dict[str, Any] = {"kind": kind, "columns": columns, "confidence": confidence}
    found = {name: value for name, value in given.items() if value is not None}
    if threshold is not None:
        found["fractions"] = "probability"
    return found


def rows(
    source: Path,
    source_format: str,
    options: dict[str, Any],
    rejects: readers.Rejects | None,
) -> Iterator[readers.Row]:
    """Rows of a file. rejects takes the bad ones; None stops at the first."""
    if "columns" in options and source_format == "auto":
        source_format = "table"
    for row in readers.rows_and_errors(source, source_format, tell=note, **options):
        if isinstance(row, readers.Row):
            yield row
        elif rejects is None:
            raise FacsTextError(f"{row}; --on-error skip leaves such rows out")
        else:
            rejects.add_error(row)


def codings(
    source: Path,
    source_format: str,
    options: dict[str, Any],
    threshold: float | None,
    rejects: readers.Rejects | None,
) -> Iterator[tuple[readers.Row, Coding]]:
    """Rows with their codings; those that could not be scored are told, or go to rejects."""
    for row in rows(source, source_format, options, rejects):
        if row.coding is not None:
            yield row, row.coding
        elif row.values and row.kind == "probability" and threshold is not None:
            yield row, readers.to_coding(row, threshold=threshold)
        elif row.values:
            # Not a bad row but a call that lacks something: the same for every row of the file.
            raise FacsTextError(
                f"{source}, line {row.line}: {row.kind} values are no coding by themselves; "
                "say from where a probability is presence with --threshold"
            )
        elif rejects is not None:
            rejects.add_row(row.line, row.id, "could not be scored")
        else:
            note(f"{source}, line {row.line}: {row.id} could not be scored, left out")


def beside(path: Path) -> Path:
    """The list of rejects where nothing else is said: PATH.rejects.jsonl."""
    if path.name in ("", ".."):
        path = path.resolve()
    return path.with_name(path.name + ".rejects.jsonl")
