"""Chance by a seed, fast enough for a step of training."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

__all__ = ["Dice"]

T = TypeVar("T")


class Dice:
    """One seed, one row of throws."""

    def __init__(self, seed: int) -> None:
        self._next = random.Random(seed).random

    def chance(self, share: float) -> bool:
        """True in a share of throws."""
        return self._next() < share

    def pick(self, some: Sequence[T]) -> T:
        """One of some, all as likely."""
        return some[int(self._next() * len(some))]

    def shuffled(self, some: Sequence[T]) -> list[T]:
        """All of them in some order."""
        out = list(some)
        for i in range(len(out) - 1, 0, -1):
            j = int(self._next() * (i + 1))
            out[i], out[j] = out[j], out[i]
        return out
