"""Values of a design, checked one by one; each check raises StudioError that says what it wants."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auface_studio.errors import StudioError

__all__ = ["line_of_text", "only_keys", "whole_number"]


def line_of_text(value: Any, what: str) -> str:
    """The value, where it is one line of printable text of at most 200 characters."""
    if not isinstance(value, str) or len(value) > 200 or not value.isprintable():
        raise StudioError(f"{what} is one line of text, at most 200 characters")
    return value


def whole_number(value: Any, what: str, least: int, most: int) -> int:
    """The value, where it is a whole number from least to most."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise StudioError(f"{what} {value!r:.40} is not a whole number from {least} to {most}")
    return value


def only_keys(values: Mapping[str, Any], keys: set[str], where: str) -> None:
    """Refuse a key that is not among `keys`."""
    unknown = sorted(set(values) - keys)
    if unknown:
        raise StudioError(f"{where}: no key {unknown[0]!r:.60}; it takes {', '.join(sorted(keys))}")
