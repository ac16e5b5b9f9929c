"""Print a table of what each reader makes of the made-up files of the tests."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from facs_text import FacsTextError, readers

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
import fixtures

FILES = Path(__file__).parents[1] / "tests" / "data" / "files"


def said(format: str, path: Path) -> list[str]:
    """The lines of a file: its first three rows, or why they are refused."""
    found = []
    name = path.name if format == "auto" else format
    try:
        format = readers.sniff(path) if format == "auto" else format
        rows = readers.rows_and_errors(path, format, fractions="probability", tell=str)
        for row in list(rows)[:3]:
            if isinstance(row, FacsTextError):
                found.append(f"| {name} | refused: {_short(row, path)} | | | | |")
                continue
            values = ", ".join(f"{k} {v:g}" for k, v in row.values.items() if v)
            gone = f"{len(row.missing)} units" if len(row.missing) > 4 else " ".join(row.missing)
            cells = (name, row.id, row.kind, values, row.coding, gone)
            found.append("| " + " | ".join(map(str, cells)) + " |")
    except FacsTextError as error:
        found.append(f"| {name} | refused: {_short(error, path)} | | | | |")
    return found


def _short(error: FacsTextError, path: Path) -> str:
    return str(error).replace(f"{path}", "").lstrip(":, ")[:100].replace("|", "/")


def main() -> None:
    """One line a row: format, row, kind, values that are not zero, coding, missing."""
    lines = [
        "| format | row | kind | non-zero values | coding | missing |",
        "|---|---|---|---|---|---|",
    ]
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        sources = {
            "openface2": fixtures.openface2(root / "clip.csv"),
            "openface3": fixtures.openface3(root / "of3.tsv"),
            "pyfeat": fixtures.pyfeat(root / "fex.csv"),
            "libreface": fixtures.libreface(root / "libre.csv"),
            "pyafar": fixtures.pyafar(root / "afar.csv"),
            "blendshapes": fixtures.arkit(root / "live.csv"),
            "bp4d": fixtures.bp4d(root),
            "bp4d_intensity": fixtures.bp4d_intensity(root),
            "disfa": fixtures.disfa(root),
            "disfa+": fixtures.disfa_plus(root),
            "ckplus": fixtures.ckplus(root),
        }
        tables = [said(format, path) for format, path in sources.items()]
        tables += [said("auto", path) for path in sorted(FILES.iterdir())]
        lines.extend(line for table in tables for line in table)
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
