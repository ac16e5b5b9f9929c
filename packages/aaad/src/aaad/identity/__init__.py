"""Who is on a picture: an embedding in which one person's pictures are near each other.

It is trained on the corpus's made-up people and says whether a generated face is still the person
it was given, never whether two photographs show one man.
"""

from __future__ import annotations

from aaad.identity.model import IdentityConfig, IdentityNet
from aaad.identity.predict import Identity
from aaad.identity.run import IdentityRun

__all__ = ["Identity", "IdentityConfig", "IdentityNet", "IdentityRun"]
