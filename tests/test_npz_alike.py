"""One reader of .npz archives: aaad and the rig have a copy each, alike but for their error.

Neither package may import the other, and facs-text, which both import, has the standard library.
"""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent / "packages"
COPIES = {
    "aaad": ROOT / "aaad/src/aaad/npz.py",
    "auface_gen": ROOT / "auface-gen/src/auface_gen/rig/npz.py",
}
ERRORS = {"aaad": "AAADError", "auface_gen": "AUFaceGenError"}


def code(package: str) -> str:
    """The module without its own docstring, its package and error by one name."""
    tree = ast.parse(COPIES[package].read_text(encoding="utf-8"))
    text = ast.unparse(ast.Module(tree.body[1:], []))
    return text.replace(ERRORS[package], "Error").replace(f"from {package}.errors", "from errors")


def test_both_copies_read_alike() -> None:
    assert code("aaad") == code("auface_gen")
