"""Whether a person is at rest in a picture, by a detector that is told what to see."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")
from aaad import AAADError
from aaad.columns import COLUMNS
from aaad.resting import moved_in

CROP = np.full((64, 64, 3), 90, np.uint8)


class Sees:
    """A detector that sees some levels in every picture."""

    size, columns = 32, COLUMNS

    def __init__(self, **levels):
        self.levels = levels

    def __call__(self, images):
        assert images.shape == (1, 3, 32, 32)
        seen = np.zeros((1, len(COLUMNS), 6), np.float32)
        for i, name in enumerate(COLUMNS):
            seen[0, i, self.levels.get(name, 0)] = 1.0
        return seen


def test_nothing_is_said_of_a_person_at_rest():
    assert moved_in(CROP, Sees()) == []


def test_a_trace_is_not_told_of():
    assert moved_in(CROP, Sees(AU12L=1, AU12R=1)) == []


def test_what_moves_is_told_with_its_level_and_side():
    detector = Sees(AU12L=4, AU12R=4, AU25=3, AU2L=5)
    assert moved_in(CROP, detector) == ["L2E", "12D on both sides", "25C"]


@pytest.mark.parametrize("picture", [CROP[..., 0], CROP.astype(np.float32), CROP[..., :2]])
def test_what_is_no_picture_is_refused(picture):
    with pytest.raises(AAADError, match="picture must be uint8"):
        moved_in(picture, Sees())
