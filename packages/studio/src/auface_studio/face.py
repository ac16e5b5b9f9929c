"""The painter: all that this package knows of `auface_gen`.

It wraps what `AUFace` offers: made-up people by number, one picture for a coding, maps of where a
unit moves the face. A person is a number of the gallery, or a `Portrait`.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from PIL import Image

from auface_gen.label import labelled_png, made_from
from auface_studio.errors import StudioError
from facs_text import Coding

__all__ = ["DRAFT_SECONDS", "Drawn", "Faces", "Painter", "Portrait", "Stopped"]

DRAFT_SECONDS = 0.13
"""Time that a draft may take: a slider's picture has a quarter second with all that is around."""
_KEPT = 256
_BLENDED = 16  # finished faces that are kept with their codes


class Stopped(StudioError):
    """A picture was given up for a newer wish."""


@dataclass(frozen=True, slots=True)
class Portrait:
    """Somebody from a portrait, cropped as the generator takes it (see `portrait`).

    shows: what the face in it does already, as codes or words; empty where nothing is said.
    """

    picture: Image.Image
    shows: str = ""

    @property
    def name(self) -> str:
        """What tells it from another portrait, and from the same one that is said to do else."""
        import hashlib

        pixels = hashlib.sha256(self.picture.tobytes()).hexdigest()
        return f"{pixels} {self.shows}"


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

    def draw(
        self,
        coding: Coding,
        *,
        person: int | Portrait,
        seed: int = 0,
        draft: bool = False,
        stop: Callable[[], bool] | None = None,
    ) -> Drawn:
        """The person doing what the coding says; a draft is quicker and coarser.

        Raises Stopped once stop() says so, which is asked between the steps.
        """
        ...

    def between(
        self,
        below: Coding,
        above: Coding,
        share: float,
        *,
        person: int | Portrait,
        seed: int = 0,
        stop: Callable[[], bool] | None = None,
        said: Mapping[str, str] | None = None,
    ) -> Drawn:
        """The finished picture a share (0 to 1) of the way from one coding to another.

        said: more text chunks. Raises Stopped as `draw` does.
        """
        ...

    def maps(self) -> dict[str, list[list[float]]]:
        """Tell where a unit and side ("AU12:left") moves the face: rows from the top, 0 to 1."""
        ...


