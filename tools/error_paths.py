"""Which `raise` and `except` lines the tests have run, from reports of coverage.py.

    coverage json -o facs-text.json        # after `coverage run -m pytest ...`
    python tools/error_paths.py facs-text.json [--list]

Prints, for each report, how many `raise` statements and how many bodies of `except` were run, of
all that there are in the files that it covers; --list names those that were not. Lines that are
kept out of coverage are not counted; what runs in a process that a test starts is counted as not
run. `nox -s coverage` makes the reports and calls this.
"""

from __future__ import annotations

import argparse
import ast
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple


class Line(NamedTuple):
    """Where something is raised or caught. kind: "raise" or "except"; text: its line."""

    kind: str
    number: int
    text: str


def error_lines(source: str) -> Iterator[Line]:
    """Each `raise` of a module, and of each `except` the first line that is run when it catches."""
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Raise):
            yield Line("raise", node.lineno, lines[node.lineno - 1].strip())
        elif isinstance(node, ast.ExceptHandler):
            yield Line("except", node.body[0].lineno, lines[node.lineno - 1].strip())


def count(report: Path) -> tuple[dict[str, tuple[int, int]], list[str]]:
    """{kind: (run, all)} of a report, and a line for each that was not run.

    An `except` whose body begins with a `raise` counts in both kinds, and once in "together".
    """
    found = {"raise": [0, 0], "except": [0, 0], "together": [0, 0]}
    missed = []
    for name, file in sorted(json.loads(report.read_text("utf-8"))["files"].items()):
        run, left = set(file["executed_lines"]), set(file["missing_lines"])
        lines = [x for x in error_lines(Path(name).read_text("utf-8")) if x.number in run | left]
        distinct = {line.number: line._replace(kind="together") for line in reversed(lines)}
        for kind, number, _ in (*lines, *distinct.values()):
            found[kind][0] += number in run
            found[kind][1] += 1
        for number, line in sorted(distinct.items()):
            if number in left:
                missed.append(f"{name}:{number}: {line.text}")
    return {kind: (run, there) for kind, (run, there) in found.items()}, missed


def main() -> None:
    """Print a row for each report."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("reports", nargs="+", type=Path, help="what `coverage json` wrote")
    parser.add_argument("--list", action="store_true", help="name the lines that were not run")
    options = parser.parse_args()
    for report in options.reports:
        found, missed = count(report)
        parts = [f"{kind} {run} of {there}" for kind, (run, there) in found.items()]
        run, there = found["together"]
        share = f" ({run / there:.1%})" if there else ""
        lines = [f"  not run: {line}" for line in missed if options.list]
        sys.stdout.write("\n".join([f"{report.stem}: {', '.join(parts)}{share}", *lines]) + "\n")


if __name__ == "__main__":
    main()
