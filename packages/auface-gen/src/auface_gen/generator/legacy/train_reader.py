"""Teaches the clause reader what words move: stage one of the progressive alignment, from text
alone.

Codings are drawn as for the corpus, and wider; each is described with a fresh seed and detail; a
clause's target is the effective activation of the units it says.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from auface_gen.codings.mixture import draw_codings
from auface_gen.columns import UNITS, to_vector
from auface_gen.generator.checkpoint import write_folder
from auface_gen.generator.learner import Learner, begin, learn, write_log
from auface_gen.generator.legacy.reader import ClauseReader, TextConfig, words
from auface_gen.generator.run import ReaderRun
from facs_text import Action, Coding, describe, resolve, unit

__all__ = ["draw_clauses", "train_reader"]

_DETAILS = ("full", "full", "full", "brief", "clinical")
_CODES = tuple(code for code in UNITS if code != "30")  # the jaw to one side has a draw of its own


def draw_clauses(rng: np.random.Generator, count: int) -> tuple[list[str], np.ndarray]:
    """About `count` clauses of fresh descriptions, and the (n, A) activations that each says."""
    texts: list[str] = []
    vectors: list[np.ndarray] = []
    while len(texts) < count:
        if rng.random() < 0.6:
            coding = draw_codings(rng, 1, held_out=bool(rng.random() < 0.5))[0]
        else:
            codes = rng.choice(_CODES, size=rng.integers(1, 5), replace=False)
            coding = Coding.from_actions([_action(rng, str(c)) for c in codes])
        resolution = resolve(coding)
        said = describe(
            resolution, detail=str(rng.choice(_DETAILS)), seed=int(rng.integers(1 << 30))
        )
        for clause in said.clauses:
            units = {u if u.startswith("AU") else f"AU{u}" for u in clause.aus}
            told = {u: s for u, s in resolution.activations.items() if u in units}
            texts.append(clause.text)
            vectors.append(to_vector(told)[0])
    return texts, np.stack(vectors)


def _action(rng: np.random.Generator, code: str) -> Action:
    sides = [s for s in unit(code).sides if s in ("left", "right", "top", "bottom")]
    side = str(rng.choice(sides)) if sides and rng.random() < 0.4 else "both"
    return Action(code, side, int(rng.integers(0, 6)))


def train_reader(
    out: str | Path,
    *,
    run: ReaderRun = ReaderRun(),  # noqa: B008 - frozen
    resume: bool = False,
    device: str = "cpu",
    tell: Callable[[str], None] = print,
) -> Path:
    """Train a ClauseReader and return its folder `out`. The held-out error (mean and worst over
    active columns) is kept in config.json.

    Raises AUFaceGenError for a folder that already holds a run (without `resume`), or a run of
    other settings.
    """
    out = Path(out)
    begin(out, resume=resume)
    texts, _ = draw_clauses(np.random.default_rng([run.seed, 7]), run.vocabulary)
    vocabulary = tuple(sorted({w for t in texts for w in words(t)}))
    torch.manual_seed(run.seed)
    reader = ClauseReader(TextConfig(vocabulary)).to(device)
    learner = Learner(reader, run, betas=(0.9, 0.999))
    if resume and (out / "training.safetensors").exists():
        learner.load(out / "training.safetensors")
        tell(f"resumed at step {learner.step}")
    learn(
        learner,
        lambda step: [_loss(reader, run, step)],
        lambda: _keep(out, learner, reader, tell),
        tell,
    )
    return out


def _loss(reader: ClauseReader, run: ReaderRun, step: int) -> Tensor:
    """Cross-entropy of each column as a chance, and its square as an amount."""
    rng = np.random.default_rng([run.seed, 9, step])
    texts, target = draw_clauses(rng, run.batch)
    device = reader.place.device
    goal = torch.from_numpy(target).to(device)
    with torch.autocast(device.type, torch.bfloat16, enabled=run.precision == "bf16"):
        logits = reader(_drop(reader.ids(texts), rng).to(device))
    logits = logits.float()
    loss = 20 * F.binary_cross_entropy_with_logits(logits, goal)
    return loss + 10 * (torch.sigmoid(logits) - goal).square().mean()


def _drop(ids: Tensor, rng: np.random.Generator) -> Tensor:
    """Turn 1% of the words into the unknown word, so that it has a meaning of its own."""
    lost = torch.from_numpy(rng.random(tuple(ids.shape)) < 0.01) & (ids > 0)
    return torch.where(lost, 1, ids)


def _measure(reader: ClauseReader, run: ReaderRun) -> dict[str, float]:
    """Error of the activations read from clauses never trained on."""
    was = reader.training
    reader.eval()
    texts, target = draw_clauses(np.random.default_rng([run.seed, 8]), run.measured)
    error = np.abs(reader.read(texts).cpu().numpy() - target)
    reader.train(was)
    active = error[target > 0]
    return {
        "mean_error_active": float(active.mean()),
        "p99_error_active": float(np.quantile(active, 0.99)),
        "mean_error": float(error.mean()),
    }


def _keep(out: Path, learner: Learner, reader: ClauseReader, tell: Callable[[str], None]) -> None:
    run = learner.run
    assert isinstance(run, ReaderRun)
    learner.save(out / "training.safetensors")
    scores = learner.averaged(lambda: _measure(reader, run))
    tell(f"step {learner.step}  held out: " + "  ".join(f"{k} {v:.4f}" for k, v in scores.items()))
    about = {"step": learner.step, "seconds": round(learner.seconds), **scores}
    config = {
        "text": asdict(reader.config),
        "result": scores,
        "training": asdict(learner.run),
    }
    write_folder(out, config, learner.average)
    write_log(out, about, learner.run)
