"""What the generator is told in one step: pictures as tokens, and the clauses of a fresh
paraphrase of each as the units that they move.

B batch, C clauses, A columns.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from auface_gen.columns import MIRROR, to_vector
from auface_gen.generator.legacy.token_set import TokenSet
from auface_gen.generator.run import GeneratorRun
from facs_text import describe, parse, resolve
from facs_text.corpus import CorpusRow

__all__ = ["clause_vectors", "draw_batch"]


def clause_vectors(row: CorpusRow, seed: int, *, mirror: bool = False) -> np.ndarray:
    """(C, A) what each clause of a paraphrase of the row's coding moves; one row of zeros for a
    face at rest.
    """
    requested = row.extra.get("requested")
    resolution = resolve(parse(requested if isinstance(requested, str) else row.codes))
    out = []
    for clause in describe(resolution, seed=seed).clauses:
        units = {u if u.startswith("AU") else f"AU{u}" for u in clause.aus}
        vector, _ = to_vector({u: s for u, s in row.aus.items() if u in units})
        out.append(vector[MIRROR] if mirror else vector)
    return np.stack(out) if out else np.zeros((1, len(MIRROR)), np.float32)


def draw_batch(
    data: TokenSet, run: GeneratorRun, step: int, count: int
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """tokens (B, h, w), neutral (B, h, w), clauses (B, C, A), said (B, C) of one step."""
    rng = np.random.default_rng([run.seed, step, 1])
    picks = rng.integers(len(data.rows), size=count)
    flips = rng.integers(2, size=count)
    clauses = [
        clause_vectors(data.rows[i], int(rng.integers(1 << 30)), mirror=bool(f))
        for i, f in zip(picks, flips, strict=True)
    ]
    most = max(len(c) for c in clauses)
    padded = torch.zeros(count, most, clauses[0].shape[1])
    said = torch.zeros(count, most, dtype=torch.bool)
    for i, c in enumerate(clauses):
        padded[i, : len(c)] = torch.from_numpy(c)
        said[i, : len(c)] = True
    return data.tokens[picks, flips], data.neutral[picks, flips], padded, said
