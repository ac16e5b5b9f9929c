"""The exceptions of this package."""

from __future__ import annotations

__all__ = ["AAADError", "WorkFailed"]


class AAADError(ValueError):
    """A call, a file or a table that the metric cannot use; the message says what to change."""


class WorkFailed(AAADError):
    """What was given is right, but the work could not be done: another process of a run was ended
    from outside. The same call may succeed later.
    """
