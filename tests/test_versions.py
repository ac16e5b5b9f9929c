"""Each package says its version where people look for it, and says the same everywhere."""

from __future__ import annotations

import tomllib
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = {
    "facs-text": "facs_text",
    "vq-tokenizer": "vq_tokenizer",
    "auface-gen": "auface_gen",
    "aaad": "aaad",
    "cli": "auface_cli",
    "studio": "auface_studio",
}


@pytest.mark.parametrize("folder", PACKAGES)
def test_the_version_is_that_of_the_distribution(folder: str) -> None:
    said = tomllib.loads((ROOT / "packages" / folder / "pyproject.toml").read_text("utf-8"))
    assert import_module(PACKAGES[folder]).__version__ == said["project"]["version"]
