"""Beginning with the weights of another generator, whose words are kept and added to.

A word that it did not know begins as the unknown word does, so that the model says the same as
before until it is trained on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor

from auface_gen.generator.checkpoint import read_folder, restore
from auface_gen.generator.model import Generator, GeneratorConfig
from auface_gen.generator.words import Vocabulary

__all__ = ["Start", "grown"]

_WORDS = "condition.encoder.word.weight"
_UNKNOWN = 1  # the row of the unknown word


@dataclass(frozen=True)
class Start:
    """A model folder that training begins with."""

    folder: Path
    config: dict[str, Any]
    weights: dict[str, Tensor]

    @classmethod
    def read(cls, folder: str | Path) -> Self:
        """Read it. Raises AUFaceGenError that names the file at fault."""
        return cls(Path(folder), *read_folder(folder))

    @property
    def vocabulary(self) -> Vocabulary:
        """The words that it knows whole."""
        where = self.folder / "config.json"
        return GeneratorConfig.from_json(self.config.get("model"), where).encoder.vocabulary

    @property
    def detectors(self) -> list[str]:
        """Names of the detectors that it was trained to please."""
        return [str(name) for name in self.config.get("detectors", [])]

    @property
    def record(self) -> dict[str, Any]:
        """What a model that began with it says of it: its name, and how it was trained itself."""
        kept = ("training", "result", "pictures", "began_with")
        return {"weights": self._name()} | {k: self.config[k] for k in kept if k in self.config}

    def _name(self) -> str:
        """12 hex digits of its weights file, as `AUFace.digest` has them."""
        return hashlib.sha256((self.folder / "model.safetensors").read_bytes()).hexdigest()[:12]

    def give(self, generator: Generator) -> None:
        """Load the weights into a generator of the same sizes whose vocabulary is `grown` from this
        one's. Raises AUFaceGenError naming what does not fit.
        """
        weights = dict(self.weights)
        own, table = generator.state_dict().get(_WORDS), weights.get(_WORDS)
        if own is not None and table is not None and len(own) > len(table) > _UNKNOWN:
            new = table[_UNKNOWN].expand(len(own) - len(table), -1)
            weights[_WORDS] = torch.cat([table, new])
        restore(generator, weights, self.folder)


def grown(known: Vocabulary, texts: Iterable[str]) -> Vocabulary:
    """A vocabulary with the words of some texts added, in their order, after those it has."""
    more = Vocabulary.of(texts).words
    new = tuple(word for word in more if word not in set(known.words))
    return Vocabulary((*known.words, *new), known.buckets, known.max_words)
