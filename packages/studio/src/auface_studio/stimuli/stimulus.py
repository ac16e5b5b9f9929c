"""What a design comes to: its stimuli, each with the codings of its frames."""

from __future__ import annotations

import re
from dataclasses import dataclass

from auface_studio.errors import StudioError
from auface_studio.stimuli.design import LETTERS, Design, Dynamics, at_level
from facs_text import Coding, unit

__all__ = ["Frame", "Stimulus", "plan"]


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame begins at `time` milliseconds."""

    time: float
    coding: Coding


@dataclass(frozen=True, slots=True)
class Stimulus:
    """One stimulus. label: letters and digits only, as BIDS wants; level: a letter, or "".

    frames: empty for a picture.
    """

    label: str
    person: int
    name: str
    level: str
    coding: Coding
    frames: tuple[Frame, ...] = ()

    @property
    def codings(self) -> tuple[Coding, ...]:
        """The different codings to be drawn."""
        return tuple(dict.fromkeys([f.coding for f in self.frames] or [self.coding]))


def plan(design: Design) -> tuple[Stimulus, ...]:
    """The stimuli by people, codings and levels; with `neutral`, each person at rest first.

    Raises StudioError when two would have the same label.
    """
    made = []
    for person in design.people:
        if design.neutral and not any(not coding for _, coding in design.codings):
            made.append(_stimulus(design, person, "neutral", Coding(), 0))
        for name, coding in design.codings:
            for level in design.levels or (0,):
                if not coding and level != (design.levels or (0,))[0]:
                    continue  # a face at rest has no levels
                made.append(_stimulus(design, person, name, coding, level if coding else 0))
    labels: dict[str, Stimulus] = {}
    for one in made:
        other = labels.setdefault(one.label, one)
        if other is not one:
            raise StudioError(
                f"{other.name!r} and {one.name!r} would both be stim-{one.label}; "
                "give them names that differ in letters or digits"
            )
    return tuple(made)


def _stimulus(design: Design, person: int, name: str, coding: Coding, level: int) -> Stimulus:
    shown = at_level(coding, level) if level else coding
    letter = LETTERS[level - 1] if level else ""
    words = re.findall(r"[A-Za-z0-9]+", name)
    slug = "".join(w[0].upper() + w[1:] for w in words)[:60]
    frames = _frames(shown, design.dynamics) if design.dynamics is not None and shown else ()
    label = f"p{person:02d}{slug}{'L' + letter if letter else ''}"
    return Stimulus(label, person, name, letter, shown, frames)


def _frames(coding: Coding, dynamics: Dynamics) -> tuple[Frame, ...]:
    count = max(1, round(dynamics.duration * dynamics.fps / 1000))
    step = 1000 / dynamics.fps
    return tuple(
        Frame(round(k * step, 3), scaled(coding, dynamics.strength(k * step))) for k in range(count)
    )


def scaled(coding: Coding, share: float) -> Coding:
    """The coding with each level multiplied by share and rounded to a letter; 0 is not there.

    Levels are what the generator is told, so a sequence moves in the steps of the FACS scale.
    """
    kept = []
    for action in coding:
        if not unit(action.code).graded:
            if share >= 0.5:
                kept.append(action)
            continue
        level = round((action.level or 3) * share)
        if level:
            kept.append(action._replace(level=level if share < 1 else action.level))
    return Coding(kept)
