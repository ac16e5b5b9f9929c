"""auface corpus: make, check and pack pairs of pictures and texts."""

from __future__ import annotations

from pathlib import Path

import click

from ..output import emit, note

__all__ = ["command"]


@click.group("corpus")
def command() -> None:
    """Make, check and pack corpora of pictures and texts."""


@command.command("render")
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--rig",
    required=True,
    type=click.Path(path_type=Path),
    help="FaceXModel folder of ICT-FaceKit, or the packed .npz.",
)
@click.option(
    "--count",
    default=12_600,
    show_default=True,
    type=click.IntRange(2),
    help="Pictures; the default is 300 people.",
)
@click.option("--size", default=128, show_default=True, help="Pixels.")
@click.option("--seed", default=0, show_default=True)
@click.option(
    "--sittings", default=2, show_default=True, type=click.IntRange(1), help="Lights a person."
)
@click.option(
    "--per-sitting",
    default=21,
    show_default=True,
    type=click.IntRange(2),
    help="Pictures a sitting, the first at rest.",
)
@click.option(
    "--samples", default=20, show_default=True, type=click.IntRange(1), help="Of light, a pixel."
)
@click.option("--workers", type=click.IntRange(1), help="Processes.")
def render(
    out: Path,
    rig: Path,
    count: int,
    size: int,
    seed: int,
    sittings: int,
    per_sitting: int,
    samples: int,
    workers: int | None,
) -> None:
    """Render made-up people doing known things; a run that was stopped goes on."""
    from tqdm import tqdm

    from auface_gen.synthesize import render_corpus

    with tqdm(total=count, unit="picture", disable=None) as bar:

        def report(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        render_corpus(
            out,
            rig=rig,
            count=count,
            size=size,
            seed=seed,
            sittings=sittings,
            per_sitting=per_sitting,
            samples=samples,
            workers=workers,
            progress=report,
        )
    click.echo(str(out))


@command.command("check")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def check(folder: Path, as_json: bool) -> None:
    """Check a corpus end to end: files, codings, texts, people, counts. Status 1 on a problem."""
    from facs_text import FacsTextError, corpus

    if not folder.is_dir():
        raise FacsTextError(f"{folder}: no such folder")
    report = corpus.check(folder)
    if as_json:
        emit(
            {
                "ok": report.ok,
                "rows": dict(report.rows),
                "subjects": dict(report.subjects),
                "problems": list(report.problems),
            }
        )
    else:
        for split, count in report.rows.items():
            click.echo(f"{split}: {count} rows, {report.subjects.get(split, 0)} people")
        for problem in report.problems:
            note(problem)
        click.echo("in order" if report.ok else f"{len(report.problems)} problems")
    if not report.ok:
        raise click.exceptions.Exit(1 if report.rows else 2)


@command.command("build")
@click.argument("source", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--images",
    required=True,
    type=click.Path(path_type=Path),
    help="Folder of the pictures, as SUBJECT/TASK/FRAME, SEQUENCE/FRAME or by file name.",
)
@click.option("--format", "kind", default="auto", show_default=True, help="Of SOURCE.")
@click.option("--frame-offset", type=int, help="Number of the picture minus that of the row.")
@click.option("--threshold", type=float, help="Probabilities from it up are presence.")
@click.option("--size", type=click.IntRange(16), help="Crop to so many pixels.")
@click.option("--link", is_flag=True, help="Hard links instead of copies.")
@click.option("--licence", default="see source", show_default=True, help="Of the pictures.")
@click.option("--seed", default=0, show_default=True, help="Picks among paraphrases.")
@click.option(
    "--rejects",
    type=click.Path(path_type=Path),
    help="Skip bad rows, and list there what was left out and why.",
)
@click.option("--resume", is_flag=True, help="Go on where a build stopped.")
def build(
    source: Path,
    out: Path,
    images: Path,
    kind: str,
    frame_offset: int | None,
    threshold: float | None,
    size: int | None,
    link: bool,
    licence: str,
    seed: int,
    rejects: Path | None,
    resume: bool,
) -> None:
    """Pair pictures with the texts of their codings; people are kept in one split each."""
    from facs_text import corpus

    report = corpus.build(
        source,
        images,
        out,
        licence=licence,
        format=kind,
        frame_offset=frame_offset,
        threshold=threshold,
        size=size,
        link=link,
        seed=seed,
        on_error="skip" if rejects is not None else "raise",
        rejects=rejects,
        resume=resume,
    )
    for split, count in report.rows.items():
        click.echo(f"{split}: {count}")
    for reason, count in report.drops.items():
        note(f"left out: {count} x {reason}")


@command.command("shard")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--per-shard", default=1000, show_default=True, type=click.IntRange(1))
def shard(folder: Path, out: Path, per_shard: int) -> None:
    """Pack a corpus as WebDataset tar shards: KEY.png, KEY.txt, KEY.json a row."""
    from ..shards import write_shards

    for path in write_shards(folder, out, per_shard=per_shard):
        click.echo(str(path))
