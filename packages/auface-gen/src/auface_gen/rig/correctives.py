"""Correctives: what a sum of shapes lets pass through itself is pushed apart again.

A linear rig moves each vertex along a straight line, so a closing lid cuts through the eyeball,
lips that two units move go through each other, and a lip that is rolled in ends behind the teeth.
`lids` and `lips` mend that after the sum.

Every correction is a clipped maximum of differences from the resting face: exactly zero at rest,
continuous in the activations, of fixed order.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from auface_gen.rig.face import Face
from auface_gen.rig.lids import Lids
from auface_gen.rig.lips import Lips

__all__ = ["Correctives"]

# Shapes that leave the lips alone; all others are followed by the correctives of the mouth.
_AWAY = (
    "eye",
    "brow",
    "+brow",
    "+lid",
    "+pouch",
    "+cheekUp",
    "+cheekLift",
    "cheekSquint_",
    "cheekRaiser_",
    "Pupil",
)


class Correctives:
    """The correctives of one rig; what can be known before a face moves is made once."""

    def __init__(self, face: Face) -> None:
        self._lids, self._lips = Lids(face), Lips(face)

    def apply(
        self, rest: np.ndarray, moved: np.ndarray, weights: Mapping[str, float]
    ) -> np.ndarray:
        """(V, 3) `moved` with the correctives; `weights` are the shape weights that moved `rest`.

        `moved` itself comes back when there is nothing to mend.
        """
        out = self._lids.apply(rest, moved, weights)
        if not all(name.startswith(_AWAY) for name in weights):
            out = self._lips.apply(rest, out)
        return out
