"""A photograph to the crop and back: geometry that needs neither a network nor a cascade."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("PIL")
from aaad import AAADError
from aaad.align import Aligned, Face, NoFaceError, align, read_landmarks
from aaad.align.crop import crop_square, stretched_matrix
from aaad.points import MIRROR
from aaad.warp import apply, inverse, square_view, warp

# fmt: off
FACE = np.array(
    [
        [0.07, 0.319], [0.074, 0.446], [0.091, 0.561], [0.112, 0.674], [0.158, 0.804],
        [0.239, 0.915], [0.31, 0.967], [0.402, 1.0], [0.5, 1.021], [0.598, 1.0],
        [0.69, 0.968], [0.761, 0.915], [0.841, 0.805], [0.886, 0.674], [0.907, 0.561],
        [0.924, 0.447], [0.927, 0.32], [0.141, 0.246], [0.191, 0.195], [0.26, 0.174],
        [0.346, 0.175], [0.425, 0.192], [0.575, 0.192], [0.654, 0.175], [0.74, 0.174],
        [0.809, 0.195], [0.858, 0.246], [0.5, 0.297], [0.5, 0.367], [0.5, 0.432],
        [0.5, 0.511], [0.42, 0.611], [0.461, 0.611], [0.5, 0.615], [0.539, 0.611],
        [0.58, 0.611], [0.222, 0.321], [0.255, 0.291], [0.325, 0.287], [0.384, 0.331],
        [0.329, 0.339], [0.257, 0.34], [0.615, 0.331], [0.675, 0.286], [0.745, 0.291],
        [0.778, 0.321], [0.743, 0.339], [0.671, 0.339], [0.339, 0.756], [0.39, 0.714],
        [0.453, 0.694], [0.5, 0.698], [0.547, 0.694], [0.61, 0.714], [0.661, 0.756],
        [0.616, 0.797], [0.567, 0.818], [0.5, 0.824], [0.433, 0.818], [0.384, 0.797],
        [0.359, 0.754], [0.436, 0.749], [0.5, 0.752], [0.564, 0.749], [0.641, 0.754],
        [0.569, 0.755], [0.5, 0.758], [0.431, 0.755],
    ]
)
# fmt: on
"""The mean landmarks of the rig's people at rest, in sides of the corpus's crop."""


def placed(middle=(200.0, 150.0), side=180.0, angle=0.0, points=FACE):
    """The face in a photograph, and the map from its crop of 256 pixels."""
    matrix = square_view(middle, side, angle, 256)
    return apply(matrix, points * 256.0), matrix


def photograph(width=420, height=330, seed=0):
    """Something smooth that is nowhere the same."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    waves = [
        np.sin(x / 40 + k) + np.cos(y / 33 - k) + np.sin((x + y) / 57 + 2 * k) for k in range(3)
    ]
    out = 128 + 35 * np.stack(waves, -1) + rng.normal(0, 2, (height, width, 3))
    return np.clip(out, 0, 255).astype(np.uint8)


def test_the_mirror_is_its_own_inverse_and_keeps_the_face():
    assert [MIRROR[MIRROR[i]] for i in range(68)] == list(range(68))
    turned = FACE[list(MIRROR)] * (-1, 1) + (1, 0)
    assert np.abs(turned - FACE).max() < 0.02


@given(st.floats(50, 300), st.floats(50, 300), st.floats(20, 900), st.floats(-math.pi, math.pi))
def test_the_crop_of_a_face_at_rest_is_the_corpuss(x, y, side, angle):
    points, _ = placed((x, y), side, angle)
    middle, found, turn = crop_square(points)
    assert found == pytest.approx(side, rel=0.01)
    assert np.hypot(middle[0] - x, middle[1] - y) < 0.01 * side
    assert abs(math.remainder(turn - angle, 2 * math.pi)) < 0.01


def test_an_open_mouth_does_not_make_the_crop_larger():
    open_ = FACE.copy()
    open_[[6, 7, 8, 9, 10, 55, 56, 57, 58, 59, 65, 66, 67], 1] += 0.12
    one, two = (crop_square(placed(points=p)[0])[1] for p in (FACE, open_))
    assert abs(two / one - 1) < 0.05


