"""What a design comes to: its stimuli, each with its frames."""

from __future__ import annotations

import re
from dataclasses import dataclass

from auface_studio.errors import StudioError
from auface_studio.stimuli.design import LETTERS, Design, at_level
from auface_studio.stimuli.sequence import Frame, frames_of
from facs_text import Coding

__all__ = ["Stimulus", "plan"]


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
        """The different codings to be drawn; what lies between two of them is blended."""
        stops = [c for f in self.frames for c in ([f.below, f.above] if f.share else [f.below])]
        return tuple(dict.fromkeys([*stops, self.coding]))


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
    frames = frames_of(shown, design.dynamics) if design.dynamics is not None and shown else ()
    label = f"p{person:02d}{slug}{'L' + letter if letter else ''}"
    return Stimulus(label, person, name, letter, shown, frames)
