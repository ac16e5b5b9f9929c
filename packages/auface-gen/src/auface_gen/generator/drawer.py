"""Draws faces from words: the tokenizer, the generator, and the bank of people, ready for use.

What does not change from picture to picture is done once: the features of a reference picture, and
what the words of a request are heard as.

B pictures, S side in pixels, T tokens.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from auface_gen.columns import COLUMNS, to_vector
from auface_gen.errors import AUFaceGenError
from auface_gen.generator.checkpoint import build, read_folder, read_shown, restore
from auface_gen.generator.condition import Heard, TextCondition
from auface_gen.generator.drawing import Sampling, Wish, to_pixels
from auface_gen.generator.model import Generator, GeneratorConfig
from auface_gen.generator.people_bank import read_bank
from auface_gen.generator.sampling import halton_order, sample, steady
from auface_gen.generator.transformer import ChangeTransformer, Memory
from facs_text import Description, FacsTextError
from facs_text.pictures import read_rgb
from vq_tokenizer import Tokenizer, load_checkpoint
from vq_tokenizer.tokenizer.checkpoint import detectors_of
from vq_tokenizer.tokenizer.reference import ReferenceFeatures

__all__ = ["Drawer", "Person"]

_KEPT = 64  # people and requests whose preparation is kept
_FOREIGN = 1.5  # a portrait so many times farther from the bank than its people are from each other


@dataclass(frozen=True)
class Person:
    """Somebody: the picture's features for the decoder (of a batch of 1), and for the transformer
    (1, P, R). at_rest: whether the picture is known to show them at rest; being at rest is then no
    change, whatever the transformer takes their features for.
    """

    features: ReferenceFeatures
    cells: Tensor
    at_rest: bool = True


class Drawer:
    """A model folder, loaded. `people`: pictures of the bank of made-up ones; `size`: side of a
    picture in pixels; `digest`: of the weights; `detectors`: ids of those that its
    generator or its tokenizer was trained against.
    """

    defaults = Sampling(steps=4)

    def __init__(
        self,
        tokenizer: Tokenizer,
        generator: Generator,
        people: Sequence[Path],
        *,
        shown: Sequence[bool],
        size: int,
        digest: str,
        detectors: Iterable[str] = (),
    ) -> None:
        self.tokenizer, self.generator = tokenizer.eval(), generator.eval()
        self.people, self.shown, self.size, self.digest = people, tuple(shown), size, digest
        self.detectors = tuple(detectors)
        self._persons: OrderedDict[str, Person] = OrderedDict()
        self._heard: OrderedDict[str, Heard] = OrderedDict()
        self._cells: Tensor | None = None

    @classmethod
    def load(cls, root: Path, device: str) -> Drawer:
        """Read tokenizer/, generator/ and people/. Raises AUFaceGenError or VQTokenizerError that
        names the file at fault.
        """
        if (root / "reader").is_dir() or (root / "people.safetensors").is_file():
            raise AUFaceGenError(
                f"{root} is a model of the kind of 0.1.0, which this version does not read; "
                "use the weights that ship with it, or train anew: auface train tokenizer, "
                "auface train generator, auface pack"
            )
        tokenizer = load_checkpoint(root / "tokenizer")
        config, tensors = read_folder(root / "generator")
        where = root / "generator" / "config.json"
        generator = build(
            lambda: Generator(GeneratorConfig.from_json(config.get("model"), where)),
            root / "generator",
        )
        if not isinstance(generator.condition, TextCondition):
            raise AUFaceGenError(
                f"{where}: this generator is told {generator.config.condition}, which is for "
                "comparison; only one that is told text can draw a request"
            )
        restore(generator, tensors, root / "generator")
        size, shown = config.get("size"), read_shown(config, where)
        if not isinstance(size, int) or size < 1:
            raise AUFaceGenError(f"{where}: size must be a number of pixels, is {size!r:.60}")
        weights = (root / "generator" / "model.safetensors").read_bytes()
        digest = hashlib.sha256(weights).hexdigest()[:12]
        people = read_bank(root / "people")
        return cls(
            tokenizer.to(device),
            generator.to(device),
            people,
            shown=shown,
            size=size,
            digest=digest,
            detectors=dict.fromkeys(
                [*map(str, config.get("detectors", [])), *detectors_of(root / "tokenizer")]
            ),
        )

    @property
    def transformer(self) -> ChangeTransformer:
        """The transformer, which is called once a step."""
        return self.generator.transformer

    @property
    def device(self) -> torch.device:
        """The device that it draws on."""
        return self.transformer.place.device

    @property
    def prior(self) -> Tensor:
        """(A, cells, cells) where each unit moves the face."""
        assert isinstance(self.generator.condition, TextCondition)
        cells = self.generator.config.transformer.cells
        return self.generator.condition.anatomy.maps.view(-1, cells, cells)

    @torch.no_grad()
    def person(self, picture: Image.Image) -> Person:
        """Somebody from a square picture of S pixels, prepared once."""
        pixels = np.asarray(picture.convert("RGB")).copy()
        key = hashlib.sha256(pixels.tobytes()).hexdigest()
        if key not in self._persons:
            rest = self._rest(picture)
            features = self.tokenizer.features(rest)
            cells = self.transformer.reference_cells(features.maps[-1].float())
            _keep(self._persons, key, Person(features, cells))
        return self._persons[key]

    def portrait(self, picture: Image.Image, shows: Wish | None = None) -> Person:
        """Somebody from a portrait of S pixels, who may be anybody. shows: what they do in it,
        should they not be at rest; its person does not matter.

        The transformer knows only people like those of the bank. A portrait that is much farther
        from all of them than they are from each other, as a photograph is, keeps its own features
        for the decoder; where it changes is asked of the person of the bank that is most like it,
        doing what the portrait shows.
        """
        own = replace(self.person(picture), at_rest=shows is None)
        bank = self._bank()
        if len(bank) < 2:
            return own
        apart = (bank - own.cells).pow(2).mean((1, 2))  # (N,)
        if float(apart.min()) <= _FOREIGN * self._neighbours(bank):
            return own
        like = int(apart.argmin())
        if shows is None:
            return Person(own.features, bank[like][None], at_rest=False)
        wish = shows._replace(person=self.made_up(like))
        with steady():
            doing = self.pictures(self.draw([wish], self.defaults), [wish.person])[0]
        return Person(own.features, self.person(Image.fromarray(doing)).cells, at_rest=False)

    @torch.no_grad()
    def _bank(self) -> Tensor:
        """(N, P, R) the people of the bank for the transformer, made once."""
        if self._cells is None:
            cells = [
                self.transformer.reference_cells(
                    self.tokenizer.features(self._rest(self._opened(i))).maps[-1].float()
                )
                for i in range(len(self.people))
            ]
            self._cells = torch.cat(cells)
        return self._cells

    @staticmethod
    def _neighbours(bank: Tensor) -> float:
        """How far the loneliest person of a bank (N, P, R) is from the one most like it."""
        flat = bank.flatten(1)
        apart = torch.cdist(flat, flat).pow(2) / flat.shape[1]
        return float(apart.fill_diagonal_(torch.inf).amin(1).max())

    def _rest(self, picture: Image.Image) -> Tensor:
        """A picture as (1, 3, S, S)."""
        pixels = np.asarray(picture.convert("RGB")).copy()
        return torch.from_numpy(pixels).permute(2, 0, 1)[None].float().to(self.device) / 255

    def _opened(self, index: int) -> Image.Image:
        """The picture of a person of the bank."""
        try:
            return read_rgb(self.people[index]).resize((self.size, self.size))
        except FacsTextError as error:
            raise AUFaceGenError(f"{self.people[index]} is no picture: {error}") from None

    def made_up(self, seed: int) -> Person:
        """A person of the bank; seeds wrap around."""
        return self.person(self._opened(seed % len(self.people)))

    def fits(self, text: str) -> bool:
        """Whether a text is read to its end."""
        assert isinstance(self.generator.condition, TextCondition)
        return self.generator.condition.encoder.fits(text)

    def not_shown(self, said: Description) -> tuple[str, ...]:
        """Units of a description that the model has not learned to show."""
        vector, unknown = to_vector(said.resolution.activations)
        unlearned = [
            u for (u, _), v, s in zip(COLUMNS, vector, self.shown, strict=True) if v > 0 and not s
        ]
        return tuple(dict.fromkeys([*unknown, *unlearned]))

    @torch.no_grad()
    def hear(self, texts: Sequence[str]) -> Heard:
        """What is heard of texts, each by itself once, so that it does not depend on the others."""
        known = {text: self._heard.get(text) for text in texts}
        for text, before in known.items():
            if before is None:
                known[text] = self.generator.hear([text])
                _keep(self._heard, text, known[text])
        heard = [h for text in texts if (h := known[text]) is not None]
        most = max(h.said.shape[1] for h in heard)
        return Heard(
            torch.cat([_padded(h.states, most, 1) for h in heard]),
            torch.cat([_padded(h.said, most, 1) for h in heard]),
            torch.cat([_padded(h.reach, most, 2) for h in heard]),
        )

    @torch.no_grad()
    def draw(
        self, wishes: Sequence[Wish], sampling: Sampling, *, start: Tensor | None = None
    ) -> Tensor:
        """(B, h, w) tokens. start: (B, h, w) tokens to keep, -1 where they are drawn."""
        model, people = self.transformer, [wish.person for wish in wishes]
        heard = self.hear([wish.text for wish in wishes])
        told = heard if sampling.prior else heard.unguided()
        cells = torch.cat([p.cells for p in people])
        memory = model.listen(told, cells)
        untold = self._untold(told, cells, sampling)

        def predict(tokens: Tensor, with_text: bool) -> Tensor:
            out: Tensor = model(tokens, memory if with_text else untold)
            return out

        anew = start is None
        if start is None:
            start = torch.full((len(wishes), *[model.config.grid] * 2), -1)
        tokens = model.to_cells(start.to(self.device))
        tokens = torch.where(tokens < 0, model.mask_id, tokens)
        if sampling.near > 0:
            tokens = self._still_where_unreached(tokens, heard, sampling.near)
        tokens = sample(
            predict,
            tokens,
            mask_id=model.mask_id,
            steps=sampling.steps,
            guidance=sampling.guidance,
            temperature=sampling.temperature,
            order=self._order() if sampling.temperature > 0 else None,
            generators=[torch.Generator().manual_seed(wish.seed) for wish in wishes],
        )
        if anew:
            same = [w.person.at_rest and not w.said.resolution.coding for w in wishes]
            tokens[torch.tensor(same, device=tokens.device)] = model.config.still
        return model.to_grid(tokens)

    @torch.no_grad()
    def pictures(self, tokens: Tensor, people: Sequence[Person]) -> np.ndarray:
        """Tokens (B, h, w) of people as pictures (B, S, S, 3) uint8."""
        features = _joined([p.features for p in people])
        return to_pixels(self.tokenizer.decode(tokens.to(self.device), features))

    def at_rest(self, people: Sequence[Person]) -> np.ndarray:
        """The people themselves (B, S, S, 3) uint8."""
        return to_pixels(torch.cat([p.features.pictures for p in people]))

    @torch.no_grad()
    def blend(self, one: Tensor, two: Tensor, t: float, person: Person) -> np.ndarray:
        """The picture (S, S, 3) uint8 a share `t` of the way between tokens (h, w) of a person."""
        a, b = one.to(self.device), two.to(self.device)
        still, codes = self.tokenizer.still_token, self.tokenizer.codebook
        mixed = torch.lerp(codes[a], codes[b], t)[None]
        changed = ((a != still) | (b != still))[None]
        return to_pixels(self.tokenizer.decode_codes(mixed, person.features, changed=changed))[0]

    def _untold(self, heard: Heard, cells: Tensor, sampling: Sampling) -> Memory:
        """What the pass without words hears; nothing is prepared for one that is not run."""
        if sampling.guidance == 1.0:
            return Memory((), (), cells, cells)
        everybody = torch.ones(len(cells), dtype=torch.bool, device=cells.device)
        return self.transformer.listen(heard.silenced(everybody), cells)

    def _still_where_unreached(self, tokens: Tensor, heard: Heard, near: float) -> Tensor:
        """Tokens (B, T) with "nothing changes" where no word reaches."""
        reached = heard.reach.amax(2) > near  # (B, P)
        each = self.transformer.config.cell**2
        fixed = ~reached.repeat_interleave(each, 1) & (tokens == self.transformer.mask_id)
        return torch.where(fixed, self.transformer.config.still, tokens)

    def _order(self) -> Tensor:
        """An even order of the tokens, which keeps variety; the most confident first is right for
        the likeliest face.
        """
        grid = self.transformer.config.grid
        numbers = torch.arange(grid * grid).view(1, grid, grid)
        place = torch.argsort(self.transformer.to_cells(numbers)[0])
        return place[halton_order(grid)].to(self.device)


def _keep(kept: OrderedDict, key: str, value: object) -> None:  # type: ignore[type-arg]
    kept[key] = value
    while len(kept) > _KEPT:
        kept.popitem(last=False)


def _padded(x: Tensor, length: int, dim: int) -> Tensor:
    """Zeros behind the words of a text, up to `length` of them."""
    shape = list(x.shape)
    shape[dim] = length - shape[dim]
    return torch.cat([x, x.new_zeros(shape)], dim)


def _joined(features: Sequence[ReferenceFeatures]) -> ReferenceFeatures:
    """Features of several people as one batch."""
    if len({id(f) for f in features}) == 1:
        return features[0]
    pictures = torch.cat([f.pictures for f in features])
    levels = zip(*(f.maps for f in features), strict=True)
    return ReferenceFeatures(pictures, tuple(torch.cat(level) for level in levels))
