"""What a score is: never one number alone."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from typing import Any

__all__ = ["DEFINITION", "VERSION", "AAADResult", "ColumnScore", "Counterfactual", "UnitScore"]

DEFINITION, VERSION = "AAAD-cramer", 2
"""Name and version of the definition; scores of different versions are not to be compared."""


@dataclass(frozen=True, kw_only=True)
class ColumnScore:
    """One column: its score, the raw agreement and the raw agreement of chance, both in [0, 1],
    how many images were scored, and how many of them ask for the unit."""

    aaad: float
    raw: float
    chance: float
    n: int
    positives: int


@dataclass(frozen=True, kw_only=True)
class UnitScore:
    """One unit over its columns.

    `aaad` in [-1, 1]. `gain`: by how much what is seen rises when a level more is asked (1 is
    faithful, above is exaggerated, below is damped or not seen). `bias`: mean level seen less mean
    level asked. `r`: correlation of the two. `n` images, `positives` of them ask for the unit.
    """

    aaad: float
    gain: float
    bias: float
    r: float
    n: int
    positives: int


@dataclass(frozen=True, kw_only=True)
class Counterfactual:
    """A score against one other way to be asked: 1 perfect, 0 blind to it, below 0 the other way.

    `ci95` its interval over people, `n` the pairs compared, `note` the reason where there is no
    value (NaN).
    """

    value: float
    ci95: tuple[float, float]
    n: int
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class AAADResult:
    """A score with all that is needed to read it.

    `aaad` is 1 for perfect, 0 for chance, negative for anti-aligned: `balanced` (the mean over
    units) times `restraint` (1, or less where more is shown than was asked). `pooled` is the
    score over columns together, in which frequent units weigh most. `counterfactuals` holds
    `side`, `level`, `conflict` and `unit`. `raw` and `chance` are mean agreements in [0, 1];
    `skill` is 1 - D / D of the best constant forecast. `ci95` is the interval over people (NaN
    with one). `excluded` lists the columns not scored, with the reason; `alone` counts the images
    left out because their group holds no other; `unseen` those in which no face was found.
    """

    name: str
    definition: str = DEFINITION
    version: int = VERSION
    detector: str
    aaad: float
    ci95: tuple[float, float]
    balanced: float
    restraint: float
    pooled: float
    raw: float
    chance: float
    skill: float
    counterfactuals: dict[str, Counterfactual]
    n: int
    subjects: int
    unseen: int
    alone: int
    units: dict[str, UnitScore] = field(repr=False)
    per_au: dict[str, ColumnScore] = field(repr=False)
    excluded: dict[str, str] = field(repr=False)

    def to_json(self) -> dict[str, Any]:
        """A dict of plain values; NaN becomes None, so that it is JSON everywhere."""
        value: dict[str, Any] = plain(self)
        return value


def plain(value: Any) -> Any:
    """Dataclasses, dicts and tuples as JSON has them, NaN as None."""
    if isinstance(value, float):
        return None if math.isnan(value) else value
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, tuple | list):
        return [plain(one) for one in value]
    if hasattr(value, "__dataclass_fields__"):
        return {one.name: plain(getattr(value, one.name)) for one in fields(value)}
    return value
