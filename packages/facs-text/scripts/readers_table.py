"""Print a table of what each reader makes of the synthetic fixtures of the tests."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from facs_text import readers

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
import fixtures


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
        for format, path in sources.items():
            for row in list(readers.read(path, format))[:3]:
                values = ", ".join(f"{k} {v:g}" for k, v in row.values.items() if v)
                gone = (
                    f"{len(row.missing)} units" if len(row.missing) > 4 else " ".join(row.missing)
                )
                cells = (format, row.id, row.kind, values, row.coding, gone)
                lines.append("| " + " | ".join(map(str, cells)) + " |")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
