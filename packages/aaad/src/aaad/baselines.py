"""Controls: what a score must be read against.

- `shuffled`: each image scored against another image's target of the same group. About 0; with
  every shift of a group averaged it is 0 exactly, which is how the correction is checked.
- `neutral_only`: what a generator would get that always draws the face at rest. About 0.
- `oracle`: the targets themselves as predictions: 1 where every target is certain.
- The ceiling, the same detector on images that are known to be right, needs images: score them
  with `aaad` and pass the result to `relative`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aaad.columns import COLUMNS
from aaad.cramer import as_array, check_distributions
from aaad.metric import aaad
from aaad.result import AAADResult
from aaad.sums import row_hash

__all__ = ["controls", "relative", "rotate"]


def rotate(n: int, groups: Sequence[Any] | None = None, *, shift: int = 1) -> NDArray[np.int64]:
    """(N,) indices that move every row `shift` places on inside its group, round and round."""
    out = np.arange(n)
    for rows in _members(n, groups):
        out[rows] = np.roll(rows, -shift)
    return out


def controls(
    pred: Any,
    target: Any,
    *,
    neutral: Any | None = None,
    mask: Any | None = None,
    groups: Sequence[Any] | None = None,
    subjects: Sequence[Any] | None = None,
    columns: Sequence[str] = COLUMNS,
    presence: Collection[str] = (),
    min_count: int = 5,
    shuffles: int = 20,
    seed: int = 0,
) -> dict[str, float]:
    """Scores of what should be worthless, and of what should be perfect.

    Args:
        neutral: (N, A, 6) what the detector sees in each image's person at rest; not given, a
            detector that is certain that nothing moves.
        shuffles: how many random re-pairings `shuffled` averages; the same for any order of rows.

    The other arguments are those of `aaad`.
    """
    p, q = as_array(pred), as_array(target)
    known = np.ones(p.shape[:2], bool) if mask is None else as_array(mask).astype(bool)

    def score(predicted: NDArray[Any], seen: NDArray[np.bool_]) -> AAADResult:
        return aaad(
            predicted,
            q,
            mask=seen,
            groups=groups,
            subjects=subjects,
            columns=columns,
            presence=presence,
            min_count=min_count,
            interval=False,
        )

    rng = np.random.default_rng(seed)
    members = _by_content(p, q, known, groups)
    mixed = []
    for _ in range(shuffles):
        order = np.arange(len(p))
        for rows in members:
            # A rotation of a random order: nobody keeps their own row.
            shuffled = rng.permutation(rows)
            order[shuffled] = np.roll(shuffled, 1)
        mixed.append(score(p[order], known & known[order]).raw)
    still = np.zeros_like(p)
    still[..., 0] = 1.0
    rest = still if neutral is None else as_array(neutral)
    # Against the chance of the images as they are: re-pairing is what that term expects.
    chance = score(p, known).chance
    return {
        "shuffled": float((np.mean(mixed) - chance) / (1.0 - chance)) if mixed else float("nan"),
        "neutral_only": score(rest, known).aaad,
        "oracle": score(q, known).aaad,
    }


def relative(result: AAADResult, ceiling: AAADResult) -> float:
    """The score as a share of what the same detector gives to images known to be right."""
    return result.aaad / ceiling.aaad


def _by_content(
    p: NDArray[Any], q: NDArray[Any], known: NDArray[np.bool_], groups: Sequence[Any] | None
) -> list[NDArray[np.int64]]:
    """The rows of each group in the order of their content: no order of files reaches the draws."""
    hashes = np.zeros(len(p), np.uint64)
    for array, name in ((p, "pred"), (q, "target")):
        hashes = row_hash(hashes, check_distributions(array, name, known))
    hashes = row_hash(hashes, known)
    return [rows[np.argsort(hashes[rows], kind="stable")] for rows in _members(len(p), groups)]


def _members(n: int, groups: Sequence[Any] | None) -> list[NDArray[np.int64]]:
    """The rows of each group, groups in order of their labels."""
    if groups is None:
        return [np.arange(n)]
    labels = np.asarray([str(g) for g in groups])
    return [np.flatnonzero(labels == label) for label in np.unique(labels)]
