"""What a user calls: `AUFace.from_pretrained().generate("6C+12D")`.

A request in FACS notation is resolved and described by facs-text first; plain English is told to
the model as it is written, and facs-text says what of it was not understood. The model then draws
somebody, a made-up person or the one of a picture, doing it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from auface_gen.check import Judge, keep_best, look
from auface_gen.errors import AUFaceGenError
from auface_gen.generated import Generated
from auface_gen.generator.checkpoint import weights_folder
from auface_gen.generator.drawer import Drawer, Person
from auface_gen.generator.drawing import Sampling, Wish
from auface_gen.generator.sampling import steady
from auface_gen.notebook import model_html
from auface_gen.portrait import square_portrait
from auface_gen.request import Request, is_words, read_request, shortened
from facs_text import Coding, describe
from vq_tokenizer import Tokenizer

if TYPE_CHECKING:
    from os import PathLike

__all__ = ["AUFace", "Generated", "is_words", "understand_request"]


def understand_request(request: str | Coding) -> Coding:
    """The coding of a request: FACS notation, plain English, or itself. Raises FacsTextError for
    what is none of them.
    """
    return read_request(request).coding


class _Job(NamedTuple):
    """One picture to draw: what of, by which seed, of whom and under which name; and whether words
    are told as a description of what was understood of them.
    """

    request: Request
    seed: int
    person: Person
    name: str
    described: bool


class AUFace:
    """The default model: a tokenizer, what is told words, and a bank of made-up people.

    generate() is deterministic: the same request, identity and seed give the same picture,
    whatever the batch and the number of threads.
    """

    def __init__(self, drawer: Drawer) -> None:
        self.drawer = drawer

    @classmethod
    def from_pretrained(
        cls, folder: str | PathLike[str] | None = None, *, device: str = "auto"
    ) -> AUFace:
        """Load a model folder (tokenizer/, generator/, people/), the shipped one unless told.

        Raises AUFaceGenError or VQTokenizerError that names the file at fault.
        """
        root = Path(folder) if folder is not None else weights_folder()
        if not root.is_dir():
            raise AUFaceGenError(f"{root} is not a model folder: it has no generator/config.json")
        device = device if device != "auto" else ("cuda" if torch.cuda.is_available() else "cpu")
        return cls(Drawer.load(root, device))

    @property
    def device(self) -> torch.device:
        """The device that the model is on."""
        return self.drawer.device

    @property
    def size(self) -> int:
        """Side of a picture in pixels."""
        return self.drawer.size

    @property
    def people(self) -> Sequence[Path]:
        """The bank of made-up people: their pictures at rest."""
        return self.drawer.people

    @property
    def prior(self) -> Tensor:
        """(A, cells, cells) where each unit moves the face."""
        return self.drawer.prior

    @property
    def detectors(self) -> tuple[str, ...]:
        """Ids of the detectors that it or its tokenizer was trained against; none may score it."""
        return self.drawer.detectors

    @property
    def digest(self) -> str:
        """The digest of the weights."""
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
        shows: str | Coding | None = None,
    ) -> tuple[Person, str]:
        """A person, ready for the model, and a name: a portrait (an aligned crop; a file, a
        picture, or (H, W, 3) uint8), or a made-up person at rest by seed.

        A portrait that is not square is cropped to its middle square. There are `len(people)`
        made-up people; seeds wrap around. shows: what the face of the portrait does, as a request,
        should it not be at rest. Raises AUFaceGenError for `shows` without a portrait.
        """
        if identity is None:
            if shows is not None:
                raise AUFaceGenError(
                    f"shows={str(shows)!r} says what a portrait does: give identity="
                )
            index = (seed or 0) % len(self.people)
            return self.drawer.made_up(index), f"seed:{index}"
        square, name = square_portrait(identity, self.size)
        doing = None if shows is None else self._wish(read_request(shows), None, 0)
        return self.drawer.portrait(square, doing), name

    def generate(
        self,
        requests: str | Coding | Sequence[str | Coding],
        *,
        identity: str | PathLike[str] | Image.Image | np.ndarray | None = None,
        identity_seed: int | None = None,
        shows: str | Coding | None = None,
        seed: int = 0,
        count: int = 1,
        steps: int | None = None,
        guidance: float | None = None,
        temperature: float = 0.0,
        prior: bool = True,
        near: float = 0.0,
        init_tokens: Tensor | None = None,
        redraw: Tensor | np.ndarray | None = None,
        described: bool = False,
        batch: int = 16,
        check: Judge | None = None,
        best_of: int = 1,
    ) -> list[Generated]:
        """Draw each request `count` times, with seeds seed, seed + 1, ...

        requests: FACS notation ("6C+12D", "0" at rest) or plain English. identity: a portrait;
        else the made-up person `identity_seed`, or, when that is not given either, one person for
        each picture by its seed. shows: what the face of the portrait does already, as a request;
        what is drawn is what `requests` say, not both.

        steps: 1 to the number of tokens; guidance: 1.0 is off; the model's own unless told.
        temperature 0 draws the likeliest face, and then pictures of one person with one request
        are the same. prior=False takes the anatomical prior from the attention to words. near: only
        cells that some word reaches by more than this may change.

        init_tokens: (h, w), such as a picture's `tokens`, of which only the places that are True in
        redraw (h, w) are drawn anew, for the same person.

        described: tell the model facs-text's description of what was understood of plain English,
        in place of the words as they are written; for words that the model was not trained on.

        check: a detector that says what it sees in each picture (`Generated.seen`). best_of: draw
        each picture so many times, with seeds that count on, and keep the one that `check` finds
        nearest to what was asked; `Generated.seed` is its seed. Raises FacsTextError for a request
        that is no coding, AUFaceGenError for other wrong arguments.
        """
        _check_numbers(count, batch, temperature, guidance)
        if best_of < 1 or (best_of > 1 and (check is None or temperature == 0)):
            raise AUFaceGenError(
                f"best_of={best_of} needs check=, which sees what is best, and a temperature over "
                "0: at 0 the pictures of one person and request are the same"
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
        asked = [read_request(r) for r in many]
        start = self._start(init_tokens, redraw)
        alone = identity is None and shows is None
        given = None if alone else self.identity(identity, shows=shows)
        jobs = []
        for request in asked:
            for i in range(count):
                who = given or self.identity(
                    seed=seed + i if identity_seed is None else identity_seed
                )
                jobs += [
                    _Job(request, seed + best_of * i + j, *who, described) for j in range(best_of)
                ]
        out: list[Generated] = []
        for at in range(0, len(jobs), batch):
            part = jobs[at : at + batch]
            made = self._draw(part, sampling, start)
            if check is not None:
                rest = self.drawer.at_rest([job.person for job in part])
                made = look(made, [Image.fromarray(r) for r in rest], check)
            out += made
        return keep_best(out, best_of, check) if check is not None and best_of > 1 else out

    def _draw(
        self, jobs: Sequence[_Job], sampling: Sampling, start: Tensor | None
    ) -> list[Generated]:
        wishes = [self._wish(j.request, j.person, j.seed, described=j.described) for j in jobs]
        begin = None if start is None else start.expand(len(wishes), -1, -1)
        with steady():
            tokens = self.drawer.draw(wishes, sampling, start=begin)
            pictures = self.drawer.pictures(tokens, [job.person for job in jobs])
        return [
            Generated(
                Image.fromarray(picture),
                job.request.coding,
                wish.said,
                job.seed,
                job.name,
                self.digest,
                self.drawer.not_shown(wish.said),
                job.request.text,
                self.detectors,
                told="" if wish.text == wish.said.text else wish.text,
                not_understood=job.request.not_understood,
                tokens=codes.cpu(),
                person=job.person,
            )
            for job, wish, picture, codes in zip(jobs, wishes, pictures, tokens, strict=True)
        ]

    def between(self, a: Generated, b: Generated, t: float) -> Image.Image:
        """The picture a share `t` (0 to 1) of the way from `a` to `b`, two pictures of one person.

        The codes of the two are blended and decoded, so that it changes evenly with `t`; at 0 and 1
        it is the picture itself. It is meant for faces a level apart: what moves far fades instead
        of moving.
        """
        if a.tokens is None or b.tokens is None or a.identity != b.identity or not 0 <= t <= 1:
            raise AUFaceGenError(
                f"between: t={t} must be from 0 to 1, and both pictures drawn by this model, of "
                f"one person (got {a.identity} and {b.identity})"
            )
        if t in (0, 1):
            return (b if t else a).image
        return Image.fromarray(self.drawer.blend(a.tokens, b.tokens, t, a.person))

    def _wish(
        self, request: Request, person: Person | None, seed: int, *, described: bool = False
    ) -> Wish:
        """What is told: the text as written, or the fullest description that is read to its end."""
        coding, text, _ = request
        said = describe(coding, seed=seed)
        if text and not described:
            if not self.drawer.fits(text):
                raise AUFaceGenError(
                    f"{shortened(text)!r} has more words than this model reads; say less, "
                    "or give codes such as 6C+12D"
                )
            return Wish(text, said, person, seed)
        if not self.drawer.fits(said.text):
            said = describe(coding, detail="brief", seed=seed)
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


def _check_numbers(count: int, batch: int, temperature: float, guidance: float | None) -> None:
    if count < 1 or batch < 1 or temperature < 0 or (guidance is not None and guidance < 0):
        raise AUFaceGenError(
            f"count={count}, batch={batch}, temperature={temperature}, guidance={guidance}: "
            "must not be negative, and count and batch at least 1"
        )
