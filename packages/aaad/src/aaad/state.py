"""The metric as an object that fills up: torchmetrics' protocol, without torchmetrics.

Rows are kept, not sums: a million images of 38 columns are what one batch of pixels is, and with
rows the result does not depend on how they were batched, repeats that a distributed sampler adds
can be dropped by id, and intervals, comparisons and scores per unit come from the same data.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aaad.columns import COLUMNS
from aaad.cramer import as_array, check_distributions
from aaad.errors import AAADError
from aaad.metric import Scored, score_rows
from aaad.result import AAADResult

__all__ = ["AAAD", "Gathered"]


@dataclass(frozen=True)
class Gathered:
    """Rows put together: pred, target (N, A, 6), mask (N, A), and N of each label.

    `groups`, `subjects` and `codings` are None where no row has one; `ids` are None row by row.
    """

    pred: NDArray[Any]
    target: NDArray[Any]
    mask: NDArray[np.bool_]
    groups: list[str] | None
    subjects: list[str] | None
    codings: list[Any] | None
    ids: list[str | None]

    def take(self, rows: Sequence[int]) -> Gathered:
        """Some of the rows, in the order given."""
        index = np.asarray(rows, np.int64)

        def pick(labels: list[Any] | None) -> list[Any] | None:
            return None if labels is None else [labels[i] for i in rows]

        return Gathered(
            self.pred[index],
            self.target[index],
            self.mask[index],
            pick(self.groups),
            pick(self.subjects),
            pick(self.codings),
            [self.ids[i] for i in rows],
        )


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
        columns: Sequence[str] = COLUMNS,
        presence: Collection[str] = (),
        min_count: int = 5,
        interval: bool = True,
        detector: str = "unnamed",
    ) -> None:
        self.columns = tuple(columns)
        self.presence = tuple(sorted(presence))
        self.min_count = min_count
        self.interval = interval
        self.detector = detector
        self.reset()

    def __len__(self) -> int:
        return self._count

    def update(
        self,
        pred: Any,
        target: Any,
        *,
        mask: Any | None = None,
        groups: Sequence[Any] | None = None,
        subjects: Sequence[Any] | None = None,
        codings: Sequence[Any] | None = None,
        ids: Sequence[Any] | None = None,
    ) -> None:
        """Add rows: pred, target (B, A, 6), mask (B, A), labels, codings and ids of B each.

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
        labels = {"groups": groups, "subjects": subjects, "codings": codings, "ids": ids}
        for name, given in labels.items():
            if given is not None and len(given) != len(p):
                raise AAADError(f"{name} has {len(given)} labels for {len(p)} images")
        none = [None] * len(p)

        def named(given: Sequence[Any] | None) -> list[Any]:
            return none if given is None else [None if x is None else str(x) for x in given]

        self._add(
            _Block(
                p,
                q,
                known,
                named(groups),
                named(subjects),
                list(codings) if codings is not None else none,
                named(ids),
            )
        )

    def merge(self, other: AAAD) -> None:
        """Add another object's rows; those with an id that both hold count once."""
        if (other.columns, other.presence) != (self.columns, self.presence):
            raise AAADError("the two metrics score different columns")
        for block in other._blocks:
            self._add(block)

    def gathered(self) -> Gathered:
        """All rows so far."""
        if not self._count:
            raise AAADError("nothing to score yet: call update first")
        blocks = self._blocks
        return Gathered(
            np.concatenate([b.pred for b in blocks]),
            np.concatenate([b.target for b in blocks]),
            np.concatenate([b.mask for b in blocks]),
            _labels([x for b in blocks for x in b.groups], "groups"),
            _labels([x for b in blocks for x in b.subjects], "subjects"),
            _codings([x for b in blocks for x in b.codings]),
            [x for b in blocks for x in b.ids],
        )

    def compute(self) -> AAADResult:
        """The score of all rows so far; the rows stay."""
        return self.scored(self.gathered()).result

    def scored(self, rows: Gathered) -> Scored:
        """The score of these rows with this object's options."""
        return score_rows(
            rows.pred,
            rows.target,
            mask=rows.mask,
            groups=rows.groups,
            subjects=rows.subjects,
            codings=rows.codings,
            columns=self.columns,
            presence=self.presence,
            min_count=self.min_count,
            interval=self.interval,
            detector=self.detector,
        )

    def reset(self) -> None:
        """Forget every row."""
        self._blocks: list[_Block] = []
        self._places: dict[str, tuple[int, int]] = {}
        self._count = 0

    def _add(self, block: _Block) -> None:
        new: list[int] = []
        for i, key in enumerate(block.ids):
            if key is not None:
                place = self._places.get(key)
                if place is not None:
                    block.check_same(i, self._blocks, place, len(self._blocks), key)
                    continue
                self._places[key] = len(self._blocks), len(new)
            new.append(i)
        if len(new) < len(block.ids):
            block = block.take(new)
        self._blocks.append(block)
        self._count += len(new)


@dataclass(frozen=True)
class _Block:
    """What one update brought."""

    pred: NDArray[np.float64]
    target: NDArray[np.float64]
    mask: NDArray[np.bool_]
    groups: list[str | None]
    subjects: list[str | None]
    codings: list[Any]
    ids: list[str | None]

    def take(self, rows: list[int]) -> _Block:
        lists = (self.groups, self.subjects, self.codings, self.ids)
        picked = [[labels[i] for i in rows] for labels in lists]
        return _Block(self.pred[rows], self.target[rows], self.mask[rows], *picked)

    def check_same(
        self, i: int, blocks: list[_Block], place: tuple[int, int], current: int, key: str
    ) -> None:
        """Refuse another row under an id that is taken."""
        number, row = place
        if number == current:  # twice in one update: rows kept so far are those before it
            row = self.ids.index(key)
        other = self if number == current else blocks[number]
        for mine, theirs in ((self.pred, other.pred), (self.target, other.target)):
            if not np.array_equal(mine[i], theirs[row]):
                raise AAADError(f"two different rows have the id {key!r}")


def _labels(labels: list[str | None], name: str) -> list[str] | None:
    given = [label for label in labels if label is not None]
    if given and len(given) != len(labels):
        raise AAADError(f"{len(given)} of {len(labels)} rows have {name}; give them to all or none")
    return given or None


def _codings(codings: list[Any]) -> list[Any] | None:
    return codings if any(one is not None for one in codings) else None
