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
    whose nearest text is right. `other_...`: the same pictures told from another of the person,
    where the set has them.
    """
    was = work.pupil.training
    work.pupil.eval()
    found: dict[str, float] = {}
    for share, prefix in ((0.0, ""), (1.0, "other_"))[: data.references]:
        dealer, each = Dealer(data, _SEED, others=share), []
        for step in range(batches):
            picks = dealer.deal(step, count)
            batch = batch_of(data, picks, work.generator.transformer, resolved=work.run.resolved)
            each.append({**held_out_figures(work, batch), "retrieved": retrieval(work, batch)})
        found |= {prefix + k: float(np.nanmean([one[k] for one in each])) for k in each[0]}
    work.pupil.train(was)
    return found
