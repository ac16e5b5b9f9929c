"""auface convert: a file of codings to the format of another tool."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import click

from auface_cli.output import note
from auface_cli.sources import beside, reader_options, reading_options, rows, skip_options
from facs_text import FacsTextError, readers, writers
from facs_text.files import Whole

__all__ = ["command"]


@click.command("convert")
@click.argument("source", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "--to",
    "target",
    required=True,
    type=click.Choice(writers.FORMATS),
    help="Write FACS notation, OpenFace 2's table, or Live Link Face's table of ARKit shapes.",
)
@reading_options
@skip_options
@click.option("--out", type=click.Path(path_type=Path), help="Write to this file.")
def command(
    source: Path,
    target: str,
    source_format: str,
    kind: str | None,
    columns: str | None,
    confidence: float | None,
    threshold: float | None,
    on_error: str,
    rejects: Path | None,
    out: Path | None,
) -> None:
    """Write FILE, in any format that is read, in the format that another tool reads.

    What the other format has no place for is left out, and said on standard error.
    """
    if rejects is not None and on_error != "skip":
        raise click.UsageError("--rejects goes with --on-error skip")
    if not source.exists():
        raise FacsTextError(f"{source}: no such file or folder")
    report = writers.WriteReport()
    options = reader_options(kind, columns, confidence, threshold)
    with ExitStack() as stack:
        left_out = None
        if on_error == "skip":
            listed = beside(out or source) if rejects is None else rejects
            if any(p is not None and p.resolve() == listed.resolve() for p in (source, out)):
                raise click.UsageError(f"{listed}: --rejects would overwrite that file")
            left_out = stack.enter_context(readers.Rejects(listed, source))
        file = stack.enter_context(Whole(out)) if out is not None else None
        found = rows(source, source_format, options, left_out)
        for line in writers.lines(found, target, threshold=threshold, report=report):
            if file is None:
                click.echo(line, nl=False)
            else:
                file.write(line)
        if left_out is not None:
            left_out.keep()
            if left_out.count:
                note(f"{source}: {left_out.count} rows left out, listed in {left_out.path}")
        if file is not None:
            file.keep()
    if report.left_out:
        note(f"{source}: {report.left_out} rows could not be scored, left out")
    for what, count in sorted(report.lost.items()):
        note(f"{source}: {what} has no place in {target}, left out of {count} rows")
