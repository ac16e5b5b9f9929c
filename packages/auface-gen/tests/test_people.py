"""The grain filter, the aligned crop and made-up people: what needs no rig."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auface_gen.errors import AUFaceGenError
from auface_gen.picture.denoise import denoise
from auface_gen.picture.develop import develop, develop_clear
from auface_gen.picture.hair import growth, hair_texture
from auface_gen.picture.mouth import gum_colours, tooth_colours
from auface_gen.picture.people import HAIR_STYLES, Light, Person
from auface_gen.picture.scene import View
from auface_gen.picture.stimuli import frame_levels, scaled
from auface_gen.picture.strands import FrontOfFace, Ribbons, ribbon_triangles
from auface_gen.picture.subsurface import spread_light
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


@given(st.integers(0, 10**6))
def test_hair_goes_with_the_person(seed: int) -> None:
    person = Person.from_seed(seed)
    assert person.hair_style in HAIR_STYLES
    assert person.long_hair == (person.hair_style in ("long", "wavy"))
    assert person.sex == "male" or person.hair_style != "shaved"


def test_hair_grows_above_the_forehead_and_not_on_the_face() -> None:
    person = Person.from_seed(3)
    face = np.array([[0, 0, 13], [3, 3, 9], [0, 6, 11], [4, -4, 9], [9, 1, 0]], float)
    head = np.array([[0, 12, 6], [3, 12.3, 4], [0, 8, -6]], float)
    assert (growth(face, person) < 0).all()
    assert (growth(head, person) > 0).all()
    texture = hair_texture(person)
    assert texture.min() > 0
    assert texture[:, -1].max() < texture[:, 0].max()  # lashes are darker than hair


def test_a_ribbon_is_as_wide_as_said_and_its_mesh_is_whole() -> None:
    points = np.zeros((2, 4, 3))
    points[:, :, 1] = np.linspace(0, 3, 4)
    points[1, :, 0] = 5
    normals = np.broadcast_to([0.0, 0.0, 1.0], points.shape)
    ribbons = Ribbons(points, np.array([0.2, 0.4]), np.array([0.0, 1.0]), normals)
    vertices, triangles = ribbons.vertices(), ribbon_triangles(2, 4)
    assert vertices.shape == ribbons.vertex_normals().shape == (16, 3)
    assert len(ribbons.uv()) == 16
    assert sorted(set(triangles.ravel().tolist())) == list(range(16))
    assert np.ptp(vertices[:2, 0]) == pytest.approx(0.2)
    assert np.ptp(vertices[8:10, 0]) == pytest.approx(0.4)
    assert np.ptp(vertices[6:8, 0]) < 0.1  # the tip is thinner


def test_points_bound_to_the_skin_go_where_it_goes() -> None:
    grid = np.stack(np.meshgrid(np.linspace(-3, 3, 7), np.linspace(3, 9, 7)), -1).reshape(-1, 2)
    skin = np.concatenate([grid, np.full((49, 1), 8.0)], 1)
    corner = (np.arange(6)[:, None] * 7 + np.arange(6)[None]).ravel()
    triangles = np.concatenate(
        [
            np.stack([corner, corner + 1, corner + 8], 1),
            np.stack([corner, corner + 8, corner + 7], 1),
        ]
    )
    asked = np.random.default_rng(4).uniform([-2.8, 3.2], [2.8, 8.8], (50, 2))
    bound = FrontOfFace(skin, triangles).bind(asked)
    assert bound.of(skin)[:, :2] == pytest.approx(asked, abs=1e-4)
    moved = skin * [1.1, 0.9, 1.0] + [0.5, 0.0, 2.0]
    assert bound.of(moved)[:, :2] == pytest.approx(asked * [1.1, 0.9] + [0.5, 0.0], abs=1e-4)


def test_light_spreads_under_skin_red_furthest_and_only_there() -> None:
    light = np.zeros((41, 41, 3), np.float32)
    light[20, 20] = 1.0
    skin = np.ones((41, 41), np.float32)
    out = spread_light(light, skin, 0.06)
    assert out[20, 20, 0] < out[20, 20, 1] < out[20, 20, 2]
    assert out.sum((0, 1)) == pytest.approx([1, 1, 1], rel=1e-3)
    skin[:, 21:] = 0
    assert (spread_light(light, skin, 0.06)[:, 21:] == 0).all()
    assert spread_light(np.full_like(light, 0.4), skin, 0.06) == pytest.approx(0.4, abs=1e-5)


def test_a_picture_is_never_burnt_out_and_has_its_backdrop() -> None:
    light = Light.from_seed(5)
    colour = np.zeros((8, 8, 3), np.float32)
    alpha = np.zeros((8, 8), np.float32)
    colour[4:], alpha[4:] = 50.0, 1.0
    picture = develop(colour, alpha, light)
    assert picture[4:].min() >= 254
    assert 20 < picture[:4].mean() < 235
    clear = develop_clear(colour, alpha, light)
    assert (clear[:4, :, 3] == 0).all()
    assert (clear[4:, :, 3] == 255).all()


def test_a_tooth_is_darker_where_it_meets_the_next_and_throats_are_dark() -> None:
    person = Person.from_seed(1)
    points = np.array([[0.0, -3.4, 10.5], [0.44, -3.4, 10.5], [0.88, -3.4, 10.5], [0.44, -1, 10.5]])
    colours = tooth_colours(points, np.zeros(4, int), person)
    assert (colours[1] > colours[0]).all()
    assert (colours[1] > colours[2]).all()
    assert colours[1, 2] > colours[3, 2]  # yellower at the neck
    gums = gum_colours(np.array([[0.0, -4.0, 8.5], [0.0, -4.0, 2.0]]), person)
    assert (gums[1] < 0.5 * gums[0]).all()


def test_a_sequence_rises_and_falls_gently() -> None:
    levels = frame_levels(21)
    assert levels[0] == levels[-1] == 0
    assert max(levels) == 1
    assert levels == pytest.approx(levels[::-1])
    assert levels[:9] == sorted(levels[:9])
    assert frame_levels(3) == [0, 1, 0]
    assert scaled({"AU12": {"left": 0.8}}, 0.5) == {"AU12": {"left": 0.4}}
    with pytest.raises(AUFaceGenError, match="at least 3"):
        frame_levels(2)


def test_a_view_projects_its_middle_to_the_middle() -> None:
    view = View((1.0, 2.0, 9.0), 8.0, 256)
    points = np.array([[1, 2, 9], [9, 2, 9], [1, 10, 9]], float)
    assert view.project(points) == pytest.approx(np.array([[128, 128], [256, 128], [128, 0]]))
    assert view.cm_a_pixel == pytest.approx(1 / 16)
