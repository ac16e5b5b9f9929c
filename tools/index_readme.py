"""A README as a package index shows it: no link of it may lead into a checkout.

    python tools/index_readme.py packages/facs-text --home https://github.com/OWNER/auface

prints the package's README with every relative link made absolute: pages under HOME/blob/vVERSION,
pictures under HOME/raw/vVERSION. Without --home, as long as the project has no public address,
pictures are left out and other links become their words, so that nothing broken is shown. In the
tree the links stay relative: they work in any copy, without a network. `nox -s build` uses this.
"""

from __future__ import annotations

import argparse
import posixpath
import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LINK = re.compile(r"(?P<picture>!?)\[(?P<words>[^\]]*)\]\((?P<target>[^)\s]+)\)")


def is_relative(target: str) -> bool:
    """Whether a link leads to a file beside the page: no address, and no place on the page."""
    return not re.match(r"[a-z][a-z0-9+.-]*:|//|#", target)


def for_index(text: str, *, folder: str, home: str | None, version: str) -> str:
    """The README of a package in `folder`, a path from the root such as "packages/aaad"."""

    def there(link: re.Match[str]) -> str:
        picture, words, target = link["picture"], link["words"], link["target"]
        if not is_relative(target):
            return link[0]
        if home is None:
            return "" if picture else words
        path = posixpath.normpath(posixpath.join(folder, target))
        return f"{picture}[{words}]({home}/{'raw' if picture else 'blob'}/v{version}/{path})"

    made = LINK.sub(there, text)
    # A picture that is left out leaves its blank line twice.
    return re.sub(r"\n{3,}", "\n\n", made) if home is None else made


def readme_for_index(package: Path, home: str | None) -> str:
    """The README of a package's folder, with the version of its pyproject.toml."""
    project = tomllib.loads((package / "pyproject.toml").read_text("utf-8"))["project"]
    return for_index(
        (package / "README.md").read_text("utf-8"),
        folder=package.resolve().relative_to(ROOT).as_posix(),
        home=home.rstrip("/") if home else None,
        version=project["version"],
    )


def main() -> None:
    """Print the README of the package that is named."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("package", type=Path, help="Folder of the package.")
    parser.add_argument("--home", help="Public address of the repository.")
    asked = parser.parse_args()
    sys.stdout.write(readme_for_index(asked.package, asked.home))


if __name__ == "__main__":
    main()
