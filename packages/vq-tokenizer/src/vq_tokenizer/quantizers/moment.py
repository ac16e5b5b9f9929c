"""When a quantizer moves: never within `frozen`, at the end of `deferred`, and never twice.

Each quantizer keeps a `Moment`, by which the contexts find it among the modules of a model.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn
from torch.utils.module_tracker import ModuleTracker

__all__ = ["Moment", "deferred", "frozen", "repeated"]

_TRACKER = ModuleTracker()


class Moment:
    """What a quantizer remembers between calls that is no state of the model.

    frozen, deferred: how many such contexts are open. pending: statistics that wait for the end of
    `deferred`. before: what a repeated forward pass must find again. started: whether the buffer
    of that name is known to be true, which spares asking it, for that would wait for the device.
    sharded: the parameter whose whole copy FSDP2 shows during a pass, see sharded.py.
    """

    def __init__(self) -> None:
        self.frozen = 0
        self.deferred = 0
        self.pending: Any = None
        self.before: Any = None
        self.started = False
        self.sharded: Any = None


def _quantizers(module: nn.Module) -> list[Any]:
    """Every quantizer among the modules, itself included."""
    return [m for m in module.modules() if isinstance(vars(m).get("moment"), Moment)]


@contextlib.contextmanager
def frozen(module: nn.Module) -> Iterator[None]:
    """No quantizer of module moves within this context, which else every forward in training does.

    For the second pass of a GAN's step, or a look at training data. A forward pass that gradient
    checkpointing repeats during the backward pass moves nothing by itself, and sees the codebook
    that the first one saw, if no other forward pass came between.
    """
    quantizers = _quantizers(module)
    for quantizer in quantizers:
        quantizer.moment.frozen += 1
    try:
        yield
    finally:
        for quantizer in quantizers:
            quantizer.moment.frozen -= 1


@contextlib.contextmanager
def deferred(module: nn.Module) -> Iterator[None]:
    """Quantizers of module collect within this context and move once at its end.

    For gradient accumulation: the forward passes of all parts of a batch see one codebook, and the
    move is that of one pass over the whole batch. Over several processes all of them must leave
    the context together. Left by an exception nothing moves. The start by k-means, where it is
    still to come, happens in the first part.
    """
    quantizers = _quantizers(module)
    for quantizer in quantizers:
        quantizer.moment.deferred += 1
    whole = False
    try:
        yield
        whole = True
    finally:
        for quantizer in quantizers:
            quantizer.moment.deferred -= 1
            if quantizer.moment.deferred:
                continue
            pending, quantizer.moment.pending = quantizer.moment.pending, None
            if whole and quantizer._learning():
                with torch.no_grad():
                    quantizer._finish(pending)


def repeated() -> bool:
    """Whether this is a forward pass within a backward one, as gradient checkpointing makes."""
    return not torch.compiler.is_compiling() and bool(_TRACKER.is_bw)
