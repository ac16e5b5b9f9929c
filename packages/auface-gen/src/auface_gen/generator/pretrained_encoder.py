"""A text encoder that others trained, such as CLIP's or T5's, in the place of the own one.

It lies in a local folder, as `transformers` writes it, and is never fetched nor trained: only a
projection of its states is. Needs the extra `auface-gen[pretrained]`.

    PretrainedEncoder.load("t5-small", width=160)

B texts, L pieces of words, W width.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from auface_gen.errors import AUFaceGenError

__all__ = ["PretrainedEncoder"]


class PretrainedEncoder(nn.Module):
    """A frozen text model and its tokenizer, behind a projection to `width`.

    tokenizer: called with texts, gives input_ids, attention_mask and offset_mapping (a fast
    tokenizer of `transformers`). model: gives last_hidden_state of width `inner`. most: pieces that
    are read of a text.
    """

    def __init__(self, tokenizer: Any, model: nn.Module, *, inner: int, width: int, most: int):
        super().__init__()
        # Not a part of this module: neither trained nor written into its weights.
        self._frozen = (tokenizer, model.eval().requires_grad_(False))
        self._width, self._most = width, most
        self.project = nn.Linear(inner, width)
        self.norm = nn.RMSNorm(width)

    @classmethod
    def load(cls, folder: str | Path, *, width: int) -> PretrainedEncoder:
        """Load it from a local folder. Raises AUFaceGenError where it holds no text model, or where
        `transformers` is missing.
        """
        try:
            from transformers import AutoModel, AutoTokenizer
        except ImportError:
            raise AUFaceGenError(
                "a pretrained text encoder needs transformers; pip install 'auface-gen[pretrained]'"
            ) from None
        if not Path(folder).is_dir():
            raise AUFaceGenError(
                f"{folder}: no such folder; nothing is fetched, give a local model"
            )
        try:
            tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, use_fast=True)
            whole = AutoModel.from_pretrained(folder, local_files_only=True, use_safetensors=True)
        except (OSError, ValueError, KeyError) as error:
            raise AUFaceGenError(
                f"{folder} holds no text model that can be read: {error}"
            ) from None
        model = getattr(whole, "text_model", getattr(whole, "encoder", whole))  # CLIP, T5, others
        config = getattr(model, "config", whole.config)
        inner = int(getattr(config, "hidden_size", getattr(config, "d_model", 0)))
        most = min(int(tokenizer.model_max_length), 512)
        return cls(tokenizer, model, inner=inner, width=width, most=most)

    @property
    def width(self) -> int:
        """Width of a state."""
        return self._width

    def _read(self, texts: Sequence[str]) -> Any:
        return self._frozen[0](
            list(texts),
            padding=True,
            truncation=True,
            max_length=self._most,
            return_offsets_mapping=True,
            return_tensors="pt",
        )

    def encode(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """See `TextEncoder.encode`."""
        read, model = self._read(texts), self._frozen[1]
        device = self.project.weight.device
        model.to(device)
        ids, said = read["input_ids"].to(device), read["attention_mask"].to(device).bool()
        with torch.no_grad():
            states = model(input_ids=ids, attention_mask=said.long()).last_hidden_state
        return self.norm(self.project(states).float()), said

    def spans(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        """See `TextEncoder.spans`."""
        read = self._read(texts)
        return [
            [(int(a), int(b)) for (a, b), here in zip(places, said, strict=True) if here]
            for places, said in zip(read["offset_mapping"], read["attention_mask"], strict=True)
        ]

    def fits(self, text: str) -> bool:
        """See `TextEncoder.fits`."""
        return len(self._frozen[0]([text])["input_ids"][0]) <= self._most
