"""DESIGN.toml of a study: arms are folders of pictures, items are what all arms have.

    title = "Which picture fits the text?"
    kind = "pair"                  # or "rate": how natural, 1 to 7
    consent = "You take part freely and may stop at any time."
    instructions = "Read the text, then choose the picture that fits it better."
    question = "Which picture fits the text better?"
    trials = 40                    # of each rater; left out: all there are
    checks = 3                     # attention checks besides them
    seed = 1
    answers = "jsonl"              # or "sqlite": DESIGN.answers.sqlite, with a table answers

    [[arm]]
    name = "ours"
    folder = "ours"                # beside the design

    [[arm]]
    name = "one-hot"
    folder = "baseline"

A picture's text and item come from its own text chunks (`auface:text`, and codes with person), so
a folder that `auface generate` or `auface stimuli` wrote serves as it is. Raters see neither the
names of arms nor of files.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from auface_studio.errors import StudioError
from auface_studio.picture import chunks
from auface_studio.study.store import KINDS as STORES

__all__ = ["Item", "Study", "read_study"]

KINDS = ("pair", "rate")
_KEYS = {
    "title", "kind", "consent", "instructions", "question", "thanks", "trials", "checks", "seed",
    "arm", "ends", "answers",
}  # fmt: skip
_QUESTION = {
    "pair": "Which picture fits the text better?",
    "rate": "How natural does this face look?",
}


@dataclass(frozen=True, slots=True)
class Item:
    """What is judged: its name, its text, and each arm's picture of it."""

    name: str
    text: str
    pictures: dict[str, Path]


@dataclass(frozen=True, slots=True)
class Study:
    """A study as it is run.

    trials: of a rater, None for all; ends: labels of 1 and 7; answers: the kind of their file.
    """

    title: str
    kind: str
    consent: str
    instructions: str
    question: str
    thanks: str
    trials: int | None
    checks: int
    seed: int
    arms: tuple[str, ...]
    items: tuple[Item, ...]
    ends: tuple[str, str]
    answers: str = "jsonl"


def read_study(path: Path) -> Study:
    """Read a design and look at its pictures. Raises StudioError that names what is wrong."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise StudioError(f"{path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise StudioError(f"{path}: no TOML that can be read: {error}") from None
    try:
        return _study(values, path.parent)
    except StudioError as error:
        raise StudioError(f"{path}: {error}") from None


def _study(values: dict[str, Any], folder: Path) -> Study:
    unknown = sorted(set(values) - _KEYS)
    if unknown:
        raise StudioError(f"no key {unknown[0]!r:.60}; it takes {', '.join(sorted(_KEYS))}")
    kind = values.get("kind", "pair")
    if kind not in KINDS:
        raise StudioError(f"kind {kind!r:.40}; expected pair or rate")
    arms = _arms(values.get("arm"), folder)
    if kind == "pair" and len(arms) < 2:
        raise StudioError("a study of pairs needs two [[arm]] or more")
    ends = values.get("ends", ["not at all natural", "entirely natural"])
    if not isinstance(ends, list) or len(ends) != 2 or not all(isinstance(e, str) for e in ends):
        raise StudioError("ends are two texts: of 1 and of 7")
    trials = values.get("trials")
    answers = values.get("answers", "jsonl")
    if answers not in STORES:
        raise StudioError(f"answers {answers!r:.40}; expected {' or '.join(STORES)}")
    return Study(
        title=_text(values, "title", "A study of faces"),
        kind=kind,
        consent=_text(values, "consent", None),
        instructions=_text(values, "instructions", ""),
        question=_text(values, "question", _QUESTION[kind]),
        thanks=_text(
            values, "thanks", "Thank you. All your answers are kept; you can close this page."
        ),
        trials=None if trials is None else _whole(values, "trials", 1),
        checks=_whole(values, "checks", 0),
        seed=_whole(values, "seed", 0),
        arms=tuple(arms),
        items=_items(arms, kind),
        ends=(ends[0], ends[1]),
        answers=answers,
    )


def _arms(rows: Any, folder: Path) -> dict[str, Path]:
    if not isinstance(rows, list) or not all(isinstance(r, dict) for r in rows):
        raise StudioError("there is no [[arm]]: name the folders of pictures to compare")
    arms: dict[str, Path] = {}
    for row in rows:
        name, place = row.get("name"), row.get("folder")
        if not isinstance(name, str) or not re.fullmatch(r"[\w .-]{1,60}", name):
            raise StudioError(f"an arm's name is letters, digits, '-', '_', not {name!r:.60}")
        if name in arms:
            raise StudioError(f"two arms are called {name!r}")
        if not isinstance(place, str):
            raise StudioError(f"arm {name!r} has no folder")
        parts = PurePosixPath(place.replace("\\", "/"))
        if parts.is_absolute() or ".." in parts.parts or ":" in place:
            raise StudioError(f"arm {name!r}: folder {place!r} is not beside the design")
        arms[name] = folder / parts
        if not arms[name].is_dir():
            raise StudioError(f"arm {name!r}: there is no folder {place!r} beside the design")
        if not arms[name].resolve().is_relative_to(folder.resolve()):
            raise StudioError(f"arm {name!r}: folder {place!r} leads away from the design")
    return arms


def _items(arms: dict[str, Path], kind: str) -> tuple[Item, ...]:
    """Items that every arm shows (pair), or that any does (rate), sorted by name."""
    found: dict[str, dict[str, Path]] = {}
    texts: dict[str, str] = {}
    for arm, folder in arms.items():
        for path in sorted(folder.rglob("*.png")):
            if not path.is_file() or not path.resolve().is_relative_to(folder.resolve()):
                continue  # a pipe shows nothing, and a link that leads out is not ours to show
            said = chunks(path.read_bytes())
            if "codes" not in said:
                continue
            name = f"{said['codes']} {said.get('identity', path.stem)}"
            found.setdefault(name, {}).setdefault(arm, path)
            texts.setdefault(name, said.get("text", said["codes"]))
    items = [
        Item(name, texts[name], pictures)
        for name, pictures in sorted(found.items())
        if kind == "rate" or len(pictures) == len(arms)
    ]
    if not items:
        raise StudioError(
            "no picture is of an item that all arms have: items are told apart by the codes and "
            "the person in a picture's text chunks, as auface generate writes them"
        )
    return tuple(items)


def _text(values: dict[str, Any], key: str, default: str | None) -> str:
    value = values.get(key, default)
    if value is None:
        raise StudioError(f"{key} is missing: say what raters agree to")
    if not isinstance(value, str) or len(value) > 20_000:
        raise StudioError(f"{key} is text")
    return value


def _whole(values: dict[str, Any], key: str, least: int) -> int:
    value = values.get(key, 0)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= 10**6:
        raise StudioError(f"{key} {value!r:.40} is not a whole number from {least}")
    return value
