"""The siblings are this checkout's, not some that pip found in an index."""

from __future__ import annotations

import re
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = {
    "facs_text": ("facs-text", "facs-text"),
    "vq_tokenizer": ("vq-tokenizer", "vq-tokenizer"),
    "auface_gen": ("auface-gen", "auface-gen"),
    "aaad": ("aaad", "aaad"),
    "auface_cli": ("auface", "cli"),
    "auface_studio": ("auface-studio", "studio"),
}


@pytest.mark.parametrize("name", PACKAGES)
def test_what_is_imported_lies_here(name):
    file = Path(str(import_module(name).__file__)).resolve()
    assert file.is_relative_to(ROOT / "packages" / PACKAGES[name][1] / "src")


@pytest.mark.parametrize("name", PACKAGES)
def test_the_installed_version_is_the_one_written_here(name):
    distribution, folder = PACKAGES[name]
    text = (ROOT / "packages" / folder / "pyproject.toml").read_text(encoding="utf-8")
    written = re.search(r'^version = "(.+)"$', text, flags=re.MULTILINE)
    assert written
    assert version(distribution) == written[1]


def test_the_ci_runs_the_readmes_test_command():
    command = "python -m pip install nox && python -m nox -s tests"
    assert command in (ROOT / "README.md").read_text(encoding="utf-8")
    assert command in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
