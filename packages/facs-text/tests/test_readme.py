"""The README's snippets run, and the page of rules is that of the data."""

import re
import sys
from importlib import util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SNIPPETS = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)


@pytest.mark.parametrize("number", range(len(SNIPPETS)))
def test_snippet(number: int) -> None:
    exec(compile(SNIPPETS[number], f"README.md[{number}]", "exec"), {})


def test_there_are_snippets() -> None:
    assert len(SNIPPETS) >= 3


def test_the_page_of_rules_is_made_from_the_data() -> None:
    spec = util.spec_from_file_location("rules_table", ROOT / "scripts" / "rules_table.py")
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    sys.modules["rules_table"] = module
    spec.loader.exec_module(module)
    assert module.main(["--check"]) == 0, "run python scripts/rules_table.py"
