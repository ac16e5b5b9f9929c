"""Run by `nox -s build` in a bare environment: `python -I tests/wheel.py IMPORT_NAME README.md`.

The package is imported from where it is installed, and the Python that its README shows runs, in
order, in a folder of its own.
"""

from __future__ import annotations

import importlib
import os
import re
import sys
import tempfile
from pathlib import Path


def main(name: str, readme: str) -> None:
    """Raises whatever is wrong."""
    page = Path(readme).resolve()
    module = importlib.import_module(name)
    place = Path(str(module.__file__)).resolve()
    assert page.parent.parent not in place.parents, f"{place} is the checkout, and no wheel"
    assert (place.parent / "py.typed").is_file(), f"{name} has no py.typed"
    snippets = re.findall(r"^```python\n(.*?)^```", page.read_text("utf-8"), re.M | re.S)
    namespace: dict[str, object] = {"__name__": "readme"}
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for number, snippet in enumerate(snippets, 1):
            exec(compile(snippet, f"{page}, snippet {number}", "exec"), namespace)
        os.chdir(page.parent)
    sys.stderr.write(f"{name}: {len(snippets)} snippets of its README ran from {place.parent}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