class Painter:
    """`AUFace`, one picture at a time, with the last pictures kept.

    `people` is how many made-up people there are, `size` the side of a picture in pixels, `model`
    the digest of the weights, `full_steps` the sampling steps of a finished picture, as the model
    would have it.
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[Any, ...], Drawn] = OrderedDict()
        self._made: OrderedDict[tuple[Any, ...], Any] = OrderedDict()  # whole, to blend between
        self._seconds = (0.0, 0.0)  # of what is done once a picture, and of a step
        self._stop: Callable[[], bool] | None = None
        # Asked before each step, so that a slow picture can be given up.
        model.transformer.register_forward_pre_hook(self._ask)
        self.people = len(model.people)
        self.size = int(model.size)
        self.model = str(model.digest)
        self.full_steps = int(model.drawer.defaults.steps)

    @staticmethod
    def load(folder: str | Path | None = None, *, device: str = "auto") -> Painter:
        """The shipped model, or the one in folder; draws once, to know how long a step takes."""
        from auface_gen import AUFace

        painter = Painter(AUFace.from_pretrained(folder, device=device))
        painter._measure()
        return painter

    def _measure(self) -> None:
        took = {}
        for steps in (4, 1, 4):  # the first draw pays for what is set up once
            started = time.perf_counter()
            self._model.generate("12C", identity_seed=0, steps=steps)
            took[steps] = time.perf_counter() - started
        step = max(0.0, took[4] - took[1]) / 3
        self._seconds = (max(0.0, took[1] - step), step)

    def _ask(self, *_: Any) -> None:
        if self._stop is not None and self._stop():
            raise Stopped("a newer wish came")

    @property
    def draft_steps(self) -> int:
        """Sampling steps that fit into DRAFT_SECONDS on this machine: 1 to `full_steps`."""
        once, step = self._seconds
        if step <= 0:
            return 1
        return max(1, min(self.full_steps, int((DRAFT_SECONDS - once) / step)))

    def draw(
        self,
        coding: Coding,
        *,
        person: int | Portrait,
        seed: int = 0,
        draft: bool = False,
        stop: Callable[[], bool] | None = None,
    ) -> Drawn:
        """One picture. Raises StudioError for a person who is not there, and Stopped once stop()
        says so."""
        steps = self.draft_steps if draft else self.full_steps
        who = person if isinstance(person, int) else person.name
        rough = steps < self.full_steps
        key = (str(coding), who, seed, rough)
        with self._lock:
            # A finished picture serves as a draft, and so does a draft of any number of steps.
            for kept in ((*key[:3], False), key):
                if kept in self._kept:
                    self._kept.move_to_end(kept)
                    return self._kept[kept]
            started = time.perf_counter()
            drawn = self._draw(coding, person, seed, steps, stop)
            if draft:  # a machine that gets busy gets coarser drafts, not later ones
                once, step = self._seconds
                slower = (time.perf_counter() - started) / ((once + steps * step) or 1.0)
                self._seconds = (once * (0.7 + 0.3 * slower), step * (0.7 + 0.3 * slower))
            self._kept[key] = drawn
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
            return drawn

    def between(
        self,
        below: Coding,
        above: Coding,
        share: float,
        *,
        person: int | Portrait,
        seed: int = 0,
        stop: Callable[[], bool] | None = None,
        said: Mapping[str, str] | None = None,
    ) -> Drawn:
        """The picture between two codings, blended from their codes; nothing is told a level
        between two letters."""
        with self._lock:
            a = self._finished(below, person, seed, stop)
            b = self._finished(above, person, seed, stop)
            if stop is not None and stop():
                raise Stopped("a newer wish came")
            image = self._model.between(a, b, share)
            near = b if share >= 0.5 else a
        return self._drawn(near, image, person, self.full_steps, said or {})

    def _finished(
        self,
        coding: Coding,
        person: int | Portrait,
        seed: int,
        stop: Callable[[], bool] | None,
    ) -> Any:
        key = (str(coding), person if isinstance(person, int) else person.name, seed)
        if key not in self._made:
            self._draw(coding, person, seed, self.full_steps, stop)
        self._made.move_to_end(key)
        return self._made[key]

    def _draw(
        self,
        coding: Coding,
        person: int | Portrait,
        seed: int,
        steps: int,
        stop: Callable[[], bool] | None,
    ) -> Drawn:
        if isinstance(person, int):
            if not 0 <= person < self.people:
                raise StudioError(f"no person {person}; there are 0 to {self.people - 1}")
            who: dict[str, Any] = {"identity_seed": person}
        else:
            who = {"identity": person.picture, "shows": person.shows or None}
        self._stop = stop
        try:
            made = self._model.generate(coding, seed=seed, steps=steps, **who)[0]
        finally:
            self._stop = None
        if steps == self.full_steps:
            name = person if isinstance(person, int) else person.name
            self._made[str(coding), name, seed] = made
            while len(self._made) > _BLENDED:
                self._made.popitem(last=False)
        return self._drawn(made, made.image, person, steps, {})

    def _drawn(
        self,
        made: Any,
        image: Image.Image,
        person: int | Portrait,
        steps: int,
        said: Mapping[str, str],
    ) -> Drawn:
        who = str(person) if isinstance(person, int) else "portrait"
        chunks = made_from(made) | {"auface:person": who} | dict(said)
        png = labelled_png(image, chunks=chunks)
        return Drawn(
            png, made.coding, made.text, made.identity, made.seed, steps, made.model,
            tuple(made.not_shown),
        )  # fmt: skip

    def maps(self) -> dict[str, list[list[float]]]:
        """The generator's anatomical prior."""
        from auface_gen.columns import COLUMNS

        grids = np.round(self._model.prior.float().cpu().numpy(), 2)
        return {
            f"{unit}:{side}": grid.tolist()
            for (unit, side), grid in zip(COLUMNS, grids, strict=True)
            if 0 < float(grid.mean()) < 0.99  # all ones: the whole head
        }
