"""Irises are found where they are, and eyes moved there: only where that is clear and needed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("PIL")
from aaad.align.pupils import by_pupils, find_pupils
from aaad.warp import apply, square_view

SIDE = 256
EYES = np.array([[75.4, 82.0], [180.6, 82.0]])
"""Middles of the eyes of the mean face at rest in its crop of 256 pixels."""


def points() -> np.ndarray:
    """Landmarks (68, 2) of that face, as far as a crop is made by them."""
    out = np.full((68, 2), 128.0)
    corner, lid = 20.0, 10.0
    ring = [(-corner, 0), (-lid, -6), (lid, -6), (corner, 0), (lid, 6), (-lid, 6)]
    for eye, at in enumerate((36, 42)):
        out[at : at + 6] = EYES[eye] + ring
    out[8], out[33], out[62], out[66] = (128, 261), (128, 157), (128, 192), (128, 193)
    return out


def face(irises: np.ndarray, *, shut: bool = False, seed: int = 0) -> np.ndarray:
    """A crop with brows, whites of eyes, and irises whose upper part a lid covers."""
    y, x = np.mgrid[0:SIDE, 0:SIDE] + 0.5
    grey = np.random.default_rng(seed).normal(175, 2, (SIDE, SIDE))
    for at, (ix, iy) in enumerate(irises):
        brow = (np.abs(x - EYES[at, 0]) < 26) & (np.abs(y - (iy - 30)) < 3)
        grey[brow] = 70
        if shut:
            grey[(np.abs(x - ix) < 18) & (np.abs(y - iy) < 1.5)] = 60
            continue
        eye = ((x - ix) / 21) ** 2 + ((y - iy) / 8) ** 2 < 1
        grey[eye] = 225
        iris = np.hypot(x - ix, y - iy) < 9.5
        grey[iris & eye] = 55
    return np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[..., None], 3, 2)


@given(
    st.lists(st.floats(-9, 9), min_size=4, max_size=4),
    st.integers(0, 9),
)
@settings(max_examples=8, deadline=None)
def test_irises_are_found_to_two_pixels_of_256(off: list[float], seed: int) -> None:
    irises = EYES + np.array(off).reshape(2, 2)
    near, _ = find_pupils(face(irises, seed=seed), EYES)
    found, clear = find_pupils(face(irises, seed=seed), near)
    assert np.abs(found - irises).max() < 2
    assert clear.min() > 1


def test_shut_eyes_have_none() -> None:
    _, clear = find_pupils(face(EYES, shut=True), EYES)
    assert clear.max() < 1
    _, clear = find_pupils(face(EYES), EYES - 400)  # outside of the picture
    assert (clear == 0).all()


def test_eyes_that_were_put_level_in_a_tilted_face_are_moved_to_it() -> None:
    tilt = np.array([[1.0, 6.0], [-1.0, -6.0]])
    photo = face(EYES + tilt - np.array([0.0, 2.0]))
    moved = by_pupils(photo, points())
    rest = np.r_[0:36, 48:68]
    np.testing.assert_allclose(moved[rest], points()[rest], atol=1e-9)
    off = np.stack([moved[36:42].mean(0), moved[42:48].mean(0)]) - EYES
    assert np.abs(off - tilt).max() < 2


def test_points_stay_where_they_are_right_and_where_nothing_is_clear() -> None:
    known = points()
    for irises, shut in (
        (EYES - np.array([0.0, 2.0]), False),  # right already
        (EYES + np.array([7.0, -2.0]), False),  # looks to one side
        (EYES + np.array([0.0, 8.0]), True),
    ):
        assert np.array_equal(by_pupils(face(irises, shut=shut), known), known)
    away = apply(square_view((900.0, 900.0), SIDE, 0.3, SIDE), known)  # beyond the photograph
    assert np.array_equal(by_pupils(face(EYES), away), away)
