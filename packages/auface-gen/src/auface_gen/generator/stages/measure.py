"""Held-out figures of a generator under training."""

from __future__ import annotations

import numpy as np

from auface_gen.generator.batches import Dealer, batch_of
from auface_gen.generator.stages.align import retrieval
from auface_gen.generator.stages.masked import held_out_figures
from auface_gen.generator.stages.work import Work
from auface_gen.generator.token_set import TokenSet

__all__ = ["measure"]

_SEED = 0x7E57  # of no run's steps, so that what is measured is never what is trained on


def measure(work: Work, data: TokenSet, *, batches: int = 4, count: int = 32) -> dict[str, float]:
    """Means over a few batches of other people's pictures; `retrieved` is the share of pictures
    whose nearest text is right.
    """
    was = work.pupil.training
    work.pupil.eval()
    dealer, found = Dealer(data, _SEED), []
    for step in range(batches):
        picks = dealer.deal(step, count)
        batch = batch_of(data, picks, work.generator.transformer, resolved=work.run.resolved)
        found.append({**held_out_figures(work, batch), "retrieved": retrieval(work, batch)})
    work.pupil.train(was)
    return {name: float(np.nanmean([one[name] for one in found])) for name in found[0]}
