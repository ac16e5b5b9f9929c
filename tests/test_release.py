"""What a release needs of every package, whatever is built from it."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = sorted(path.parent for path in (ROOT / "packages").glob("*/pyproject.toml"))


@pytest.mark.parametrize("folder", PACKAGES, ids=lambda path: path.name)
def test_licence_files_are_there_and_in_the_wheel(folder):
    project = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]
    listed = project["license-files"]
    for name in listed:
        assert (folder / name).is_file(), name
    texts = {(place / "LICENSE").read_text("utf-8").strip() for place in (folder, ROOT)}
    assert len(texts) == 1
    # What was made with others' work says so wherever it goes.
    carries = any(folder.joinpath("src").rglob("*.safetensors"))
    assert ("NOTICE" in listed) == carries
    if carries:
        assert "ICT-FaceKit" in (folder / "NOTICE").read_text("utf-8")


@pytest.mark.parametrize("folder", PACKAGES, ids=lambda path: path.name)
def test_python_and_marks(folder):
    project = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))
    assert project["project"]["requires-python"] == ">=3.11"
    here = project.get("tool", {}).get("pytest", {}).get("ini_options")
    whole = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["pytest"]
    for options in (here, whole["ini_options"]):
        if options is not None:
            assert any("not slow" in one for one in options["addopts"])
            assert options["filterwarnings"] == ["error"]
