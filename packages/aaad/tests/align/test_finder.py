"""OpenCV's cascade: where it is installed. MediaPipe is stood in for: its model is the user's."""

from __future__ import annotations

import math
import sys
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("PIL")
from aaad import AAADError
from aaad.align import MediaPipeFinder, align
from aaad.align.finder import Face, HaarFinder
from aaad.align.mediapipe import MESH_68


def astronaut():
    return pytest.importorskip("skimage.data").astronaut()


@pytest.fixture(scope="module")
def find():
    pytest.importorskip("cv2")
    return HaarFinder()


def test_the_astronauts_face_is_found(find):
    (face,) = find(astronaut())
    assert np.hypot(face.middle[0] - 225, face.middle[1] - 125) < 15
    assert 100 < face.side < 160
    assert face.angle == 0.0


@pytest.mark.parametrize("times", [1, -1])
def test_a_turned_photograph_is_turned_back(find, times):
    (face,) = find(np.ascontiguousarray(np.rot90(astronaut(), times)))
    assert face.angle == pytest.approx(-times * math.pi / 2)


def test_a_small_picture_and_one_that_the_face_fills_are_looked_at(find):
    face = astronaut()[55:195, 155:295]
    assert len(find(np.ascontiguousarray(face))) == 1
    assert len(find(np.ascontiguousarray(face[::2, ::2]))) == 1


def test_pictures_without_a_face_have_none(find):
    data = pytest.importorskip("skimage.data")
    for name in ("coffee", "coins"):
        picture = getattr(data, name)()
        if picture.ndim == 2:
            picture = np.repeat(picture[..., None], 3, -1)
        assert find(np.ascontiguousarray(picture)) == []
    noise = np.random.default_rng(0).integers(0, 256, (120, 200, 3)).astype(np.uint8)
    assert find(noise) == []


def test_without_opencv_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(AAADError, match=r"pip install 'aaad\[photos\]'; or give landmarks"):
        HaarFinder()


class _Landmarker:
    """What MediaPipe's does: 478 places as shares of the picture."""

    @staticmethod
    def create_from_options(options):
        assert options["num_faces"] == 8
        return _Landmarker()

    def detect(self, image):
        places = [SimpleNamespace(x=0.3 + 0.0005 * i, y=0.4) for i in range(478)]
        for k, number in enumerate(MESH_68):  # the 68 on a circle
            angle = 2 * math.pi * k / 68
            places[number] = SimpleNamespace(
                x=0.5 + 0.1 * math.cos(angle), y=0.5 + 0.2 * math.sin(angle)
            )
        return SimpleNamespace(face_landmarks=[places])


def test_mediapipes_mesh_becomes_68_points(monkeypatch, tmp_path):
    vision = SimpleNamespace(FaceLandmarkerOptions=dict, FaceLandmarker=_Landmarker)
    python = SimpleNamespace(BaseOptions=dict, vision=vision)
    stand_in = SimpleNamespace(
        Image=lambda image_format, data: data, ImageFormat=SimpleNamespace(SRGB="srgb")
    )
    for name, module in (
        ("mediapipe", stand_in),
        ("mediapipe.tasks", SimpleNamespace(python=python)),
        ("mediapipe.tasks.python", python),
    ):
        monkeypatch.setitem(sys.modules, name, module)
    model = tmp_path / "face_landmarker.task"
    with pytest.raises(AAADError, match="no such file"):
        MediaPipeFinder(model)
    model.write_bytes(b"")
    (face,) = MediaPipeFinder(model)(np.zeros((100, 200, 3), np.uint8))
    assert face.points.shape == (68, 2)
    assert len(set(MESH_68)) == 68
    assert np.allclose(face.points[0], (120, 50))
    assert face.middle == pytest.approx((100, 50), abs=0.5)
    assert face.side == pytest.approx(40, abs=0.5)


def test_points_of_a_finder_need_no_network():
    rng = np.random.default_rng(0)
    face = Face.of_points(rng.random((68, 2)) * 50 + 20)
    with pytest.raises(AAADError):  # a cloud of points is no upright face, and no network is asked
        align(np.zeros((90, 90, 3), np.uint8), finder=lambda photo: [face])
