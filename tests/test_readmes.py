"""What a README shows can be run: its Python as it stands, its commands as far as parsing goes."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from auface_cli.main import cli

ROOT = Path(__file__).parent.parent
READMES = [ROOT / "README.md", *sorted((ROOT / "packages").glob("*/README.md"))]
LINES = [
    (path.relative_to(ROOT).as_posix(), line.strip())
    for path in READMES
    for line in path.read_text(encoding="utf-8").splitlines()
    if re.match(r"^(\$ |    )?auface [a-z]", line)
]
SNIPPETS = [
    (path.relative_to(ROOT).as_posix(), code)
    for path in (ROOT / "README.md", ROOT / "packages" / "cli" / "README.md")
    for code in re.findall(
        r"^```python\n(.*?)^```",
        path.read_text(encoding="utf-8"),
        flags=re.MULTILINE | re.DOTALL,
    )
]


@pytest.mark.parametrize(("where", "line"), LINES)
def test_a_command_line_is_one_that_exists(where, line):
    words = shlex.split(line.removeprefix("$ "), comments=True)[1:]
    group: click.Command = cli
    context = click.Context(cli, info_name="auface")
    while isinstance(group, click.Group):
        name, found, words = group.resolve_command(context, words)
        assert found is not None, f"{where}: {line}"
        assert not (found.short_help or "").startswith("(cannot be loaded")
        context, group = click.Context(found, info_name=name, parent=context), found
    group.make_context("check", words)


@pytest.mark.parametrize(("where", "code"), SNIPPETS)
def test_a_snippet_runs(where, code):
    exec(compile(code, where, "exec"), {"__name__": "readme"})


@pytest.mark.parametrize("path", READMES, ids=lambda p: p.parent.name)
def test_links_lead_somewhere(path):
    for link in re.findall(r"\]\(([^)#]+)\)", path.read_text(encoding="utf-8")):
        if not link.startswith(("http:", "https:")):
            assert (path.parent / link).exists(), link
