"""aaad: how far a face does what its FACS codes say.

`aaad(pred, target)` scores distributions over the levels 0, A..E of each unit and side against
what a coding asks for (`target`), corrected for chance: 1 is perfect, 0 is chance. `Detector` and
`train_detector`, imported when first used, turn pictures into distributions and need
`pip install aaad[detector]`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .columns import LEVELS, UNITS
from .controls import controls, relative
from .errors import AAADError
from .metric import aaad, distance
from .result import AAADResult, ColumnScore
from .state import AAAD
from .target import target, targets

if TYPE_CHECKING:
    from .detector import Detector
    from .detector.train import train_detector

__all__ = [
    "AAAD",
    "LEVELS",
    "UNITS",
    "AAADError",
    "AAADResult",
    "ColumnScore",
    "Detector",
    "aaad",
    "controls",
    "distance",
    "relative",
    "target",
    "targets",
    "train_detector",
]

_LATER = {"Detector": "aaad.detector", "train_detector": "aaad.detector.train"}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'aaad' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_LATER[name]), name)
