"""The one exception of this package."""

from __future__ import annotations

__all__ = ["AAADError"]


class AAADError(ValueError):
    """A call, a file or a table that the metric cannot use; the message says what to change."""
