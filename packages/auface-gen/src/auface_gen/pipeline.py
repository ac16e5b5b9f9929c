"""What a user calls: `AUFace.from_pretrained().generate("6C+12D")`.

A request in FACS notation or plain English becomes a Coding, is resolved and described by
facs-text, each clause is read back into units, and the transformer fills the grid of tokens beside
those of the person's neutral face.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image, PngImagePlugin
from torch import Tensor

from auface_gen.columns import COLUMNS, to_vector
from auface_gen.errors import AUFaceGenError
from auface_gen.files import whole
from auface_gen.generator.checkpoint import (
    build,
    read_folder,
    read_tensors,
    restore,
    weights_folder,
)
from auface_gen.generator.model import FaceTransformer, GeneratorConfig
from auface_gen.generator.reader import ClauseReader, TextConfig
from auface_gen.generator.sampling import halton_order, sample, steady
from auface_gen.notebook import model_html, picture_html
from facs_text import Coding, Description, FacsTextError, describe, parse, understand
from facs_text.pictures import read_rgb
from vq_tokenizer import Tokenizer, load_checkpoint
from vq_tokenizer.weights import from_fields

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
    if len(re.findall(r"[A-Za-z]{3,}", request)) == 0:
        return parse(request)
    understood = understand(request)
    if not understood.coding and understood.unparsed:
        raise FacsTextError(
            f"no facial action was understood in {request!r}; describe actions, "
            "or give codes such as 6C+12D"
        )
    return understood.coding


@dataclass(frozen=True)
class Generated:
    """One picture and where it came from. `not_shown`: units asked for that this model has not
    learned to show.
    """

    image: Image.Image
    coding: Coding
    description: Description
    seed: int
    identity: str
    model: str
    not_shown: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The description that was drawn."""
        return self.description.text

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


def _shown(config: dict[str, Any], where: Path) -> list[bool]:
    """Which columns the model has learned to show."""
    shown = config.get("shown")
    if (
        not isinstance(shown, list)
        or len(shown) != len(COLUMNS)
        or not all(isinstance(one, bool) for one in shown)
    ):
        raise AUFaceGenError(f"{where}: shown must be {len(COLUMNS)} times true or false")
    return shown


def _people(path: Path, config: GeneratorConfig) -> Tensor:
    """(N, h, w) tokens of the made-up people."""
    tokens = read_tensors(path).get("tokens")
    if tokens is None or tokens.ndim != 3 or tokens.shape[1:] != (config.grid, config.grid):
        raise AUFaceGenError(f"{path}: expected tokens (N, {config.grid}, {config.grid})")
    if not len(tokens) or tokens.is_floating_point() or tokens.is_complex():
        raise AUFaceGenError(f"{path}: expected whole numbers, of one person at least")
    tokens = tokens.long()
    low, high = int(tokens.min()), int(tokens.max())
    if low < 0 or high >= config.num_codes:
        raise AUFaceGenError(
            f"{path}: tokens are {low} to {high}, expected 0 to {config.num_codes - 1}"
        )
    return tokens


class AUFace:
    """The default model: tokenizer, clause reader, transformer, and a bank of made-up people.

    generate() is deterministic: the same request, identity and seed give the same picture,
    whatever the batch and the number of threads.
    """

    def __init__(
        self,
        tokenizer: Tokenizer,
        reader: ClauseReader,
        transformer: FaceTransformer,
        people: Tensor,
        *,
        shown: Sequence[bool],
        digest: str,
    ) -> None:
        self.tokenizer, self.reader, self.transformer = (
            tokenizer.eval(),
            reader.eval(),
            transformer.eval(),
        )
        self.people, self.shown, self.digest = people, tuple(shown), digest

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
        said = config.get("text")
        text = said if isinstance(said, dict) else {}
        layers = text.get("layers", 0)
        reader = build(
            lambda: ClauseReader(from_fields(TextConfig, text)),
            root / "reader",
            copies=layers if isinstance(layers, int) else 0,
        )
        restore(reader, tensors, root / "reader")
        config, tensors = read_folder(root / "generator")
        said = config.get("model")
        shape = said if isinstance(said, dict) else {}
        transformer = build(
            lambda: FaceTransformer(from_fields(GeneratorConfig, shape)), root / "generator"
        )
        restore(transformer, tensors, root / "generator")
        shown = _shown(config, root / "generator" / "config.json")
        people = _people(root / "people.safetensors", transformer.config)
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
                picture, name = read_rgb(identity), f"image:{Path(identity).name}"
            except FacsTextError as error:
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
    ) -> list[Generated]:
        """Draw each request `count` times, with seeds seed, seed + 1, ...

        requests: FACS notation ("6C+12D", "0" at rest) or plain English. identity: a portrait at
        rest; else the made-up person `identity_seed`, or, when that is not given either, one
        person for each picture by its seed. steps: 1 to the number of tokens. guidance: 1.0 is
        off. temperature 0 draws the likeliest face, and then pictures of one person with one
        request are the same. Raises FacsTextError for a request that is no coding, AUFaceGenError
        for other wrong arguments.
        """
        if count < 1 or batch < 1 or temperature < 0 or guidance < 0:
            raise AUFaceGenError(
                f"count={count}, batch={batch}, temperature={temperature}, guidance={guidance}: "
                "must not be negative, and count and batch at least 1"
            )
        many = [requests] if isinstance(requests, str | Coding) else list(requests)
        jobs = [(understand_request(r), seed + i) for r in many for i in range(count)]
        given = self.identity(identity) if identity is not None else None
        out: list[Generated] = []
        for start in range(0, len(jobs), batch):
            part = jobs[start : start + batch]
            said = [describe(coding, seed=s) for coding, s in part]
            rest = [
                given or self.identity(seed=s if identity_seed is None else identity_seed)
                for _, s in part
            ]
            with steady():
                pictures = self._draw(
                    said,
                    torch.stack([r[0] for r in rest]),
                    [s for _, s in part],
                    steps,
                    guidance,
                    temperature,
                )
            for (coding, s), words, (_, name), picture in zip(
                part, said, rest, pictures, strict=True
            ):
                out.append(
                    Generated(
                        Image.fromarray(picture),
                        coding,
                        words,
                        s,
                        name,
                        self.digest,
                        self.not_shown(words),
                    )
                )
        return out

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
    ) -> np.ndarray[Any, Any]:
        """(B, size, size, 3) uint8."""
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
        images = self.tokenizer.decode(model.to_grid(tokens))
        return (images.clamp(0, 1) * 255 + 0.5).byte().permute(0, 2, 3, 1).cpu().numpy()
