"""auface corpus render: pictures of made-up people doing known things."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from auface_cli.output import note
from auface_cli.parts import part_option

__all__ = ["command"]

_PLAN = (
    *("count", "size", "seed", "sittings", "per_sitting", "samples", "people_per_shard"),
    "codings",
)


def _workers(context: click.Context, option: click.Parameter, text: str | None) -> str | None:
    """A number of processes, or the address of a Dask scheduler."""
    if text is None or text.startswith("dask://") or (text.isdecimal() and int(text) >= 1):
        return text
    said = f"{text!r}: a number from 1 up, or dask://HOST:PORT"
    raise click.BadParameter(said, context, option)


@click.command("render")
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--rig",
    type=click.Path(path_type=Path),
    help="Render with the FaceXModel folder of ICT-FaceKit, or its packed .npz.",
)
@click.option(
    "--preset", help="Render a named corpus, such as auface-302k, that sets all that follows."
)
@click.option(
    "--count",
    default=12_600,
    show_default=True,
    type=click.IntRange(2),
    help="Render so many pictures; the default is 300 people.",
)
@click.option(
    "--size",
    default=128,
    show_default=True,
    type=click.IntRange(32),
    help="Render pictures of this size in pixels.",
)
@click.option(
    "--seed",
    default=0,
    show_default=True,
    type=click.IntRange(0),
    help="Draw people, light and codings by this seed.",
)
@click.option(
    "--sittings",
    default=2,
    show_default=True,
    type=click.IntRange(1),
    help="Let each person sit under so many lights.",
)
@click.option(
    "--per-sitting",
    default=21,
    show_default=True,
    type=click.IntRange(2),
    help="Take so many pictures a sitting, the first at rest.",
)
@click.option(
    "--samples",
    default=16,
    show_default=True,
    type=click.IntRange(1),
    help="Trace this many samples of light for each pixel.",
)
@click.option(
    "--per-shard",
    "people_per_shard",
    default=8,
    show_default=True,
    type=click.IntRange(1),
    help="Render and write so many people together.",
)
@click.option(
    "--codings",
    default="mixture",
    show_default=True,
    type=click.Choice(["mixture", "balanced"]),
    help="Ask for the mixture that generators learn from, or for units that tell nothing of each "
    "other, for detectors.",
)
@click.option(
    "--layout",
    default="folder",
    show_default=True,
    type=click.Choice(["folder", "shards"]),
    help="Write an image folder, or WebDataset's tar shards.",
)
@click.option(
    "--part",
    metavar="I/N",
    callback=part_option,
    help="Do the I-th of N parts only, as one job of an array.",
)
@click.option(
    "--workers",
    metavar="N|dask://HOST:PORT",
    callback=_workers,
    help="Use so many processes here, as many as cores unless told, or the workers of a "
    "Dask cluster.",
)
@click.option(
    "--variant",
    help="Use this variant of mitsuba, as llvm_ad_rgb or scalar_rgb; the fastest that "
    "works unless told.",
)
@click.option("--dry-run", is_flag=True, help="Print the rows, and render and write nothing.")
@click.pass_context
def command(
    context: click.Context,
    /,
    out: Path,
    rig: Path | None,
    preset: str | None,
    layout: str,
    part: tuple[int, int] | None,
    workers: str | None,
    variant: str | None,
    dry_run: bool,
    **numbers: Any,
) -> None:
    """Render made-up people doing known things; a run that was stopped is resumed.

    With --part, run the same command without it when all parts are there: that puts the corpus
    together.
    """
    from auface_gen.codings.mixture import MIXTURE
    from auface_gen.corpus.plan import CorpusPlan
    from auface_gen.corpus.presets import corpus_preset
    from auface_gen.corpus.render import LOOK, plan_lines

    if preset is None:
        plan = CorpusPlan(**numbers)
    else:
        for name in (*_PLAN, "layout"):
            if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE:
                option = "per-shard" if name == "people_per_shard" else name.replace("_", "-")
                raise click.UsageError(f"--preset {preset} sets --{option} itself")
        named = corpus_preset(preset, mixture=MIXTURE, look=LOOK)
        plan, layout = named.plan, named.layout
    if dry_run:
        for lines in plan_lines(plan, part=part or (1, 1), workers=workers):
            sys.stdout.write(lines)
        return
    if rig is None:
        raise click.UsageError("--rig is missing: FaceXModel of ICT-FaceKit, or the packed .npz")
    _render(out, rig, plan, layout=layout, part=part, workers=workers, variant=variant)
    if part is not None:
        note(f"part {part[0]}/{part[1]} is done; without --part the corpus is put together")
    click.echo(str(out))


def _render(out: Path, rig: Path, plan: Any, **options: Any) -> None:
    """Render with a bar of progress; a failed work is no wrong call, and has status 1."""
    from tqdm import tqdm

    from auface_gen.corpus.render import render_corpus
    from auface_gen.errors import WorkFailed

    with tqdm(total=plan.count, unit="picture", disable=None) as bar:

        def report(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        def tell(line: str) -> None:
            tqdm.write(line, file=sys.stderr)

        try:
            render_corpus(out, rig=rig, plan=plan, progress=report, tell=tell, **options)
        except WorkFailed as error:
            raise click.ClickException(str(error)) from error


@click.command("raw-twin")
@click.argument("corpus", metavar="CORPUS", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--rig",
    required=True,
    type=click.Path(path_type=Path),
    help="Render with the FaceXModel folder of ICT-FaceKit, or the packed .npz, that "
    "CORPUS was rendered with.",
)
@click.option("--variant", help="Use this variant of mitsuba; the fastest that works unless told.")
def raw_twin(corpus: Path, out: Path, rig: Path, variant: str | None) -> None:
    """Render the marked conflicts of CORPUS's test people as the plain sum of their units.

    It is the second truth of an experiment: CORPUS shows conflicts resolved. A run that was
    stopped is resumed.
    """
    from auface_gen.corpus.raw_twin import render_raw_twin
    from auface_gen.errors import WorkFailed

    try:
        render_raw_twin(corpus, out, rig=rig, variant=variant, tell=note)
    except WorkFailed as error:
        raise click.ClickException(str(error)) from error
    click.echo(str(out))
