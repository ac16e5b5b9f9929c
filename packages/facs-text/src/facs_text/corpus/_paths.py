"""Names of pictures in a corpus: inside its folder, whoever wrote the row.

A row's file_name and neutral come out of a file that may be anybody's. Every reader of rows puts
them through here, so that what opens a picture can trust its name.
"""

from __future__ import annotations

import os
from pathlib import Path

from facs_text._errors import FacsTextError

__all__ = ["Inside", "safe_name"]


def safe_name(name: str, what: str = "file_name") -> str:
    """A picture's name relative to its folder, without "./" before it.

    FacsTextError when it is empty or absolute, climbs out with "..", or holds a backslash, a
    drive or a zero byte, which mean something else elsewhere.
    """
    if "\0" in name or "\\" in name or (name[1:2] == ":" and name[:1].isalpha()):
        raise FacsTextError(f"{what} {name[:80]!r} must be a path with / inside the split's folder")
    parts = [p for p in name.split("/") if p not in ("", ".")]
    if not parts or name.startswith("/") or ".." in parts or name.endswith("/"):
        raise FacsTextError(f"{what} {name[:80]!r} must be a path inside the split's folder")
    return "/".join(parts)


class Inside:
    """Whether names under a split's folder lead, through links, to files inside its corpus."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._real = os.path.realpath(folder)
        self._allowed = (self._real + os.sep, os.path.realpath(folder.parent) + os.sep)
        self._plain: dict[str, bool] = {"": True}  # folders that are reached without a link

    def check(self, name: str, what: str = "file_name") -> str:
        """The safe name. FacsTextError when it is no safe one, or a link that leads outside."""
        name = safe_name(name, what)
        head, _, _ = name.rpartition("/")
        path = os.path.join(self._real, name)
        if self._no_links(head) and not os.path.islink(path):
            return name
        if not os.path.realpath(path).startswith(self._allowed):
            raise FacsTextError(f"{what} {name[:80]!r} is a link that leads out of the corpus")
        return name

    def _no_links(self, head: str) -> bool:
        known = self._plain.get(head)
        if known is None:
            above = head.rpartition("/")[0]
            known = self._no_links(above) and not os.path.islink(os.path.join(self._real, head))
            if len(self._plain) > 65_536:
                self._plain = {"": True}
            self._plain[head] = known
        return known
