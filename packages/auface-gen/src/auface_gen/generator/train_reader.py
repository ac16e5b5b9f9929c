"""Teaches the clause reader what words move: stage one of the progressive alignment, from text
alone.

    python -m auface_gen.generator.train_reader --out DIR [--steps N]

Codings are drawn as for the corpus, and wider; each is described with a fresh seed and detail; a
clause's target is the effective activation of the units it says.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from auface_gen.columns import COLUMNS, to_vector
from auface_gen.corpus.render import draw_codings
from auface_gen.generator.checkpoint import write_folder
from auface_gen.generator.reader import ClauseReader, TextConfig, words
from facs_text import Action, Coding, describe, resolve, unit

__all__ = ["draw_clauses", "main", "train_reader"]

_DETAILS = ("full", "full", "full", "brief", "clinical")
_CODES = tuple(
    dict.fromkeys(u.removeprefix("AU") for u, _ in COLUMNS if u not in ("AU30L", "AU30R"))
)


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
            texts.append(clause.text)
            vectors.append(
                to_vector({u: s for u, s in resolution.activations.items() if u in units})[0]
            )
    return texts, np.stack(vectors)


def _action(rng: np.random.Generator, code: str) -> Action:
    sides = [s for s in unit(code).sides if s in ("left", "right", "top", "bottom")]
    side = str(rng.choice(sides)) if sides and rng.random() < 0.4 else "both"
    return Action(code, side, int(rng.integers(0, 6)))


def train_reader(
    out: str | Path,
    *,
    steps: int = 2000,
    batch: int = 128,
    lr: float = 2e-3,
    seed: int = 0,
    log: Callable[[str], None] | None = None,
) -> Path:
    """Train a ClauseReader and write its folder. The held-out error (mean and worst over active
    columns) is kept in config.json.
    """
    say = log or (lambda line: print(line, file=sys.stderr))  # noqa: T201
    rng = np.random.default_rng([seed, 7])
    texts, _ = draw_clauses(rng, 20_000)
    vocabulary = tuple(sorted({w for t in texts for w in words(t)}))
    torch.manual_seed(seed)
    reader = ClauseReader(TextConfig(vocabulary))
    optimiser = torch.optim.AdamW(reader.parameters(), lr=lr, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, lr, total_steps=steps, pct_start=0.08)
    for step in range(steps):
        texts, target = draw_clauses(rng, batch)
        logits = reader(_drop(reader.ids(texts), rng))
        goal = torch.from_numpy(target)
        loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, goal) * 20
        loss = loss + 10 * (torch.sigmoid(logits) - goal).square().mean()
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(reader.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        if step % 100 == 99:
            say(f"reader {step + 1}/{steps}  loss {float(loss.detach()):.4f}")
    reader.eval()
    texts, target = draw_clauses(np.random.default_rng([seed, 8]), 3000)
    error = np.abs(reader.read(texts).numpy() - target)
    active = error[target > 0]
    result = {
        "mean_error_active": float(active.mean()),
        "p99_error_active": float(np.quantile(active, 0.99)),
        "mean_error": float(error.mean()),
    }
    say(f"reader held out: {result}")
    config = {
        "text": asdict(reader.config),
        "result": result,
        "training": {"steps": steps, "batch": batch, "lr": lr, "seed": seed},
    }
    write_folder(out, config, reader.state_dict())
    return Path(out)


def _drop(ids: Tensor, rng: np.random.Generator) -> Tensor:
    """Turn 1% of the words into the unknown word, so that it has a meaning of its own."""
    lost = torch.from_numpy(rng.random(tuple(ids.shape)) < 0.01) & (ids > 0)
    return torch.where(lost, 1, ids)


def main(argv: list[str] | None = None) -> int:
    """Command line of this module."""
    parser = argparse.ArgumentParser(
        prog="python -m auface_gen.generator.train_reader", description="Train the clause reader."
    )
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int)
    args = parser.parse_args(argv)
    if args.threads:
        torch.set_num_threads(args.threads)
    train_reader(args.out, steps=args.steps, seed=args.seed)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
