"""The exceptions of this package."""

__all__ = ["AUFaceGenError", "WorkFailed"]


class AUFaceGenError(ValueError):
    """What was given cannot be used; the message says what, where, and what to do."""


class WorkFailed(AUFaceGenError):
    """What was given is right, but the work could not be done: a full disk, a process that was
    ended from outside. The same call may succeed later.
    """
