"""auface edit: the face in a photograph moved, and the whole photograph back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from auface_cli.drawing import (
    aligned,
    check_request,
    load_model,
    not_at_rest,
    sampling_options,
    shows_option,
)
from auface_cli.dropped import tell_dropped
from auface_cli.output import note

__all__ = ["command"]


@click.command("edit")
@click.argument("photo", type=click.Path(path_type=Path))
@click.argument("codes_or_text")
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    help="Write this .png, .tif, .webp or .jpg.",
)
@click.option("--seed", default=0, show_default=True, help="Draw by this seed.")
@click.option(
    "--landmarks",
    type=click.Path(path_type=Path),
    help="Read 68 points (x, y in pixels of the upright photograph) from a JSON list, "
    "and do not look for them.",
)
@shows_option
@sampling_options
def command(
    photo: Path,
    codes_or_text: str,
    out: Path,
    seed: int,
    landmarks: Path | None,
    shows: str | None,
    model: Path | None,
    device: str,
    **sampling: Any,
) -> None:
    """Move the face in a photograph: `auface edit me.jpg 6C+12D --out smile.png`.

    CODES_OR_TEXT is what the face in PHOTO is to do. Where it does something already, say what:
    `--shows "smiles broadly"`; 0 in CODES_OR_TEXT then brings it to rest. The photograph comes back
    whole: around the face it is the same to the bit (in a .jpg but for its compression), with its
    transparency, colour profile and EXIF. It is labelled as changed by a machine. Of several faces
    the largest is moved. Edit nobody who has not agreed to it.
    """
    check_request(codes_or_text)
    if shows is not None:
        check_request(shows, of="--shows")
    from auface_gen.label import SUFFIXES
    from auface_gen.photograph.blend import changed, paste
    from auface_gen.photograph.file import Photograph

    if out.suffix.lower() not in SUFFIXES:
        raise click.UsageError(f"{out.name}: name a file that ends in {', '.join(SUFFIXES)}")
    points = None if landmarks is None else _points(landmarks)
    whole = Photograph.open(photo)
    whole.check(out)
    draw = load_model(model, device)
    crop, matrix, said = aligned(whole, photo, size=draw.size, landmarks=points, stretch=True)
    for line in filter(None, (whole.note, said, not_at_rest(crop, shows))):
        note(line)
    from PIL import Image

    chosen = {name: value for name, value in sampling.items() if value is not None}
    person = Image.fromarray(crop)
    wanted = [codes_or_text] if shows is not None else [codes_or_text, "0"]
    moved, *rest = draw.generate(wanted, identity=person, shows=shows, seed=seed, **chosen)
    tell_dropped(moved.coding, moved.description.resolution)
    if moved.not_shown:
        note(f"not shown by this model: {', '.join(moved.not_shown)}")
    import numpy as np

    edited = np.asarray(moved.image)
    if rest:
        edited = changed(crop, edited, np.asarray(rest[0].image))
    whole.save(out, paste(whole.pixels, matrix, edited, crop))
    click.echo(f"{out}: {moved.text}")


def _points(path: Path) -> list[list[float]]:
    """68 pairs of numbers from a JSON file; aaad checks that they are a face's."""
    try:
        value = json.loads(path.read_text("utf-8"))
    except (ValueError, RecursionError) as error:
        raise click.UsageError(
            f"{path}: not a JSON list of 68 pairs of numbers ({error})"
        ) from None
    if isinstance(value, dict):
        value = value.get("landmarks")
    if not isinstance(value, list):
        raise click.UsageError(f"{path}: not JSON of 68 pairs of numbers")
    return value
