"""What a README or a page under docs/ shows can be run, read and followed.

Its Python runs as it stands, a page's blocks in order and in one namespace; its commands exist and
parse; its links lead somewhere, anchors included; no line is too long to be read; and what a
package index would show has no link into a checkout. The Python of a package's README is run by
the package's own tests.
"""

from __future__ import annotations

import importlib.util
import re
import shlex
from pathlib import Path

import click
import pytest

from auface_cli.main import cli

ROOT = Path(__file__).parent.parent
READMES = [ROOT / "README.md", *sorted((ROOT / "packages").glob("*/README.md"))]
PAGES = [*READMES, ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
TEXTS = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in PAGES}
LINES = [
    (name, line.strip())
    for name, text in TEXTS.items()
    for line in text.splitlines()
    if re.match(r"^(\$ |    )?auface [a-z]", line)
]
RUN_HERE = ("README.md", "packages/cli/README.md", "packages/studio/README.md")
SNIPPETS = {
    name: found
    for name, text in TEXTS.items()
    if (name in RUN_HERE or name.startswith("docs/"))
    and (found := re.findall(r"^```python\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL))
}
ROW, LINE = 150, 120
"""The most characters of a table's row, and of any other line: what a screen shows without
scrolling."""


def tool():
    """tools/index_readme.py, as a module."""
    spec = importlib.util.spec_from_file_location("index_readme", ROOT / "tools/index_readme.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def prose(text: str) -> str:
    """A page without its blocks of code and its code between backticks."""
    return re.sub(r"`[^`\n]*`", "", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S))


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as forges make them."""
    heads = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S), re.M)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


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


@pytest.mark.parametrize("where", SNIPPETS)
def test_the_snippets_run(where, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    namespace = {"__name__": "page"}
    for number, code in enumerate(SNIPPETS[where], 1):
        exec(compile(code, f"{where}, snippet {number}", "exec"), namespace)


@pytest.mark.parametrize("where", TEXTS)
def test_links_lead_somewhere(where):
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(TEXTS[where])):
        if re.match(r"[a-z]+:", target):
            assert target.startswith("https://"), target
            continue
        file, _, anchor = target.partition("#")
        page = (ROOT / where).parent / file if file else ROOT / where
        assert page.exists(), target
        if anchor:
            assert anchor in anchors(page.read_text(encoding="utf-8")), target


@pytest.mark.parametrize("where", TEXTS)
def test_what_a_page_names_is_there(where):
    """Paths between backticks: from the root, or from packages/ as in docs/architecture.md."""
    for path in re.findall(r"`((?:packages|benchmarks|tools|docs)/[\w./-]+)`", TEXTS[where]):
        assert (ROOT / path).exists(), path
    for path in re.findall(r"`([\w-]+/src/[\w./-]+)`", TEXTS[where]):
        assert (ROOT / "packages" / path).exists(), path


def test_the_page_of_the_tree_names_every_room():
    """Each folder of a package stands in docs/architecture.md, which a newcomer reads first."""
    rooms = {door.parent.name for door in (ROOT / "packages").glob("*/src/*/*/__init__.py")}
    assert not {room for room in rooms if f"`{room}/`" not in TEXTS["docs/architecture.md"]}


@pytest.mark.parametrize("where", TEXTS)
def test_no_line_is_too_long(where):
    for number, line in enumerate(TEXTS[where].splitlines(), 1):
        most = ROW if line.startswith("|") else LINE
        assert len(line) <= most, f"{where}:{number} has {len(line)} characters, {most} at most"


@pytest.mark.parametrize("path", READMES, ids=lambda p: p.parent.name)
def test_a_readme_opens_with_what_it_is_for_and_how_to_run_it(path):
    """A title, a sentence or a few, and something to run: all within the first thirty lines."""
    title, blank, first, *rest = path.read_text(encoding="utf-8").splitlines()
    assert title.startswith("# ")
    assert not blank
    assert re.match(r"[A-Z]", first)
    assert any(re.match(r"```(python|console)?$|    \S|\$ ", line) for line in rest[:30])


@pytest.mark.parametrize("home", [None, "https://example.org/owner/auface"])
@pytest.mark.parametrize("path", READMES[1:], ids=lambda p: p.parent.name)
def test_a_package_index_shows_no_link_into_a_checkout(path, home):
    index_readme = tool()
    text = index_readme.readme_for_index(path.parent, home)
    after = list(index_readme.LINK.finditer(text))
    assert not [link["target"] for link in after if index_readme.is_relative(link["target"])]
    if home is None:
        return
    assert len(after) == len(list(index_readme.LINK.finditer(path.read_text(encoding="utf-8"))))
    for link in after:
        if link["target"].startswith(home):
            kind, _, file = link["target"].removeprefix(home + "/").split("/", 2)
            assert (ROOT / file.partition("#")[0]).exists(), link["target"]
            assert kind == ("raw" if link["picture"] else "blob"), link["target"]
