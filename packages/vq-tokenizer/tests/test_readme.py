"""Every Python snippet of the README runs, in order, in one namespace."""

import re
from pathlib import Path


def test_readme_snippets() -> None:
    text = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    snippets = re.findall(r"```python\n(.*?)```", text, flags=re.S)
    assert len(snippets) >= 3
    namespace: dict[str, object] = {}
    for number, snippet in enumerate(snippets, 1):
        exec(compile(snippet, f"README.md, snippet {number}", "exec"), namespace)
