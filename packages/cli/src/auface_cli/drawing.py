"""What the commands that draw share: who and how, and what is asked read before torch is loaded."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from facs_text import FacsTextError, parse

if TYPE_CHECKING:
    from auface_gen import AUFace

__all__ = ["check_request", "load_model", "one_who", "person_options", "sampling_options"]

F = TypeVar("F", bound=Callable[..., Any])


def person_options(command: F) -> F:
    """--identity and --identity-seed; `one_who` takes them."""
    for option in (
        click.option("--identity-seed", type=int, help="A made-up person, by number."),
        click.option(
            "--identity", type=click.Path(path_type=Path), help="A portrait of the person at rest."
        ),
    ):
        command = option(command)
    return command


def sampling_options(command: F) -> F:
    """--model and --device, and --steps, --guidance and --temperature, None where not given."""
    for option in (
        click.option("--device", default="auto", show_default=True),
        click.option("--model", type=click.Path(path_type=Path), help="Another model folder."),
        click.option("--temperature", type=click.FloatRange(0), help="0 draws the likeliest face."),
        click.option("--guidance", type=float, help="1.0 is off."),
        click.option("--steps", type=click.IntRange(1), help="Sampling steps."),
    ):
        command = option(command)
    return command


def one_who(identity: Path | None, identity_seed: int | None) -> None:
    """Refuses two people for one picture."""
    if identity is not None and identity_seed is not None:
        raise click.UsageError("give --identity or --identity-seed, not both")


def check_request(text: str) -> None:
    """Reads what is asked for before torch is loaded: a slip is told at once."""
    if not text.strip():
        raise FacsTextError("empty text: write codes such as 6C+12D, or 0 for a face at rest")
    if not re.search(r"[A-Za-z]{3,}", text):
        parse(text)


def load_model(model: Path | None, device: str) -> AUFace:
    """The generator that ships, or the one in a folder."""
    from auface_gen import AUFace

    return AUFace.from_pretrained(model, device=device)
