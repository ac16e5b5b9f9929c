"""The painter: all that this package knows of `auface_gen`.

It wraps what `AUFace` offers: made-up people by number, one picture for a coding, maps of where a
unit moves the face. When the generator takes a photograph as the person, `portraits` says so and
nothing else changes here.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from PIL import Image

from auface_studio.errors import StudioError
from auface_studio.picture import stamp
from facs_text import Coding

__all__ = ["DRAFT_SECONDS", "Drawn", "Faces", "Painter", "Stopped"]

DRAFT_SECONDS = 0.13
"""Time that a draft may take: a slider's picture has a quarter second with all that is around."""
_FULL_STEPS = 12
_KEPT = 256


class Stopped(StudioError):
    """A picture was given up for a newer wish."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """One picture as PNG bytes (its text chunks say all that made it), and what it leaves out."""

    png: bytes
    coding: Coding
    text: str
    person: str
    seed: int
    steps: int
    model: str
    not_shown: tuple[str, ...]


class Faces(Protocol):
    """What the rest of the package asks of a painter; tests bring a small one of their own."""

    people: int
    size: int
    model: str
    portraits: bool

    def draw(
        self,
        coding: Coding,
        *,
        person: int | Image.Image,
        seed: int = 0,
        draft: bool = False,
        stop: Callable[[], bool] | None = None,
    ) -> Drawn:
        """The person doing what the coding says; a draft is quicker and coarser.

        Raises Stopped once stop() says so, which is asked between the steps.
        """
        ...

    def maps(self) -> dict[str, list[list[float]]]:
        """Tell where a unit and side ("AU12:left") moves the face: rows from the top, 0 to 1."""
        ...


class Painter:
    """`AUFace`, one picture at a time, with the last pictures kept.

    `people` is how many made-up people there are, `size` the side of a picture in pixels, `model`
    the digest of the weights, `portraits` whether a photograph can be the person.
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[Any, ...], Drawn] = OrderedDict()
        self._step_seconds = 0.0
        self._stop: Callable[[], bool] | None = None
        network = getattr(model, "transformer", None)
        if network is not None:  # asked before each step, so that a slow picture can be given up
            network.register_forward_pre_hook(self._ask)
        self.people = len(model.people)
        self.size = int(model.size)
        self.model = str(model.digest)
        self.portraits = bool(getattr(model, "portraits", False))

    @staticmethod
    def load(folder: str | Path | None = None, *, device: str = "auto") -> Painter:
        """The shipped model, or the one in folder; draws once, to know how long a step takes."""
        from auface_gen import AUFace

        painter = Painter(AUFace.from_pretrained(folder, device=device))
        painter._measure()
        return painter

    def _measure(self) -> None:
        for steps in (1, 4):  # the first draw pays for what is set up once
            started = time.perf_counter()
            self._model.generate("12C", identity_seed=0, steps=steps)
        self._step_seconds = (time.perf_counter() - started) / 4

    def _ask(self, *_: Any) -> None:
        if self._stop is not None and self._stop():
            raise Stopped("a newer wish came")

    @property
    def draft_steps(self) -> int:
        """Sampling steps that fit into DRAFT_SECONDS on this machine: 1 to 12."""
        if self._step_seconds <= 0:
            return 3
        return max(1, min(_FULL_STEPS, int(DRAFT_SECONDS / self._step_seconds)))

    def draw(
        self,
        coding: Coding,
        *,
        person: int | Image.Image,
        seed: int = 0,
        draft: bool = False,
        stop: Callable[[], bool] | None = None,
    ) -> Drawn:
        """One picture. Raises StudioError for a person that this model cannot be given, and
        Stopped once stop() says so."""
        steps = self.draft_steps if draft else _FULL_STEPS
        who = person if isinstance(person, int) else _digest(person)
        rough = steps < _FULL_STEPS
        key = (str(coding), who, seed, rough)
        with self._lock:
            # A finished picture serves as a draft, and so does a draft of any number of steps.
            for kept in ((*key[:3], False), key):
                if kept in self._kept:
                    self._kept.move_to_end(kept)
                    return self._kept[kept]
            self._stop = stop
            started = time.perf_counter()
            try:
                drawn = self._draw(coding, person, seed, steps)
            finally:
                self._stop = None
            if draft:  # a machine that gets busy gets coarser drafts, not later ones
                took = (time.perf_counter() - started) / steps
                self._step_seconds += 0.3 * (took - self._step_seconds)
            self._kept[key] = drawn
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
            return drawn

    def _draw(self, coding: Coding, person: int | Image.Image, seed: int, steps: int) -> Drawn:
        if isinstance(person, int):
            if not 0 <= person < self.people:
                raise StudioError(f"no person {person}; there are 0 to {self.people - 1}")
            who: dict[str, Any] = {"identity_seed": person}
        elif self.portraits:
            who = {"identity": person}
        else:
            raise StudioError(
                "this generator draws only its own made-up people, not a portrait; choose one of "
                "the gallery, or start the studio with a --model that takes portraits"
            )
        made = self._model.generate(coding, seed=seed, steps=steps, **who)[0]
        png = stamp(
            made.image,
            codes=str(made.coding),
            text=made.text,
            seed=str(made.seed),
            identity=made.identity,
            person=str(who.get("identity_seed", "portrait")),
            model=made.model,
        )
        return Drawn(
            png, made.coding, made.text, made.identity, made.seed, steps, made.model,
            tuple(made.not_shown),
        )  # fmt: skip

    def maps(self) -> dict[str, list[list[float]]]:
        """The generator's anatomical prior; empty for a model without one."""
        from auface_gen.columns import COLUMNS

        prior = getattr(self._model, "prior", None)
        if prior is None or len(prior) != len(COLUMNS):
            return {}
        grids = np.round(prior.float().cpu().numpy(), 2)
        return {
            f"{unit}:{side}": grid.tolist()
            for (unit, side), grid in zip(COLUMNS, grids, strict=True)
            if 0 < float(grid.mean()) < 0.99  # all ones: the whole head
        }


def _digest(image: Image.Image) -> str:
    import hashlib

    return hashlib.sha256(image.tobytes()).hexdigest()
