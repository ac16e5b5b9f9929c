"""Are lips, lids and brows whole? A network that sees where they are torn or doubled.

It is trained on true pictures that are torn on purpose (`tears.made`), so it knows tears of those
kinds: slips, ghosts, pieces out of place.
"""

from __future__ import annotations

from aaad.tears.model import PARTS, TearConfig, TearNet
from aaad.tears.predict import Tears
from aaad.tears.run import TearRun

__all__ = ["PARTS", "TearConfig", "TearNet", "TearRun", "Tears"]
