"""Who may import whom: the architecture's arrows; what is declared is used, and the reverse."""

from __future__ import annotations

import ast
import re
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
    "cv2": "opencv-python-headless",
    "drjit": "mitsuba",
    "faiss": "faiss-cpu",
    "imageio_ffmpeg": "imageio-ffmpeg",
} | {name: "auface" if name == "auface_cli" else folder for name, folder in IMPORTS.items()}
# What an extra of one package brings for another (`auface[gen]` brings all of these).
THROUGH_EXTRAS = {"auface_cli": {"torch", "numpy", "pillow", "safetensors", "auface"}}


# What a package needs and no line of it imports: torch's exporter loads onnx and onnxscript, the
# studio's commands are `auface`'s, which finds them by their entry points.
LOADED_BY_OTHERS = {"vq_tokenizer": {"onnx", "onnxscript"}, "auface_studio": {"auface"}}
# What no extra brings: whoever asks for MediaPipe's finder brings MediaPipe and a model of it.
BROUGHT_BY_THE_USER = {"aaad": {"mediapipe"}}
# Extras for the tests of a package, which no user installs.
FOR_TESTS = ("test", "browser")


def requirements(package: str, *, but: tuple[str, ...] = ()) -> set[str]:
    """Names of the distributions that a package declares, those of some extras left out."""
    path = ROOT / "packages" / IMPORTS[package] / "pyproject.toml"
    project = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
    lines = list(project.get("dependencies", []))
    for extra, more in project.get("optional-dependencies", {}).items():
        lines += more if extra not in but else []
    return {re.split(r"[\[<>=!~; ]", line, maxsplit=1)[0] for line in lines}


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
            elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
                names = [a.value for a in node.args if isinstance(a, ast.Constant)]
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
    own = DISTRIBUTION.get(package, package)
    declared = {own} | requirements(package) | THROUGH_EXTRAS.get(package, set())
    declared |= BROUGHT_BY_THE_USER.get(package, set())
    outside = {
        name: where
        for name, where in imported(package).items()
        if name not in sys.stdlib_module_names and DISTRIBUTION.get(name, name) not in declared
    }
    assert not outside


@pytest.mark.parametrize("package", IMPORTS)
def test_everything_declared_is_imported(package):
    used = {DISTRIBUTION.get(name, name) for name in imported(package)}
    used |= LOADED_BY_OTHERS.get(package, set()) | {DISTRIBUTION.get(package, package)}
    assert requirements(package, but=FOR_TESTS) - used == set()


@pytest.mark.parametrize("package", IMPORTS)
def test_no_public_name_hides_a_module(package):
    """`from package import name` is one thing: a folder that exports a name has no such module."""
    for door in (ROOT / "packages" / IMPORTS[package] / "src").rglob("__init__.py"):
        exported = {
            element.value
            for node in ast.parse(door.read_text(encoding="utf-8")).body
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
            for element in ast.walk(node.value)
            if isinstance(element, ast.Constant)
        }
        modules = {file.stem for file in door.parent.glob("*.py")}
        rooms = {folder.parent.name for folder in door.parent.glob("*/__init__.py")}
        assert not exported & (modules | rooms), door


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
    for name in project["license-files"]:
        assert (folder / name).is_file(), name
    # What was made with somebody else's work says so wherever it goes: weights and the prior.
    if list((folder / "src").rglob("*.safetensors")):
        assert "NOTICE" in project["license-files"]
        assert (folder / "NOTICE").read_text("utf-8") == (ROOT / "NOTICE").read_text("utf-8")


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
