"""The grain filter, the aligned crop and made-up people: what needs no rig."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auface_gen.picture.denoise import denoise
from auface_gen.picture.hair import long_hair, strands
from auface_gen.picture.people import Person
from auface_gen.rig.crop import crop_square


def test_grain_goes_and_an_edge_stays() -> None:
    rng = np.random.default_rng(0)
    clean = np.full((48, 48, 3), 0.2, np.float32)
    clean[:, 24:] = 0.6
    noisy = clean + rng.normal(0, 0.02, clean.shape).astype(np.float32)
    out = denoise(noisy, 16)
    assert np.abs(out - clean).mean() < 0.4 * np.abs(noisy - clean).mean()
    assert out[:, 23].max() < 0.3
    assert out[:, 24].min() > 0.5


def test_a_flat_picture_stays_as_it_is() -> None:
    flat = np.full((20, 24, 3), 0.37, np.float32)
    assert denoise(flat, 16) == pytest.approx(flat, abs=1e-6)


@given(st.integers(0, 31), st.integers(0, 31))
def test_a_pixel_reaches_no_further_than_six(y: int, x: int) -> None:
    picture = np.random.default_rng(1).random((32, 32, 3)).astype(np.float32)
    other = picture.copy()
    other[y, x] = 3.0
    changed = (denoise(picture, 16) != denoise(other, 16)).any(-1)
    ys, xs = np.nonzero(changed)
    assert changed[y, x]
    assert np.abs(ys - y).max() <= 6
    assert np.abs(xs - x).max() <= 6


def test_more_samples_are_filtered_less() -> None:
    noisy = 0.4 + np.random.default_rng(2).normal(0, 0.02, (32, 32, 3)).astype(np.float32)
    assert np.abs(denoise(noisy, 256) - noisy).mean() < np.abs(denoise(noisy, 16) - noisy).mean()


def test_the_crop_scales_and_moves_with_the_face() -> None:
    landmarks = np.random.default_rng(3).normal(0, 1, (68, 3))
    landmarks[36:48, 1], landmarks[8, 1] = 3.5, -7.5
    middle, half = crop_square(landmarks)
    shifted, same = crop_square(landmarks + np.array([1.0, 2.0, 3.0]))
    assert shifted == pytest.approx(middle + np.array([1, 2, 3]), abs=1e-5)
    assert same == pytest.approx(half)
    assert crop_square(2 * landmarks)[1] == pytest.approx(2 * half)
    assert middle[1] - half < -6.5
    assert middle[1] + half > 7


@given(st.integers(0, 10**6))
def test_a_person_is_the_same_each_time_and_in_range(seed: int) -> None:
    person = Person.from_seed(seed)
    assert person == Person.from_seed(seed)
    assert (person.femininity > 0) == (person.sex == "female")
    colours = np.array([person.skin, person.hair, person.iris, person.lips])
    assert (colours > 0).all()
    assert (colours < 1).all()
    assert 0.3 < person.pupil < 0.6
    assert 0 <= person.age <= 1
    assert person.sex == "male" or person.stubble == 0


def test_long_hair_is_a_whole_mesh_behind_the_face() -> None:
    person = Person.from_seed(2)
    vertices, uv, triangles = long_hair(person)
    assert len(vertices) == len(uv)
    assert triangles.max() < len(vertices)
    assert np.isfinite(vertices).all()
    assert (uv >= 0).all()
    assert (uv <= 1).all()
    assert vertices[:, 2].max() < 6  # the nose is at 13, the eyes at 9
    colours = strands(person)
    assert colours.min() > 0
    assert colours.max() < 1
    assert (long_hair(person)[0] == vertices).all()
