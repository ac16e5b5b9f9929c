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
@click.option("--count", default=1000, show_default=True, type=click.IntRange(2))
@click.option("--size", default=128, show_default=True, help="Pixels.")
@click.option("--seed", default=0, show_default=True)
@click.option("--workers", type=click.IntRange(1), help="Processes.")
def render(out: Path, rig: Path, count: int, size: int, seed: int, workers: int | None) -> None:
    """Render made-up people doing known things; a run that was stopped goes on."""
    from tqdm import tqdm

    from auface_gen.synthesize import render_corpus

    with tqdm(total=count, unit="picture", disable=None) as bar:

        def report(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        render_corpus(
            out, rig=rig, count=count, size=size, seed=seed, workers=workers, progress=report
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
    help="Folder of the pictures; found by the row's id, or its subject and frame.",
)
@click.option(
    "--format",
    "kind",
    default="auto",
    show_default=True,
    help="Of SOURCE, as for `auface describe --from`.",
)
@click.option("--licence", default="see source", show_default=True, help="Of the pictures.")
@click.option("--seed", default=0, show_default=True, help="Picks among paraphrases.")
def build(source: Path, out: Path, images: Path, kind: str, licence: str, seed: int) -> None:
    """Pair pictures with the texts of their codings; people are kept in one split each."""
    from ..build import build_corpus

    counts = build_corpus(source, out, images=images, kind=kind, licence=licence, seed=seed)
    for name, count in counts.items():
        click.echo(f"{name}: {count}")


@command.command("shard")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--per-shard", default=1000, show_default=True, type=click.IntRange(1))
def shard(folder: Path, out: Path, per_shard: int) -> None:
    """Pack a corpus as WebDataset tar shards: KEY.png, KEY.txt, KEY.json a row."""
    from ..shards import write_shards

    for path in write_shards(folder, out, per_shard=per_shard):
        click.echo(str(path))
