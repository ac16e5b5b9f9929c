"""The crop of a portrait: the face where one is found, else the middle."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from auface_gen import AUFace
from auface_studio import portrait
from auface_studio.portrait import crop_portrait, rest_note
from facs_text.pictures import read_rgb


@pytest.fixture
def halves() -> Image.Image:
    """60 x 20: red, green, blue squares."""
    pixels = np.zeros((20, 60, 3), np.uint8)
    for k in range(3):
        pixels[:, 20 * k : 20 * k + 20, k] = 255
    return Image.fromarray(pixels)


def test_without_opencv_it_is_the_middle_square(halves, monkeypatch):
    monkeypatch.setattr(portrait, "find_spec", lambda name: None)
    crop, note = crop_portrait(halves, 16)
    assert "aaad[photos]" in note
    assert np.asarray(crop).reshape(-1, 3).tolist() == [[0, 255, 0]] * 256


def test_what_the_aligner_says_is_passed_on(halves, monkeypatch):
    class NoFaceError(ValueError):
        pass

    def align(image, *, size):
        if image.shape[0] == 20:
            raise NoFaceError("no face was found")
        return SimpleNamespace(image=np.full((size, size, 3), 7, np.uint8), note="2 faces")

    module = ModuleType("aaad.align")
    module.align, module.NoFaceError = align, NoFaceError
    monkeypatch.setitem(sys.modules, "aaad.align", module)
    monkeypatch.setattr(portrait, "find_spec", lambda name: "found")
    crop, note = crop_portrait(halves, 16)
    assert np.asarray(crop).reshape(-1, 3).tolist() == [[0, 255, 0]] * 256
    assert "no face was found" in note
    crop, note = crop_portrait(halves.resize((90, 30)), 16)
    assert (crop.getpixel((0, 0)), crop.size, note) == ((7, 7, 7), (16, 16), "2 faces")


def test_a_face_is_found_where_it_is(halves):
    pytest.importorskip("cv2")
    crop, note = crop_portrait(halves, 16)
    assert crop.size == (16, 16)
    assert "no face was found" in note
    model = AUFace.from_pretrained(device="cpu")
    face = read_rgb(model.people[0])
    wide = Image.new("RGB", (3 * face.width, 2 * face.height), "grey")
    wide.paste(face, (face.width * 2 - 20, 30))
    found, note = crop_portrait(wide, face.width)
    assert note == ""
    apart = np.abs(np.asarray(found, float) - np.asarray(face, float)).mean()
    middle = np.asarray(wide.crop((128, 0, 640, 512)).resize(face.size), float)
    assert apart < np.abs(middle - np.asarray(face, float)).mean() / 2


def test_a_portrait_that_smiles_is_told_of(halves, monkeypatch):
    seen = ModuleType("aaad.resting")
    monkeypatch.setitem(sys.modules, "aaad.resting", seen)
    seen.moved_in = lambda picture: []
    assert rest_note(halves, "2 faces") == "2 faces"
    seen.moved_in = lambda picture: ["12E on both sides", "25D"]
    said = "not at rest, 12E on both sides, 25D by what the detector sees; that stays "
    said += "unless you say what it does"
    assert rest_note(halves, "") == said
    assert rest_note(halves, "2 faces") == f"2 faces; {said}"
