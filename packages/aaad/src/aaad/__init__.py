"""aaad: how far a face does what its FACS codes say.

`aaad(pred, target)` scores distributions over the levels 0, A..E of each unit and side against
what a coding asks for (`target`), corrected for chance: 1 is perfect, 0 is chance. `compare` says
whether one generator is better than another. `Detector` and `train_detector`, imported when first
used, turn pictures into distributions and need `pip install aaad[detector]`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .asked import target, targets
from .baselines import controls, relative
from .columns import COLUMNS, LEVELS
from .comparison import Comparison, compare
from .cramer import distance
from .errors import AAADError
from .metric import aaad
from .result import AAADResult, ColumnScore, Counterfactual, UnitScore
from .state import AAAD

if TYPE_CHECKING:
    from .detector import Detector
    from .detector.run import DetectorRun
    from .detector.train import train_detector

__version__ = "0.1.0"

__all__ = [
    "AAAD",
    "COLUMNS",
    "LEVELS",
    "AAADError",
    "AAADResult",
    "ColumnScore",
    "Comparison",
    "Counterfactual",
    "Detector",
    "DetectorRun",
    "UnitScore",
    "__version__",
    "aaad",
    "compare",
    "controls",
    "distance",
    "relative",
    "target",
    "targets",
    "train_detector",
]

_LATER = {
    "Detector": "aaad.detector",
    "DetectorRun": "aaad.detector.run",
    "train_detector": "aaad.detector.train",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'aaad' has no attribute {name!r}")
    return getattr(import_module(_LATER[name]), name)
