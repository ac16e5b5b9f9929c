"""Every Python snippet of the README that can run here, runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
SNIPPETS = re.findall(r"^```python\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_snippet(snippet):
    assert "assert" in snippet
    exec(compile(snippet, "README.md", "exec"), {"__name__": "readme"})


def test_there_is_one():
    assert SNIPPETS
