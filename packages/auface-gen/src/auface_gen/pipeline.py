"""What a user calls: `AUFace.from_pretrained().generate("6C+12D")`.

A request in FACS notation is resolved and described by facs-text first; plain English is told to
the model as it is written, and facs-text says what of it was not understood. The model then draws
somebody, a made-up person or the one of a picture, doing it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Sized
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from PIL import Image, PngImagePlugin
from torch import Tensor, nn

from auface_gen.errors import AUFaceGenError
from auface_gen.files import whole
from auface_gen.generator.checkpoint import weights_folder
from auface_gen.generator.drawer import WordDrawer
from auface_gen.generator.drawing import Drawer, Sampling, Wish
from auface_gen.generator.legacy.drawer import ClauseDrawer
from auface_gen.notebook import model_html, picture_html
from facs_text import Coding, Description, FacsTextError, describe, parse, understand
from vq_tokenizer import Tokenizer

if TYPE_CHECKING:
    from os import PathLike

__all__ = ["AUFace", "Generated", "Request", "understand_request"]


class Request(NamedTuple):
    """What is asked for: the coding, as far as it was understood; the text as it was written, None
    where codes were given; and the parts of the text that were not understood.
    """

    coding: Coding
    text: str | None = None
    not_understood: tuple[str, ...] = ()


def understand_request(request: str | Coding) -> Request:
    """A request from FACS notation, plain English, or a Coding. Raises FacsTextError for what is
    none of them.
    """
    if isinstance(request, Coding):
        return Request(request)
    if not request.strip():
        raise FacsTextError(
            "nothing to draw: the request is empty; give codes such as 6C+12D, "
            "or 0 for a face at rest"
        )
    if len(re.findall(r"[A-Za-z]{3,}", request)) == 0:
        return Request(parse(request))
    understood = understand(request)
    if not understood.coding and understood.unparsed:
        raise FacsTextError(
            f"no facial action was understood in {_short(request)!r}; describe actions, "
            "or give codes such as 6C+12D"
        )
    lost = tuple(span.text for span in understood.unparsed)
    return Request(understood.coding, request, lost)


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:77] + "..."


@dataclass(frozen=True)
class Generated:
    """One picture and where it came from. `not_shown`: units asked for that this model has not
    learned to show. `told`: the text that the model was told, where it is not the description's.
    `not_understood`: parts of the request of which facs-text knows no unit. `tokens`: (h, w), for
    drawing a part of it anew.
    """

    image: Image.Image
    coding: Coding
    description: Description
    seed: int
    identity: str
    model: str
    not_shown: tuple[str, ...] = ()
    told: str | None = None
    not_understood: tuple[str, ...] = ()
    tokens: Tensor | None = None

    @property
    def text(self) -> str:
        """The text that was drawn."""
        return self.description.text if self.told is None else self.told

    def _repr_html_(self) -> str:
        """How a notebook shows it."""
        return picture_html(self)

    def save(self, path: str | PathLike[str]) -> None:
        """Write a PNG whose text chunks hold codes, text, seed, identity and model digest; beside,
        then renamed.
        """
        info = PngImagePlugin.PngInfo()
        info.add_text("auface:codes", str(self.coding))
        info.add_itxt("auface:text", self.text)
        info.add_text("auface:seed", str(self.seed))
        info.add_text("auface:identity", self.identity)
        info.add_text("auface:model", self.model)
        with whole(Path(path)) as beside:
            self.image.save(beside, format="PNG", pnginfo=info)


class AUFace:
    """The default model: a tokenizer, what is told words, and a bank of made-up people.

    generate() is deterministic: the same request, identity and seed give the same picture,
    whatever the batch.
    """

    def __init__(self, drawer: Drawer) -> None:
        self.drawer = drawer

    @classmethod
    def from_pretrained(
        cls, folder: str | PathLike[str] | None = None, *, device: str = "auto"
    ) -> AUFace:
        """Load a model folder (tokenizer/, generator/, people/), the shipped one unless told.

        A folder of the kind of 0.1.0 (with reader/ and people.safetensors) is read as well. Raises
        AUFaceGenError or VQTokenizerError that names the file at fault.
        """
        root = Path(folder) if folder is not None else weights_folder()
        if not root.is_dir():
            raise AUFaceGenError(f"{root} is not a model folder: it has no generator/config.json")
        device = device if device != "auto" else ("cuda" if torch.cuda.is_available() else "cpu")
        kind = ClauseDrawer if (root / "reader").is_dir() else WordDrawer
        return cls(kind.load(root, device))

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return self.drawer.device

    @property
    def size(self) -> int:
        """Side of a picture in pixels."""
        return self.drawer.size

    @property
    def people(self) -> Sized:
        """The bank of made-up people."""
        return self.drawer.people

    @property
    def portraits(self) -> bool:
        """Whether a picture of anybody at rest can be the person, and stays that person."""
        return self.drawer.portraits

    @property
    def prior(self) -> Tensor:
        """(A, cells, cells) where each unit moves the face."""
        return self.drawer.prior

    @property
    def digest(self) -> str:
        """Of the weights."""
        return self.drawer.digest

    @property
    def tokenizer(self) -> Tokenizer:
        """Pictures to tokens and back."""
        return self.drawer.tokenizer

    @property
    def transformer(self) -> nn.Module:
        """What is called once a step of sampling."""
        return self.drawer.transformer

    def _repr_html_(self) -> str:
        """How a notebook shows it."""
        return model_html(self)

    def identity(
        self,
        identity: str | PathLike[str] | Image.Image | np.ndarray | None = None,
        *,
        seed: int | None = None,
    ) -> tuple[Any, str]:
        """A person at rest, ready for the model, and a name: a portrait (an aligned crop; a file,
        a picture, or (H, W, 3) uint8), or a made-up person by seed.

        A portrait that is not square is cropped to its middle square. There are `len(people)`
        made-up people; seeds wrap around.
        """
        if identity is None:
            index = (seed or 0) % len(self.people)
            return self.drawer.made_up(index), f"seed:{index}"
        picture, name = _portrait(identity)
        side = min(picture.size)
        left, top = (picture.width - side) // 2, (picture.height - side) // 2
        square = picture.crop((left, top, left + side, top + side))
        if side != self.size:
            square = square.resize((self.size, self.size), Image.Resampling.LANCZOS)
        return self.drawer.person(square), name

    def generate(
        self,
        requests: str | Coding | Sequence[str | Coding],
        *,
        identity: str | PathLike[str] | Image.Image | np.ndarray | None = None,
        identity_seed: int | None = None,
        seed: int = 0,
        count: int = 1,
        steps: int | None = None,
        guidance: float | None = None,
        temperature: float = 0.0,
        prior: bool = True,
        near: float = 0.0,
        init_tokens: Tensor | None = None,
        redraw: Tensor | np.ndarray | None = None,
        batch: int = 16,
    ) -> list[Generated]:
        """Draw each request `count` times, with seeds seed, seed + 1, ...

        requests: FACS notation ("6C+12D", "0" at rest) or plain English. identity: a portrait at
        rest; else the made-up person `identity_seed`, or, when that is not given either, one
        person for each picture by its seed.

        steps: 1 to the number of tokens; guidance: 1.0 is off; the model's own unless told.
        temperature 0 draws the likeliest face, and then pictures of one person with one request
        are the same. prior=False takes the anatomical prior from the attention to words. near: only
        cells that some word reaches by more than this may change.

        init_tokens: (h, w), such as a picture's `tokens`, of which only the places that are True in
        redraw (h, w) are drawn anew, for the same person. Raises FacsTextError for a request that
        is no coding, AUFaceGenError for other wrong arguments.
        """
        if count < 1 or batch < 1 or temperature < 0 or (guidance is not None and guidance < 0):
            raise AUFaceGenError(
                f"count={count}, batch={batch}, temperature={temperature}, guidance={guidance}: "
                "must not be negative, and count and batch at least 1"
            )
        usual = self.drawer.defaults
        sampling = Sampling(
            usual.steps if steps is None else steps,
            usual.guidance if guidance is None else guidance,
            temperature,
            prior,
            near,
        )
        many = [requests] if isinstance(requests, str | Coding) else list(requests)
        asked = [understand_request(r) for r in many]
        start = self._start(init_tokens, redraw)
        given = self.identity(identity) if identity is not None else None
        jobs = [(request, seed + i) for request in asked for i in range(count)]
        out: list[Generated] = []
        for at in range(0, len(jobs), batch):
            part = jobs[at : at + batch]
            rest = [
                given or self.identity(seed=s if identity_seed is None else identity_seed)
                for _, s in part
            ]
            out += self._draw(part, rest, sampling, start)
        return out

    def _draw(
        self,
        jobs: Sequence[tuple[Request, int]],
        rest: Sequence[tuple[Any, str]],
        sampling: Sampling,
        start: Tensor | None,
    ) -> Iterator[Generated]:
        wishes = [
            self._wish(request, person, seed)
            for (request, seed), (person, _) in zip(jobs, rest, strict=True)
        ]
        begin = None if start is None else start.expand(len(wishes), -1, -1)
        pictures, tokens = self.drawer.draw(wishes, sampling, start=begin)
        for i, ((request, seed), (_, name), wish) in enumerate(
            zip(jobs, rest, wishes, strict=True)
        ):
            yield Generated(
                Image.fromarray(pictures[i]),
                request.coding,
                wish.said,
                seed,
                name,
                self.digest,
                self.drawer.not_shown(wish.said),
                None if wish.text == wish.said.text else wish.text,
                request.not_understood,
                tokens[i].cpu(),
            )

    def _wish(self, request: Request, person: Any, seed: int) -> Wish:
        """What is told: the text as written, or the fullest description that is read to its end."""
        said = describe(request.coding, seed=seed)
        if self.drawer.reads_words and request.text is not None:
            if not self.drawer.fits(request.text):
                raise AUFaceGenError(
                    f"{_short(request.text)!r} has more words than this model reads; say less, "
                    "or give codes such as 6C+12D"
                )
            return Wish(request.text, said, person, seed)
        if not self.drawer.fits(said.text):
            said = describe(request.coding, detail="brief", seed=seed)
        return Wish(said.text, said, person, seed)

    def _start(
        self, init_tokens: Tensor | None, redraw: Tensor | np.ndarray | None
    ) -> Tensor | None:
        """(1, h, w) tokens to keep, -1 where they are drawn anew."""
        if init_tokens is None and redraw is None:
            return None
        if init_tokens is None or redraw is None:
            raise AUFaceGenError("init_tokens and redraw go together: what is kept, and where not")
        anew = torch.as_tensor(redraw)
        side = self.size // self.tokenizer.config.factor
        if init_tokens.shape != (side, side) or anew.shape != (side, side):
            raise AUFaceGenError(
                f"init_tokens {tuple(init_tokens.shape)} and redraw {tuple(anew.shape)} must be "
                f"({side}, {side})"
            )
        return torch.where(anew.bool(), -1, init_tokens.long())[None]


def _portrait(
    identity: str | PathLike[str] | Image.Image | np.ndarray,
) -> tuple[Image.Image, str]:
    """A picture and its name."""
    if isinstance(identity, Image.Image):
        return identity.convert("RGB"), "image"
    if isinstance(identity, np.ndarray):
        if identity.dtype != np.uint8 or identity.ndim != 3 or identity.shape[2] != 3:
            raise AUFaceGenError(
                f"identity: an array must be (H, W, 3) uint8, got {identity.shape} {identity.dtype}"
            )
        return Image.fromarray(identity), "image"
    try:
        with Image.open(identity) as opened:
            return opened.convert("RGB"), f"image:{Path(identity).name}"
    except OSError as error:
        raise AUFaceGenError(f"{identity} is not a picture that can be read: {error}") from error
