"""Sequences: one person from coding to coding over time, frame by frame.

The stops of the course are drawn once each, and the frames between two of them are blended from
their codes (`AUFace.between`), so that neighbouring frames differ by little and none jumps. How
little is measured and said: the mean absolute difference of every two neighbours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from os import PathLike
from typing import Any, Protocol

import numpy as np
from PIL import Image

from auface_gen.errors import AUFaceGenError
from auface_gen.generated import Generated
from auface_gen.show.course import Course
from auface_gen.show.levels import Levels, coding_of
from facs_text import Coding, describe

__all__ = ["FaceSequence", "Frame", "Model", "differences", "draw_sequence", "flicker"]

MOST_FRAMES = 10_000
"""All of them are in memory; longer sequences are drawn in parts."""


class Model(Protocol):
    """What a sequence asks of a model: `pipeline.AUFace` has it."""

    @property
    def generate(self) -> Callable[..., list[Generated]]: ...
    def between(self, a: Generated, b: Generated, t: float) -> Image.Image: ...


@dataclass(frozen=True)
class Frame:
    """One picture, its time, the level (0 to 5) of each unit and side at it, the nearest coding,
    and that coding's description.
    """

    image: Image.Image
    time: float
    levels: Levels
    coding: Coding
    text: str


@dataclass(frozen=True)
class FaceSequence:
    """Frames at `rate` a unit of time, what tells the whole, and what it was drawn from."""

    frames: tuple[Frame, ...]
    rate: float
    text: str
    drawn: tuple[Generated, ...]

    def to_json(self) -> dict[str, Any]:
        """Each frame's time, codes, levels and text, and how evenly the pictures change."""
        one = self.drawn[0]
        pictures = [frame.image for frame in self.frames]
        apart = differences(pictures)
        return {
            "model": one.model,
            "identity": one.identity,
            "seed": one.seed,
            "detectors": list(one.detectors),
            "rate": self.rate,
            "text": self.text,
            "drawn": [str(made.coding) for made in self.drawn],
            "not_shown": sorted({name for made in self.drawn for name in made.not_shown}),
            "frames": [_told(frame) for frame in self.frames],
            "difference": apart,
            "largest_difference": max(apart, default=0.0),
            "flicker": flicker(pictures),
        }


def draw_sequence(
    model: Model,
    timed: Iterable[tuple[float, Coding | str]],
    *,
    rate: float = 25.0,
    identity: str | PathLike[str] | Image.Image | None = None,
    identity_seed: int | None = None,
    seed: int = 0,
    **options: Any,
) -> FaceSequence:
    """Draw what timed codings show, as `facs_text.narrate` takes them: (time, coding), rising.

    rate: frames a unit of time (a second, where times are seconds). Who: as in `AUFace.generate`,
    one person for all. options: what it takes besides. Raises FacsTextError for a sequence that is
    none, AUFaceGenError for a rate out of range or a sequence of more than 10,000 frames.
    """
    course = Course(timed)
    times = course.frame_times(rate)
    if len(times) > MOST_FRAMES:
        raise AUFaceGenError(
            f"{len(times)} frames; at most {MOST_FRAMES} at a time: lower the rate, or cut the "
            "sequence in parts"
        )
    codings = list(dict.fromkeys(stop.coding for stop in course.stops))
    drawn = model.generate(
        codings, identity=identity, identity_seed=identity_seed, seed=seed, **options
    )
    of_coding = dict(zip(codings, drawn, strict=True))
    frames = []
    for time in times:
        a, b, t = course.at(time)
        picture = model.between(of_coding[a.coding], of_coding[b.coding], t)
        levels = course.levels(time)
        coding = coding_of(levels)
        frames.append(Frame(picture, time, levels, coding, describe(coding, seed=seed).text))
    return FaceSequence(tuple(frames), rate, course.text, tuple(drawn))


def differences(pictures: Sequence[Image.Image]) -> list[float]:
    """Mean absolute difference of every two neighbours, 0 (the same) to 1 (black and white)."""
    return [float(np.abs(b - a).mean()) / 255 for a, b in pairwise(map(_pixels, pictures))]


def flicker(pictures: Sequence[Image.Image]) -> list[float]:
    """How far each inner picture is from the mean of its two neighbours, 0 to 1.

    It is near 0 where pictures change evenly, however fast, and large where one goes there and
    back.
    """
    arrays = list(map(_pixels, pictures))
    return [
        float(np.abs(b - (a + c) / 2).mean()) / 255
        for a, b, c in zip(arrays, arrays[1:], arrays[2:], strict=False)
    ]


def _pixels(picture: Image.Image) -> Any:
    return np.asarray(picture.convert("RGB"), np.float32)


def _told(frame: Frame) -> dict[str, Any]:
    levels: dict[str, dict[str, float]] = {}
    for (code, side), level in frame.levels.items():
        if level:
            levels.setdefault(f"AU{code}", {})[side] = round(level, 3)
    return {
        "time": round(frame.time, 6),
        "codes": str(frame.coding),
        "levels": levels,
        "text": frame.text,
    }
