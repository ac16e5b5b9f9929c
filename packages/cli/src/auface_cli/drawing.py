"""What the commands that draw share: who and how, and what is asked read before torch is loaded."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from auface_cli.devices import device_option
from auface_cli.output import note
from facs_text import FacsTextError

if TYPE_CHECKING:
    from auface_gen import AUFace
    from auface_gen.photograph.file import Photograph

__all__ = [
    "aligned",
    "check_request",
    "load_model",
    "not_at_rest",
    "one_who",
    "person_options",
    "sampling_options",
    "shows_option",
    "who",
]

F = TypeVar("F", bound=Callable[..., Any])


shows_option = click.option(
    "--shows",
    metavar="CODES_OR_TEXT",
    help="Say what the face in the portrait does, should it not be at rest.",
)


def person_options(command: F) -> F:
    """--identity, --align, --shows and --identity-seed; `one_who` and `who` take them."""
    for option in (
        shows_option,
        click.option("--identity-seed", type=int, help="Draw the made-up person of this number."),
        click.option(
            "--align", is_flag=True, help="Find and crop the face in --identity, a photograph."
        ),
        click.option(
            "--identity",
            type=click.Path(path_type=Path),
            help="Draw the person of this portrait.",
        ),
    ):
        command = option(command)
    return command


def sampling_options(command: F) -> F:
    """--model and --device, and --steps, --guidance and --temperature, None where not given."""
    command = device_option(
        default="auto",
        help="Compute on cpu, cuda or cuda:N; auto takes a GPU where there is one.",
    )(command)
    for option in (
        click.option(
            "--model", type=click.Path(path_type=Path), help="Draw with the model in this folder."
        ),
        click.option(
            "--temperature",
            type=click.FloatRange(0),
            help="Draw with so much chance; 0 draws the likeliest face.",
        ),
        click.option(
            "--guidance", type=float, help="Follow the request so much more closely; 1.0 is off."
        ),
        click.option("--steps", type=click.IntRange(1), help="Draw in so many steps."),
    ):
        command = option(command)
    return command


def one_who(
    identity: Path | None, identity_seed: int | None, align: bool, shows: str | None
) -> None:
    """Refuses two people for one picture, and what is said of a portrait that is not there."""
    if identity is not None and identity_seed is not None:
        raise click.UsageError("give --identity or --identity-seed, not both")
    if align and identity is None:
        raise click.UsageError("--align goes with --identity, the photograph to align")
    if shows is not None:
        if identity is None:
            raise click.UsageError("--shows goes with --identity: it says what the portrait does")
        check_request(shows, of="--shows")


def who(identity: Path | None, align: bool, shows: str | None, model: AUFace) -> dict[str, Any]:
    """What AUFace.generate is told of who: the file, or the crop of the face found in it, and what
    it does there.
    """
    doing = {} if shows is None else {"shows": shows}
    if identity is None or not align:
        return {"identity": identity, **doing}
    from PIL import Image

    from auface_gen.photograph.file import Photograph

    crop, _, said = aligned(Photograph.open(identity), identity, size=model.size)
    for line in filter(None, (said, not_at_rest(crop, shows))):
        note(f"{identity}: {line}")
    return {"identity": Image.fromarray(crop), **doing}


def aligned(photo: Photograph, path: Path, **options: Any) -> tuple[Any, Any, str]:
    """The crop that aaad makes of a photograph, its map to the photograph, and what it says."""
    # By name: an aaad without what photographs need has no such module to import from.
    align = import_module("aaad.align")
    try:
        found = align.align(photo.rgb, **options)
    except align.NoFaceError as error:
        raise align.NoFaceError(f"{path}: {error}") from None
    return found.image, found.matrix, found.note


def not_at_rest(crop: Any, shows: str | None) -> str:
    """What is to be said of a person who is not at rest in an aligned crop, and of whom nobody has
    said so; else empty.
    """
    found = [] if shows is not None else import_module("aaad.resting").moved_in(crop)
    if not found:
        return ""
    return (
        f"the face is not at rest, {', '.join(found)} by what the detector sees; say what it does "
        "(--shows 6C+12D), or that stays and what is asked for comes on top"
    )


def check_request(text: str, *, of: str = "") -> None:
    """Reads what is asked for before torch is loaded: a slip is told at once, and in what option
    (`of`) it stands where it is not in the request itself.
    """
    from auface_gen.request import read_request

    try:
        if not text.strip():
            raise FacsTextError("empty text: write codes such as 6C+12D, or 0 for a face at rest")
        read_request(text)
    except FacsTextError as error:
        if not of:
            raise
        raise FacsTextError(f"{of}: {error}") from None


def load_model(model: Path | None, device: str) -> AUFace:
    """The generator that ships, or the one in a folder."""
    from auface_gen import AUFace

    return AUFace.from_pretrained(model, device=device)
