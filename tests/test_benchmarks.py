"""The scripts that measure the claims speak of what exists: every name that one takes from a
package of the project is there. They are not run here: most take minutes, or a rig.
"""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent
SCRIPTS = sorted([*ROOT.glob("benchmarks/*.py"), *ROOT.glob("packages/*/benchmarks/*.py")])
OURS = ("facs_text", "vq_tokenizer", "auface_gen", "aaad", "auface_cli", "auface_studio")


def taken(tree: ast.AST) -> dict[str, object]:
    """What a script imports from the project, by the name that it gives to it."""
    found: dict[str, object] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.partition(".")[0] in OURS and alias.asname:
                    found[alias.asname] = import_module(alias.name)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in OURS:
            for alias in node.names:
                home = import_module(node.module)
                try:
                    found[alias.asname or alias.name] = getattr(home, alias.name)
                except AttributeError:
                    name = f"{node.module}.{alias.name}"
                    found[alias.asname or alias.name] = import_module(name)
    return found


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_benchmark_speaks_of_what_exists(script):
    tree = ast.parse(script.read_text(encoding="utf-8"))
    modules = {name: home for name, home in taken(tree).items() if isinstance(home, ModuleType)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            home = modules.get(node.value.id)
            assert home is None or hasattr(home, node.attr), f"line {node.lineno}: {node.attr}"
