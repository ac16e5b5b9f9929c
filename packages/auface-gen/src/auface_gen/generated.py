"""`Generated`: one picture that a model drew, and where it came from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from PIL import Image
from torch import Tensor

from auface_gen.check import Seen
from auface_gen.label import made_from, save_labelled
from auface_gen.notebook import picture_html
from facs_text import Coding, Description

if TYPE_CHECKING:
    from os import PathLike

__all__ = ["Generated"]


@dataclass(frozen=True)
class Generated:
    """One picture and where it came from.

    not_shown: units asked for that this model has not learned to show. request: the words as a
    person wrote them, empty where a coding was asked for. detectors: ids of the detectors that the
    model was trained against or the picture was chosen by. seen: what a detector sees in it, where
    one looked. told: the text that the model was told, the description's where it is empty.
    not_understood: parts of the request that name no unit. tokens: (h, w) codes of the picture, for
    `AUFace.between` and for drawing a part of it anew. person: who it is, ready for the model.
    """

    image: Image.Image
    coding: Coding
    description: Description
    seed: int
    identity: str
    model: str
    not_shown: tuple[str, ...] = ()
    request: str = ""
    detectors: tuple[str, ...] = ()
    seen: Seen | None = None
    told: str = ""
    not_understood: tuple[str, ...] = ()
    tokens: Tensor | None = field(default=None, repr=False, compare=False)
    person: Any = field(default=None, repr=False, compare=False)

    @property
    def text(self) -> str:
        """The text that was drawn."""
        return self.told or self.description.text

    def _repr_html_(self) -> str:
        """How a notebook shows it."""
        return picture_html(self)

    def save(self, path: str | PathLike[str]) -> None:
        """Write a PNG that says it was drawn by a model, and from what (see `auface_gen.label`);
        beside, then renamed.
        """
        save_labelled(self.image, path, chunks=made_from(self))