def test_landmarks_of_no_face_are_refused():
    for points, message in (
        (np.zeros((5, 2)), r"shape \(5, 2\), wanted \(68, 2\)"),
        (np.zeros((68, 2)), "both eyes are on one point"),
        (np.full((68, 2), np.nan), "not finite"),
        (FACE * (1, -1), "no upright face"),
        ("face", "68 pairs of numbers"),
    ):
        with pytest.raises(AAADError, match=message):
            crop_square(points)


@pytest.mark.parametrize("angle", [0.0, 0.4, -2.0])
@pytest.mark.parametrize("side", [60.0, 180.0, 330.0])
def test_the_crop_shows_what_is_there(angle, side):
    """A blob of brightness on each of a few landmarks comes out where `landmarks` says."""
    points, _ = placed((210.0, 220.0), side, angle)
    y, x = np.mgrid[0:440, 0:440] + 0.5
    for number in (8, 36, 45):
        blob = np.exp(-((x - points[number, 0]) ** 2 + (y - points[number, 1]) ** 2) / side**1.2)
        photo = np.repeat((255 * blob).astype(np.uint8)[..., None], 3, -1)
        found = align(photo, landmarks=points, size=128)
        seen = found.image[..., 0].astype(float) ** 2
        at = np.array(
            [(seen.sum(axis) * (np.arange(128) + 0.5)).sum() / seen.sum() for axis in (0, 1)]
        )
        if found.landmarks[number].min() > 4 and found.landmarks[number].max() < 120:
            assert np.abs(at - found.landmarks[number]).max() < 1.0
        assert np.allclose(found.to_photo(found.landmarks), points)
        assert np.allclose(found.to_crop(points), found.landmarks)


def test_a_map_there_and_back_is_none():
    matrix = square_view((30.0, 40.0), 55.0, 0.7, 64)
    points = np.random.default_rng(0).random((9, 2)) * 100
    assert np.allclose(apply(inverse(matrix), apply(matrix, points)), points)


def test_making_smaller_averages_and_does_not_alias():
    checks = np.indices((512, 512)).sum(0) % 2 * 255
    photo = np.repeat(checks.astype(np.uint8)[..., None], 3, -1)
    for side in (128.0, 400.0):
        out = warp(photo, square_view((256.0, 256.0), side, 0.0, 16), (16, 16)).astype(float)
        assert np.abs(out - 127.5).max() < 16


def test_beyond_the_edge_the_edge_goes_on():
    photo = np.full((20, 30, 3), 90, np.uint8)
    view = square_view((0.0, 0.0), 60.0, 0.3, 32)
    assert (warp(photo, view, (32, 32)) == 90).all()
    assert (warp(photo, square_view((900.0, 900.0), 60.0, 0.0, 8), (8, 8)) == 90).all()


def the_finder(*faces):
    return lambda photo: list(faces)


def test_of_several_faces_the_largest_is_taken_and_it_is_said():
    small, _ = placed((80.0, 80.0), 60.0)
    large, _ = placed((260.0, 180.0), 150.0)
    found = align(photograph(), finder=the_finder(Face.of_points(small), Face.of_points(large)))
    assert found.note == "2 faces were found; the largest was taken"
    assert np.allclose(found.to_photo(found.landmarks), large)
    alone = align(photograph(), finder=the_finder(Face.of_points(small)))
    assert (alone.note, alone.unsure) == ("", 0.0)


def test_no_face_is_an_error_of_its_own():
    with pytest.raises(NoFaceError, match="no face was found"):
        align(photograph(), finder=the_finder())


def test_the_network_looks_twice_and_its_doubt_is_heard():
    points, _ = placed()
    views = []

    def network(photo, middle, side, angle, unsure=0.05):
        views.append((middle, side, angle))
        return points + 3.0 / len(views), unsure

    found = align(photograph(), finder=the_finder(Face((190.0, 140.0), 300.0)), landmarker=network)
    assert views[0] == ((190.0, 140.0), 300.0, 0.0)
    assert views[1][1] == pytest.approx(1.4 * 180, rel=0.02)
    assert found.unsure == 0.05
    with pytest.raises(NoFaceError, match="cannot be made out"):
        align(
            photograph(),
            finder=the_finder(Face((190.0, 140.0), 300.0)),
            landmarker=lambda *view: network(*view, unsure=0.9),
        )
    with pytest.raises(NoFaceError, match="as no face's"):
        align(
            photograph(),
            finder=the_finder(Face((190.0, 140.0), 300.0)),
            landmarker=lambda *view: (np.zeros((68, 2)), 0.0),
        )


