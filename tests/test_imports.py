"""Who may import whom: the architecture's arrows, and nothing that a package does not declare."""

from __future__ import annotations

import ast
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
IMPORTS = {
    "facs_text": "facs-text",
    "vq_tokenizer": "vq-tokenizer",
    "auface_gen": "auface-gen",
    "aaad": "aaad",
    "auface_cli": "cli",
    "auface_studio": "studio",
}
ALLOWED = {
    "facs_text": set(),
    "vq_tokenizer": set(),
    "auface_gen": {"facs_text", "vq_tokenizer"},
    "aaad": {"facs_text"},
    "auface_cli": {"facs_text", "vq_tokenizer", "auface_gen", "aaad"},
    "auface_studio": {"facs_text", "auface_gen", "aaad", "auface_cli"},
}
DISTRIBUTION = {
    "PIL": "pillow",
    "c2pa": "c2pa-python",
    "drjit": "mitsuba",
    "imageio_ffmpeg": "imageio-ffmpeg",
} | {name: "auface" if name == "auface_cli" else folder for name, folder in IMPORTS.items()}
# What an extra of one package brings for another (`auface[gen]` brings all of these).
THROUGH_EXTRAS = {"auface_cli": {"torch", "numpy", "pillow", "safetensors", "auface"}}


def imported(package: str) -> dict[str, set[str]]:
    """Top-level modules that a package imports anywhere, each with the files that do."""
    found: dict[str, set[str]] = {}
    source = ROOT / "packages" / IMPORTS[package] / "src"
    for file in sorted(source.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                names = [node.module]
            for name in names:
                found.setdefault(name.partition(".")[0], set()).add(file.name)
    return found


@pytest.mark.parametrize("package", IMPORTS)
def test_only_the_allowed_siblings(package):
    siblings = {name: where for name, where in imported(package).items() if name in IMPORTS}
    siblings.pop(package, None)
    forbidden = {name: where for name, where in siblings.items() if name not in ALLOWED[package]}
    assert not forbidden


@pytest.mark.parametrize("package", IMPORTS)
def test_everything_imported_is_declared(package):
    path = ROOT / "packages" / IMPORTS[package] / "pyproject.toml"
    project = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
    lines = list(project.get("dependencies", []))
    for extra in project.get("optional-dependencies", {}).values():
        lines += extra
    declared = {project["name"]}
    for line in lines:
        name = line.partition(";")[0]
        for mark in "[<>=! ":
            name = name.partition(mark)[0]
        declared.add(name)
    declared |= THROUGH_EXTRAS.get(package, set())
    outside = {
        name: where
        for name, where in imported(package).items()
        if name not in sys.stdlib_module_names and DISTRIBUTION.get(name, name) not in declared
    }
    assert not outside


def test_facs_text_needs_nothing():
    path = ROOT / "packages" / "facs-text" / "pyproject.toml"
    project = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
    assert project.get("dependencies", []) == []


@pytest.mark.parametrize("package", IMPORTS)
def test_each_package_is_whole(package):
    folder = ROOT / "packages" / IMPORTS[package]
    for name in ("pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE", "tests"):
        assert (folder / name).exists(), name
    assert (folder / "src" / package / "py.typed").is_file()
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["license"] == "Apache-2.0"
    assert f"[{project['version']}]" in (folder / "CHANGELOG.md").read_text(encoding="utf-8")
    assert (folder / "LICENSE").read_text().split() == (ROOT / "LICENSE").read_text().split()


def test_nothing_unpickles():
    """safetensors and JSON only: no file of a package may load a pickle."""
    for file in sorted((ROOT / "packages").glob("*/src/**/*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                owner = node.func.value
                called = f"{owner.id if isinstance(owner, ast.Name) else ''}.{node.func.attr}"
                assert called not in ("torch.load", "pickle.load", "pickle.loads"), file
                if called == "np.load":
                    keywords = {k.arg: ast.unparse(k.value) for k in node.keywords}
                    assert keywords.get("allow_pickle") == "False", file
