"""A picture in a notebook: whole, described, and inert."""

from __future__ import annotations

import base64
import io
import re

from PIL import Image

from auface_gen import AUFace, Generated
from facs_text import describe, parse


def made(**change):
    given = {
        "image": Image.new("RGB", (8, 8), (200, 10, 10)),
        "coding": parse("L12B"),
        "description": describe("L12B"),
        "seed": 4,
        "identity": "seed:3",
        "model": "abc",
    }
    return Generated(**(given | change))


def test_a_picture_shows_itself():
    shown = made()._repr_html_()
    data = re.search(r'src="data:image/png;base64,([^"]+)"', shown)[1]
    with Image.open(io.BytesIO(base64.b64decode(data))) as image:
        assert image.convert("RGB").getpixel((0, 0)) == (200, 10, 10)
    assert "<code>L12B</code>" in shown
    assert describe("L12B").text in shown
    assert "seed:3, seed 4, model abc" in shown


def test_what_is_not_shown_is_said():
    assert "AU46" in made(not_shown=("AU46",))._repr_html_()


def test_names_come_out_as_text():
    shown = made(identity="image:<script>alert(1)</script>.png")._repr_html_()
    assert "<script" not in shown


def test_a_model_shows_itself():
    shown = AUFace.from_pretrained(device="cpu")._repr_html_()
    assert "made-up people" in shown
    assert "256 × 256" in shown
