"""Who is on a picture: an embedding in which one person's pictures are near each other.

It is trained on the corpus's made-up people and says whether a generated face is still the person
it was given, never whether two photographs show one man.
"""

from __future__ import annotations

from .model import IdentityConfig, IdentityNet
from .predict import Identity
from .run import IdentityRun

__all__ = ["Identity", "IdentityConfig", "IdentityNet", "IdentityRun"]
