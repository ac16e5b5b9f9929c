"""auface align: photographs to the aligned crop that corpora, models and detectors take."""

from __future__ import annotations

from pathlib import Path

import click

from auface_cli.output import emit, note

__all__ = ["command"]


@click.command("align")
@click.argument("photos", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    help="Write this .png for one photograph, into a folder for several.",
)
@click.option(
    "--size",
    default=256,
    show_default=True,
    type=click.IntRange(16, 2048),
    help="Crop to this size in pixels.",
)
@click.option(
    "--landmarks",
    type=click.Path(path_type=Path),
    help="Read 68 points a picture, and do not look for them, from JSON lines "
    "(file_name, landmarks) or a table of OpenFace or py-feat.",
)
@click.option(
    "--mediapipe",
    type=click.Path(path_type=Path),
    help="Find faces with MediaPipe and this model (face_landmarker.task).",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a photograph.")
def command(
    photos: tuple[Path, ...],
    out: Path,
    size: int,
    landmarks: Path | None,
    mediapipe: Path | None,
    as_json: bool,
) -> None:
    """Crop faces as the corpus does, eyes level: `auface align me.jpg --out me.png`.

    Of several faces in a photograph the largest is taken, and it is said. A photograph without a
    face is an error; of several photographs it is left out, said, and the exit status is 1.
    """
    from aaad.align import MediaPipeFinder, NoFaceError, align, read_landmarks
    from aaad.pictures import read_photo, write_png

    one = out.suffix.lower() == ".png"
    if out.suffix.lower() in (".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif"):
        raise click.UsageError(f"--out {out}: crops are PNG; name a .png file or a folder")
    if one and len(photos) > 1:
        raise click.UsageError(f"--out {out} is one picture; name a folder for {len(photos)}")
    if landmarks is not None and mediapipe is not None:
        raise click.UsageError("--landmarks and --mediapipe exclude each other")
    known = {} if landmarks is None else read_landmarks(landmarks)
    finder = None if mediapipe is None else MediaPipeFinder(mediapipe)
    names = [out if one else out / f"{photo.stem}.png" for photo in photos]
    if len(set(names)) < len(names):
        raise click.UsageError("two photographs have the same name; align them into two folders")
    without = 0
    for photo, place in zip(photos, names, strict=True):
        points = known.get(photo.name, known.get(photo.stem))
        try:
            if landmarks is not None and points is None:
                raise NoFaceError(f"{landmarks} has no row for it")
            found = align(read_photo(photo), size=size, landmarks=points, finder=finder)
        except NoFaceError as error:
            if len(photos) == 1:
                raise NoFaceError(f"{photo}: {error}") from None
            without += 1
            note(f"{photo}: {error}: left out")
            continue
        write_png(place, found.image)
        if found.note:
            note(f"{photo}: {found.note}")
        value = {"file": str(photo), "out": str(place), "matrix": found.matrix.tolist()}
        if as_json:
            emit({**value, "landmarks": found.landmarks.round(2).tolist(), "note": found.note})
        else:
            click.echo(str(place))
    if without:
        note(f"{without} of {len(photos)} photographs show no face")
        raise click.exceptions.Exit(1)
