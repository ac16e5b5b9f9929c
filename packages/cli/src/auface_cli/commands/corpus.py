"""auface corpus: make, check and pack pairs of pictures and texts."""

from __future__ import annotations

from pathlib import Path

import click

from auface_cli.group import LazyGroup
from auface_cli.output import emit, note
from auface_cli.parts import part_option
from auface_cli.sources import reader_options, reading_options

__all__ = ["command"]


_HERE = "auface_cli.commands"


@click.group(
    "corpus",
    cls=LazyGroup,
    lazy={
        "render": f"{_HERE}.corpus_render:command",
        "raw-twin": f"{_HERE}.corpus_render:raw_twin",
    },
)
def command() -> None:
    """Make, check and pack corpora of pictures and texts."""


@command.command("check")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--quick", is_flag=True, help="Do not open the pictures.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def check(folder: Path, quick: bool, as_json: bool) -> None:
    """Check a corpus end to end: files, codings, texts, people, counts; status 1 on a problem.

    Pictures are opened: cut files, other sizes than corpus.json says, and pictures that stand in
    two splits are found.
    """
    from facs_text import FacsTextError, corpus

    if not folder.is_dir():
        raise FacsTextError(f"{folder}: no such folder")
    report = corpus.check(folder, pictures=not quick)
    if as_json:
        emit(
            {
                "ok": report.ok,
                "rows": dict(report.rows),
                "subjects": dict(report.subjects),
                "sizes": {f"{w}x{h}": count for (w, h), count in sorted(report.sizes.items())},
                "problems": list(report.problems),
            }
        )
    else:
        for split, count in report.rows.items():
            click.echo(f"{split}: {count} rows, {report.subjects.get(split, 0)} people")
        for (width, height), count in sorted(report.sizes.items()):
            click.echo(f"{width} x {height} pixels: {count} pictures")
        for problem in report.problems:
            note(problem)
        click.echo("in order" if report.ok else f"{len(report.problems)} problems")
    if not report.ok:
        raise click.exceptions.Exit(1 if report.rows else 2)


@command.command("stats")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--split",
    "splits",
    multiple=True,
    type=click.Choice(["train", "valid", "test"]),
    help="Count this split only.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def stats(folder: Path, splits: tuple[str, ...], as_json: bool) -> None:
    """Count a corpus: units, levels, sides, conflicts; beside BP4D's published rates."""
    from auface_gen.corpus.census import take_census

    found = take_census(folder, *([splits] if splits else []))
    if as_json:
        emit(found.to_json())
        return
    for split, count in found.pictures.items():
        click.echo(f"{split}: {count} pictures of {found.people[split]} people")
    if found.kinds:
        parts = sorted(found.kinds.items(), key=lambda part: -part[1])
        click.echo("kinds: " + ", ".join(f"{kind} {count}" for kind, count in parts))
    sides = ("both", "left", "right", "top", "bottom")
    click.echo(
        "\nunit  pictures   rate      A     B     C     D     E   "
        + "  ".join(f"{s:>6}" for s in sides)
    )
    for code, unit in found.units.items():
        levels = " ".join(f"{unit.levels[level] or '':>5}" for level in "ABCDE")
        places = "  ".join(f"{unit.sides[side] or '':>6}" for side in sides)
        rate = f"{found.rate(code):6.1%}"
        click.echo(f"{code:>4}  {unit.pictures:>8} {rate}  {levels}   {places}".rstrip())
    click.echo("\nrates beside BP4D's published ones: unit, BP4D, corpus, its spontaneous part")
    for code, rates in found.bp4d().items():
        part = rates["spontaneous"]
        said = "     -" if part is None else f"{part:6.1%}"
        click.echo(f"{code:>4}  {rates['bp4d']:6.1%} {rates['corpus']:6.1%} {said}")
    for title, pairs in (("conflicts", found.conflicts), ("held-out pairs", found.held_out)):
        if pairs:
            click.echo(f"\n{title}, pictures by split")
        for pair, counts in sorted(pairs.items(), key=lambda item: -sum(item[1].values())):
            told = ", ".join(f"{split} {count}" for split, count in counts.items())
            click.echo(f"{pair:>7}  {told or 'none'}")


