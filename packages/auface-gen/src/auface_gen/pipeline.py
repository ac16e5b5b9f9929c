"""What a user calls: `AUFace.from_pretrained().generate("6C+12D")`.

A request in FACS notation or plain English becomes a Coding, is resolved and described by
facs-text, each clause is read back into units, and the transformer fills the grid of tokens beside
those of the person's neutral face.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from auface_gen.check import Judge, Seen, keep_best, look
from auface_gen.columns import COLUMNS, to_vector
from auface_gen.errors import AUFaceGenError
from auface_gen.generator.checkpoint import read_folder, read_tensors, restore, weights_folder
from auface_gen.generator.model import FaceTransformer, GeneratorConfig
from auface_gen.generator.reader import ClauseReader, TextConfig
from auface_gen.generator.sampling import halton_order, sample
from auface_gen.label import made_from, save_labelled
from auface_gen.notebook import model_html, picture_html
from facs_text import Coding, Description, FacsTextError, describe, parse, understand
from vq_tokenizer import Tokenizer, load_checkpoint

if TYPE_CHECKING:
    from os import PathLike

__all__ = ["AUFace", "Generated", "understand_request"]


def understand_request(request: str | Coding) -> Coding:
    """A Coding from FACS notation, plain English, or itself. Raises FacsTextError for what is
    neither.
    """
    if isinstance(request, Coding):
        return request
    if not request.strip():
        raise FacsTextError(
            "nothing to draw: the request is empty; give codes such as 6C+12D, "
            "or 0 for a face at rest"
        )
    if not is_words(request):
        return parse(request)
    understood = understand(request)
    if not understood.coding and understood.unparsed:
        raise FacsTextError(
            f"no facial action was understood in {request!r}; describe actions, "
            "or give codes such as 6C+12D"
        )
    return understood.coding


def is_words(request: str) -> bool:
    """Whether a request is words: a word of three letters makes it so; else it is notation."""
    return re.search(r"[A-Za-z]{3,}", request) is not None


@dataclass(frozen=True)
class Generated:
    """One picture and where it came from.

    not_shown: units asked for that this model has not learned to show. request: the words as a
    person wrote them, empty where a coding was asked for. detectors: ids of the detectors that the
    model was trained against or the picture was chosen by. seen: what a detector sees in it, where
    one looked. tokens: (h, w) codes of the picture, for `AUFace.between`.
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
    tokens: Tensor | None = field(default=None, repr=False, compare=False)

    @property
    def text(self) -> str:
        """The description that was drawn."""
        return self.description.text

    def _repr_html_(self) -> str:
        """How a notebook shows it."""
        return picture_html(self)

    def save(self, path: str | PathLike[str]) -> None:
        """Write a PNG that says it was drawn by a model, and from what (see `auface_gen.label`);
        beside, then renamed.
        """
        save_labelled(self.image, path, chunks=made_from(self))


