"""Says which units that were asked for do not stand, so that none vanishes unsaid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auface_cli.output import note

if TYPE_CHECKING:
    from facs_text import Coding, Resolution

__all__ = ["tell_dropped"]


def tell_dropped(given: Coding, resolution: Resolution) -> None:
    """A line on standard error for each unit of `given` that is gone, with the reason."""
    standing = {action.code for action in resolution.coding}
    for code in dict.fromkeys(action.code for action in given):
        if code in standing:
            continue
        because = [r for r in resolution.rules if f"AU{code}" in r.aus and r.reason]
        why = f": {because[0].reason} ({because[0].effect})" if because else ""
        note(f"{given}: {code} does not stand{why}")
