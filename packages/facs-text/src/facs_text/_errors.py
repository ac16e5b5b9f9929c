"""The one exception of the package."""

from __future__ import annotations

__all__ = ["FacsTextError"]


class FacsTextError(ValueError):
    """Something in a coding, a text, a table or a corpus is wrong.

    The message says what was wrong, where, and what to do. ``position`` is the offset in the
    text given (0 for its first character), or None where the fault has no place in a text.
    """

    def __init__(self, message: str, *, position: int | None = None) -> None:
        super().__init__(message)
        self.position = position
