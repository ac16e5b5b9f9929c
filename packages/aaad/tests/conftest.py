"""Data that several tests make for themselves."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import settings
from numpy.typing import NDArray

# The same examples on every machine, however slow it is.
settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.load_profile("repeatable")

Distributions = NDArray[np.float64]


def random_distributions(rng: np.random.Generator, n: int, columns: int) -> Distributions:
    """(n, columns, 6), some sharp, some flat."""
    out = rng.dirichlet(np.full(6, 0.3), size=(n, columns))
    return np.asarray(out, dtype=np.float64)


def one_hot(levels: NDArray[np.int64]) -> Distributions:
    """(N, A) levels -> (N, A, 6)."""
    return np.eye(6)[levels]


@pytest.fixture
def distributions() -> Callable[[int, int, int], Distributions]:
    """seed, rows, columns -> random distributions."""
    return lambda seed, n, columns: random_distributions(np.random.default_rng(seed), n, columns)


@pytest.fixture
def certain() -> Callable[[int, int, int], Distributions]:
    """seed, rows, columns -> one-hot distributions, half of them at rest."""

    def make(seed: int, n: int, columns: int) -> Distributions:
        rng = np.random.default_rng(seed)
        levels = rng.integers(1, 6, size=(n, columns)) * (rng.random((n, columns)) < 0.5)
        return one_hot(levels)

    return make
