"""DESIGN.toml: people x codings x levels, still or moving.

    title = "Smiles with and without the eyes"
    people = [3, 7, 12]            # made-up people by number
    levels = ["A", "C", "E"]       # each coding at each level; left out: as it is written
    seed = 0

    [[coding]]
    name = "smile"
    codes = "6C+12C"

    [[coding]]
    preset = "fear"

    [[coding]]
    name = "skeptical"
    text = "She raises her left outer brow and presses her lips."

    [dynamics]                     # left out: pictures; else a sequence of each
    onset = 500                    # milliseconds from rest to the coding
    apex = 1000
    offset = 500
    fps = 25
    shape = "smooth"               # or "linear"

`table = "codings.csv"`, a file beside the design with the columns name and codes, adds its rows.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auface_studio.errors import StudioError
from auface_studio.stimuli.codings import read_codings, read_table_beside
from auface_studio.stimuli.values import line_of_text, only_keys, whole_number
from facs_text import Coding, FacsTextError, unit

__all__ = ["Design", "Dynamics", "read_design", "to_toml"]

LETTERS = "ABCDE"
MOST_STIMULI = 20_000
_KEYS = {"title", "people", "levels", "seed", "coding", "table", "dynamics", "neutral", "licence"}
_DYNAMICS = {"onset", "apex", "offset", "fps", "shape"}


@dataclass(frozen=True, slots=True)
class Dynamics:
    """Times in milliseconds, frames a second, and the curve of the rise and the fall."""

    onset: int
    apex: int
    offset: int
    fps: int = 25
    shape: str = "smooth"

    @property
    def duration(self) -> int:
        """Milliseconds from the first frame to the end of the last."""
        return self.onset + self.apex + self.offset

    def strength(self, time: float) -> float:
        """Share of the coding that acts at a time in milliseconds, 0 to 1."""
        if time < self.onset:
            share = time / self.onset
        elif time <= self.onset + self.apex:
            return 1.0
        elif time < self.duration:
            share = (self.duration - time) / self.offset
        else:
            return 0.0
        if self.shape == "linear":
            return share
        return share * share * (3 - 2 * share)  # smoothstep: at rest at both ends


@dataclass(frozen=True, slots=True)
class Design:
    """A set: codings are pairs of a name and a coding. levels: 1 (A) to 5 (E), or none."""

    title: str
    people: tuple[int, ...]
    codings: tuple[tuple[str, Coding], ...]
    levels: tuple[int, ...] = ()
    seed: int = 0
    neutral: bool = True
    dynamics: Dynamics | None = None
    licence: str = "unspecified"


def read_design(given: Path | Mapping[str, Any]) -> Design:
    """A design from a TOML file, or from the same keys as plain values (as the page sends them).

    Raises StudioError that names the file and the key at fault.
    """
    if isinstance(given, Path):
        try:
            values = tomllib.loads(given.read_text(encoding="utf-8"))
        except OSError as error:
            raise StudioError(f"{given}: {error.strerror or error}") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
            raise StudioError(f"{given}: no TOML that can be read: {error}") from None
        try:
            return _design(values, given.parent)
        except (StudioError, FacsTextError) as error:
            raise StudioError(f"{given}: {error}") from None
    return _design(given, None)


def _design(values: Mapping[str, Any], folder: Path | None) -> Design:
    only_keys(values, _KEYS, "the design")
    people = values.get("people")
    if not isinstance(people, list) or not people:
        raise StudioError("people is a list of numbers, such as people = [3, 7, 12]")
    codings = read_codings(values.get("coding", []))
    if "table" in values:
        codings += read_table_beside(values["table"], folder)
    if not codings:
        raise StudioError("there is no [[coding]] and no table: nothing to draw")
    names = [name for name, _ in codings]
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        raise StudioError(f"the name {twice[0]!r} is given twice; name each coding differently")
    levels = tuple(_level(x) for x in _list(values, "levels"))
    design = Design(
        title=line_of_text(values.get("title", "Faces"), "title"),
        people=tuple(dict.fromkeys(whole_number(p, "a person", 0, 10**6) for p in people)),
        codings=tuple(codings),
        levels=tuple(sorted(set(levels))),
        seed=whole_number(values.get("seed", 0), "seed", 0, 2**31 - 1),
        neutral=values.get("neutral", True) is not False,
        dynamics=_dynamics(values["dynamics"]) if values.get("dynamics") is not None else None,
        licence=line_of_text(values.get("licence", "unspecified"), "licence"),
    )
    count = len(design.people) * len(design.codings) * max(1, len(design.levels))
    if count > MOST_STIMULI:
        raise StudioError(f"the design comes to {count} stimuli; at most {MOST_STIMULI} are made")
    return design


def _dynamics(values: Any) -> Dynamics:
    if not isinstance(values, dict):
        raise StudioError("dynamics is a table: [dynamics]")
    only_keys(values, _DYNAMICS, "dynamics")
    shape = values.get("shape", "smooth")
    if shape not in ("smooth", "linear"):
        raise StudioError(f"dynamics: shape {shape!r:.40}; expected smooth or linear")
    times = {
        key: whole_number(values.get(key, default), f"dynamics: {key}", 0, 60_000)
        for key, default in (("onset", 500), ("apex", 1000), ("offset", 500))
    }
    made = Dynamics(
        **times, fps=whole_number(values.get("fps", 25), "dynamics: fps", 1, 120), shape=shape
    )
    if made.duration == 0:
        raise StudioError("dynamics: onset, apex and offset are all 0")
    return made


def _level(value: Any) -> int:
    if isinstance(value, str) and value.upper() in LETTERS and len(value) == 1:
        return LETTERS.index(value.upper()) + 1
    raise StudioError(f"level {value!r:.40}; expected letters A to E, as in levels = ['A', 'C']")


def _list(values: Mapping[str, Any], key: str) -> list[Any]:
    value = values.get(key, [])
    if not isinstance(value, list):
        raise StudioError(f"{key} is a list")
    return value


def to_toml(design: Design) -> str:
    """The design as DESIGN.toml, complete: reading it gives the design back."""
    lines = [
        f"title = {_quote(design.title)}",
        f"people = {list(design.people)}",
        f"seed = {design.seed}",
        f"neutral = {str(design.neutral).lower()}",
        f"licence = {_quote(design.licence)}",
    ]
    if design.levels:
        lines.append(f"levels = [{', '.join(_quote(LETTERS[k - 1]) for k in design.levels)}]")
    for name, coding in design.codings:
        lines += ["", "[[coding]]", f"name = {_quote(name)}", f"codes = {_quote(str(coding))}"]
    if design.dynamics is not None:
        d = design.dynamics
        lines += [
            "", "[dynamics]", f"onset = {d.onset}", f"apex = {d.apex}", f"offset = {d.offset}",
            f"fps = {d.fps}", f"shape = {_quote(d.shape)}",
        ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _quote(text: str) -> str:
    """A TOML basic string; text is printable, so only these two need an escape."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def at_level(coding: Coding, level: int) -> Coding:
    """Every unit that takes an intensity at one level, 1 (A) to 5 (E)."""
    return Coding(a._replace(level=level) if unit(a.code).graded else a for a in coding)
