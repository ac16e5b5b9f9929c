"""Codings from which a detector can learn each unit by itself.

The mixture that generators are trained on has units go together as faces have them, and leaves
pairs out, so that drawing these can be asked for. What learns to see from it learns that company
too: a lid raised beside a smile, which it never met, it does not see. Here one unit tells nothing
of another: one to five units are drawn, all as likely and none held out, each at any level.
"""

from __future__ import annotations

import numpy as np

from auface_gen.codings.mixture import SHOWN, actions_of
from facs_text import Coding, resolve

__all__ = ["balanced_codings"]

_COUNTS = (0.2, 0.3, 0.25, 0.15, 0.1)  # of one to five units
_ONE_SIDED = 0.5
_SELDOM = frozenset(("29", "30", "61", "62", "63", "64"))
"""Units that no detector of pictures has a column for: drawn a fifth as often, as company."""
_ODDS = np.array([0.2 if code in _SELDOM else 1.0 for code in SHOWN])


def balanced_codings(seed: int, index: int, count: int) -> list[tuple[str, Coding]]:
    """("balanced", coding) of each of the `count` pictures of the index-th sitting, by a seed.

    Of every coding something stands after resolution.
    """
    rng = np.random.default_rng([seed, 0xBA1A, index])
    out: list[tuple[str, Coding]] = []
    while len(out) < count:
        size = int(rng.choice(len(_COUNTS), p=_COUNTS)) + 1
        codes = rng.choice(SHOWN, size=size, replace=False, p=_ODDS / _ODDS.sum())
        levels = [int(level) for level in rng.integers(1, 6, size)]
        coding = actions_of(rng, [str(c) for c in codes], one_sided=_ONE_SIDED, levels=levels)
        if resolve(coding).coding:
            out.append(("balanced", coding))
    return out
