"""The arms of the comparison (`paradigm.py`): what each is told, its settings, and how it draws.

Not run by itself.

N pictures, S their side in pixels.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from held_out_people import HeldOutPeople

from auface_gen import AUFaceGenError
from auface_gen.generator.checkpoint import build, read_folder, restore
from auface_gen.generator.drawing import to_pixels
from auface_gen.generator.model import Generator, GeneratorConfig
from auface_gen.generator.run import GeneratorRun
from auface_gen.generator.sampling import sample
from auface_gen.generator.token_set import tokenizer_digest
from auface_gen.generator.wording import Said, asked, say
from facs_text import Coding
from vq_tokenizer import Tokenizer

__all__ = ["ARMS", "Arm", "pairs_of_fold", "place", "settings", "stands"]

ARMS: dict[str, tuple[str, bool]] = {
    "text-resolved": ("text", True),
    "numbers-resolved": ("numbers", True),
    "onehot": ("onehot", False),
    "text-raw": ("text", False),
    "numbers-raw": ("numbers", False),
}
"""What each arm is told, and whether units are set against each other before; in training order."""

_OWN = ("condition", "resolved", "leave_out", "seed", "steps")
_BATCH = 16


def place(folder: Path, fold: int, seed: int, arm: str) -> Path:
    """Where an arm lies."""
    return folder / f"fold{fold}-seed{seed}" / arm


def pairs_of_fold(root: Path, fold: int) -> tuple[str, ...]:
    """The pairs that are left out of training. Raises AUFaceGenError for a fold that is none."""
    folds = json.loads((root / "corpus.json").read_text("utf-8")).get("conflict_folds") or []
    if not 0 <= fold < len(folds):
        raise AUFaceGenError(f"{root / 'corpus.json'}: no fold {fold} among {len(folds)}")
    return tuple(map(str, folds[fold]))


def stands(out: Path, run: GeneratorRun) -> bool:
    """Whether an arm is trained to its end."""
    if not (out / "config.json").is_file():
        return False
    config = read_folder(out)[0]
    return (
        not run.changed(config["training"])
        and run.progress(config["result"]["step"], config["result"]["seconds"]) >= 1.0
    )


def settings(given: Sequence[str]) -> dict[str, Any]:
    """KEY=VALUE of a run, alike for all arms. Raises AUFaceGenError for what is no setting of a
    run, or is the experiment's own.
    """
    types = {f.name: str(f.type) for f in fields(GeneratorRun)}
    found: dict[str, Any] = {}
    for one in given:
        key, _, text = one.partition("=")
        if key not in types or key in _OWN or key in ("detector", "finetune"):
            raise AUFaceGenError(f"--set {one}: {key} is not a setting that all arms may share")
        try:
            found[key] = text if types[key] == "str" else json.loads(text)
        except ValueError:
            raise AUFaceGenError(f"--set {one}: {text!r} is no {types[key]}") from None
    return found


@dataclass
class Arm:
    """An arm that was trained, ready to draw. name, seed: which."""

    name: str
    seed: int
    generator: Generator
    tokenizer: Tokenizer
    steps: int
    detectors: list[str]

    @classmethod
    def load(cls, folder: Path, name: str, seed: int, tokenizer: Tokenizer) -> Arm:
        """Raises AUFaceGenError for what is no arm of this tokenizer."""
        config, tensors = read_folder(folder)
        if config.get("tokenizer") != tokenizer_digest(tokenizer):
            raise AUFaceGenError(f"{folder} learned the tokens of another tokenizer")
        where = folder / "config.json"
        generator = build(
            lambda: Generator(GeneratorConfig.from_json(config.get("model"), where)), folder
        )
        restore(generator, tensors, folder)
        step, known = config["result"]["step"], [str(d) for d in config.get("detectors", [])]
        return cls(name, seed, generator.eval(), tokenizer, step, known)

    @property
    def told_text(self) -> bool:
        """Whether words enter."""
        return ARMS[self.name][0] == "text"

    def said(self, coding: Coding, seed: int) -> Said:
        """What it is told of a coding."""
        return say(asked(str(coding), False, ARMS[self.name][1]), seed=seed)

    @torch.no_grad()
    def draw(self, people: HeldOutPeople, said: Sequence[Said], steps: int) -> np.ndarray:
        """(N, S, S, 3) uint8: each row's person at rest, told what is said."""
        model, out = self.generator.transformer, [np.zeros(0)] * len(people)
        for name, places in people.sittings.items():
            rest = (
                torch.from_numpy(people.picture(name).copy()).permute(2, 0, 1)[None].float() / 255
            )
            features = self.tokenizer.features(rest)
            cells = model.reference_cells(features.maps[-1].float())
            for at in range(0, len(places), _BATCH):
                some = places[at : at + _BATCH]
                numbers = torch.stack([torch.from_numpy(said[i].columns) for i in some])
                heard = self.generator.hear([said[i].text for i in some], numbers)
                memory = model.listen(heard, cells.expand(len(some), -1, -1))
                tokens = sample(
                    lambda tokens, told, memory=memory: model(tokens, memory),
                    torch.full((len(some), model.config.grid**2), model.mask_id),
                    mask_id=model.mask_id,
                    steps=steps,
                )
                pictures = to_pixels(self.tokenizer.decode(model.to_grid(tokens), features))
                for i, picture in zip(some, pictures, strict=True):
                    out[i] = picture
        return np.stack(out)
