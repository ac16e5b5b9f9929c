"""A page in the browser for FACS codings: see them, make stimulus sets of them, have them rated."""

from __future__ import annotations

from auface_studio.errors import StudioError

__all__ = ["StudioError"]
__version__ = "0.1.0"
