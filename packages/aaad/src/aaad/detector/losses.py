"""The losses: the metric's own distance, and the log score. Both are proper, so their sum is.

Shapes: logits (B, A, 6), targets (B, A, 6) that sum to one.
"""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["cramer_loss", "cross_entropy", "training_loss"]


def cramer_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Mean Cramér distance, as in `aaad.metric.distance`; a scalar."""
    gap = (torch.softmax(logits, -1) - targets).cumsum(-1)[..., :-1]
    return gap.square().mean()


def cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """Mean log score in nats; a scalar."""
    return -(targets * torch.log_softmax(logits, -1)).sum(-1).mean()


def training_loss(logits: Tensor, targets: Tensor, ordinal: float = 4.0) -> Tensor:
    """The log score finds the units early, the Cramér distance orders their levels."""
    return cross_entropy(logits, targets) + ordinal * cramer_loss(logits, targets)
