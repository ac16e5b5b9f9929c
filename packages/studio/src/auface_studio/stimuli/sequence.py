"""The frames of a moving stimulus: from rest through the onset to the apex, and back.

The generator is told the letters of the FACS scale, and draws nothing between them. So the faces at
which the strongest unit passes a letter are drawn, and a frame that lies between two of them is
blended from their codes (`Faces.between`): the faces are a letter apart, so that it moves evenly.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from PIL import Image

from auface_gen.label import xmp_packet
from auface_studio.face import Faces
from auface_studio.stimuli.design import Dynamics
from facs_text import Coding, unit

__all__ = ["Frame", "animated", "draw_frame", "frames_of", "scaled"]


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame begins at `time` milliseconds.

    It lies `share` (0 to under 1) of the way from the face `below` to the face `above`; at 0 it is
    `below`. strength: of the coding, 0 to 1.
    """

    time: float
    strength: float
    below: Coding
    above: Coding
    share: float

    @property
    def coding(self) -> Coding:
        """The nearer of the two faces."""
        return self.above if self.share >= 0.5 else self.below

    @property
    def place(self) -> tuple[Coding, Coding, float]:
        """What tells its picture from another's."""
        return self.below, self.above if self.share else self.below, self.share

    @property
    def said(self) -> dict[str, str]:
        """What its picture says of where it lies, beside the codes of the nearer face."""
        if not self.share:
            return {}
        return {"auface:between": f"{self.below} | {self.above} | {self.share:.4f}"}


def frames_of(coding: Coding, dynamics: Dynamics) -> tuple[Frame, ...]:
    """The frames of a coding that comes and goes."""
    count = max(1, round(dynamics.duration * dynamics.fps / 1000))
    step = 1000 / dynamics.fps
    return tuple(_frame(coding, k * step, dynamics.strength(k * step)) for k in range(count))


def _frame(coding: Coding, time: float, strength: float) -> Frame:
    letters = max((a.level or 3 for a in coding if unit(a.code).graded), default=1)
    at = round(strength * letters, 6)
    low = math.floor(at)
    below = scaled(coding, low / letters)
    above = scaled(coding, min(letters, low + 1) / letters)
    share = at - low if above != below else 0.0
    return Frame(round(time, 3), round(strength, 4), below, above, round(share, 4))


def scaled(coding: Coding, share: float) -> Coding:
    """The coding with each level multiplied by share and rounded to a letter; 0 is not there."""
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


def draw_frame(
    faces: Faces, frame: Frame, *, person: int, seed: int, stop: Callable[[], bool] | None = None
) -> bytes:
    """The picture of a frame as PNG bytes. Raises face.Stopped once stop() says so."""
    if not frame.share:
        return faces.draw(frame.below, person=person, seed=seed, stop=stop).png
    return faces.between(
        frame.below, frame.above, frame.share, person=person, seed=seed, stop=stop, said=frame.said
    ).png


def animated(pictures: Iterable[bytes], fps: int, *, again: bool = False) -> bytes:
    """PNG frames as one lossless, labelled WebP, played once or again and again.

    Runs of the same frame are one, shown as long.
    """
    step = 1000 / fps
    shown: list[Image.Image] = []
    ends: list[float] = []
    last = b""
    for k, png in enumerate(pictures):
        if png != last:
            shown.append(Image.open(io.BytesIO(png)).convert("RGB"))
            ends.append(0.0)
        ends[-1], last = (k + 1) * step, png
    # Whole milliseconds whose sum stays true: the difference of rounded ends.
    times = [round(e) - round(b) for b, e in zip([0.0, *ends[:-1]], ends, strict=True)]
    out = io.BytesIO()
    shown[0].save(
        out, format="WEBP", save_all=True, append_images=shown[1:], duration=times,
        loop=0 if again else 1, lossless=True, xmp=xmp_packet(),
    )  # fmt: skip
    return out.getvalue()
