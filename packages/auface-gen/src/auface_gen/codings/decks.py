"""Shuffled decks: what comes rank-th, so that nothing is rare by chance and all can be asked anew.

Every deck depends on a seed alone.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from auface_gen.codings.spontaneous import STRATA

__all__ = ["dealt", "strata"]

_STRATA = 1000  # parts of each hidden variable


@lru_cache(maxsize=4)
def _strata_deck(seed: int, turn: int) -> np.ndarray:
    """(STRATA, 1000): the numbers 0 to 999 in an order of its own for each hidden variable."""
    rng = np.random.default_rng([seed, 0x57A7, turn])
    return rng.permuted(np.tile(np.arange(_STRATA), (STRATA, 1)), axis=1)


def strata(seed: int, rank: int) -> tuple[np.ndarray, int]:
    """Of a thousand equal parts of each hidden variable, those of the rank-th spontaneous coding:
    each part is dealt once in a thousand (a Latin hypercube: McKay et al. 1979), so that rates
    scatter less than in independent draws.
    """
    turn, at = divmod(rank, _STRATA)
    return _strata_deck(seed, turn)[:, at], _STRATA


def dealt(seed: int, deck: int, rank: int, size: int) -> tuple[int, int]:
    """The card (0 to size - 1) that comes rank-th from a deck shuffled anew each time it is
    through, and how often it was.
    """
    turn, at = divmod(rank, size)
    return _shuffled(seed, deck, turn, size)[at], turn


@lru_cache(maxsize=256)
def _shuffled(seed: int, deck: int, turn: int, size: int) -> tuple[int, ...]:
    order = np.random.default_rng([seed, 0xDEA1, deck, turn]).permutation(size)
    return tuple(int(n) for n in order)
