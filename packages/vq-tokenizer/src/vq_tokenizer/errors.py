"""The exceptions of the package."""

__all__ = ["VQTokenizerError", "WorkFailed"]


class VQTokenizerError(ValueError):
    """Input, configuration or file that cannot be used; the message names what, where and the
    remedy."""


class WorkFailed(VQTokenizerError):
    """What was given is right, but the work could not be done: another process of a run was ended
    from outside. The same call may succeed later.
    """
