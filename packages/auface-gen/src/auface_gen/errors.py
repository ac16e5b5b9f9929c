"""The one exception of this package."""

__all__ = ["AUFaceGenError"]


class AUFaceGenError(ValueError):
    """What was given cannot be used; the message says what, where, and what to do."""
