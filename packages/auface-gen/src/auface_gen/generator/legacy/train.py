"""Trains the generator: units by clause and the neutral's tokens to the tokens of the picture.

The clauses are those of freshly drawn paraphrases. OUT/config.json and OUT/model.safetensors hold
the averaged weights; OUT/run.json what made them; OUT/training.safetensors what resuming needs;
OUT/log.jsonl what was measured on the way; OUT/tokens.*.safetensors the corpus as tokens.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from auface_gen.columns import to_vector
from auface_gen.generator.checkpoint import weights_folder, write_folder
from auface_gen.generator.learner import Learner, begin, learn, write_log
from auface_gen.generator.legacy.batches import draw_batch
from auface_gen.generator.legacy.model import FaceTransformer, GeneratorConfig
from auface_gen.generator.legacy.objective import generator_loss, mask_tokens, measure, near_codes
from auface_gen.generator.legacy.token_set import TokenSet, kept_tokens, picture_size, rows_of
from auface_gen.generator.prior import prior_maps
from auface_gen.generator.run import GeneratorRun
from vq_tokenizer import load_checkpoint

__all__ = ["train_generator"]

_SEEDS = 1_000_003  # steps of one seed; a prime, so that no two seeds meet soon


def train_generator(
    corpus: str | Path,
    out: str | Path,
    *,
    tokenizer: str | Path | None = None,
    run: GeneratorRun = GeneratorRun(),  # noqa: B008 - frozen
    config: GeneratorConfig | None = None,
    resume: bool = False,
    device: str = "cpu",
    tell: Callable[[str], None] = print,
) -> Path:
    """Train on a corpus and return the model folder `out`.

    tokenizer: a folder, the shipped one unless told. tell: called with each line of progress.
    Raises AUFaceGenError for a broken corpus, a folder that already holds a run (without
    `resume`), or a run of other settings; facs-text's error for a bad row of the corpus.
    """
    out, corpus = Path(out), Path(corpus)
    rows = rows_of(corpus, "train")
    vq = load_checkpoint(Path(tokenizer) if tokenizer else weights_folder("tokenizer")).eval()
    codebook = torch.as_tensor(vq.quantizer.codes)
    size = picture_size(corpus, "train", rows[0])
    config = config or GeneratorConfig(
        grid=size // vq.config.factor, num_codes=codebook.shape[0], code_dim=codebook.shape[1]
    )
    begin(out, resume=resume)
    data = {
        s: kept_tokens(out / f"tokens.{s}.safetensors", corpus, s, vq, size)
        for s in ("train", "valid")
        if s == "train" or (corpus / s).is_dir()
    }
    tell(
        f"{len(rows)} pictures as tokens; {data['train'].unmoved:.0%} of tokens equal "
        "their neutral's"
    )

    torch.manual_seed(run.seed)
    model = FaceTransformer(config, codebook, prior_maps(config.cells)).to(device)
    learner = Learner(model, run, betas=(0.9, 0.96))
    if resume and (out / "training.safetensors").exists():
        learner.load(out / "training.safetensors")
        tell(f"resumed at step {learner.step}")
    near = near_codes(model.codebook)
    told = {
        "pictures": len(rows),
        "held_out_pairs": _held_out_pairs(corpus / "corpus.json"),
        "shown": _shown(data["train"]),
    }
    learn(
        learner,
        lambda step: _loss(model, data["train"], run, step, near),
        lambda: _keep(out, learner, model, data, told, tell),
        tell,
    )
    return out


def _loss(
    model: FaceTransformer, data: TokenSet, run: GeneratorRun, step: int, near: Tensor
) -> Tensor:
    """The loss of one step, all of whose chance comes from (seed, step)."""
    device = model.place.device
    g = torch.Generator().manual_seed(run.seed * _SEEDS + step)
    torch.manual_seed(run.seed * _SEEDS + step)  # dropout
    grid, rest, clauses, said = draw_batch(data, run, step, run.batch)
    target, neutral = model.to_cells(grid), model.to_cells(rest)

    # Some samples are told nothing; some known tokens are wrong, as a sampler's first ones are.
    said = said & (torch.rand(len(said), 1, generator=g) >= run.text_drop)
    wrong = torch.rand(target.shape, generator=g) < run.corrupt
    tokens = mask_tokens(torch.where(wrong, neutral, target), model.mask_id, g, run.all_masked)

    # What counts is what is hidden, and most of all where the face moved.
    weight = torch.where(tokens == model.mask_id, 1.0, 0.1)
    weight = weight * torch.where(target != neutral, run.moved_weight, 1.0)
    given = (v.to(device) for v in (tokens, neutral, clauses, said, target, weight))
    tokens, neutral, clauses, said, target, weight = given
    with torch.autocast(device.type, torch.bfloat16, enabled=run.precision == "bf16"):
        logits = model(tokens, neutral, clauses, said)
    return generator_loss(logits.float(), target, weight, near, run.soften)


def _shown(data: TokenSet) -> list[bool]:
    """Whether each column moves in any picture of the corpus."""
    most = np.max([to_vector(row.aus)[0] for row in data.rows], axis=0)
    return [bool(value > 0) for value in most]


def _held_out_pairs(path: Path) -> list[str]:
    """Pairs of units that the corpus keeps out of training, as it says itself; none if it does
    not.
    """
    try:
        return [str(pair) for pair in json.loads(path.read_text("utf-8"))["held_out_pairs"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _keep(
    out: Path,
    learner: Learner,
    model: FaceTransformer,
    data: dict[str, TokenSet],
    told: dict[str, Any],
    tell: Callable[[str], None],
) -> None:
    """Write the run as it is now: the state first, so that nothing is lost when the rest fails."""
    run = learner.run
    assert isinstance(run, GeneratorRun)
    learner.save(out / "training.safetensors")
    scores: dict[str, float] = {}
    if "valid" in data:
        scores = learner.averaged(lambda: measure(model, data["valid"], run))
        said = "  ".join(f"{k} {v:.3f}" for k, v in scores.items())
        tell(f"step {learner.step}  held out: {said}")
    about = {
        "step": learner.step,
        "seconds": round(learner.seconds),
        "held_out": scores,
        "pictures": told["pictures"],
        "held_out_pairs": told["held_out_pairs"],
    }
    config = {
        "model": asdict(model.config),
        "training": asdict(run),
        "result": about,
        "shown": told["shown"],
    }
    write_folder(out, config, learner.average)
    write_log(out, about, run)