@command.command("build")
@click.argument("source", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--images",
    required=True,
    type=click.Path(path_type=Path),
    help="Take the pictures from this folder, by SUBJECT/TASK/FRAME, SEQUENCE/FRAME or file name.",
)
@reading_options
@click.option(
    "--frame-offset", type=int, help="Add this to a row's number for that of its picture."
)
@click.option("--size", type=click.IntRange(16), help="Crop the pictures to this size in pixels.")
@click.option("--link", is_flag=True, help="Link the pictures instead of copying them.")
@click.option(
    "--licence", default="see source", show_default=True, help="Name the licence of the pictures."
)
@click.option("--seed", default=0, show_default=True, help="Pick among paraphrases by this seed.")
@click.option(
    "--texts",
    default="",
    metavar="DETAILS",
    help="Add further texts, a column each, as prompt,clinical; full and brief are always there.",
)
@click.option(
    "--rejects",
    type=click.Path(path_type=Path),
    help="Skip bad rows, and list there what was left out and why.",
)
@click.option(
    "--part",
    metavar="I/N",
    callback=part_option,
    help="Make the pictures of the I-th of N parts of the people only, as one job of an array.",
)
@click.option("--resume", is_flag=True, help="Resume the same build where it was stopped.")
def build(
    source: Path,
    out: Path,
    images: Path,
    source_format: str,
    kind: str | None,
    columns: str | None,
    confidence: float | None,
    threshold: float | None,
    frame_offset: int | None,
    size: int | None,
    link: bool,
    licence: str,
    seed: int,
    texts: str,
    rejects: Path | None,
    part: tuple[int, int] | None,
    resume: bool,
) -> None:
    """Pair pictures with the texts of their codings; people are kept in one split each.

    With --part, run the same command without it when the parts are there: that puts the corpus
    together.
    """
    from facs_text import corpus

    report = corpus.build(
        source,
        images,
        out,
        licence=licence,
        format="table" if columns and source_format == "auto" else source_format,
        frame_offset=frame_offset,
        threshold=threshold,
        size=size,
        link=link,
        seed=seed,
        on_error="skip" if rejects is not None else "raise",
        rejects=rejects,
        resume=resume,
        part=part,
        texts=[name.strip() for name in texts.split(",") if name.strip()],
        options={"tell": note} | reader_options(kind, columns, confidence, threshold),
    )
    if part is not None:
        note(f"part {part[0]}/{part[1]} is done; without --part the corpus is put together")
    for split, count in report.rows.items():
        click.echo(f"{split}: {count}")
    for reason, count in report.drops.items():
        note(f"left out: {count} x {reason}")


@command.command("shard")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--per-shard",
    default=1000,
    show_default=True,
    type=click.IntRange(1),
    help="Put so many rows into each shard.",
)
def shard(folder: Path, out: Path, per_shard: int) -> None:
    """Pack a corpus as WebDataset tar shards: KEY.png, KEY.txt, KEY.json a row."""
    from facs_text import corpus

    for path in corpus.write_shards(folder, out, per_shard=per_shard):
        click.echo(str(path))


@command.command("export")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--to",
    required=True,
    type=click.Choice(["parquet", "webdataset", "imagefolder"]),
    help="Write this layout.",
)
@click.option("--name", help="Name of the data set; that of DIR unless told.")
@click.option(
    "--per-shard",
    default=1000,
    show_default=True,
    type=click.IntRange(1),
    help="Put so many rows into each Parquet file or tar shard.",
)
def export(folder: Path, out: Path, to: str, name: str | None, per_shard: int) -> None:
    """Write a corpus (an image folder or tar shards) for others' tools.

    A dataset card, README.md, as Hugging Face reads it, and croissant.json are written too.
    """
    from facs_text import corpus

    def tell(path: Path) -> None:
        click.echo(str(path))

    corpus.export(folder, out, to=to, name=name, per_shard=per_shard, tell=tell)
