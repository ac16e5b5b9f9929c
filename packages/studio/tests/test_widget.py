"""The notebook's widget: Python sets codes, the face and the words follow."""

from __future__ import annotations

import re

import pytest

pytest.importorskip("anywidget", reason="anywidget is not installed: no widget")

from auface_studio.picture import chunks
from auface_studio.widget import FaceWidget


def test_setting_codes_draws(faces):
    widget = FaceWidget("12C", person=2, faces=faces)
    assert chunks(widget.png)["codes"] == "12C"
    widget.codes = "L4D"
    assert chunks(widget.png)["codes"] == "L4D"
    assert widget.actions == [["4", "left", 4, False]]
    assert "left" in widget.text
    widget.person = 3
    assert chunks(widget.png)["person"] == "3"


def test_what_is_wrong_is_said_and_the_last_face_stays(faces):
    widget = FaceWidget("12C", faces=faces)
    widget.codes = "pretty"
    assert "position 0" in widget.error
    assert chunks(widget.png)["codes"] == "12C"
    widget.codes = "12D"
    assert widget.error == ""


def test_its_script_is_one_module_that_imports_nothing():
    script = FaceWidget._esm if isinstance(FaceWidget._esm, str) else str(FaceWidget._esm)
    assert not re.search(r"^import ", script, flags=re.MULTILINE)
    assert "export default { render }" in script
    assert "http" not in script
