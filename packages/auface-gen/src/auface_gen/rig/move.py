"""The rig: a face that action units move."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import numpy as np

from auface_gen.errors import AUFaceGenError
from auface_gen.rig.correctives import Correctives
from auface_gen.rig.face import Face
from auface_gen.rig.units import Activations, HeadPose, shape_weights, turn

__all__ = ["Rig"]


class Rig(Face):
    """A `Face` with the units of `rig_units.json`: activations in, vertices out."""

    def weights(self, activations: Activations, *, raw: bool = False) -> dict[str, float]:
        """Shape weights of the activations. Raises AUFaceGenError on a unit the rig cannot show."""
        return shape_weights(activations, raw=raw)

    def offset(self, activations: Activations, *, raw: bool = False) -> np.ndarray:
        """(V, 3) displacement of the activations: the sum of shapes by `shape_weights`."""
        return self._sum(shape_weights(activations, raw=raw))

    def _sum(self, weights: Mapping[str, float]) -> np.ndarray:
        total = np.zeros_like(self.neutral)
        for name, weight in weights.items():
            try:
                total += weight * self.shapes[name]
            except KeyError:
                raise AUFaceGenError(f"the rig has no shape {name!r}") from None
        return total

    def pose(self, activations: Activations) -> HeadPose:
        """Head rotation asked for by units 51 to 56."""
        return turn(activations, "head_degrees")

    @cached_property
    def correctives(self) -> Correctives:
        """What mends the sum of shapes, made once for this rig."""
        return Correctives(self)

    def move(
        self,
        rest: np.ndarray,
        activations: Activations,
        *,
        raw: bool = False,
        contacts: bool | None = None,
    ) -> np.ndarray:
        """(V, 3) the resting face `rest` doing the activations, eyeballs turned, head not yet
        posed.

        raw: the plain sum of the shapes, with no look of units together: the artefact that the
        others are compared with (give it `codings.unresolved`). contacts: whether lids, lips and
        teeth are kept from passing through each other; unless told they are, but not in a raw sum.
        """
        weights = shape_weights(activations, raw=raw)
        moved = self.turn_eyes(rest + self._sum(weights), activations)
        if not weights or not (not raw if contacts is None else contacts):
            return moved
        return self.correctives.apply(rest, moved, weights)

    def turn_eyes(self, moved: np.ndarray, activations: Activations) -> np.ndarray:
        """`moved` with the eyeballs turned, each about its middle, as units 61 to 64 ask."""
        gaze = turn(activations, "gaze_degrees")
        if gaze == HeadPose():
            return moved
        out = moved.copy()
        rotation = gaze.matrix().astype(np.float32)
        for ids in self.eyes:
            centre = moved[ids].mean(0)
            out[ids] = (moved[ids] - centre) @ rotation.T + centre
        return out
