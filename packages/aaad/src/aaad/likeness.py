"""Is it still the person? The chance that a picture is nearer to its own person at rest than to
another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aaad.ranks import auc

__all__ = ["Likeness", "likeness"]


@dataclass(frozen=True)
class Likeness:
    """`auc`: area under the curve of the likeness of pictures to their own person at rest against
    that to other people at rest, 1 perfect, 0.5 nobody in particular. `nearest`: share of pictures
    whose own person is the likest of all. `own`, `others`: mean cosine of both. `n` pictures of
    `people`."""

    auc: float
    nearest: float
    own: float
    others: float
    n: int
    people: int


def likeness(
    pictures: NDArray[np.float32], rest: NDArray[np.float32], subjects: Sequence[str]
) -> Likeness | None:
    """Embeddings (N, D) of pictures and of the same people at rest; None with fewer than two
    people. A person has one row of `rest` that counts, the first."""
    names = sorted(set(subjects))
    if len(names) < 2:
        return None
    first = [subjects.index(name) for name in names]
    who = np.array([names.index(name) for name in subjects])
    cosine = pictures.astype(np.float64) @ rest[first].astype(np.float64).T  # (N, people)
    own = np.zeros(cosine.shape, bool)
    own[np.arange(len(who)), who] = True
    return Likeness(
        auc=auc(cosine.ravel(), own.ravel()),
        nearest=float((cosine.argmax(1) == who).mean()),
        own=float(cosine[own].mean()),
        others=float(cosine[~own].mean()),
        n=len(pictures),
        people=len(names),
    )
