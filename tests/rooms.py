"""The arrows of the tree: which module imports which, by the standard library alone.

    python tests/rooms.py

prints for each package its modules, its arrows, its circles, and the arrows between its rooms. A
room is a folder of a package; a module that stands beside the rooms is a room of its own. `FLOORS`
holds the rooms of each package from the door down: a room may import what is listed after it.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent

# From the door down.
FLOORS = {
    "facs_text": (
        "_ask",
        "corpus",
        "_narrate",
        "_describe",
        "_prompt",
        "_change",
        "_clauses",
        "_understand",
        "_contrast",
        "writers",
        "readers",
        "presets",
        "_sentence",
        "_prose",
        "_groups",
        "_resolve",
        "_oppose",
        "_seen",
        "_standing",
        "_notation",
        "_parts",
        "_tokens",
        "_wording",
        "_coding",
        "_trace",
        "_units",
        "_looks",
        "files",
        "pictures",
        "_version",
        "_errors",
    ),
    "vq_tokenizer": (
        "training",
        "tokenizer",
        "quantizers",
        "ops",
        "_distributed",
        "_device",
        "pictures",
        "weights",
        "files",
        "errors",
    ),
    "auface_gen": (
        "show",
        "pipeline",
        "generated",
        "portrait",
        "check",
        "photograph",
        "model_card",
        "signing",
        "label",
        "request",
        "notebook",
        "generator",
        "corpus",
        "picture",
        "rig",
        "codings",
        "columns",
        "files",
        "errors",
    ),
    "aaad": (
        "report",
        "page",
        "scoring",
        "seeing",
        "looking",
        "resting",
        "detector",
        "comparison",
        "adapter",
        "baselines",
        "state",
        "metric",
        "counterfactual",
        "identity",
        "tears",
        "align",
        "landmarks",
        "learning",
        "images",
        "pairing",
        "tables",
        "parts",
        "beyond",
        "words",
        "units",
        "rows",
        "sums",
        "asked",
        "cramer",
        "columnar",
        "likeness",
        "npz",
        "pictures",
        "files",
        "points",
        "warp",
        "ranks",
        "interval",
        "seen",
        "result",
        "columns",
        "errors",
    ),
    "auface_studio": (
        "commands",
        "widget",
        "study",
        "server",
        "stimuli",
        "portrait",
        "picture",
        "tables",
        "face",
        "eye",
        "coding",
        "trace",
        "files",
        "errors",
    ),
    "auface_cli": (
        "main",
        "commands",
        "faces",
        "drawing",
        "looking",
        "timed",
        "sources",
        "settings",
        "parts",
        "doctor",
        "dropped",
        "devices",
        "output",
        "group",
    ),
}
FOLDERS = {
    "facs_text": "facs-text",
    "vq_tokenizer": "vq-tokenizer",
    "auface_gen": "auface-gen",
    "aaad": "aaad",
    "auface_cli": "cli",
    "auface_studio": "studio",
}


class Arrow(NamedTuple):
    """One module imports another, at a line of a file."""

    source: str
    target: str
    where: str


def modules(package: str) -> dict[str, Path]:
    """Each module of a package by its dotted name, a folder's `__init__` by the folder's."""
    home = ROOT / "packages" / FOLDERS[package] / "src"
    found = {}
    for file in sorted((home / package).rglob("*.py")):
        parts = file.relative_to(home).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


def _names(node: ast.AST, module: str, is_folder: bool) -> Iterable[tuple[str, tuple[str, ...]]]:
    """What an import statement names: a module, and the names that are taken from it."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield alias.name, ()
    elif isinstance(node, ast.ImportFrom):
        base = node.module or ""
        if node.level:
            parts = module.split(".")
            parts = parts[: len(parts) - node.level + (1 if is_folder else 0)]
            base = ".".join([*parts, base] if base else parts)
        yield base, tuple(alias.name for alias in node.names)


def arrows(package: str) -> list[Arrow]:
    """Every import of one module of the package by another, those inside functions too.

    `from package import name` is an arrow to `package.name` where that is a module, and to the
    package's own `__init__` otherwise.
    """
    known = modules(package)
    found = []
    for module, file in known.items():
        is_folder = file.name == "__init__.py"
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            for base, names in _names(node, module, is_folder):
                full = [f"{base}.{name}" for name in names]
                targets = {name if name in known else base for name in full}
                for target in sorted(targets or {base}):
                    if target in known and target != module:
                        where = f"{file.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"
                        found.append(Arrow(module, target, where))
    return found


def circles(edges: Iterable[tuple[str, str]]) -> list[list[str]]:
    """Groups of names that reach each other (Tarjan's strongly connected components, 1972)."""
    graph: dict[str, set[str]] = {}
    for source, target in edges:
        graph.setdefault(source, set()).add(target)
        graph.setdefault(target, set())
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    found = []

    def visit(name: str) -> None:
        number[name] = lowest[name] = len(number)
        stack.append(name)
        for other in graph[name]:
            if other not in number:
                visit(other)
                lowest[name] = min(lowest[name], lowest[other])
            elif other in stack:
                lowest[name] = min(lowest[name], number[other])
        if lowest[name] == number[name]:
            group = stack[stack.index(name) :]
            del stack[stack.index(name) :]
            if len(group) > 1:
                found.append(sorted(group))

    for name in sorted(graph):
        if name not in number:
            visit(name)
    return found


def room(module: str) -> str:
    """The room of a module: its folder, or its own name; `` for the package's own `__init__`."""
    return ([*module.split("."), ""])[1]


def between_rooms(package: str) -> list[Arrow]:
    """The arrows that leave a room; the package's `__init__` is the door and counts for none."""
    return [
        arrow
        for arrow in arrows(package)
        if room(arrow.source) != room(arrow.target) and room(arrow.source) and room(arrow.target)
    ]


def upward(package: str) -> list[Arrow]:
    """Arrows between rooms that point to a room listed earlier in `FLOORS`."""
    floor = {name: number for number, name in enumerate(FLOORS.get(package, ()))}
    return [
        arrow
        for arrow in between_rooms(package)
        if floor.get(room(arrow.target), len(floor)) < floor.get(room(arrow.source), len(floor))
    ]


def main() -> int:
    """Prints the figures; 1 where a circle or an upward arrow is found."""
    bad = 0
    for package in FOLDERS:
        every, rooms = arrows(package), between_rooms(package)
        inner = [a[:2] for a in every if package not in a[:2]]
        loops = circles(inner) + circles((room(a.source), room(a.target)) for a in rooms)
        climbs = upward(package)
        bad += len(loops) + len(climbs)
        sys.stdout.write(
            f"{package}: {len(modules(package))} modules, {len({a[:2] for a in every})} arrows, "
            f"{len({(room(a.source), room(a.target)) for a in rooms})} between rooms, "
            f"{len(loops)} circles, {len(climbs)} upward\n"
        )
        for loop in loops:
            sys.stdout.write(f"  circle: {', '.join(loop)}\n")
        for arrow in climbs:
            sys.stdout.write(f"  upward: {arrow.where} imports {arrow.target}\n")
    return 1 if bad else 0


if __name__ == "__main__":
    raise SystemExit(main())
