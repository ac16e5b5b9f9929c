"""What is found in a clause: parts of the face, what they do, and the units that come of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from facs_text._coding import Action
from facs_text._prose._words import Word

__all__ = ["BY", "Motion", "Part", "Scan", "Target"]

# Units that are said to be done with a part: "smiles with the left corner of her mouth".
BY = {
    "corner": ("12", "13", "14", "15", "20"), "mouth": ("12", "14", "15", "18", "25", "27"),
    "jaw": ("25", "26", "27"), "lip": ("12", "14", "18"),
    "eye": ("45", "46", "7"), "lid": ("46",), "teeth": ("12",), "brow": ("4",),
    "head": ("84", "85"), "shoulder": ("82",),
    "some corner": ("12", "14", "15"), "upper lip": ("9", "10"), "nostril": ("9", "38"),
}  # fmt: skip


@dataclass(slots=True)
class Part:
    """A part of the face. place: number of its word in the clause, or -1 for an inherited one."""

    value: str
    side: str
    word: Word
    place: int
    owner: Word | None = None
    used: bool = False
    apart: bool = False  # after a preposition


@dataclass(slots=True)
class Motion:
    """What a part does. values: the motion and the direction that goes with it."""

    value: str
    word: Word
    place: int
    weak: bool = False
    used: bool = False
    foreign: bool = False
    parts: list[Part] = field(default_factory=list)


@dataclass(slots=True)
class Target:
    """Units that a clause names, from the word at ``first`` to the one at ``last``."""

    actions: tuple[Action, ...]
    first: int
    last: int
    side: str = ""
    level: int = 0
    name: bool = False  # said by a name (a code, a noun), not by a verb
    whole: bool = False  # complete before what follows, as "raised brows" is
    owner: Word | None = None
    motion: str = ""
    part: str = ""
    code: bool = False
    blocked: bool = False


@dataclass(slots=True)
class Scan:
    """What was found in a clause."""

    parts: list[Part] = field(default_factory=list)
    motions: list[Motion] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)
    unknown: set[int] = field(default_factory=set)
    foreign: bool = False  # something that is no part of a face is the subject
    verb_first: bool = False