class AUFace:
    """The default model: tokenizer, clause reader, transformer, and a bank of made-up people.

    generate() is deterministic: the same request, identity and seed give the same picture,
    whatever the batch. `portraits`: whether a photograph can be the person, which this model only
    can as far as it looks like the renders it was trained on. `detectors`: ids of the detectors
    that it was trained against, none of which may score it.
    """

    portraits = False

    def __init__(
        self,
        tokenizer: Tokenizer,
        reader: ClauseReader,
        transformer: FaceTransformer,
        people: Tensor,
        *,
        shown: Sequence[bool],
        digest: str,
        detectors: Sequence[str] = (),
    ) -> None:
        self.tokenizer, self.reader, self.transformer = (
            tokenizer.eval(),
            reader.eval(),
            transformer.eval(),
        )
        self.people, self.shown, self.digest = people, tuple(shown), digest
        self.detectors = tuple(detectors)

    @classmethod
    def from_pretrained(
        cls, folder: str | PathLike[str] | None = None, *, device: str = "auto"
    ) -> AUFace:
        """Load a model folder (tokenizer/, reader/, generator/, people.safetensors), the shipped
        one unless told.

        Raises AUFaceGenError or VQTokenizerError that names the file at fault.
        """
        root = Path(folder) if folder is not None else weights_folder()
        if not root.is_dir():
            raise AUFaceGenError(f"{root} is not a model folder: it has no generator/config.json")
        device = device if device != "auto" else ("cuda" if torch.cuda.is_available() else "cpu")
        tokenizer = load_checkpoint(root / "tokenizer")
        config, tensors = read_folder(root / "reader")
        try:
            reader = ClauseReader(
                TextConfig(**{**config["text"], "vocabulary": tuple(config["text"]["vocabulary"])})
            )
        except (KeyError, TypeError) as error:
            raise AUFaceGenError(
                f"{root / 'reader' / 'config.json'} does not describe a reader: {error}"
            ) from error
        restore(reader, tensors, root / "reader")
        config, tensors = read_folder(root / "generator")
        try:
            transformer, shown = (
                FaceTransformer(GeneratorConfig(**config["model"])),
                config["shown"],
            )
        except (KeyError, TypeError) as error:
            raise AUFaceGenError(
                f"{root / 'generator' / 'config.json'} does not describe a generator: {error}"
            ) from error
        restore(transformer, tensors, root / "generator")
        people = read_tensors(root / "people.safetensors")["tokens"].long()
        digest = hashlib.sha256(
            (root / "generator" / "model.safetensors").read_bytes()
        ).hexdigest()[:12]
        model = cls(
            tokenizer.to(device),
            reader.to(device),
            transformer.to(device),
            people.to(device),
            shown=shown,
            digest=digest,
            detectors=[str(name) for name in config.get("detectors", [])],
        )
        return model

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return self.transformer.place.device

    @property
    def size(self) -> int:
        """Side of a picture in pixels."""
        return self.transformer.config.grid * self.tokenizer.config.factor

    def _repr_html_(self) -> str:
        """How a notebook shows it."""
        return model_html(self)

    def identity(
        self, identity: str | PathLike[str] | Image.Image | None = None, *, seed: int | None = None
    ) -> tuple[Tensor, str]:
        """(h, w) tokens and a name of a person at rest: a portrait (aligned crop), or a made-up
        person by seed.

        A portrait that is not square is cropped to its middle square. There are `len(people)`
        made-up people; seeds wrap around.
        """
        if identity is None:
            index = (seed or 0) % len(self.people)
            return self.people[index], f"seed:{index}"
        if isinstance(identity, Image.Image):
            picture, name = identity.convert("RGB"), "image"
        else:
            try:
                with Image.open(identity) as opened:
                    picture, name = opened.convert("RGB"), f"image:{Path(identity).name}"
            except OSError as error:
                raise AUFaceGenError(
                    f"{identity} is not a picture that can be read: {error}"
                ) from error
        side = min(picture.size)
        left, top = (picture.width - side) // 2, (picture.height - side) // 2
        picture = picture.crop((left, top, left + side, top + side)).resize(
            (self.size, self.size), Image.Resampling.LANCZOS
        )
        images = torch.from_numpy(np.asarray(picture).copy()).permute(2, 0, 1)[None].float() / 255
        with torch.no_grad():
            return self.tokenizer.encode(images.to(self.device))[0], name

    @torch.no_grad()
    def generate(
        self,
        requests: str | Coding | Sequence[str | Coding],
        *,
        identity: str | PathLike[str] | Image.Image | None = None,
        identity_seed: int | None = None,
        seed: int = 0,
        count: int = 1,
        steps: int = 12,
        guidance: float = 1.5,
        temperature: float = 0.0,
        batch: int = 16,
        check: Judge | None = None,
        best_of: int = 1,
    ) -> list[Generated]:
        """Draw each request `count` times, with seeds seed, seed + 1, ...

        requests: FACS notation ("6C+12D", "0" at rest) or plain English. identity: a portrait at
        rest; else the made-up person `identity_seed`, or, when that is not given either, one
        person for each picture by its seed. steps: 1 to the number of tokens. guidance: 1.0 is
        off. temperature 0 draws the likeliest face, and then pictures of one person with one
        request are the same. check: a detector that says what it sees in each picture
        (`Generated.seen`). best_of: draw each picture so many times, with seeds that count on, and
        keep the one that `check` finds nearest to what was asked; `Generated.seed` is its seed.
        Raises FacsTextError for a request that is no coding, AUFaceGenError for other wrong
        arguments.
        """
        if count < 1 or batch < 1 or temperature < 0 or guidance < 0:
            raise AUFaceGenError(
                f"count={count}, batch={batch}, temperature={temperature}, guidance={guidance}: "
                "must not be negative, and count and batch at least 1"
            )
        if best_of < 1 or (best_of > 1 and (check is None or temperature == 0)):
            raise AUFaceGenError(
                f"best_of={best_of} needs check=, which sees what is best, and a temperature over "
                "0: at 0 the pictures of one person and request are the same"
            )
        many = [requests] if isinstance(requests, str | Coding) else list(requests)
        jobs = [
            (r, understand_request(r), seed + best_of * i + j, seed + i)
            for r in many
            for i in range(count)
            for j in range(best_of)
        ]
        given = self.identity(identity) if identity is not None else None
        out: list[Generated] = []
        for start in range(0, len(jobs), batch):
            part = jobs[start : start + batch]
            said = [describe(coding, seed=s) for _, coding, s, _ in part]
            rest = [
                given or self.identity(seed=person if identity_seed is None else identity_seed)
                for *_, person in part
            ]
            tokens = self._draw(
                said,
                torch.stack([r[0] for r in rest]),
                [s for _, _, s, _ in part],
                steps,
                guidance,
                temperature,
            )
            made = [
                Generated(
                    picture,
                    coding,
                    words,
                    s,
                    name,
                    self.digest,
                    self.not_shown(words),
                    request if isinstance(request, str) and is_words(request) else "",
                    self.detectors,
                    tokens=codes.cpu(),
                )
                for (request, coding, s, _), words, (_, name), picture, codes in zip(
                    part, said, rest, self._pictures(tokens), tokens, strict=True
                )
            ]
            if check is not None:
                made = look(made, self._pictures(torch.stack([r[0] for r in rest])), check)
            out += made
        return keep_best(out, best_of, check) if check is not None and best_of > 1 else out

    @torch.no_grad()
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
        one, two = (
            self.tokenizer.quantizer.lookup(g.tokens[None].to(self.device))
            for g in (a, b)
            if g.tokens is not None
        )
        images = self.tokenizer.decoder(torch.lerp(one, two, t).permute(0, 3, 1, 2))
        return _to_pictures(images)[0]

    def not_shown(self, said: Description) -> tuple[str, ...]:
        """Units of a description that the model has not learned to show."""
        vector, unknown = to_vector(said.resolution.activations)
        unlearned = [
            u for (u, _), v, s in zip(COLUMNS, vector, self.shown, strict=True) if v > 0 and not s
        ]
        return tuple(dict.fromkeys([*unknown, *unlearned]))

    def read(self, said: Description) -> Tensor:
        """(C, A) what the clauses of a description move, as the reader understands the words; one
        row of zeros at rest.
        """
        texts = [c.text for c in said.clauses if c.aus]
        if not texts:
            return torch.zeros(1, len(COLUMNS), device=self.device)
        keep = torch.tensor(self.shown, device=self.device)
        return self.reader.read(texts) * keep

    def _draw(
        self,
        said: list[Description],
        rest: Tensor,
        seeds: list[int],
        steps: int,
        guidance: float,
        temperature: float,
    ) -> Tensor:
        """(B, h, w) tokens."""
        model = self.transformer
        read = [self.read(d) for d in said]
        most = max(len(r) for r in read)
        clauses = torch.zeros(len(read), most, len(COLUMNS), device=self.device)
        given = torch.zeros(len(read), most, dtype=torch.bool, device=self.device)
        for i, r in enumerate(read):
            clauses[i, : len(r)], given[i, : len(r)] = r, True
        neutral = model.to_cells(rest.to(self.device))

        def predict(tokens: Tensor, told: bool) -> Tensor:
            out: Tensor = model(
                tokens, neutral, clauses, given if told else torch.zeros_like(given)
            )
            return out

        start = torch.full_like(neutral, model.mask_id)
        order = None
        if (
            temperature > 0
        ):  # an even order keeps variety; the most confident first is right for the likeliest face
            grid = model.config.grid
            place = torch.argsort(model.to_cells(torch.arange(grid * grid).view(1, grid, grid))[0])
            order = place[halton_order(grid)].to(self.device)
        generators = [torch.Generator().manual_seed(s) for s in seeds]
        tokens = sample(
            predict,
            start,
            mask_id=model.mask_id,
            steps=steps,
            guidance=guidance,
            temperature=temperature,
            order=order,
            generators=generators,
        )
        return model.to_grid(tokens)

    def _pictures(self, tokens: Tensor) -> list[Image.Image]:
        """Tokens (B, h, w) as pictures."""
        return _to_pictures(self.tokenizer.decode(tokens.to(self.device)))


def _to_pictures(images: Tensor) -> list[Image.Image]:
    """Images (B, 3, H, W) in [0, 1] as 8-bit pictures."""
    pixels = (images.clamp(0, 1) * 255 + 0.5).byte().permute(0, 2, 3, 1).cpu().numpy()
    return [Image.fromarray(p) for p in pixels]
