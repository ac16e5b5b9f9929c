"""The one exception of the package."""

__all__ = ["VQTokenizerError"]


class VQTokenizerError(ValueError):
    """Input, configuration or file that cannot be used; the message names what, where and the
    remedy."""
