"""The one exception of this package."""

from __future__ import annotations

__all__ = ["StudioError"]


class StudioError(ValueError):
    """Wrong input: a design, a request, a picture. The message says what, where, what to do."""
