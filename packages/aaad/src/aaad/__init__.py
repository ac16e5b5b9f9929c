"""aaad: how far a face does what its FACS codes say.

`aaad(pred, target)` scores distributions over the levels 0, A..E of each unit and side against
what a coding asks for (`target`), corrected for chance: 1 is perfect, 0 is chance. `compare` says
whether one generator is better than another. `Detector`, which turns pictures into distributions,
and the trainers are imported when first used and need `pip install aaad[detector]`. `aaad.align`
crops photographs as detectors take them (`aaad[photos]`).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from aaad.asked import target, targets
from aaad.baselines import controls, relative
from aaad.columns import COLUMNS, LEVELS
from aaad.comparison import Comparison, compare
from aaad.cramer import distance
from aaad.errors import AAADError
from aaad.metric import aaad
from aaad.result import AAADResult, ColumnScore, Counterfactual, UnitScore
from aaad.state import AAAD

if TYPE_CHECKING:
    from aaad.detector import Detector
    from aaad.detector.run import DetectorRun
    from aaad.detector.train import train_detector
    from aaad.identity.run import IdentityRun
    from aaad.identity.train import train_identity
    from aaad.landmarks.run import LandmarkRun
    from aaad.landmarks.train import train_landmarks
    from aaad.tears.run import TearRun
    from aaad.tears.train import train_tears

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
    "IdentityRun",
    "LandmarkRun",
    "TearRun",
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
    "train_identity",
    "train_landmarks",
    "train_tears",
]

_LATER = {
    "Detector": "aaad.detector",
    "DetectorRun": "aaad.detector.run",
    "IdentityRun": "aaad.identity.run",
    "LandmarkRun": "aaad.landmarks.run",
    "TearRun": "aaad.tears.run",
    "train_detector": "aaad.detector.train",
    "train_identity": "aaad.identity.train",
    "train_landmarks": "aaad.landmarks.train",
    "train_tears": "aaad.tears.train",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'aaad' has no attribute {name!r}")
    return getattr(import_module(_LATER[name]), name)
