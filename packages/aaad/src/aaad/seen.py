"""What a detector saw in pictures, beside what was asked of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Seen"]


@dataclass(frozen=True)
class Seen:
    """What was asked of N pictures and what is seen in them; all that a score is made of.

    pred, rest (the same people at rest; None where not known) and target (N, K, 6), mask (N, K).
    `files` are the pictures' paths, `codes`, `texts`, `subjects`, `before` N each. `ceiling` is
    what this detector gives to true pictures, where it is known for this definition.

    `extra`: what else was seen, N rows each (`aaad.looking`), `about` plain values of the networks
    that saw it. `true`: features of true pictures (M, D) and `true_people` M names.
    """

    pred: NDArray[Any]
    rest: NDArray[Any] | None
    target: NDArray[Any]
    mask: NDArray[np.bool_]
    columns: tuple[str, ...]
    presence: tuple[str, ...]
    files: list[str]
    codes: list[str]
    texts: list[str]
    subjects: list[str]
    before: list[str | None]
    detector: str
    ceiling: float | None = None
    extra: dict[str, NDArray[Any]] = field(default_factory=dict)
    about: dict[str, Any] = field(default_factory=dict)
    true: NDArray[Any] | None = None
    true_people: tuple[str, ...] = ()
