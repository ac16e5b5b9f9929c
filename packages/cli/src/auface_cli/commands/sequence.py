"""auface sequence: timed codings to a film of one person."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from auface_cli.drawing import load_model, one_who, person_options, sampling_options, who
from auface_cli.output import emit, note
from auface_cli.timed import read_timed

__all__ = ["command"]


@click.command("sequence")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    help="Write this .gif, .webp or .mp4, or numbered PNG into a folder.",
)
@click.option(
    "--rate", default=25.0, show_default=True, type=click.FloatRange(0, 1000, min_open=True),
    help="Draw so many frames a second.",
)  # fmt: skip
@click.option("--seed", default=0, show_default=True, help="Draw all frames by this seed.")
@person_options
@sampling_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a frame.")
def command(
    file: Path,
    out: Path,
    rate: float,
    seed: int,
    identity: Path | None,
    identity_seed: int | None,
    align: bool,
    shows: str | None,
    model: Path | None,
    device: str,
    as_json: bool,
    **sampling: Any,
) -> None:
    """Draw timed codings as a film: `auface sequence smile.txt --out smile.gif`.

    FILE has a time in seconds and a coding a line (`0.4 6C+12D`; - is standard input). Between them
    levels rise and fall smoothly. Beside the film stands a JSON file: time, levels and text of each
    frame, and by how much every two neighbouring frames differ.
    """
    one_who(identity, identity_seed, align, shows)
    timed = read_timed(file)
    chosen = {name: value for name, value in sampling.items() if value is not None}
    from auface_gen.show.films import check_film, write_sequence
    from auface_gen.show.sequence import draw_sequence

    check_film(out)
    draw = load_model(model, device)
    made = draw_sequence(
        draw,
        timed,
        rate=rate,
        **who(identity, align, shows, draw),
        identity_seed=identity_seed,
        seed=seed,
        **chosen,
    )
    film, beside = write_sequence(made, out)
    value = made.to_json()
    if value["not_shown"]:
        note(f"not shown by this model: {', '.join(value['not_shown'])}")
    if as_json:
        for frame in value["frames"]:
            emit(frame)
    else:
        click.echo(made.text)
    note(
        f"{film}: {len(made.frames)} frames, neighbours differ by at most "
        f"{100 * value['largest_difference']:.2f}% of white; {beside} says the rest"
    )
