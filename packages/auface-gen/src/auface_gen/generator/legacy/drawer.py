"""Draws with the model of 0.1.0: each clause is read into numbers, which drive the transformer.

B pictures, h x w tokens, C clauses, A columns.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from auface_gen.columns import COLUMNS, to_vector
from auface_gen.errors import AUFaceGenError
from auface_gen.generator.checkpoint import (
    build,
    read_folder,
    read_shown,
    read_tensors,
    restore,
)
from auface_gen.generator.drawing import Sampling, Wish, to_pixels
from auface_gen.generator.legacy.model import FaceTransformer, GeneratorConfig
from auface_gen.generator.legacy.reader import ClauseReader, TextConfig
from auface_gen.generator.sampling import halton_order, sample
from facs_text import Description
from vq_tokenizer import Tokenizer, load_checkpoint
from vq_tokenizer.weights import from_fields

__all__ = ["ClauseDrawer"]


class ClauseDrawer:
    """A model folder of the kind of 0.1.0, loaded: tokenizer, clause reader, transformer, and a
    bank of people as tokens.
    """

    reads_words = False
    portraits = False  # tokens of a stranger's face come back as somebody else's
    defaults = Sampling(steps=12, guidance=1.5)

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
        self.tokenizer, self.reader = tokenizer.eval(), reader.eval()
        self.transformer = transformer.eval()
        self.people, self.shown, self.digest = people, tuple(shown), digest
        self.detectors = tuple(detectors)

    @classmethod
    def load(cls, root: Path, device: str) -> ClauseDrawer:
        """Read tokenizer/, reader/, generator/ and people.safetensors. Raises AUFaceGenError or
        VQTokenizerError that names the file at fault.
        """
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
        shown = read_shown(config, root / "generator" / "config.json")
        people = _people(root / "people.safetensors", transformer.config)
        weights = (root / "generator" / "model.safetensors").read_bytes()
        return cls(
            tokenizer.to(device),
            reader.to(device),
            transformer.to(device),
            people.to(device),
            shown=shown,
            digest=hashlib.sha256(weights).hexdigest()[:12],
            detectors=[str(name) for name in config.get("detectors", [])],
        )

    @property
    def size(self) -> int:
        """Side of a picture in pixels."""
        return self.transformer.config.grid * self.tokenizer.config.factor

    @property
    def device(self) -> torch.device:
        """The device that it draws on."""
        return self.transformer.place.device

    @property
    def prior(self) -> Tensor:
        """(A, cells, cells) where each unit moves the face."""
        return self.transformer.prior

    @torch.no_grad()
    def person(self, picture: Image.Image) -> Tensor:
        """(h, w) tokens of a picture at rest."""
        pixels = torch.from_numpy(np.asarray(picture.convert("RGB")).copy())
        images = pixels.permute(2, 0, 1)[None].float() / 255
        return self.tokenizer.encode(images.to(self.device))[0]

    def made_up(self, seed: int) -> Tensor:
        """Somebody of the bank; seeds wrap around."""
        return self.people[seed % len(self.people)]

    def fits(self, text: str) -> bool:
        """Each clause is read by itself, and long ones are cut."""
        return True

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

    @torch.no_grad()
    def draw(
        self, wishes: Sequence[Wish], sampling: Sampling, *, start: Tensor | None = None
    ) -> Tensor:
        """See `drawing.Drawer.draw`; `prior` and `near` are of the other kind."""
        model = self.transformer
        read = [self.read(wish.said) for wish in wishes]
        most = max(len(r) for r in read)
        clauses = torch.zeros(len(read), most, len(COLUMNS), device=self.device)
        given = torch.zeros(len(read), most, dtype=torch.bool, device=self.device)
        for i, r in enumerate(read):
            clauses[i, : len(r)], given[i, : len(r)] = r, True
        neutral = model.to_cells(torch.stack([w.person for w in wishes]).to(self.device))

        def predict(tokens: Tensor, told: bool) -> Tensor:
            out: Tensor = model(
                tokens, neutral, clauses, given if told else torch.zeros_like(given)
            )
            return out

        if start is None:
            tokens = torch.full_like(neutral, model.mask_id)
        else:
            tokens = model.to_cells(start.to(self.device))
            tokens = torch.where(tokens < 0, model.mask_id, tokens)
        order = None
        if sampling.temperature > 0:
            # An even order keeps variety; the most confident first is right for the likeliest face.
            grid = model.config.grid
            place = torch.argsort(model.to_cells(torch.arange(grid * grid).view(1, grid, grid))[0])
            order = place[halton_order(grid)].to(self.device)
        tokens = sample(
            predict,
            tokens,
            mask_id=model.mask_id,
            steps=sampling.steps,
            guidance=sampling.guidance,
            temperature=sampling.temperature,
            order=order,
            generators=[torch.Generator().manual_seed(wish.seed) for wish in wishes],
        )
        return model.to_grid(tokens)

    def pictures(self, tokens: Tensor, people: Sequence[Tensor]) -> np.ndarray:
        """See `drawing.Drawer.pictures`."""
        return to_pixels(self.tokenizer.decode(tokens.to(self.device)))

    def at_rest(self, people: Sequence[Tensor]) -> np.ndarray:
        """See `drawing.Drawer.at_rest`."""
        return self.pictures(torch.stack(list(people)), people)

    @torch.no_grad()
    def blend(self, one: Tensor, two: Tensor, t: float, person: Tensor) -> np.ndarray:
        """See `drawing.Drawer.blend`."""
        a, b = (self.tokenizer.quantizer.lookup(x[None].to(self.device)) for x in (one, two))
        return to_pixels(self.tokenizer.decode_codes(torch.lerp(a, b, t)))[0]


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
