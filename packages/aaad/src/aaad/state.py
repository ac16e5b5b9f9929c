"""The metric as an object that fills up: torchmetrics' protocol, without torchmetrics.

Rows are kept, not sums: a million images of 38 columns are what one batch of pixels is, and with
rows the result does not depend on how they were batched, repeats that a distributed sampler adds
can be dropped by id, and the interval and the scores per unit come from the same data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .columns import UNITS
from .errors import AAADError
from .metric import aaad, as_array, check_distributions
from .result import AAADResult

__all__ = ["AAAD"]


@dataclass(frozen=True)
class _Row:
    pred: NDArray[np.float64]  # (A, 6)
    target: NDArray[np.float64]  # (A, 6)
    mask: NDArray[np.bool_]  # (A,)
    group: str | None
    subject: str | None


class AAAD:
    """Collect rows with `update`, score them with `compute`.

    >>> import numpy as np
    >>> from aaad import AAAD, target
    >>> t = np.stack([target("12C"), target("0"), target("12E"), target("0")])
    >>> metric = AAAD(min_count=2)
    >>> metric.update(t[:2], t[:2])
    >>> metric.update(t[2:], t[2:])
    >>> metric.compute().aaad
    1.0

    Options are those of `aaad.aaad`. With one object a process, `merge` them (or what came of
    gathering them) before `compute`.
    """

    higher_is_better = True

    def __init__(
        self,
        *,
        columns: Sequence[str] = UNITS,
        min_count: int = 5,
        draws: int = 1000,
        seed: int = 0,
        detector: str = "unnamed",
    ) -> None:
        self.columns = tuple(columns)
        self.min_count = min_count
        self.draws = draws
        self.seed = seed
        self.detector = detector
        self._rows: dict[str, _Row] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def update(
        self,
        pred: Any,
        target: Any,
        *,
        mask: Any | None = None,
        groups: Sequence[Any] | None = None,
        subjects: Sequence[Any] | None = None,
        ids: Sequence[Any] | None = None,
    ) -> None:
        """Add rows: pred, target (B, A, 6), mask (B, A), labels and ids of B each.

        A row whose id has been seen is dropped when it is the same row (a sampler's padding) and
        refused when it is not.
        """
        shape = as_array(pred).shape
        known = np.ones(shape[:2], bool) if mask is None else as_array(mask).astype(bool)
        p = check_distributions(pred, "pred", known)
        q = check_distributions(target, "target", known)
        if p.shape != q.shape or known.shape != p.shape[:2] or p.shape[1] != len(self.columns):
            raise AAADError(
                f"pred {p.shape}, target {q.shape} and mask {known.shape} do not fit "
                f"(B, {len(self.columns)}, 6)"
            )
        for name, labels in (("groups", groups), ("subjects", subjects), ("ids", ids)):
            if labels is not None and len(labels) != len(p):
                raise AAADError(f"{name} has {len(labels)} labels for {len(p)} images")
        start = len(self._rows)
        for i in range(len(p)):
            self._add(
                str(ids[i]) if ids is not None else f"#{start + i}",
                _Row(
                    p[i],
                    q[i],
                    known[i],
                    None if groups is None else str(groups[i]),
                    None if subjects is None else str(subjects[i]),
                ),
            )

    def merge(self, other: AAAD) -> None:
        """Add another object's rows; those with an id that both hold count once."""
        if other.columns != self.columns:
            raise AAADError("the two metrics score different columns")
        for key, row in other._rows.items():
            self._add(f"#{len(self._rows)}" if key.startswith("#") else key, row)

    def compute(self) -> AAADResult:
        """The score of all rows so far; the rows stay."""
        if not self._rows:
            raise AAADError("nothing to score yet: call update first")
        rows = list(self._rows.values())
        groups = _labels([row.group for row in rows], "groups")
        subjects = _labels([row.subject for row in rows], "subjects")
        return aaad(
            np.stack([row.pred for row in rows]),
            np.stack([row.target for row in rows]),
            mask=np.stack([row.mask for row in rows]),
            groups=groups,
            subjects=subjects,
            columns=self.columns,
            min_count=self.min_count,
            draws=self.draws,
            seed=self.seed,
            detector=self.detector,
        )

    def reset(self) -> None:
        """Forget every row."""
        self._rows.clear()

    def _add(self, key: str, row: _Row) -> None:
        seen = self._rows.get(key)
        if seen is None:
            self._rows[key] = row
        elif not (np.array_equal(seen.pred, row.pred) and np.array_equal(seen.target, row.target)):
            raise AAADError(f"two different rows have the id {key!r}")


def _labels(labels: list[str | None], name: str) -> list[str] | None:
    given = [label for label in labels if label is not None]
    if given and len(given) != len(labels):
        raise AAADError(f"{len(given)} of {len(labels)} rows have {name}; give them to all or none")
    return given or None