def test_what_is_no_photograph_is_refused():
    for image in (
        np.zeros((3, 8, 8), np.uint8),
        np.zeros((8, 8, 3)),
        np.zeros((0, 8, 3), np.uint8),
    ):
        with pytest.raises(AAADError, match=r"wanted uint8 \(H, W, 3\)"):
            align(image, landmarks=FACE)
    with pytest.raises(AAADError, match="at least 16"):
        align(photograph(), landmarks=FACE, size=8)


def test_planes_are_what_networks_take():
    found = align(photograph(), landmarks=placed()[0], size=32)
    assert isinstance(found, Aligned)
    assert found.planes.shape == (3, 32, 32)
    assert np.array_equal(found.planes[1], found.image[..., 1])


def test_landmarks_are_read_by_name(tmp_path):
    rows = [{"file_name": "a/one.png", "landmarks": FACE.tolist()}]
    path = tmp_path / "points.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = read_landmarks(path)
    assert set(found) == {"one.png", "one"}
    assert np.allclose(found["one"], FACE)
    path.write_text(json.dumps({"file_name": "one.png", "landmarks": [[1, 2]]}) + "\n")
    with pytest.raises(AAADError, match="line 1: landmarks: has shape"):
        read_landmarks(path)
    path.write_text('{"file_name": "one.png"}\n')
    with pytest.raises(AAADError, match="line 1: wanted file_name and landmarks"):
        read_landmarks(path)
    with pytest.raises(AAADError, match="no such file"):
        read_landmarks(tmp_path / "none.jsonl")


def test_openfaces_landmarks_are_read(tmp_path):
    points = FACE * 100
    head = ["frame", "face_id", "timestamp", "confidence", "success"]
    head += [f"x_{i}" for i in range(68)] + [f"y_{i}" for i in range(68)] + ["AU12_r", "AU12_c"]
    row = [1, 0, 0.0, 0.98, 1, *points[:, 0], *points[:, 1], 1.5, 1]
    path = tmp_path / "photo.csv"
    path.write_text(",".join(head) + "\n" + ",".join(map(str, row)) + "\n")
    found = read_landmarks(path, "openface2")
    assert len(found) == 1
    assert np.allclose(next(iter(found.values())), points, atol=1e-6)


@given(across=st.floats(0.88, 1.13), down=st.floats(0.88, 1.13), angle=st.floats(-0.3, 0.3))
def test_a_stretched_crop_has_the_proportions_of_the_corpus(across, down, angle):
    """Whatever a face's own are, eyes and nose lie where they do in the mean face."""
    points, _ = placed(angle=angle, points=(FACE - 0.5) * (across, down) + 0.5)
    own = apply(inverse(stretched_matrix(points, 256)), points)
    mean = apply(inverse(stretched_matrix(placed()[0], 256)), placed()[0])
    for inner, outer in ((36, 39), (42, 45)):
        found, wanted = (p[[inner, outer]].mean(0) for p in (own, mean))
        assert np.abs(found - wanted).max() < 4.0  # of 256; the unstretched crop is up to 14 off
    assert abs((own[33] - own[36:48].mean(0))[1] - (mean[33] - mean[36:48].mean(0))[1]) < 2.0


def test_a_stretch_never_goes_beyond_a_fifth():
    points, _ = placed(points=(FACE - 0.5) * (1.0, 2.0) + 0.5)
    matrix = stretched_matrix(points, 256)
    across, down = np.hypot(*matrix[:, 0]), np.hypot(*matrix[:, 1])
    assert 1 / 1.2**2 - 1e-9 <= across / down <= 1.2**2 + 1e-9


def test_a_photograph_is_stretched_only_where_that_is_asked_for():
    points, _ = placed(points=(FACE - 0.5) * (1.1, 1.0) + 0.5)
    plain, wide = (align(photograph(), landmarks=points, stretch=s) for s in (False, True))
    assert np.hypot(*plain.matrix[:, 0]) == pytest.approx(np.hypot(*plain.matrix[:, 1]))
    assert np.hypot(*wide.matrix[:, 0]) > 1.05 * np.hypot(*wide.matrix[:, 1])
