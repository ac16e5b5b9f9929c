"""AAAD as a torchmetrics metric: `pip install aaad[torchmetrics]`.

Rows are kept as tensors and put together over ranks by torchmetrics; the score is `aaad.aaad` of
all of them, which no order of rows or ranks changes. Codings are no tensors, so the `unit` and
`conflict` scores are not known here; `aaad.AAAD` has them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat

from aaad.columns import COLUMNS
from aaad.errors import AAADError
from aaad.metric import aaad
from aaad.result import AAADResult

__all__ = ["AAADMetric"]


class AAADMetric(Metric):
    """update(pred, target, people, mask) with (B, A, 6), (B, A, 6), (B,) whole numbers that say who
    is on each picture or None, (B, A) or None; compute() -> the headline as a scalar tensor.

    Chance is paired within people where they are given. Options are those of `aaad.aaad`.
    """

    higher_is_better = True
    is_differentiable = False
    full_state_update = False

    pred: list[Tensor]
    target: list[Tensor]
    people: list[Tensor]
    mask: list[Tensor]

    def __init__(
        self,
        *,
        columns: Sequence[str] = COLUMNS,
        presence: Collection[str] = (),
        min_count: int = 5,
        detector: str = "unnamed",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.columns = tuple(columns)
        self.presence = tuple(presence)
        self.min_count = min_count
        self.detector = detector
        for name in ("pred", "target", "people", "mask"):
            self.add_state(name, default=[], dist_reduce_fx="cat")

    def update(
        self,
        pred: Tensor,
        target: Tensor,
        people: Tensor | None = None,
        mask: Tensor | None = None,
    ) -> None:
        """Add rows."""
        wanted = (len(pred), len(self.columns), 6)
        if pred.shape != wanted or target.shape != wanted:
            raise AAADError(
                f"pred {tuple(pred.shape)} and target {tuple(target.shape)} do not fit "
                f"(B, {len(self.columns)}, 6)"
            )
        # A rank cannot know whether others give people; -1 stands for nobody.
        who = torch.full((len(pred),), -1) if people is None else people
        known = torch.ones(wanted[:2], dtype=torch.bool) if mask is None else mask
        self.pred.append(pred.detach())
        self.target.append(target.detach())
        self.people.append(who.to(pred.device))
        self.mask.append(known.to(pred.device))

    def compute(self) -> Tensor:
        """The headline of all rows so far."""
        return torch.tensor(self.result(interval=False).aaad)

    def result(self, *, interval: bool = True) -> AAADResult:
        """The whole result of the rows of this process (after a sync, of all)."""
        people = dim_zero_cat(self.people).cpu()
        given = people >= 0
        if bool(given.any()) and not bool(given.all()):
            raise AAADError(
                f"{int(given.sum())} of {len(given)} rows have people; give all or none"
            )
        who = people.tolist() if bool(given.all()) else None
        return aaad(
            dim_zero_cat(self.pred),
            dim_zero_cat(self.target),
            mask=dim_zero_cat(self.mask),
            groups=who,
            subjects=who,
            columns=self.columns,
            presence=self.presence,
            min_count=self.min_count,
            interval=interval,
            detector=self.detector,
        )
