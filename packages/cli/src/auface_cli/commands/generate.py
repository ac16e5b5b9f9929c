"""auface generate: codes or English to a picture, several, or a sheet of people by codings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from auface_cli.drawing import (
    check_request,
    load_model,
    one_who,
    person_options,
    sampling_options,
    who,
)
from auface_cli.dropped import tell_dropped
from auface_cli.output import emit, note

if TYPE_CHECKING:
    from auface_gen import AUFace, Generated
    from facs_text import Coding

__all__ = ["command"]

CHOICE = 0.5
"""The temperature at which --best-of draws where none is given: at 0 there is nothing to choose."""


@click.command("generate")
@click.argument("codes_or_text", required=False)
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    help="Write this PNG file, or into this folder.",
)
@click.option(
    "--count", default=1, show_default=True, type=click.IntRange(1), help="Draw so many pictures."
)
@click.option(
    "--seed",
    default=0,
    show_default=True,
    help="Draw the first picture by this seed, and count up from it.",
)
@person_options
@click.option("--sweep", metavar="CODES..CODES", help="Draw a sheet by level, such as 12A..12E.")
@click.option(
    "--grid", metavar="CODES,CODES", help="Draw a sheet of these codings, as 1,4,12 or 6C+12D,4D."
)
@click.option(
    "--levels",
    help="Draw codes of --grid that have no level at these: D, A,C,E or A..E.  [default: D]",
)
@click.option(
    "--people", type=click.IntRange(1), help="Draw a sheet of so many people.  [default: 1]"
)
@click.option(
    "--described",
    is_flag=True,
    help="Tell the model a description of what was understood of plain English, not the words.",
)
@click.option("--check", is_flag=True, help="Say what the detector sees in each picture.")
@click.option(
    "--best-of", default=1, type=click.IntRange(1), help="Draw N, keep what --judge finds nearest."
)
@click.option(
    "--judge", type=click.Path(path_type=Path), help="Look with the detector in this folder."
)
@sampling_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a picture.")
def command(
    codes_or_text: str | None,
    out: Path,
    count: int,
    seed: int,
    identity: Path | None,
    identity_seed: int | None,
    align: bool,
    shows: str | None,
    sweep: str | None,
    grid: str | None,
    levels: str | None,
    people: int | None,
    described: bool,
    check: bool,
    best_of: int,
    judge: Path | None,
    model: Path | None,
    device: str,
    as_json: bool,
    **sampling: Any,
) -> None:
    """Draw a face that does what is said: `auface generate 6C+12D --out face.png`.

    CODES_OR_TEXT is FACS notation (0 is a face at rest) or plain English. With --sweep or --grid in
    its place a sheet is drawn, people along the rows, and its texts are written beside it as JSON.
    Every picture says that a machine made it, and from what; `auface score` reads that back.
    """
    one_who(identity, identity_seed, align, shows)
    _one_request(codes_or_text, sweep, grid)
    _fitting_place(out, count, sheet=codes_or_text is None)
    if codes_or_text is not None:
        if levels is not None or people is not None:
            raise click.UsageError("--levels and --people go with --grid or --sweep")
        check_request(codes_or_text)
    chosen = {name: value for name, value in sampling.items() if value is not None}
    if described:
        chosen["described"] = True
    if best_of > 1:
        chosen.setdefault("temperature", CHOICE)
    columns = _columns(sweep, grid, levels)
    if check or judge is not None or best_of > 1:
        from auface_cli.looking import load_judge

        chosen |= {"check": load_judge(judge, choose=best_of > 1), "best_of": best_of}
    draw = load_model(model, device)
    chosen |= {**who(identity, align, shows, draw), "seed": seed}
    if columns:
        chosen |= {"people": people or 1, "first": identity_seed or 0}
        _draw_sheet(draw, columns, out, as_json=as_json, **chosen)
        return
    assert codes_or_text is not None  # or it would have been a sheet
    pictures = draw.generate(codes_or_text, identity_seed=identity_seed, count=count, **chosen)
    for n, made in enumerate(pictures):
        path = out if out.suffix else out / f"face-{seed + n}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        made.save(path)
        _say(str(path), made, first=n == 0, as_json=as_json)


def _fitting_place(out: Path, count: int, *, sheet: bool) -> None:
    """Refuse a file for what is to be a folder, and the other way round."""
    if out.suffix and out.suffix.lower() != ".png":
        raise click.UsageError(f"{out.name}: pictures are PNG; name a .png file or a folder")
    if sheet and (count > 1 or not out.suffix):
        raise click.UsageError("a sheet is one picture: name a .png, without --count")
    if count > 1 and out.suffix:
        raise click.UsageError(f"--count {count} needs a folder for --out, not {out.name}")


def _draw_sheet(
    draw: AUFace, columns: Sequence[Coding], out: Path, *, as_json: bool, **options: Any
) -> None:
    """Draw people by codings in one picture, and say each; `options` as for draw_sheet."""
    from auface_gen.show.sheets import draw_sheet

    sheet = draw_sheet(draw, columns, **options)
    for path in sheet.save(out):
        note(f"{path}: written")
    for row in sheet.rows:
        for made in row:
            place = f"{out}, {made.identity}, {made.coding}"
            _say(place, made, first=row is sheet.rows[0], as_json=as_json)


def _one_request(codes_or_text: str | None, sweep: str | None, grid: str | None) -> None:
    if sum(given is not None for given in (codes_or_text, sweep, grid)) != 1:
        raise click.UsageError("give one of CODES_OR_TEXT, --sweep and --grid")


def _columns(sweep: str | None, grid: str | None, levels: str | None) -> list[Coding]:
    """The codings of a sheet; none where no sheet is asked for."""
    if sweep is None and grid is None:
        return []
    from auface_gen.show import levels as of_levels

    if sweep is not None:
        if levels is not None:
            raise click.UsageError("--levels goes with --grid; a sweep has its own")
        return of_levels.sweep(sweep)
    return of_levels.grid(grid or "", levels=levels or "D")


def _say(path: str, made: Generated, *, first: bool, as_json: bool) -> None:
    """A picture's line or JSON object; what was left out, on standard error."""
    if first:
        tell_dropped(made.coding, made.description.resolution)
    if made.not_shown:
        note(f"not shown by this model: {', '.join(made.not_shown)}")
    if as_json:
        seen = {} if made.seen is None else {"seen": made.seen.to_json()}
        emit(
            {
                "file": path,
                "codes": str(made.coding),
                "text": made.text,
                "seed": made.seed,
                "identity": made.identity,
            }
            | seen
        )
        return
    click.echo(f"{path}: {made.text}")
    if made.seen is not None:
        chosen = f", best of {made.seen.best_of}" if made.seen.best_of > 1 else ""
        click.echo(f"  seen by {made.seen.detector}{chosen}: {made.seen.said}")
