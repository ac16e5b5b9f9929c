"""auface render: the rig itself, doing exact units; stimuli at any size, sheets and sequences."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

__all__ = ["command"]


@click.command("render")
@click.argument("codes", nargs=-1, required=True)
@click.option(
    "--rig",
    required=True,
    type=click.Path(path_type=Path),
    help="Render with the FaceXModel folder of ICT-FaceKit, or its packed .npz.",
)
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    help="Write one picture, or a sheet of several, to a .png, or a file each into a folder.",
)
@click.option(
    "--person",
    "people",
    multiple=True,
    default=(0,),
    show_default=True,
    type=click.IntRange(0),
    help="Render the made-up person of this number; give it again for more, a row of a sheet each.",
)
@click.option(
    "--light",
    type=click.IntRange(0),
    help="Take the light of this number, and not the person's own.",
)
@click.option(
    "--size",
    default=512,
    show_default=True,
    type=click.IntRange(32, 4096),
    help="Render pictures of this size in pixels.",
)
@click.option(
    "--samples",
    default=32,
    show_default=True,
    type=click.IntRange(1),
    help="Trace this many samples a pixel.",
)
@click.option("--transparent", is_flag=True, help="Leave out the backdrop: PNG with alpha.")
@click.option(
    "--frames",
    type=click.IntRange(3),
    help="Render onset, apex and offset as this many numbered pictures, into a folder.",
)
def command(
    codes: tuple[str, ...],
    rig: Path,
    out: Path,
    people: tuple[int, ...],
    light: int | None,
    size: int,
    samples: int,
    transparent: bool,
    frames: int | None,
) -> None:
    """Render faces that do exactly CODES: `auface render 6C+12D --rig FaceXModel --out face.png`.

    CODES is FACS notation (0 is a face at rest), one or several. One picture is written to a .png;
    several become a sheet there, a row a person, or a file each in a folder. With --frames, the
    face goes from rest to CODES, stays and goes back, as frame-000.png and on.
    """
    if out.suffix and out.suffix.lower() != ".png":
        raise click.UsageError(f"{out.name}: pictures are PNG; name a .png file or a folder")
    if frames is not None and out.suffix:
        raise click.UsageError(f"--frames needs a folder for --out, not {out.name}")
    if frames is not None and len(codes) * len(people) > 1:
        raise click.UsageError("--frames takes one coding and one person")
    from facs_text import parse, resolve

    asked = {text: resolve(parse(text)).activations for text in codes}
    from auface_gen.picture.stimuli import Stage, frame_levels, scaled, sheet, write_png

    stage = Stage(rig, size=size, samples=samples, transparent=transparent)
    if frames is not None:
        full = next(iter(asked.values()))
        sitting = stage.sitting(people[0], light)
        for number, level in enumerate(frame_levels(frames)):
            path = out / f"frame-{number:03d}.png"
            write_png(path, stage.picture(sitting, scaled(full, level)))
        click.echo(f"{out}: {frames} frames of {codes[0]}")
        return
    rows: list[list[Any]] = []
    for person in people:
        sitting, row = stage.sitting(person, light), []
        for text, activations in asked.items():
            row.append(stage.picture(sitting, activations))
            if not out.suffix:
                path = out / f"person{person}-{text.replace('/', '-')}.png"
                write_png(path, row[-1])
                click.echo(str(path))
        rows.append(row)
    if out.suffix:
        write_png(out, sheet(rows))
        click.echo(str(out))
